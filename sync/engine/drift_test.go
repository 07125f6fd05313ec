package engine_test

import (
	"errors"
	"testing"
	"time"

	"github.com/kisi-sync/kisi-sync/internal/access"
	"github.com/kisi-sync/kisi-sync/internal/record"
	"github.com/kisi-sync/kisi-sync/internal/sim/kisisim"
	"github.com/kisi-sync/kisi-sync/internal/store"
)

// drift returns what the store remembers of drift.
func (w *world) drift() (all []access.Drift) {
	w.t.Helper()
	w.say(func(s *store.Store) (err error) { all, err = s.Drift(w.t.Context()); return err })
	return all
}

func (w *world) expectDrift(want ...string) {
	w.t.Helper()
	all := w.drift()
	if len(all) != len(want) {
		w.t.Errorf("%+v, want %q", all, want)
		return
	}
	for i, x := range all {
		if got := x.Kind + " " + x.Who + " " + x.Subject; got != want[i] {
			w.t.Errorf("%s, want %s", got, want[i])
		}
	}
}

// What somebody did in Kisi is remembered with since when, through runs of any scope, through a directory that cannot be read and
// through a killed run, until it is settled.
func TestDriftStandsUntilItIsSettled(t *testing.T) {
	t.Parallel()
	w := newWorld(t, kisisim.Assumptions{})
	w.must(true)
	w.expectDrift()
	w.kisi.DeleteGrant(w.right("bo", "HQ / Lab"))
	w.kisi.SuspendUser(w.kisi.UserID("cem@nordlicht.example"))
	w.kisi.RenameUser(w.kisi.UserID("eva@nordlicht.example"), "Evi")
	w.kisi.TakeDoor(w.kisi.GroupID("Staff"), w.kisi.Doors["HQ / Garage"])
	w.pass(time.Hour)
	since := access.At(w.now())
	w.must(true)
	all := []string{"drifted eva@nordlicht.example name", "removed_by_hand Staff door", "removed_by_hand bo@nordlicht.example Lab", "suspended_by_hand cem@nordlicht.example user"}
	found := w.drift()
	if len(found) != 4 || found[1].Expected != "opens HQ / Garage" || found[0].Expected != "Eva" || found[0].Found != "Evi" {
		t.Fatalf("%+v", found)
	}
	all[1] = "removed_by_hand Staff " + found[1].Subject
	w.expectDrift(all...)
	w.pass(time.Hour)
	w.must(false)
	w.expectDrift(all...)

	w.staff.fail = errors.New("down")
	w.pass(time.Hour)
	if readErr, err := w.run(true); readErr == nil || err != nil {
		t.Fatal(readErr, err)
	}
	w.staff.fail = nil
	w.expectDrift(all...)
	w.pass(time.Hour)
	w.must(true)
	for _, x := range w.drift() {
		if x.Since != since {
			t.Errorf("%+v, first seen %d", x, since)
		}
	}

	// settled: by hand in Kisi, by an approval, by the rules, by a word
	w.kisi.ResumeUser(w.kisi.UserID("cem@nordlicht.example"))
	w.say(func(s *store.Store) error {
		return s.Decide(t.Context(), access.Decision{Step: found[1].Step, Verdict: access.Approved, By: "eva", Why: "x"})
	})
	w.staff.groups["bo"] = "staff"
	w.say(func(s *store.Store) error {
		_, err := s.AcceptDrift(t.Context(), found[0].ID().String(), record.Said{By: "eva", Why: "likes it"})
		return err
	})
	w.pass(time.Hour)
	w.must(true)
	w.expectDrift(all[0])
	if w.told("drifted", "eva@", "") || w.told("removed_by_hand", "", "") {
		t.Errorf("%+v", w.last.Problems)
	}
	w.kisi.RenameUser(w.kisi.UserID("eva@nordlicht.example"), "Ev")
	w.pass(time.Hour)
	w.must(true)
	w.expectTold("drifted", "eva@", "Ev")
	w.kisi.CheckT(t)
}

// Of whom nothing can be said, nothing is settled.
func TestDriftOfWhomNothingCanBeSaidStands(t *testing.T) {
	t.Parallel()
	w := newWorld(t, kisisim.Assumptions{})
	w.must(true)
	w.kisi.DeleteGrant(w.right("bo", "HQ / Lab"))
	w.pass(time.Hour)
	w.must(true)
	w.expectDrift("removed_by_hand bo@nordlicht.example Lab")
	groups := w.staff.groups["bo"]
	delete(w.staff.groups, "bo") // gone, within the grace
	w.pass(time.Hour)
	w.must(true)
	w.expectDrift("removed_by_hand bo@nordlicht.example Lab")
	w.staff.groups["bo"] = groups
	w.corp.StaleAfter = time.Hour
	w.staff.fail = errors.New("down")
	w.pass(3 * time.Hour)
	if _, err := w.run(true); err != nil {
		t.Fatal(err)
	}
	w.expectDrift("removed_by_hand bo@nordlicht.example Lab")
	w.kisi.CheckT(t)
}
