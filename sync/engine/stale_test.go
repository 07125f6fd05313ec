package engine_test

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kisi-sync/kisi-sync/internal/sim/kisisim"
	"github.com/kisi-sync/kisi-sync/sync/plan"
)

// forget loses the state file, as a broken disk does.
func (w *world) forget() {
	w.t.Helper()
	if err := os.Remove(w.path); err != nil {
		w.t.Fatal(err)
	}
}

// copyState returns the state file as it is now, to be put back later.
func (w *world) copyState() []byte {
	w.t.Helper()
	data, err := os.ReadFile(w.path)
	if err != nil {
		w.t.Fatal(err)
	}
	return data
}

func (w *world) restoreState(data []byte) {
	w.t.Helper()
	if err := os.WriteFile(w.path, data, 0o600); err != nil {
		w.t.Fatal(err)
	}
}

// cases.md 94: nothing is made twice after everything was forgotten, and who leaves afterwards loses all access.
func TestALostStateFileIsRebuiltFromStamps(t *testing.T) {
	t.Parallel()
	w := newWorld(t, kisisim.Assumptions{})
	w.must(true)
	before := w.kisi.World()
	w.forget()
	w.pass(time.Hour)
	w.must(true)
	if diff := cmp.Diff(before, w.kisi.World()); diff != "" {
		t.Error(diff)
	}
	w.staff.disabled["cem"] = true
	w.pass(time.Hour)
	w.must(true)
	w.expect("cem", "Staff", false)
	w.quiet()
	w.kisi.CheckT(t)
}

// Where the file says adopt, what the rules want of users who bear our stamp is ours again by the next run, and is lost with the group. What
// no rule wants any more cannot be proven ours, and stays.
func TestALostStateFileAdoptsWhatTheRulesWantWhereTheFileSaysSo(t *testing.T) {
	t.Parallel()
	w := newWorld(t, kisisim.Assumptions{})
	w.policy.Existing = plan.Adopt
	w.must(true)
	before := w.kisi.World()
	w.forget()
	w.staff.groups["bo"] = "staff"
	w.pass(time.Hour)
	w.must(true)
	if diff := cmp.Diff(before, w.kisi.World()); diff != "" {
		t.Error(diff)
	}
	w.quiet()
	w.staff.groups["ana"], w.staff.groups["eva"] = "staff", "staff"
	w.pass(time.Hour)
	w.must(true)
	w.expect("ana", "HQ / Server Room", false)
	w.expect("eva", "HQ / Lab", false)
	w.expect("ana", "Staff", true)
	w.expect("bo", "HQ / Lab", true)
	w.quiet()
	w.kisi.CheckT(t)
}

func TestWhoIsDisabledWhileTheStateFileIsLostLosesTheDoor(t *testing.T) {
	t.Parallel()
	w := newWorld(t, kisisim.Assumptions{})
	w.must(true)
	w.forget()
	w.staff.disabled["cem"] = true
	w.pass(time.Hour)
	w.must(true)
	w.expect("cem", "Staff", false)
	w.quiet()
	w.kisi.CheckT(t)
}

func TestWhoVanishesWhileTheStateFileIsLostIsReported(t *testing.T) {
	t.Parallel()
	w := newWorld(t, kisisim.Assumptions{})
	w.must(true)
	w.forget()
	delete(w.staff.groups, "cem")
	w.pass(time.Hour)
	w.must(true)
	w.expectTold("lost_track", "cem@", "nobody knows since when")
}

// cases.md 54
func TestAnAddressThatChangesWhileTheStateFileIsLostMakesNoSecondUser(t *testing.T) {
	t.Parallel()
	w := newWorld(t, kisisim.Assumptions{})
	w.must(true)
	w.forget()
	w.staff.mail["cem"] = "cem.new@nordlicht.example"
	w.pass(time.Hour)
	w.must(true)
	if _, ok := w.kisi.World().User("cem.new@nordlicht.example"); ok {
		t.Error("a second user was made")
	}
	w.expectTold("address_changed", "cem", "still has cem@nordlicht.example")
	w.expect("cem", "Staff", true)
}

// A right that kisi-sync gave before it lost its memory is nobody's now: it stays, and that is said.
func TestRightsOfALostStateFileStayAndAreReported(t *testing.T) {
	t.Parallel()
	w := newWorld(t, kisisim.Assumptions{})
	w.must(true)
	w.forget()
	w.staff.groups["bo"] = "staff"
	w.pass(time.Hour)
	w.must(true)
	w.expect("bo", "HQ / Lab", true)
	w.expectTold("added_by_hand", "bo@", "Lab")
	w.kisi.CheckT(t)
}

// cases.md 94: the state file is older than Kisi, as after restoring a backup.
func TestAnOldCopyOfTheStateFileMakesNothingTwiceAndLetsNobodyStay(t *testing.T) {
	t.Parallel()
	w := newWorld(t, kisisim.Assumptions{})
	w.must(true)
	old := w.copyState()
	w.staff.groups["fay"] = "staff lab"
	w.staff.groups["gus"] = "staff"
	w.staff.groups["ana"] = "staff lab"
	w.staff.disabled["bo"] = true
	w.pass(time.Hour)
	w.must(true)
	w.restoreState(old)
	w.staff.disabled["gus"] = true
	w.pass(time.Hour)
	w.must(true)
	w.quiet()
	w.expect("gus", "Staff", false)
	w.expect("bo", "Staff", false)
	w.expect("fay", "HQ / Lab", true)
	w.expect("ana", "HQ / Lab", true)
	w.staff.disabled["fay"] = true
	w.pass(time.Hour)
	w.must(true)
	w.expect("fay", "Staff", false)
	w.kisi.CheckT(t)
}

// The catalog of a run of changes may be old, but the organization is asked each time.
func TestAKeyOfAnotherOrganizationIsRefusedInARunOfChangesToo(t *testing.T) {
	t.Parallel()
	w := newWorld(t, kisisim.Assumptions{})
	w.must(true)
	w.kisi = kisisim.Acme(kisisim.Options{Rate: -1, Domain: "other", Organization: "Other", Now: w.now})
	w.kisi.AddUser(kisisim.UserSpec{Email: "shift@example.com", Name: "so that ids differ"})
	w.staff.groups["fay"] = "staff"
	w.pass(time.Hour)
	if _, err := w.run(false); err == nil || !strings.Contains(err.Error(), "organization") {
		t.Errorf("err = %v", err)
	}
	if writes := w.kisi.Writes(); len(writes) > 0 {
		t.Errorf("%d writes into another organization, the first: %s %s", len(writes), writes[0].Method, writes[0].Path)
	}
}

// Two daemons with names of their own may look after one organization: neither touches what the other made.
func TestTwoInstallationsLeaveEachOthersWorkAlone(t *testing.T) {
	t.Parallel()
	a := newWorld(t, kisisim.Assumptions{})
	a.staff.groups = map[string]string{"ana": "staff", "bo": "staff"}
	a.must(true)
	b := newWorld(t, kisisim.Assumptions{})
	b.kisi, b.clock = a.kisi, a.clock
	b.policy.Installation, b.spec.Installation = "test-2", "test-2"
	b.staff.groups = map[string]string{"ana": "staff servers", "cem": "staff"}
	for range 2 {
		b.must(true)
		a.must(true)
	}
	a.expect("ana", "HQ / Server Room", true)
	b.staff.disabled["ana"] = true // only their rights go: the user is the other's
	b.pass(time.Hour)
	b.must(true)
	a.must(true)
	a.expect("ana", "HQ / Server Room", false)
	a.expect("ana", "Staff", true)
	b.expectTold("still_holds", "ana@", "stays enabled")
	delete(b.staff.groups, "cem")
	a.staff.groups["cem"] = "staff"
	a.must(true)
	b.pass(48 * time.Hour)
	b.must(true)
	b.pass(48 * time.Hour)
	b.must(true)
	a.expect("cem", "Staff", false)
	a.must(true)
	a.expectTold("suspended_by_hand", "cem@", "not by kisi-sync")
	a.kisi.CheckT(t)
}

// A stamp that could not be read when its user was met again counts as soon as it can.
func TestAStampThatIsReadLaterMakesTheUserOursAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t, kisisim.Assumptions{})
	w.must(true)
	w.forget()
	fault := w.kisi.Inject(kisisim.Fault{Method: "GET", Path: "/users", Count: kisisim.Always, Do: kisisim.NullFields("metadata")})
	w.pass(time.Hour)
	w.must(true)
	fault.Remove()
	w.pass(time.Hour)
	w.must(true)
	w.staff.disabled["cem"] = true
	w.pass(time.Hour)
	w.must(true)
	if w.user("cem").Access {
		t.Error("made by us, and not suspended")
	}
	w.quiet()
	w.kisi.CheckT(t)
}

// Found by TestSoak (seed 40094): so does one that names a record of the directory that is not there any more.
func TestAStampOfARecordThatWasMadeAgainSinceMakesTheUserOursAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t, kisisim.Assumptions{})
	w.must(true)
	w.staff.ids["cem"] = "id-cem-2"
	w.pass(time.Hour)
	w.must(true)
	w.forget()
	fault := w.kisi.Inject(kisisim.Fault{Method: "GET", Path: "/users", Count: kisisim.Always, Do: kisisim.NullFields("metadata")})
	w.pass(time.Hour)
	w.must(true)
	fault.Remove()
	w.staff.disabled["cem"] = true
	w.pass(time.Hour)
	w.must(true)
	if w.user("cem").Access {
		t.Errorf("made by us, and not suspended: %+v", w.last.Problems)
	}
	w.quiet()
	w.kisi.CheckT(t)
}

// Found by TestSoak (seeds 51301 and 70682): users who were remembered without an address were neither those of the people made again nor of anybody.
func TestUsersOfOursThatAreShownWithoutAnAddressAreNotBelieved(t *testing.T) {
	t.Parallel()
	for name, lost := range map[string]bool{"known": false, "after the state file was lost": true} {
		for _, full := range []bool{true, false} {
			w := newWorld(t, kisisim.Assumptions{DuplicateRight: kisisim.RightAlwaysCreated})
			w.must(true)
			if lost {
				w.forget()
			}
			w.staff.groups["cem"] = "staff lab"
			w.pass(time.Hour)
			fault := w.kisi.Inject(kisisim.Fault{Method: "GET", Path: "/users", Count: kisisim.Always, Do: kisisim.NullFields("email")})
			if _, err := w.run(full); err == nil {
				t.Errorf("%s, full %v: believed", name, full)
			}
			fault.Remove()
			w.staff.ids["cem"] = "id-cem-2"
			w.staff.disabled["cem"] = true
			w.pass(time.Hour)
			w.must(true)
			if w.user("cem").Access {
				t.Errorf("%s, full %v: disabled, and not suspended: %+v", name, full, w.last.Problems)
			}
			w.kisi.CheckT(t)
		}
	}
}

// Found by TestSoak (seeds 1278, 2077 and 20180): the state file is lost, and a list of groups comes empty, without names, or without places.
func TestAListOfGroupsThatLiesMakesNoGroupAgain(t *testing.T) {
	t.Parallel()
	for lie, count := range map[*kisisim.Action]int{new(kisisim.EmptyList()): 1, new(kisisim.Answer(200, "application/json", "[]")): 1,
		new(kisisim.NullFields("name")): kisisim.Always, new(kisisim.NullFields("place_id")): 1} {
		for nth := 1; nth <= 3; nth++ {
			w := newWorld(t, kisisim.Assumptions{})
			w.must(true)
			groups := len(w.kisi.World().Groups)
			w.forget()
			w.pass(time.Hour)
			fault := w.kisi.Inject(kisisim.Fault{Method: "GET", Path: "/groups", Nth: nth, Count: count, Do: *lie})
			_, _ = w.run(true)
			fault.Remove()
			w.heal()
			if n := len(w.kisi.World().Groups); n != groups {
				t.Errorf("%s of reading %d: %d groups became %d", lie, nth, groups, n)
			}
			w.expect("ana", "Staff", true)
			w.kisi.CheckT(t)
		}
	}
}

// Found by TestSoak (seed 700570): the state file was lost, so the right is nobody's by now; one answer shows no rights at all, and Kisi takes a
// second right beside the first.
func TestARightOfNobodysThatOneAnswerDoesNotShowIsNotGivenASecondTime(t *testing.T) {
	t.Parallel()
	w := newWorld(t, kisisim.Assumptions{DuplicateRight: kisisim.RightAlwaysCreated})
	w.staff.groups["cem"] = "servers"
	w.must(true)
	w.forget()
	w.staff.groups["cem"] = ""
	w.pass(time.Hour)
	w.must(true)
	w.staff.groups["cem"] = "servers"
	w.pass(time.Hour)
	w.kisi.Inject(kisisim.Fault{Method: "GET", Path: "/role_assignments", Nth: 2, Do: kisisim.EmptyList()})
	if _, err := w.run(false); err == nil {
		t.Error("nobody noticed that a right was not shown")
	}
	w.pass(time.Hour)
	w.must(false)
	w.expect("cem", "HQ / Server Room", true)
	w.kisi.CheckT(t)
}
