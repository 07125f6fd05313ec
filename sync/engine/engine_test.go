package engine_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kisi-sync/kisi-sync/internal/sim/kisisim"
)

func TestTheSecondRunWritesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t, kisisim.Assumptions{})
	w.must(true)
	before := w.kisi.World()
	w.kisi.ResetLog()
	for range 3 {
		w.pass(time.Hour)
		w.must(true)
	}
	if writes := w.kisi.Writes(); len(writes) > 0 {
		t.Errorf("%d writes, the first: %+v", len(writes), writes[0])
	}
	w.kisi.ResetLog()
	w.pass(time.Hour)
	w.must(false)
	if calls := w.kisi.Requests(); len(calls) > 0 {
		t.Errorf("a run of changes without changes made %d calls, the first: %+v", len(calls), calls[0])
	}
	if diff := cmp.Diff(before, w.kisi.World()); diff != "" {
		t.Error(diff)
	}
	w.kisi.CheckT(t)
}

func TestAReadThatStopsHalfWayTakesNothingAway(t *testing.T) {
	t.Parallel()
	for partial := range 8 {
		w := newWorld(t, kisisim.Assumptions{})
		w.must(true)
		before := w.kisi.World()
		w.staff.fail, w.staff.partial = errors.New("size limit exceeded"), partial
		w.staff.groups = map[string]string{"ana": "staff servers", "gus": "staff"}
		w.pass(time.Hour)
		readErr, err := w.run(true)
		if readErr == nil || err != nil {
			t.Fatalf("after %d records: read %v, reconcile %v", partial, readErr, err)
		}
		if diff := cmp.Diff(before, w.kisi.World()); diff != "" {
			t.Errorf("after %d records: %s", partial, diff)
		}
	}
}

func TestADirectoryThatIsSuddenlyEmptyIsNotBelieved(t *testing.T) {
	t.Parallel()
	w := newWorld(t, kisisim.Assumptions{})
	w.must(true)
	before := w.kisi.World()
	w.staff.groups = map[string]string{}
	for range 5 {
		w.pass(24 * time.Hour)
		w.must(true)
	}
	if diff := cmp.Diff(before, w.kisi.World()); diff != "" {
		t.Error(diff)
	}
}

func TestALeaverLosesTheDoorWhileAReorganizationIsHeld(t *testing.T) {
	t.Parallel()
	w := newWorld(t, kisisim.Assumptions{})
	w.must(true)
	w.limits.Removals.People = 1
	w.limits.Removals.PercentOfGroup = 0
	w.pass(time.Hour)
	w.staff.groups["ana"], w.staff.groups["bo"] = "staff", "staff"
	w.staff.disabled["cem"] = true
	w.must(true)
	w.expect("cem", "Staff", false)
	w.expect("ana", "HQ / Server Room", true)
	w.expect("bo", "HQ / Lab", true)
}

func TestWhatWasRemovedByHandStaysRemovedAndWhatWasMadeByHandStays(t *testing.T) {
	t.Parallel()
	w := newWorld(t, kisisim.Assumptions{})
	w.must(true)
	ana := w.kisi.UserID("ana@nordlicht.example")
	w.kisi.DeleteGrant(w.kisi.GrantID(kisisim.User(ana), kisisim.Group(w.kisi.GroupID("Staff"))))
	w.kisi.AddGrant(kisisim.GrantSpec{To: kisisim.User(ana), On: kisisim.Group(w.kisi.GroupID("Cleaning"))})
	w.kisi.SuspendUser(w.kisi.UserID("bo@nordlicht.example"))
	for range 2 {
		w.pass(time.Hour)
		w.must(true)
	}
	w.expect("ana", "Staff", false)
	w.expect("ana", "Cleaning", true)
	w.expect("bo", "Staff", false)
	w.kisi.CheckT(t)
}

func TestAKeyThatLostItsRoleStopsTheRun(t *testing.T) {
	t.Parallel()
	w := newWorld(t, kisisim.Assumptions{})
	w.must(true)
	w.kisi.SetOrganizationRole(w.kisi.KeyUser, "") // such a key sees fewer rows, with status 200
	before := w.kisi.World()
	w.pass(time.Hour)
	if _, err := w.run(true); err == nil || !strings.Contains(err.Error(), "not even the key's user") {
		t.Errorf("err = %v", err)
	}
	if diff := cmp.Diff(before, w.kisi.World()); diff != "" {
		t.Error(diff)
	}
}

func TestAnotherOrganizationIsRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t, kisisim.Assumptions{})
	w.must(true)
	w.kisi = kisisim.Acme(kisisim.Options{Rate: -1, Domain: "other", Organization: "Other"})
	if _, err := w.run(true); err == nil || !strings.Contains(err.Error(), "other") {
		t.Errorf("err = %v", err)
	}
}
