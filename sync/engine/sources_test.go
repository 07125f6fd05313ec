package engine_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kisi-sync/kisi-sync/internal/sim/kisisim"
	"github.com/kisi-sync/kisi-sync/mapping"
	"github.com/kisi-sync/kisi-sync/sync/engine"
)

// twoSources is a world with a list beside the directory, which gives the Lab to its own "guests". Corp goes before it.
func twoSources(t *testing.T) (*world, *staff) {
	w := newWorld(t, kisisim.Assumptions{})
	list := newStaff(map[string]string{"ana": "lab", "zoe": "lab"})
	list.called["ana"] = "Ana of the list"
	w.more = []engine.Source{{Name: "list", ID: "list", Source: list}}
	w.spec.Sources = append(w.spec.Sources, mapping.Source{Name: "list", ID: "list", MayGrant: []string{"Lab"}})
	w.spec.Precedence = []string{"corp", "list"}
	rule := w.spec.Rules[1]
	rule.Name, rule.From.Source = "guests", "list"
	w.spec.Rules = append(slices.Clone(w.spec.Rules), rule)
	return w, list
}

// cases.md 61: one person in two sources is one user, named by the first; what each gave goes when it goes there.
func TestOnePersonInTwoSourcesIsOneUser(t *testing.T) {
	t.Parallel()
	w, list := twoSources(t)
	w.must(true)
	if u := w.user("ana"); u.Name != "Ana" || !u.Holds("HQ / Lab") || !u.Holds("Staff") {
		t.Errorf("%+v", u)
	}
	w.expect("zoe", "HQ / Lab", true)
	delete(list.groups, "ana")
	list.groups["yan"] = "" // so that the list is not empty of a sudden
	w.pass(25 * time.Hour)
	w.must(true)
	w.expect("ana", "HQ / Lab", true) // within the grace
	w.pass(25 * time.Hour)
	w.must(true)
	w.expect("ana", "HQ / Lab", false)
	w.expect("ana", "Staff", true)
	list.groups["ana"] = "lab"
	delete(w.staff.groups, "ana")
	for range 2 {
		w.pass(25 * time.Hour)
		w.must(true)
	}
	w.expect("ana", "HQ / Lab", true)
	w.expect("ana", "Staff", false)
	delete(list.groups, "ana")
	for range 2 {
		w.pass(25 * time.Hour)
		w.must(true)
	}
	if u := w.user("ana"); u.Access {
		t.Errorf("gone everywhere and still enabled: %+v", u)
	}
	w.quiet()
	w.kisi.CheckT(t)
}

// The first source that knows somebody decides whether he is there; a lesser one takes back only what it gave.
func TestTheFirstSourceDecidesWhoIsDisabled(t *testing.T) {
	t.Parallel()
	w, list := twoSources(t)
	w.must(true)
	list.disabled["ana"] = true
	w.pass(time.Hour)
	w.must(true)
	w.expect("ana", "HQ / Lab", false)
	w.expect("ana", "Staff", true)
	list.disabled["ana"], w.staff.disabled["ana"] = false, true
	w.pass(time.Hour)
	w.must(true)
	w.expect("ana", "Staff", false)
	w.expect("ana", "HQ / Lab", false)
	w.kisi.CheckT(t)
}

func TestASourceThatFailsLosesNothingAndTheOtherGoesOn(t *testing.T) {
	t.Parallel()
	w, list := twoSources(t)
	w.must(true)
	list.fail = errors.New("file is locked")
	list.groups = map[string]string{}
	w.staff.groups["fay"] = "staff"
	w.staff.disabled["cem"] = true
	for range 3 {
		w.pass(30 * time.Hour)
		if readErr, err := w.run(true); readErr == nil || err != nil {
			t.Fatal(readErr, err)
		}
	}
	w.expect("ana", "HQ / Lab", true)
	w.expect("zoe", "HQ / Lab", true)
	w.expect("fay", "Staff", true)
	w.expect("cem", "Staff", false)
	w.kisi.CheckT(t)
}

// What a source may have given that was never read, because the state was lost and it fails now, stays.
func TestASourceThatWasNeverReadTakesNothing(t *testing.T) {
	t.Parallel()
	for _, which := range []string{"corp", "list"} {
		w, list := twoSources(t)
		w.must(true)
		before := w.kisi.World()
		w.forget()
		failing := map[string]*staff{"corp": w.staff, "list": list}[which]
		failing.fail = errors.New("down")
		for range 3 {
			w.pass(30 * time.Hour)
			if _, err := w.run(true); err != nil {
				t.Fatal(err)
			}
		}
		w.sameAccess(before)
		failing.fail = nil
		w.heal()
		if diff := cmp.Diff(before, w.kisi.World()); diff != "" {
			t.Errorf("%s: %s", which, diff)
		}
		w.kisi.CheckT(t)
	}
}

// A source that leaves the file takes what its rules gave, under the limits; its people are not leavers.
func TestASourceThatLeavesTheFileTakesWhatItGave(t *testing.T) {
	t.Parallel()
	w, _ := twoSources(t)
	w.must(true)
	w.more, w.spec.Sources, w.spec.Rules, w.spec.Precedence = nil, w.spec.Sources[:1], w.spec.Rules[:4], []string{"corp"}
	w.limits.Removals.People = 1
	w.pass(time.Hour)
	w.must(true)
	w.expect("zoe", "HQ / Lab", true)
	w.approveAll()
	w.expect("zoe", "HQ / Lab", false)
	w.expect("ana", "HQ / Lab", false)
	w.expect("ana", "Staff", true)
	if !w.user("zoe").Access {
		t.Error("suspended for a change of the file")
	}
	w.quiet()
	w.kisi.CheckT(t)
}

// A source is who it is by its id: another name, or another place in the file, changes nothing.
func TestASourceThatIsRenamedKeepsItsPeople(t *testing.T) {
	t.Parallel()
	w, _ := twoSources(t)
	w.must(true)
	before := w.kisi.World()
	w.more[0].Name, w.spec.Sources[1].Name, w.spec.Rules[4].From.Source = "visitors", "visitors", "visitors"
	w.spec.Precedence = []string{"corp", "visitors"}
	w.spec.Sources[0], w.spec.Sources[1] = w.spec.Sources[1], w.spec.Sources[0]
	w.pass(time.Hour)
	w.must(true)
	w.quiet()
	if diff := cmp.Diff(before, w.kisi.World()); diff != "" {
		t.Error(diff)
	}
	w.kisi.CheckT(t)
}

// A source that gets another id is another source; people with the same address keep their users and what the rules give.
func TestASourceThatGetsAnotherIDFindsItsPeopleByAddress(t *testing.T) {
	t.Parallel()
	w, _ := twoSources(t)
	w.must(true)
	before := w.kisi.World()
	w.more[0].ID, w.spec.Sources[1].ID = "list-2", "list-2"
	w.pass(time.Hour)
	w.must(true)
	w.heal()
	w.sameAccess(before)
	w.kisi.CheckT(t)
}

// sameAccess expects that everybody holds what he held, whatever he is called.
func (w *world) sameAccess(before kisisim.World) {
	w.t.Helper()
	now := w.kisi.World()
	for _, u := range before.Users {
		after, _ := now.User(u.Email)
		if diff := cmp.Diff(u.Grants, after.Grants); diff != "" || after.Access != u.Access {
			w.t.Errorf("%s: %s", u.Email, diff)
		}
	}
}

// A source cannot speak for addresses outside its domains, nor take over people of another source by claiming theirs.
func TestASourceSpeaksOnlyForItsDomains(t *testing.T) {
	t.Parallel()
	w, list := twoSources(t)
	w.spec.Sources[1].Domains = []string{"guests.example"}
	list.groups = map[string]string{"ana": "lab", "guest": "lab"}
	list.mail["guest"] = "guest@guests.example"
	list.disabled["bo"] = true
	w.must(true)
	w.expect("ana", "HQ / Lab", false)
	w.expectTold("foreign_domain", "ana@", "may not speak")
	if u, ok := w.kisi.World().User("guest@guests.example"); !ok || !u.Holds("HQ / Lab") {
		t.Errorf("%+v", u)
	}
	w.expect("bo", "Staff", true)
	w.kisi.CheckT(t)
}

// cases.md 82: who came back while the directory could not be read is not suspended because a grace has passed.
func TestAGraceThatEndsWhileTheSourceIsDownGoesOnUntilItIsRead(t *testing.T) {
	t.Parallel()
	for _, back := range []bool{true, false} {
		w := newWorld(t, kisisim.Assumptions{})
		w.must(true)
		was := w.staff.groups["eva"]
		delete(w.staff.groups, "eva")
		w.pass(time.Hour)
		w.must(true)
		w.staff.fail = errors.New("down")
		for range 3 {
			w.pass(30 * time.Hour)
			if _, err := w.run(true); err != nil {
				t.Fatal(err)
			}
		}
		w.expect("eva", "Staff", true)
		w.staff.fail = nil
		if back {
			w.staff.groups["eva"] = was
		}
		w.must(false)
		w.expect("eva", "Staff", back)
		w.kisi.CheckT(t)
	}
}

// cases.md: a source that is called otherwise in the file loses nobody. Who had vanished before keeps the grace, and loses the doors at
// its end; nothing is doubted, and nobody is made twice.
func TestASourceThatIsRenamedInTheFileLosesNobody(t *testing.T) {
	t.Parallel()
	w := newWorld(t, kisisim.Assumptions{})
	w.must(true)
	eva := w.staff.groups["eva"]
	delete(w.staff.groups, "eva")
	w.pass(time.Hour)
	w.must(true)
	delete(w.staff.groups, "dora")
	w.pass(10 * time.Hour)
	w.must(true)

	w.renameCorp("head-office")
	users := len(w.kisi.World().Users)
	w.kisi.ResetLog()
	w.pass(time.Hour)
	w.must(true)
	if writes := w.kisi.Writes(); len(writes) > 0 {
		t.Errorf("%d writes, the first: %s %s %s", len(writes), writes[0].Method, writes[0].Path, writes[0].Body)
	}
	for _, p := range w.last.Problems {
		if p.Kind != "grace_runs" && p.Kind != "outsiders" {
			t.Errorf("%+v", p)
		}
	}
	w.expectTold("grace_runs", "eva@", "waiting until 2026-11-22 13:00 UTC")
	if s := w.last.Sources[0]; s.Doubts > 0 || s.Error != "" {
		t.Errorf("%+v", s)
	}
	w.expect("eva", "Staff", true)
	w.expect("ana", "Staff", true)

	w.pass(13 * time.Hour) // a day after eva was first missed
	w.must(true)
	w.expect("eva", "Staff", false)
	w.expect("dora", "Contractors", true)
	w.staff.groups["eva"] = eva
	w.pass(time.Hour)
	w.must(true)
	w.expect("eva", "Staff", true)
	if now := len(w.kisi.World().Users); now != users {
		t.Errorf("%d users, there were %d", now, users)
	}
	w.quiet()
	w.kisi.CheckT(t)
}

// renameCorp calls the source otherwise in the file, and says how it was called.
func (w *world) renameCorp(name string) {
	w.corp = engine.Source{Name: name, ID: name, Was: []string{"corp"}}
	s := &w.spec.Sources[0]
	s.Name, s.ID, s.Was = name, name, []string{"corp"}
	for i := range w.spec.Rules {
		w.spec.Rules[i].From.Source = name
	}
	w.spec.Precedence = []string{name}
}
