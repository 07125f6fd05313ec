package engine_test

import (
	"context"
	"testing"
	"time"

	"github.com/kisi-sync/kisi-sync/internal/access"
	"github.com/kisi-sync/kisi-sync/internal/directory"
	"github.com/kisi-sync/kisi-sync/internal/sim/kisisim"
	"github.com/kisi-sync/kisi-sync/internal/store"
)

// A door that somebody took out by hand and that the file does not name any more is forgotten: named again, it is a new door and not
// one that was undone.
func TestADoorThatWasTakenOutAndIsNoLongerDeclaredIsForgotten(t *testing.T) {
	t.Parallel()
	w := newWorld(t, kisisim.Assumptions{})
	w.must(true)
	staff, garage := w.kisi.GroupID("Staff"), w.kisi.Doors["HQ / Garage"]
	w.kisi.TakeDoor(staff, garage)
	declared := w.spec.Groups[3].Doors
	w.spec.Groups[3].Doors = declared[:1]
	w.pass(time.Hour)
	w.must(true)
	w.quiet()
	w.spec.Groups[3].Doors = declared
	w.pass(time.Hour)
	w.must(true)
	for _, g := range w.kisi.World().Groups {
		if g.Name == "Staff" && len(g.Doors) != 2 {
			t.Errorf("%+v", g)
		}
	}
	w.kisi.CheckT(t)
}

// touched is a directory that changes every record every day.
type touched struct {
	*staff
	now func() time.Time
}

func (s touched) Fetch(ctx context.Context, since directory.Cursor, put func(*directory.Record) error) (directory.Receipt, error) {
	return s.staff.Fetch(ctx, since, func(r *directory.Record) error {
		r.Changed = s.now()
		return put(r)
	})
}

// cases.md: somebody whom the directory disables keeps the doors for as long as the file says, counted from the disabling, whatever else
// is changed about the person later.
func TestAGraceOfTheDisabledEndsHoweverOftenTheRecordIsChanged(t *testing.T) {
	t.Parallel()
	w := newWorld(t, kisisim.Assumptions{})
	w.corp.Source = touched{staff: w.staff, now: w.now}
	w.spec.Leavers.Disabled = 3 * 24 * time.Hour
	w.must(true)
	w.pass(time.Hour)
	w.staff.disabled["ana"] = true
	w.must(true)
	for day := range 3 {
		w.expect("ana", "Staff", true)
		w.staff.called["ana"] = "Ana " + string(rune('A'+day))
		w.pass(24 * time.Hour)
		w.must(true)
	}
	w.expect("ana", "Staff", false)
	w.kisi.CheckT(t)
}

// A block by an address that only Kisi knows: that of a user of ours whose person has another address in the directory, or is in none.
func TestABlockByTheAddressOfAKisiUserSuspendsIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t, kisisim.Assumptions{})
	w.must(true)
	w.staff.mail["ana"] = "ana.new@nordlicht.example"
	delete(w.staff.groups, "bo")
	w.pass(time.Hour)
	w.must(true)
	w.expect("bo", "Staff", true) // within the grace
	for _, who := range []string{"ana", "bo"} {
		w.say(func(s *store.Store) error {
			return s.SavePin(t.Context(), access.Pin{Kind: access.Block, Email: who + "@nordlicht.example", By: "eva", Why: "lost badge"})
		})
		w.pass(time.Minute)
		w.must(false)
		if w.user(who).Access {
			t.Errorf("%s is not suspended", who)
		}
	}
	w.kisi.CheckT(t)
}

// Who waits out a grace is told in every run, with until when.
func TestWhoWaitsOutAGraceIsTold(t *testing.T) {
	t.Parallel()
	w := newWorld(t, kisisim.Assumptions{})
	w.must(true)
	delete(w.staff.groups, "bo")
	w.pass(time.Hour)
	w.must(true)
	for range 2 {
		w.expectTold("grace_runs", "bo@", "waiting until 2026-11-22 13:00 UTC")
		w.pass(time.Hour)
		w.must(false)
	}
	w.pass(24 * time.Hour)
	w.must(true)
	if w.told("grace_runs", "", "") {
		t.Errorf("%+v", w.last.Problems)
	}
	w.expect("bo", "Staff", false)
}
