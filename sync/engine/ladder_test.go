package engine_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kisi-sync/kisi-sync/internal/access"
	"github.com/kisi-sync/kisi-sync/internal/sim/kisisim"
	"github.com/kisi-sync/kisi-sync/mapping"
	"github.com/kisi-sync/kisi-sync/sync/plan"
)

const days = 24 * time.Hour

// laddered is a world whose file takes the rights of leavers after 30 days and deletes their users after 90.
func laddered(t *testing.T) *world {
	w := newWorld(t, kisisim.Assumptions{})
	rungs := mapping.Rungs{Revoke: 30 * days, Delete: 90 * days}
	w.spec.Leavers.After = map[access.CauseKind]mapping.Rungs{access.Disabled: rungs, access.Vanished: rungs}
	return w
}

// exists says that Kisi has a user of somebody's.
func (w *world) exists(who string) bool {
	_, ok := w.kisi.World().User(who + "@nordlicht.example")
	return ok
}

// later lets days pass, with a run on each.
func (w *world) later(n int) {
	w.t.Helper()
	for range n {
		w.pass(days)
		w.must(false)
	}
}

// cases.md 83: suspended first, the rights go later, the user last; a return before that brings everything back.
func TestALeaverIsSuspendedThenLosesTheRightsThenTheUser(t *testing.T) {
	t.Parallel()
	w := laddered(t)
	w.must(true)
	w.staff.disabled["ana"] = true
	delete(w.staff.groups, "bo")
	w.pass(time.Hour)
	w.must(true)
	w.expect("ana", "Staff", false)
	w.later(29)
	if w.right("ana", "Staff") == 0 || w.right("bo", "Staff") == 0 {
		t.Error("rights were taken before 30 days had passed")
	}
	w.later(3)
	if w.right("ana", "Staff") != 0 || w.right("bo", "Staff") != 0 {
		t.Error("suspended for 30 days, and the rights are still there")
	}
	w.later(54)
	if !w.exists("ana") || !w.exists("bo") {
		t.Error("deleted before 90 days had passed")
	}
	w.later(6)
	if w.exists("ana") || w.exists("bo") {
		t.Error("suspended for 90 days, and the users are still there")
	}
	w.expect("eva", "Staff", true)
	w.quiet()
	w.staff.disabled["ana"], w.staff.groups["bo"] = false, "staff lab"
	w.pass(time.Hour)
	w.must(true)
	w.expect("ana", "HQ / Server Room", true)
	w.expect("bo", "HQ / Lab", true)
	w.quiet()
	w.kisi.CheckT(t)
}

func TestAReturnBringsBackWhatTheLadderTook(t *testing.T) {
	t.Parallel()
	w := laddered(t)
	w.must(true)
	id := w.kisi.UserID("ana@nordlicht.example")
	w.staff.disabled["ana"] = true
	w.later(60)
	if w.right("ana", "Staff") != 0 {
		t.Error("still there after 60 days")
	}
	w.staff.disabled["ana"] = false
	w.later(1)
	w.expect("ana", "Staff", true)
	w.expect("ana", "HQ / Server Room", true)
	if w.kisi.UserID("ana@nordlicht.example") != id {
		t.Error("another user was made")
	}
	w.staff.disabled["ana"] = true // the time begins anew
	w.later(89)
	if !w.exists("ana") {
		t.Error("the time before the return was counted")
	}
	w.quiet()
	w.kisi.CheckT(t)
}

// What cannot be undone needs more than what can: whoever may still be somebody's, or whom another hand has touched, stays suspended.
func TestNobodyIsDeletedWhoIsNotWhollyOurs(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		before, after func(w *world)
		note          string
	}{
		"made by hand, and adopted": {before: func(w *world) {
			w.policy.Existing = plan.Adopt
			w.kisi.AdoptUser(w.kisi.AddUser(kisisim.UserSpec{Email: "ana@nordlicht.example", Name: "Ana"}))
		}, note: "made by hand"},
		"holds what somebody else gave": {after: func(w *world) {
			w.kisi.AddGrant(kisisim.GrantSpec{To: kisisim.User(w.kisi.UserID("ana@nordlicht.example")), On: kisisim.Group(w.kisi.GroupID("Cleaning"))})
		}, note: "somebody else gave"},
		"SCIM's": {after: func(w *world) { w.kisi.ScimSuspend(w.kisi.UserID("ana@nordlicht.example"), true) }, note: "SCIM"},
		"the stamp is gone": {after: func(w *world) {
			w.kisi.SetMetadata(w.kisi.UserID("ana@nordlicht.example"), map[string]any{})
		}, note: "stamp"},
		"mode add_only": {after: func(w *world) { w.policy.Mode = plan.AddOnly }},
		"over a limit":  {after: func(w *world) { w.limits.Removals.People = 0 }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := laddered(t)
			if c.before != nil {
				c.before(w)
			}
			w.must(true)
			w.staff.disabled["ana"] = true
			w.pass(time.Hour)
			w.must(true)
			if c.after != nil {
				c.after(w)
			}
			w.pass(100 * days)
			w.must(true)
			w.must(true)
			if !w.exists("ana") {
				t.Error("deleted")
			}
			if c.note != "" {
				w.expectTold("kept_in_kisi", "ana@", c.note)
			}
			w.expect("ana", "Staff", false)
			w.kisi.CheckT(t)
		})
	}
}

func TestALeaverWhoWasLetInByHandIsSuspendedAgainAndTheTimeBeginsAnew(t *testing.T) {
	t.Parallel()
	w := laddered(t)
	w.must(true)
	w.staff.disabled["ana"] = true
	w.pass(time.Hour)
	w.must(true)
	w.kisi.ResumeUser(w.kisi.UserID("ana@nordlicht.example"))
	w.pass(100 * days)
	w.must(true)
	w.expect("ana", "Staff", false)
	if !w.exists("ana") {
		t.Error("deleted, though somebody had let her in again")
	}
	w.later(80)
	if !w.exists("ana") {
		t.Error("the time before was counted")
	}
	w.kisi.CheckT(t)
}

// Whoever is exempt is kept, and so is everybody while a directory cannot be read.
func TestNobodyIsDeletedWithoutAReadThatStillSaysSo(t *testing.T) {
	t.Parallel()
	w := laddered(t)
	w.must(true)
	delete(w.staff.groups, "cem")
	w.later(3)
	w.expect("cem", "Staff", false)
	before := w.user("cem")
	w.staff.groups["cem"] = "staff" // came back, on a day on which nobody could read it
	w.staff.fail, w.staff.partial = errors.New("no answer"), 1
	w.pass(100 * days)
	if readErr, _ := w.run(true); readErr == nil {
		t.Fatal("the directory was read")
	}
	after := w.user("cem")
	if diff := cmp.Diff(before.Access, after.Access); diff != "" || !w.exists("cem") {
		t.Error("changed without a read")
	}
	w.staff.fail = nil
	w.pass(time.Hour)
	w.must(true)
	w.expect("cem", "Staff", true)
	w.kisi.CheckT(t)
}
