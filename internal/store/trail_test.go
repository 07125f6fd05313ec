package store

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	bolt "go.etcd.io/bbolt"

	"github.com/kisi-sync/kisi-sync/internal/access"
	"github.com/kisi-sync/kisi-sync/internal/record"
)

// heldBy writes an answer: holders by group, in brackets who is suspended, with * what is not by us.
func heldBy(a record.Answer) string {
	var groups []string
	for _, g := range a.Groups {
		var all []string
		for _, h := range g.Holders {
			who := h.Email
			if !h.ByUs {
				who += "*"
			}
			if h.Suspended {
				who = "(" + who + ")"
			}
			all = append(all, who)
		}
		groups = append(groups, strings.Join(all, " "))
	}
	return strings.Join(groups, "; ")
}

func suspend(member access.RemoteID) access.Call {
	return access.Call{Change: access.Change{Kind: access.DisableMember, Cause: access.Cause{Kind: access.Disabled, Text: "disabled in corp"},
		Object: access.ObjectKey{Member: member, Email: fmt.Sprintf("%d@x.com", member)}, After: &access.Fields{}}}
}

func door(kind access.Kind, group, thing access.RemoteID) access.Call {
	return access.Call{Change: access.Change{Kind: kind, Cause: access.Cause{Kind: access.Declared},
		Object: access.ObjectKey{Group: group, GroupName: "HQ Staff", Thing: thing}}}
}

// day writes what happens at a time of the test's day.
func (f *fixture) hour(n int, do func()) time.Time {
	f.clock.at = newClock().at.Add(time.Duration(n) * time.Hour)
	do()
	return f.clock.at
}

func (f *fixture) observe(members ...access.Member) {
	f.t.Helper()
	state := &access.State{At: access.At(f.clock.now()) + 2, Members: members}
	for _, m := range members {
		state.Covers.Members = append(state.Covers.Members, m.ID)
	}
	state.Sort()
	must(f.t, f.SaveObserved(context.Background(), state))
}

func seen(id access.RemoteID, enabled bool, grants ...access.Grant) access.Member {
	return access.Member{ID: id, Email: fmt.Sprintf("%d@x.com", id), Enabled: enabled, Grants: grants}
}

func TestTheTrailTellsWhoHeldAGroupAtAnyMoment(t *testing.T) {
	f, ctx := newFixture(t), context.Background()
	must(t, f.SaveCatalog(ctx, &access.Catalog{Groups: []access.Group{{ID: 7, Name: "HQ Staff"}}}))
	forever := func(member access.RemoteID) access.Call {
		c := give(member, 7)
		c.Change.After.Until = 0
		return c
	}
	ours, byHand := access.Grant{Group: 7, Assignment: 70, Role: access.DoorAccess}, access.Grant{Group: 7, Assignment: 99, Role: access.GroupManager}
	want := map[time.Time]string{}
	want[f.hour(1, func() { f.carry(forever(1), access.Result{ID: 70}, nil) })] = "1@x.com"
	want[f.hour(2, func() { f.carry(forever(2), access.Result{}, access.ErrRefused) })] = "1@x.com"
	want[f.hour(3, func() { f.carry(forever(2), access.Result{ID: 71}, nil) })] = "1@x.com 2@x.com"
	want[f.hour(4, func() { f.carry(suspend(1), access.Result{}, nil) })] = "(1@x.com) 2@x.com"
	want[f.hour(5, func() { f.observe(seen(1, true, ours)) })] = "1@x.com 2@x.com" // somebody lifted it
	want[f.hour(6, func() { f.carry(takeAway(2, 7, 71), access.Result{}, nil) })] = "1@x.com"
	want[f.hour(7, func() { f.observe(seen(2, true, byHand)) })] = "1@x.com 2@x.com*" // somebody else gave it
	want[f.hour(8, func() { f.observe(seen(1, true)) })] = "2@x.com*"                 // somebody took it
	want[f.hour(9, func() { f.observe(seen(1, true, ours)) })] = "1@x.com* 2@x.com*"  // and gave it back
	for at, holders := range want {
		a, err := f.Holders(ctx, "HQ Staff", at)
		must(t, err)
		if got := heldBy(a); got != holders || a.Latest.After(at) {
			t.Errorf("at %s held by %q, want %q", at.Format(time.TimeOnly), got, holders)
		}
	}
	if _, err := f.Holders(ctx, "HQ Staff", newClock().at.Add(-time.Hour)); !errors.Is(err, ErrUntold) {
		t.Errorf("before the first line: %v", err)
	}
	if _, err := f.Holders(ctx, "Nobody", f.clock.now()); !errors.Is(err, ErrUntold) {
		t.Errorf("a group that was never there: %v", err)
	}
}

func TestARightIsHeldFromItsBeginningToItsEnd(t *testing.T) {
	f, ctx := newFixture(t), context.Background()
	call := give(1, 7)
	from, until := f.clock.now().Add(2*time.Hour), f.clock.now().Add(4*time.Hour)
	call.Change.After.From, call.Change.After.Until = access.At(from), access.At(until)
	f.carry(call, access.Result{ID: 70}, nil)
	for at, want := range map[time.Time]string{from.Add(-time.Second): "", from: "1@x.com", until: "1@x.com", until.Add(time.Second): ""} {
		if a, err := f.Holders(ctx, "7", at); err != nil || heldBy(a) != want {
			t.Errorf("%s: %q %v", at, heldBy(a), err)
		}
	}
}

func TestWhatWasThereAlreadyIsNotSaidToBeOurs(t *testing.T) {
	f := newFixture(t)
	call := give(1, 7)
	call.Change.After.Until = 0
	f.carry(call, access.Result{ID: 70, Existed: true}, nil)
	if a, err := f.Holders(context.Background(), "7", f.clock.now()); err != nil || heldBy(a) != "1@x.com*" || !f.lastLine().Existed {
		t.Errorf("%q %v", heldBy(a), err)
	}
}

func TestAnObservationThatSaysNothingNewIsNotInTheTrail(t *testing.T) {
	f := newFixture(t)
	f.carry(give(1, 7), access.Result{ID: 70}, nil)
	before := f.lastLine()
	f.observe(seen(1, false, access.Grant{Group: 7, Assignment: 70, Role: access.DoorAccess, Until: 5}))
	f.observe(seen(1, false, access.Grant{Group: 7, Assignment: 70, Role: access.DoorAccess, Until: 5}))
	after := f.lastLine()
	if after.What == before.What {
		t.Fatal("what was new is not there")
	}
	n, err := f.VerifyAudit(context.Background())
	if n != 2 || err != nil {
		t.Errorf("%d lines, %v", n, err)
	}
}

func TestADoorsLinesAreThoseOfTheGroupsThatOpenedItThen(t *testing.T) {
	f, ctx := newFixture(t), context.Background()
	must(t, f.SaveCatalog(ctx, &access.Catalog{Places: []access.Place{{ID: 2, Name: "HQ"}}, Doors: []access.Door{{ID: 3, Place: 2, Name: "Main"}, {ID: 4, Place: 2, Name: "Lab"}}}))
	f.hour(1, func() { f.carry(give(1, 7), access.Result{ID: 70}, nil) })
	f.hour(2, func() { f.carry(door(access.AddDoor, 7, 3), access.Result{ID: 30}, nil) })
	f.hour(3, func() { f.carry(give(2, 7), access.Result{ID: 71}, nil) })
	open := f.hour(4, func() {
		must(t, f.SaveObserved(ctx, &access.State{At: 5, Groups: []access.Group{{ID: 7, Name: "HQ Staff", Opened: true, Doors: []access.Opening{{Row: 30, Thing: 3}, {Row: 40, Thing: 4}}}}}))
	})
	f.hour(5, func() { f.carry(door(access.RemoveDoor, 7, 3), access.Result{}, nil) })
	f.hour(6, func() { f.carry(give(3, 7), access.Result{ID: 72}, nil) })
	for name, want := range map[string][]uint64{"HQ / Main": {2, 3, 4, 5}, "HQ / Lab": {4, 5, 6}, "4": {4, 5, 6}, "HQ / Roof": nil} {
		var got []uint64
		must(t, f.EachAudit(ctx, record.AuditFilter{Door: name}, func(e *record.Entry) error { got = append(got, e.Number); return nil }))
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s: %s", name, d)
		}
	}
	if a, err := f.DoorHolders(ctx, "HQ / Main", open); err != nil || len(a.Groups) != 1 || a.Groups[0].ID != 7 {
		t.Errorf("%+v %v", a, err)
	}
	if _, err := f.DoorHolders(ctx, "HQ / Main", f.clock.now()); !errors.Is(err, ErrUntold) {
		t.Error(err)
	}
}

func TestADoorThatWePutInIsNoNewsWhenItIsSeen(t *testing.T) {
	f, ctx := newFixture(t), context.Background()
	f.carry(door(access.AddDoor, 7, 9), access.Result{ID: 1}, nil)
	f.carry(door(access.AddStop, 7, 5), access.Result{ID: 2}, nil)
	f.carry(door(access.AddDoor, 7, 3), access.Result{ID: 3}, nil)
	f.carry(door(access.RemoveDoor, 7, 9), access.Result{}, nil)
	f.carry(door(access.AddDoor, 7, 4), access.Result{}, access.ErrRefused)
	see := func(doors ...access.RemoteID) uint64 {
		g := access.Group{ID: 7, Name: "HQ Staff", Opened: true, Stops: []access.Opening{{Row: 2, Thing: 5}}}
		for _, d := range doors {
			g.Doors = append(g.Doors, access.Opening{Row: 10 + d, Thing: d})
		}
		must(t, f.SaveObserved(ctx, &access.State{At: 5, Covers: access.Scope{All: true}, Groups: []access.Group{g}}))
		n, err := f.VerifyAudit(ctx)
		must(t, err)
		return n
	}
	for i, want := range []uint64{5, 5, 6} {
		doors := [][]access.RemoteID{{3}, {3}, {3, 4}}[i]
		if n := see(doors...); n != want {
			t.Errorf("%v: %d lines, want %d", doors, n, want)
		}
	}
	must(t, f.SaveObserved(ctx, &access.State{At: 6, Covers: access.Scope{All: true}}))
	if l := f.lastLine(); l.What != "seen in Kisi: group 7 is gone" || len(l.Opens) != 0 {
		t.Errorf("%+v", l)
	}
}

func TestLinesAreFoundByPersonGroupAndTime(t *testing.T) {
	f, ctx := newFixture(t), context.Background()
	f.sizes.notes = 1
	at := f.hour(1, func() { f.carry(give(1, 7), access.Result{ID: 70}, nil) })
	f.hour(2, func() { f.carry(give(2, 8), access.Result{ID: 71}, nil) })
	renamed := seen(1, true)
	renamed.Email = "New@x.com"
	last := f.hour(3, func() { f.observe(renamed) }) // and without the right in 7
	for _, c := range []struct {
		want  record.AuditFilter
		lines []uint64
	}{
		{record.AuditFilter{}, []uint64{1, 2, 3}},
		{record.AuditFilter{Person: "1@X.com"}, []uint64{1, 3}},
		{record.AuditFilter{Person: "new@x.com"}, []uint64{3}},
		{record.AuditFilter{Person: "2"}, []uint64{2}},
		{record.AuditFilter{Group: "8"}, []uint64{2}},
		{record.AuditFilter{Group: "HQ Staff"}, []uint64{1, 2, 3}},
		{record.AuditFilter{Group: "7"}, []uint64{1, 3}},
		{record.AuditFilter{Since: last}, []uint64{3}},
		{record.AuditFilter{Until: at}, []uint64{1}},
		{record.AuditFilter{Since: last.Add(1)}, nil},
	} {
		var got []uint64
		must(t, f.EachAudit(ctx, c.want, func(e *record.Entry) error { got = append(got, e.Number); return nil }))
		if d := cmp.Diff(c.lines, got); d != "" {
			t.Errorf("%+v: %s", c.want, d)
		}
	}
	stop := errors.New("enough")
	if err := f.EachAudit(ctx, record.AuditFilter{}, func(*record.Entry) error { return stop }); !errors.Is(err, stop) {
		t.Error(err)
	}
}

// TestALongTrailIsReadWhileItGrows reads more than fits into one transaction and writes meanwhile.
func TestALongTrailIsReadWhileItGrows(t *testing.T) {
	f, ctx := newFixture(t), context.Background()
	lines := make([]record.AuditLine, trailBatch+5)
	must(t, f.Audit(ctx, lines...))
	next := uint64(0)
	must(t, f.EachAudit(ctx, record.AuditFilter{}, func(e *record.Entry) error {
		if next++; e.Number != next {
			t.Fatalf("line %d after %d", e.Number, next-1)
		}
		if e.Number == 1 {
			return f.Audit(ctx, record.AuditLine{What: "meanwhile"})
		}
		return nil
	}))
	if next != trailBatch+6 {
		t.Errorf("%d lines", next)
	}
}

func TestTheTrailIsHeldAgainstAHeadThatWasKeptElsewhere(t *testing.T) {
	f, ctx := newFixture(t), context.Background()
	empty, err := f.AuditHead(ctx)
	must(t, err)
	must(t, f.Audit(ctx, line(1), line(2)))
	f.clock.pass(time.Hour)
	head, err := f.AuditHead(ctx)
	must(t, err)
	parsed, err := record.ParseHead(head.String() + "\n")
	if err != nil || cmp.Diff(head, parsed) != "" {
		t.Errorf("%+v %v", parsed, err)
	}
	must(t, f.Audit(ctx, line(3)))
	for name, anchor := range map[string]record.Head{"the same": head, "an empty trail": empty} {
		if n, err := f.VerifyAuditFrom(ctx, anchor); n != 3 || err != nil {
			t.Errorf("%s: %d %v", name, n, err)
		}
	}
	// Somebody forges all of it, chain and all.
	f.raw(func(tx *bolt.Tx) error {
		if err := tx.DeleteBucket([]byte(auditBucket)); err != nil {
			return err
		}
		if _, err := tx.CreateBucket([]byte(auditBucket)); err != nil {
			return err
		}
		return tx.Bucket([]byte(metaBucket)).Delete(lastLineKey())
	})
	must(t, f.Audit(ctx, line(1)))
	if _, err := f.VerifyAuditFrom(ctx, head); !errors.Is(err, ErrAltered) || !strings.Contains(err.Error(), "ends after line 1") {
		t.Error(err)
	}
	must(t, f.Audit(ctx, line(4), line(5)))
	if n, err := f.VerifyAudit(ctx); err != nil || n != 3 {
		t.Errorf("what is forged with the chain holds by itself: %d %v", n, err)
	}
	if _, err := f.VerifyAuditFrom(ctx, head); !errors.Is(err, ErrAltered) || !strings.Contains(err.Error(), "is not what it was") {
		t.Error(err)
	}
}

func TestAnExportForASpreadsheetRunsNothing(t *testing.T) {
	f, ctx := newFixture(t), context.Background()
	evil := "=HYPERLINK(\"http://x\")"
	must(t, f.Audit(ctx, record.AuditLine{What: evil, Why: " @SUM(A1)", Who: "\t-1", GroupName: "+1", Outcome: "one, \"two\"\nthree"}, line(2)))
	var b bytes.Buffer
	must(t, f.ExportAudit(ctx, record.AuditFilter{}, record.NewCSV(&b)))
	rows, err := csv.NewReader(&b).ReadAll()
	must(t, err)
	if len(rows) != 3 || rows[1][3] != "'"+evil || rows[1][4] != "' @SUM(A1)" || rows[1][6] != "'\t-1" || rows[1][10] != "'+1" || rows[1][5] != "one, \"two\"\nthree" {
		t.Errorf("%q", rows)
	}
	b.Reset()
	must(t, f.ExportAudit(ctx, record.AuditFilter{}, record.NewJSONLines(&b)))
	if got := strings.Count(b.String(), "\n"); got != 2 || !strings.Contains(b.String(), `"what":"=HYPERLINK(\"http://x\")"`) {
		t.Errorf("%s", b.String())
	}
}
