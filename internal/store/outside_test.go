package store

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kisi-sync/kisi-sync/internal/access"
	"github.com/kisi-sync/kisi-sync/internal/record"
)

// TestWhatClosesEveryDoorOfAPersonIsFoundUnderEachOfThem asks for the lines of one group and one door, where lines about the person name
// neither.
func TestWhatClosesEveryDoorOfAPersonIsFoundUnderEachOfThem(t *testing.T) {
	f, ctx := newFixture(t), context.Background()
	held := func(step byte, what string) access.Hold {
		return access.Hold{Step: access.Digest{step}, What: what, Since: 1, Reason: access.HoldReason{Kind: access.HeldByLimit, Text: "3 people, the limit is 2"}}
	}
	f.carry(door(access.AddDoor, 7, 3), access.Result{ID: 30}, nil)                                // 1
	f.carry(give(1, 7), access.Result{ID: 70}, nil)                                                // 2
	f.carry(give(2, 8), access.Result{ID: 71}, nil)                                                // 3
	f.carry(suspend(1), access.Result{}, nil)                                                      // 4
	f.carry(suspend(2), access.Result{}, nil)                                                      // 5
	must(t, f.SavePin(ctx, access.Pin{Kind: access.Block, Email: "1@x.com", By: "eva", Why: "x"})) // 6
	must(t, f.SaveHolds(ctx, []access.Hold{held(1, "suspend user: 1@x.com"), held(2, "suspend user: 2@x.com"),
		held(3, "give access: 9@x.com in HQ Staff as door_access until 2027-12-31"), held(4, "give access: 9@x.com in HQ as door_access")}))
	for n := range byte(4) {
		must(t, f.Decide(ctx, access.Decision{Step: access.Digest{n + 1}, Verdict: access.Approved, By: "eva", Why: "checked"})) // 7 to 10
	}
	for _, c := range []struct {
		want  record.AuditFilter
		lines []uint64
	}{
		{record.AuditFilter{Group: "7"}, []uint64{1, 2, 4, 6, 7}},
		{record.AuditFilter{Group: "HQ Staff"}, []uint64{1, 2, 3, 4, 5, 6, 7, 8, 9}}, // both groups have that name here
		{record.AuditFilter{Group: "8"}, []uint64{3, 5, 8}},
		{record.AuditFilter{Door: "3"}, []uint64{1, 2, 4, 6, 7, 9}},
		{record.AuditFilter{Person: "1@x.com"}, []uint64{2, 4, 6, 7}},
	} {
		var got []uint64
		must(t, f.EachAudit(ctx, c.want, func(e *record.Entry) error { got = append(got, e.Number); return nil }))
		if d := cmp.Diff(c.lines, got); d != "" {
			t.Errorf("%+v: %s", c.want, d)
		}
	}
	if l := f.lastLine(); l.Held != "3 people, the limit is 2" {
		t.Errorf("%+v", l)
	}
}

func TestRightsThatTheTrailDoesNotFollowAreCountedBesideTheAnswer(t *testing.T) {
	f, ctx := newFixture(t), context.Background()
	f.carry(give(1, 7), access.Result{ID: 70}, nil)
	a, err := f.Holders(ctx, "7", f.clock.now())
	must(t, err)
	if !a.Outside.At.IsZero() || !strings.Contains(a.Words(), "cannot count them") {
		t.Error(a.Words())
	}
	grant := func(groups ...access.RemoteID) (all []access.Grant) {
		for i, g := range groups {
			all = append(all, access.Grant{Group: g, Assignment: access.RemoteID(100 + i)})
		}
		return all
	}
	owner, strange, other := seen(2, true), seen(3, true, grant(7, 7, 8)...), seen(4, true, grant(8)...)
	state := &access.State{At: access.At(f.clock.now()), Covers: access.Scope{All: true}, Members: []access.Member{seen(1, true, grant(7)...), owner, strange, other}}
	state.Sort()
	must(t, f.SaveObserved(ctx, state))
	a, err = f.Holders(ctx, "7", f.clock.now())
	must(t, err)
	if !strings.Contains(a.Words(), "were never counted") {
		t.Error(a.Words())
	}
	beside := access.Beside{At: state.At, Users: 3, Guests: 1, Uncounted: []string{"teams: forbidden"}, Groups: []access.BesideGroup{
		{Group: 7, Guests: 2, Links: 1, Teams: []access.Team{{ID: 5, Name: "Facility", Members: 14}, {ID: 6, Members: access.Unknown}}}}}
	state.Beside = &beside
	must(t, f.SaveObserved(ctx, state))
	state.Beside, state.At = nil, state.At+1
	f.clock.pass(time.Second)
	must(t, f.SaveObserved(ctx, state)) // did not count, so what was counted before stands
	a, err = f.Holders(ctx, "7", f.clock.now())
	must(t, err)
	want := record.Outside{At: f.clock.now(), Users: 2, Beside: &beside, Groups: []record.OutsideGroup{{Group: 7, Users: 1}, {Group: 8, Users: 2}}}
	if d := cmp.Diff(want, a.Outside); d != "" || a.Groups[0].Outside != 1 {
		t.Errorf("%s %+v", d, a.Groups)
	}
	for _, words := range []string{"without any group: users: 3, guests: 1;", "hold what is asked for: 1.", "Could not be counted: teams: forbidden."} {
		if !strings.Contains(a.Words(), words) {
			t.Errorf("%q does not say %q", a.Words(), words)
		}
	}
	if got, want := a.Groups[0].BesideWords(), "2 guests, 1 access link, the team Facility of 14, a team of nobody knows how many"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
