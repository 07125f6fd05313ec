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
