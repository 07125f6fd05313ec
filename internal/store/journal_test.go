package store

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kisi-sync/kisi-sync/internal/access"
	"github.com/kisi-sync/kisi-sync/internal/record"
)

func byRule() access.Cause { return access.Cause{Kind: access.ByRule, Rule: "hq", Mark: 7} }

func give(member access.RemoteID, group access.RemoteID) access.Call {
	return access.Call{Change: access.Change{Kind: access.CreateAssignment, Cause: byRule(), After: &access.Fields{Role: access.DoorAccess, Until: 5},
		Object: access.ObjectKey{Member: member, Email: fmt.Sprintf("%d@x.com", member), Group: group, GroupName: "HQ Staff"}}}
}

func takeAway(member, group, assignment access.RemoteID) access.Call {
	c := give(member, group)
	c.Change.Kind, c.Change.After, c.Change.Before, c.Change.Object.Assignment = access.RemoveAssignment, nil, &access.Fields{Role: access.DoorAccess}, assignment
	c.Change.Cause = access.Cause{Kind: access.LeftGroup, Text: "left group staff"}
	return c
}

// carry begins and finishes a call.
func (f *fixture) carry(c access.Call, r access.Result, outcome error) {
	f.t.Helper()
	seq, err := f.Begin(context.Background(), c)
	must(f.t, err)
	must(f.t, f.Finish(context.Background(), seq, r, outcome))
}

func TestAnIntentIsOpenUntilItIsFinishedAlsoAfterARestart(t *testing.T) {
	f, ctx, n := newFixture(t), context.Background(), 0
	var call access.Call
	fill(reflect.ValueOf(&call).Elem(), &n)
	seq, err := f.Begin(ctx, call)
	must(t, err)
	later, err := f.Begin(ctx, give(1, 2))
	must(t, err)
	f.reopen()
	open, err := f.Open(ctx)
	must(t, err)
	want := []access.Intent{{Seq: seq, Call: call, Begun: access.At(f.clock.now())}, {Seq: later, Call: give(1, 2), Begun: access.At(f.clock.now())}}
	if d := cmp.Diff(want, open); d != "" || later <= seq {
		t.Error(d)
	}
	must(t, f.Finish(ctx, later, access.Result{ID: 5}, nil))
	if err := f.Finish(ctx, later, access.Result{}, nil); err == nil {
		t.Error("finished twice")
	}
	if open, err = f.Open(ctx); err != nil || len(open) != 1 || open[0].Seq != seq {
		t.Errorf("%+v %v", open, err)
	}
}

// TestWhatBecomesOfACall is the table of Finish.
func TestWhatBecomesOfACall(t *testing.T) {
	held := map[bool]string{false: "-", true: "held"}
	for _, c := range []struct {
		name    string
		call    access.Call
		outcome error
		open    bool   // the intent is still open
		booked  bool   // in the ledger
		hold    string // what is left of the approved hold: "-", "approved", "parked"
		says    string
	}{
		{"done", give(1, 7), nil, false, true, "-", "done"},
		{"unknown", give(1, 7), access.ErrUnknownOutcome, true, false, "approved", "outcome unknown"},
		{"unknown and stop", give(1, 7), errors.Join(access.ErrStop, access.ErrUnknownOutcome), true, false, "approved", "stopped"},
		{"an error that says nothing", give(1, 7), errors.New("unexpected EOF"), true, false, "approved", "unexpected EOF"},
		{"not done after all", give(1, 7), access.ErrNotDone, false, false, "approved", "not carried out"},
		{"exists", give(1, 7), access.ErrExists, false, false, "approved", "already exists"},
		{"stop", give(1, 7), access.ErrStop, false, false, "approved", "stopped"},
		{"refused", give(1, 7), fmt.Errorf("422: %w", access.ErrRefused), false, false, "parked", "422: refused by Kisi"},
		{"gone while giving", give(1, 7), access.ErrGone, false, false, "approved", "no longer there"},
		{"gone while removing", takeAway(1, 7, 70), access.ErrGone, false, true, "-", "done"},
		{"removed", takeAway(1, 7, 70), nil, false, true, "-", "done"},
	} {
		t.Run(c.name, func(t *testing.T) {
			f, ctx := newFixture(t), context.Background()
			before := access.Account{Known: access.Member{ID: 1, Email: "1@x.com", Grants: []access.Grant{}}}
			if c.call.Change.Kind == access.RemoveAssignment {
				before.Known.Grants = []access.Grant{{Assignment: 70, Group: 7}}
				before.Owned = []access.OwnedGrant{{Group: 7, Assignment: 70, Level: access.Created}}
			}
			f.put(before)
			step := c.call.Change.Digest()
			must(t, f.SaveHolds(ctx, []access.Hold{{Step: step}}))
			must(t, f.Decide(ctx, access.Decision{Step: step, Verdict: access.Approved, By: "eva"}))
			f.carry(c.call, access.Result{ID: 99}, c.outcome)

			open, err := f.Open(ctx)
			must(t, err)
			if (len(open) == 1) != c.open || c.open && open[0].Cut != access.At(f.clock.now()) {
				t.Errorf("open %+v", open)
			}
			after := f.account(1)
			want := before
			if c.booked {
				want = before.After(c.call, access.Result{ID: 99}, access.At(f.clock.now()))
			}
			if d := cmp.Diff(want, after, cmpEmpty()); d != "" {
				t.Error(d)
			}
			spent, err := f.Spent(ctx, 0)
			must(t, err)
			if len(spent) > 0 {
				t.Errorf("what was approved counts: %+v", spent)
			}
			holds, err := f.Holds(ctx)
			must(t, err)
			got := held[false]
			if len(holds) == 1 {
				got = holds[0].Verdict.String()
			}
			if got != c.hold {
				t.Errorf("hold %s, want %s", got, c.hold)
			}
			lines, err := f.AuditLines(ctx, 1)
			must(t, err)
			if len(lines) != 1 || !strings.Contains(lines[0].Outcome, c.says) || lines[0].Step != step || lines[0].Member != 1 || lines[0].Group != 7 ||
				!strings.Contains(lines[0].What, "1@x.com in HQ Staff") || lines[0].Why == "" {
				t.Errorf("audit %+v", lines)
			}
		})
	}
}

func TestFinishWritesDownWhatHappenedAlsoWhenEverythingIsBeingStopped(t *testing.T) {
	f := newFixture(t)
	ctx, cancel := context.WithCancel(context.Background())
	seq, err := f.Begin(ctx, give(1, 7))
	must(t, err)
	cancel()
	must(t, f.Finish(ctx, seq, access.Result{ID: 9}, nil))
	if _, err := f.Begin(ctx, give(1, 7)); !errors.Is(err, context.Canceled) {
		t.Errorf("begun after it was cancelled: %v", err)
	}
}

func TestANewMemberIsBookedUnderTheIDThatKisiGave(t *testing.T) {
	f := newFixture(t)
	stamp := access.Stamp{Installation: "berlin-1", Anchor: "corp:1"}
	create := access.Call{Change: access.Change{Kind: access.CreateMember, Cause: byRule(), Object: access.ObjectKey{Email: "ana@x.com"},
		After: &access.Fields{Email: "Ana@x.com", Name: "Ana", Enabled: true, Stamp: stamp, Anchors: []access.Anchor{"corp:1"}}}}
	f.carry(create, access.Result{ID: 42}, nil)
	grant := give(0, 7)
	grant.Refs.Member = 42
	f.carry(grant, access.Result{ID: 700}, nil)
	a, ok := f.ledger().ByAnchor("corp:1")
	if !ok || a.Known.ID != 42 || a.Known.Stamp != stamp || a.Link.Level != access.Created || len(a.Known.Grants) != 1 {
		t.Fatalf("%+v", a)
	}
	if g, ok := a.Grant(7); !ok || g.Assignment != 700 || *g.Cause != byRule() {
		t.Errorf("%+v", g)
	}
}

func TestAResultWithoutAnIDIsNotBookedOnNobody(t *testing.T) {
	f, ctx := newFixture(t), context.Background()
	for _, kind := range []access.Kind{access.CreateMember, access.CreateGroup} {
		seq, err := f.Begin(ctx, access.Call{Change: access.Change{Kind: kind, After: &access.Fields{}}})
		must(t, err)
		if err := f.Finish(ctx, seq, access.Result{}, nil); err == nil {
			t.Errorf("%s was booked on nobody", kind)
		}
	}
	if open, err := f.Open(ctx); err != nil || len(open) != 2 {
		t.Errorf("what was not booked must stay open: %+v %v", open, err)
	}
}

func TestGroupsAreBookedWithTheDoorsThatWeAdded(t *testing.T) {
	f := newFixture(t)
	object := access.ObjectKey{GroupName: "HQ Staff"}
	f.carry(access.Call{Change: access.Change{Kind: access.CreateGroup, Object: object, After: &access.Fields{Description: "by rule"}}}, access.Result{ID: 7}, nil)
	object.Thing = 33
	door := access.Call{Change: access.Change{Kind: access.AddDoor, Object: object, After: &access.Fields{}}, Refs: access.Refs{Group: 7}}
	f.carry(door, access.Result{ID: 330}, nil)
	f.reopen()
	want := access.GroupAccount{ID: 7, Name: "HQ Staff", Level: access.Created, Description: "by rule", Doors: []access.Opening{{Row: 330, Thing: 33}}}
	if d := cmp.Diff([]access.GroupAccount{want}, f.ledger().Groups, cmpEmpty()); d != "" {
		t.Error(d)
	}
	door.Change.Kind = access.RemoveDoor
	f.carry(door, access.Result{}, access.ErrGone)
	if g := f.ledger().Groups[0]; len(g.Doors) != 0 {
		t.Errorf("%+v", g)
	}
}

func notes(n int) []access.Call {
	var all []access.Call
	for id := access.RemoteID(1); id <= access.RemoteID(n); id++ {
		link := access.Change{Kind: access.LinkMember, Object: access.ObjectKey{Member: id, Email: fmt.Sprintf("%d@x.com", id)},
			After: &access.Fields{Email: fmt.Sprintf("%d@x.com", id), Anchors: []access.Anchor{access.Anchor(fmt.Sprintf("corp:%d", id))}, Level: access.Linked}}
		note := give(id, 7).Change
		note.Kind, note.Object.Assignment = access.NoteSatisfied, 1000+id
		all = append(all, access.Call{Change: link}, access.Call{Change: note})
	}
	return all
}

func TestNotesAreBookedInBatches(t *testing.T) {
	f, ctx := newFixture(t), context.Background()
	writes := 0
	f.committed = func() { writes++ }
	must(t, f.Note(ctx, notes(5_000)))
	if writes != 5 {
		t.Errorf("%d transactions for 10,000 notes", writes)
	}
	l := f.ledger()
	if len(l.Accounts) != 5_000 {
		t.Fatalf("%d accounts", len(l.Accounts))
	}
	a, ok := l.ByAnchor("corp:4321")
	if g, owned := a.Grant(7); !ok || !owned || g.Level != access.Satisfied || g.Assignment != 5321 || a.Link.Level != access.Linked {
		t.Errorf("%+v", a)
	}
	if lines, err := f.VerifyAudit(ctx); err != nil || lines != 10_000 {
		t.Errorf("%d lines, %v", lines, err)
	}
	if open, err := f.Open(ctx); err != nil || len(open) != 0 {
		t.Errorf("%+v %v", open, err)
	}
}

func TestACallToKisiIsNoNote(t *testing.T) {
	f, ctx := newFixture(t), context.Background()
	if err := f.Note(ctx, append(notes(1), give(1, 7))); err == nil {
		t.Error("taken")
	}
	if len(f.ledger().Accounts) != 0 {
		t.Error("the others were booked")
	}
}

func TestAForgottenUserHasNoAccountAnyMore(t *testing.T) {
	f, ctx := newFixture(t), context.Background()
	must(t, f.Note(ctx, notes(2)))
	forget := access.Call{Change: access.Change{Kind: access.ForgetMember, Object: access.ObjectKey{Member: 1, Email: "1@x.com"}}}
	must(t, f.Note(ctx, []access.Call{forget, forget}))
	f.reopen()
	if all := f.ledger().Accounts; len(all) != 1 || all[0].Known.ID != 2 {
		t.Errorf("%+v", all)
	}
}

func TestSpentLooksBackAsFarAsItIsAsked(t *testing.T) {
	f, ctx := newFixture(t), context.Background()
	for id := access.RemoteID(1); id <= 3; id++ {
		f.carry(give(id, 7), access.Result{ID: id}, nil)
		f.clock.pass(time.Hour)
	}
	since := access.At(f.clock.now().Add(-2 * time.Hour))
	spent, err := f.Spent(ctx, since)
	must(t, err)
	if len(spent) != 2 || spent[0].At != since || spent[0].Effect != access.Widens || spent[0].Cause != access.ByRule || spent[0].Group != 7 || spent[0].Email != "2@x.com" {
		t.Errorf("%+v", spent)
	}
	f.clock.pass(100 * 24 * time.Hour)
	must(t, f.SaveRun(ctx, &record.Run{}))
	if spent, err = f.Spent(ctx, 0); err != nil || len(spent) != 0 {
		t.Errorf("kept for ever: %+v %v", spent, err)
	}
}
