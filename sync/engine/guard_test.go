package engine_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kisi-sync/kisi-sync/internal/sim/kisisim"
)

// A key that lost its role sees fewer rows with status 200: who is missing from a look at a few is not gone.
func TestADemotedKeyForgetsNobodyInARunOfChanges(t *testing.T) {
	t.Parallel()
	w := newWorld(t, kisisim.Assumptions{})
	hand := w.kisi.AddUser(kisisim.UserSpec{Email: "hand@nordlicht.example", Name: "Hand"})
	w.staff.groups["hand"] = "staff lab"
	w.must(true)
	w.kisi.SetOrganizationRole(w.kisi.KeyUser, "")
	for _, who := range []string{"cem", "hand"} {
		w.staff.disabled[who] = true
		w.pass(time.Hour)
		if _, err := w.run(false); err == nil {
			t.Error("a run with a key that sees nothing succeeded")
		}
	}
	w.kisi.SetOrganizationRole(w.kisi.KeyUser, kisisim.Administrator)
	w.pass(time.Hour)
	w.must(false)
	w.expect("cem", "Staff", false)
	w.expect("hand", "Staff", false)
	if u, _ := w.kisi.World().User("hand@nordlicht.example"); len(u.Grants) > 0 || !u.Access || hand == 0 {
		t.Errorf("%+v", u)
	}
	w.kisi.CheckT(t)
}

// Rows that a list does not show, under a total that agrees, are asked for in another way before anything is concluded.
func TestRightsThatAListHidesAreNotForgotten(t *testing.T) {
	t.Parallel()
	w := newWorld(t, kisisim.Assumptions{})
	w.must(true)
	before := w.kisi.World()
	w.staff.groups["ana"], w.staff.groups["eva"] = "staff", "staff"
	w.pass(time.Hour)
	fault := w.kisi.Inject(kisisim.Fault{Method: "GET", Path: "/role_assignments", Count: kisisim.Always, Do: kisisim.EmptyList(),
		Where: func(r kisisim.Request) bool { return r.Query.Get("assignee_id") == "" }})
	if _, err := w.run(true); err == nil {
		t.Error("an organization without any right was believed")
	}
	if diff := cmp.Diff(before, w.kisi.World()); diff != "" || fault.Hits() == 0 {
		t.Error(fault.Hits(), diff)
	}
	fault.Remove()
	w.pass(time.Hour)
	w.must(true)
	w.expect("ana", "HQ / Server Room", false)
	w.expect("eva", "HQ / Lab", false)
	w.kisi.CheckT(t)
}

// Somebody who really deleted everybody in Kisi can say so, and the program goes on.
func TestAnOrganizationThatWasEmptiedByHandIsBelievedWhenSomebodySaysSo(t *testing.T) {
	t.Parallel()
	w := newWorld(t, kisisim.Assumptions{})
	w.must(true)
	for who := range w.staff.groups {
		w.kisi.DeleteUser(w.kisi.UserID(who + "@nordlicht.example"))
	}
	w.pass(time.Hour)
	if _, err := w.run(true); err == nil || !strings.Contains(err.Error(), "accept kisi") {
		t.Errorf("err = %v", err)
	}
	w.accept = map[string]bool{"kisi": true}
	w.must(true)
	w.expectTold("removed_by_hand", "ana@", "deleted this user")
	w.accept = nil
	w.quiet()
	w.policy.Repair = true
	w.must(true)
	w.expect("ana", "Staff", true)
	w.kisi.CheckT(t)
}

// cases.md 81: who is protected must be known before anybody is suspended.
func TestAListOfAdministratorsThatIsEmptySuspendsNoAdministrator(t *testing.T) {
	t.Parallel()
	w := newWorld(t, kisisim.Assumptions{})
	w.must(true)
	w.kisi.SetOrganizationRole(w.kisi.UserID("cem@nordlicht.example"), kisisim.Administrator)
	w.staff.disabled["cem"] = true
	w.pass(time.Hour)
	fault := w.kisi.Inject(kisisim.Fault{Method: "GET", Path: "/role_assignments", Count: kisisim.Always, Do: kisisim.EmptyList(),
		Where: func(r kisisim.Request) bool { return r.Query.Get("applies_to_type") == "Organization" }})
	if _, err := w.run(true); err == nil || fault.Hits() == 0 {
		t.Errorf("believed, %d hits", fault.Hits())
	}
	fault.Remove()
	w.pass(time.Hour)
	w.must(true)
	if u := w.user("cem"); !u.Access || u.Holds("Staff") {
		t.Errorf("%+v", u)
	}
	w.expectTold("protected", "cem@", "suspend this user by hand")
	w.kisi.CheckT(t)
}

// cases.md 81: doors of a whole place make nobody an administrator; a role in a place or the organization does.
func TestOnlyAdministratorsAreSpared(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		role   string
		place  bool
		spared bool
	}{{kisisim.PlaceBasic, true, false}, {kisisim.PlaceAdmin, true, true}, {kisisim.FrontDesk, false, true}} {
		w := newWorld(t, kisisim.Assumptions{})
		w.must(true)
		on := w.kisi.OrganizationRef()
		if c.place {
			on = kisisim.Place(w.kisi.Places["HQ"])
		}
		w.kisi.AddGrant(kisisim.GrantSpec{To: kisisim.User(w.kisi.UserID("cem@nordlicht.example")), On: on, Role: c.role})
		w.staff.disabled["cem"] = true
		w.pass(time.Hour)
		w.must(false)
		if u := w.user("cem"); u.Access != c.spared || u.Holds("Staff") == c.spared {
			t.Errorf("%s: %+v", c.role, u)
		}
		w.kisi.CheckT(t)
	}
}

// Found by TestSoak (seed 1153): whom we suspend may lose the rights by that, as some Kisi may do it. That is no reason to believe that
// the key sees less.
func TestRightsOfWhomWeSuspendedAreNotMissed(t *testing.T) {
	t.Parallel()
	w := newWorld(t, kisisim.Assumptions{SuspendedLoseRights: true})
	for i := range 8 {
		w.staff.groups[fmt.Sprintf("old%d", i)] = "staff lab servers"
	}
	w.must(true)
	for i := range 8 {
		w.staff.disabled[fmt.Sprintf("old%d", i)] = true
	}
	w.limits.Removals.People = 1
	for range 3 {
		w.pass(time.Hour)
		w.must(false)
	}
	w.must(true)
	w.expect("old0", "Staff", false)
	w.expect("ana", "Staff", true)
}
