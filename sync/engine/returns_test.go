package engine_test

import (
	"testing"
	"time"

	"github.com/kisi-sync/kisi-sync/internal/sim/kisisim"
)

// Found by TestSoak (seeds 100281, 100585, 101695, 102473): of a group that the file gives a door which is not in Kisi nothing is decided, so
// whoever was suspended kept the right in it, and was let in with it although no rule gave it any more.
func TestWhoReturnsIsNotLetInWithWhatNobodyCanDecide(t *testing.T) {
	t.Parallel()
	for name, full := range map[string]bool{"in a full run": true, "in a run of changes": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, kisisim.Assumptions{})
			w.must(true)
			w.staff.disabled["bo"], w.staff.disabled["eva"] = true, true
			w.pass(time.Hour)
			w.must(true)
			good := w.spec.Groups[1].Doors
			w.spec.Groups[1].Doors = []string{"HQ / Laboratory"} // and there is none
			w.staff.disabled["bo"], w.staff.disabled["eva"] = false, false
			w.staff.groups["eva"] = "staff servers"
			w.pass(time.Hour)
			w.must(full)
			w.expect("eva", "HQ / Lab", false)
			w.expect("eva", "Staff", true)
			w.expect("bo", "Staff", true)
			w.expect("bo", "HQ / Lab", true) // of which the rule is certain
			w.spec.Groups[1].Doors = good
			w.pass(time.Hour)
			w.must(true)
			w.expect("eva", "HQ / Lab", false)
			w.expect("bo", "HQ / Lab", true)
			w.quiet()
			w.kisi.CheckT(t)
		})
	}
}

// A right whose end nobody knows any more stays with whoever has it, and does not let anybody in again. When the directory says the end it is given.
func TestWhoReturnsWithoutAnEndGetsTheRightWhenThereIsOne(t *testing.T) {
	t.Parallel()
	w := newWorld(t, kisisim.Assumptions{})
	w.staff.groups["gil"], w.staff.until["gil"] = "temps staff", "2027-01-31"
	w.must(true)
	w.staff.disabled["gil"] = true
	w.pass(time.Hour)
	w.must(true)
	w.staff.disabled["gil"] = false
	delete(w.staff.until, "gil")
	delete(w.staff.until, "dora")
	w.accept = map[string]bool{"corp": true}
	w.pass(time.Hour)
	w.must(false)
	w.expect("gil", "Staff", true)
	w.expect("gil", "Contractors", false)
	w.expect("dora", "Contractors", true)
	w.staff.until["gil"], w.staff.until["dora"] = "2027-03-31", "2027-03-31"
	w.pass(time.Hour)
	w.must(false)
	w.expect("gil", "Contractors", true)
	w.expect("dora", "Contractors", true)
	w.quiet()
	w.kisi.CheckT(t)
}
