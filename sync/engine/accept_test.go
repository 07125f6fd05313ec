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
