package engine_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/kisi-sync/kisi-sync/internal/sim/kisisim"
)

func TestWhatWasAcceptedOnceIsBelievedFromThenOn(t *testing.T) {
	w := newWorld(t, kisisim.Assumptions{})
	for i := range 12 {
		w.staff.groups[fmt.Sprintf("temp%d", i)] = "staff"
	}
	w.must(true)
	for i := range 12 {
		delete(w.staff.groups, fmt.Sprintf("temp%d", i))
	}
	w.pass(time.Hour)
	w.must(true)
	w.pass(48 * time.Hour)
	w.must(true)
	w.expect("temp3", "Staff", true) // twelve of seventeen: not believed
	w.accept = map[string]bool{"corp": true}
	w.must(true)
	w.accept = nil
	w.pass(48 * time.Hour)
	w.must(true)
	w.expect("temp3", "Staff", false)
	w.expect("ana", "Staff", true)
}

// A source that becomes one that is pushed to, under the name that it had, knows nobody at first: not even one person is missing for that.
func TestWhatASourceThatIsPushedToHasNotBeenToldIsNotGone(t *testing.T) {
	w := newWorld(t, kisisim.Assumptions{})
	w.must(true)
	ana, groups := "ana", w.staff.groups["ana"]
	w.staff.gathers = true
	delete(w.staff.groups, ana)
	for range 3 {
		w.pass(48 * time.Hour)
		w.must(true)
		w.expect(ana, "Staff", true)
	}
	w.staff.groups[ana] = groups // pushed, and out of the group a little later
	w.pass(time.Hour)
	w.must(true)
	w.staff.groups[ana] = ""
	w.pass(time.Hour)
	w.must(true)
	w.expect(ana, "Staff", true)
	w.staff.disabled["cem"] = true // which is said, and not missing
	w.pass(time.Hour)
	w.must(true)
	if u := w.user("cem"); u.Access {
		t.Errorf("%+v", u)
	}
	w.accept = map[string]bool{"corp": true}
	w.must(true)
	w.accept = nil
	w.expect(ana, "Staff", false)
	w.staff.groups["eva"] = "" // from now on a group that somebody leaves is left
	w.pass(time.Hour)
	w.must(true)
	w.expect("eva", "Staff", false)
}

// undoubted expects that the source was believed in the last run.
func (w *world) undoubted() {
	w.t.Helper()
	for _, s := range w.last.Sources {
		if s.Doubt != "" || s.Doubts > 0 {
			w.t.Errorf("source %s: %d doubts: %s", s.Name, s.Doubts, s.Doubt)
		}
	}
}

// dismiss has the directory say that people were deleted.
func (s *staff) dismiss(who ...string) {
	for _, w := range who {
		s.erased["id-"+w] = true
		delete(s.groups, w)
	}
}

// Issue 9: what a provider says to be deleted counts from the first day, however much it is. Each is a word of its own; limits weigh what follows.
func TestWhatAProviderDeletesIsNotDoubted(t *testing.T) {
	for _, accepted := range []bool{false, true} {
		t.Run(fmt.Sprintf("accepted %v", accepted), func(t *testing.T) {
			w := newWorld(t, kisisim.Assumptions{})
			w.staff.gathers = true
			var many []string
			for i := range 8 {
				many = append(many, fmt.Sprintf("old%d", i))
				w.staff.groups[many[i]] = "staff"
			}
			w.must(true)
			w.accept = map[string]bool{"corp": accepted}
			w.must(true)
			w.accept = nil
			w.staff.erased["g-staff"] = true // all but one were in it, so most memberships go with it
			w.pass(time.Hour)
			w.must(true)
			w.undoubted()
			w.expectTold("selector_matches_nothing", "staff", `source corp has deleted the group "staff"`)
			w.expect("ana", "Staff", true) // a rule whose group is not there takes nothing
			w.staff.dismiss(many...)
			w.pass(time.Hour)
			w.must(false)
			w.undoubted()
			for _, who := range many {
				if w.user(who).Access {
					t.Errorf("%s was deleted and has access", who)
				}
			}
			w.staff.groups["eva"] = "lab" // nobody misses what was deleted with others
			w.pass(time.Hour)
			w.must(true)
			w.undoubted()
			w.expect("eva", "HQ / Server Room", !accepted)
		})
	}
}

// A group that is emptied was not deleted. That is doubted where it is much, and nobody who is deleted meanwhile waits for the end of the doubt.
func TestWhoIsDeletedDoesNotWaitForADoubt(t *testing.T) {
	w := newWorld(t, kisisim.Assumptions{})
	w.staff.gathers = true
	for i := range 8 {
		w.staff.groups[fmt.Sprintf("old%d", i)] = "staff"
	}
	w.accept = map[string]bool{"corp": true}
	w.must(true)
	w.accept = nil
	w.must(true)
	for who := range w.staff.groups {
		w.staff.groups[who] = ""
	}
	w.staff.dismiss("old3")
	w.pass(time.Hour)
	w.must(true)
	w.expect("ana", "Staff", true)
	if u := w.user("old3"); u.Access {
		t.Errorf("%+v", u)
	}
	if doubt := w.last.Sources[0].Doubt; doubt == "" {
		t.Error("a source of which every group was emptied is believed")
	}
}
