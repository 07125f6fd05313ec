package engine_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/kisi-sync/kisi-sync/internal/access"
	"github.com/kisi-sync/kisi-sync/internal/sim/kisisim"
	"github.com/kisi-sync/kisi-sync/internal/store"
	"github.com/kisi-sync/kisi-sync/sync/apply"
)

// approveAll looks, approves everything that is over a limit, and carries it out.
func (w *world) approveAll() {
	w.t.Helper()
	st, err := store.Open(w.path, store.Options{Now: w.now, NoSync: true})
	if err != nil {
		w.t.Fatal(err)
	}
	defer func() { _ = st.Close() }()
	e, ctx := w.engine(st), context.Background()
	o, err := e.Look(ctx, true)
	if err != nil {
		w.t.Fatal(err)
	}
	var steps []access.Digest
	for i := range o.Plan.Steps {
		if h := o.Plan.Steps[i].Hold; h != nil && h.Kind == access.HeldByLimit {
			steps = append(steps, o.Plan.Steps[i].ID)
		}
	}
	if len(steps) == 0 {
		w.t.Fatal("nothing is held by a limit")
	}
	if err := e.Approve(ctx, o, steps, "eva", "reorganization"); err != nil {
		w.t.Fatal(err)
	}
	if err := e.Reconsider(ctx, o); err != nil {
		w.t.Fatal(err)
	}
	if _, _, err := e.Carry(ctx, o, apply.Options{}); err != nil {
		w.t.Fatal(err)
	}
}

// cases.md 76: what was approved is done and over; the limit is armed again, and as wide as before.
func TestWhatWasApprovedDoesNotUseUpTheLimit(t *testing.T) {
	t.Parallel()
	w := newWorld(t, kisisim.Assumptions{})
	for i := range 6 {
		w.staff.groups[fmt.Sprintf("lab%d", i)] = "staff lab"
	}
	w.must(true)
	w.limits.Removals.People, w.limits.Grants = 2, 2
	for i := range 6 {
		w.staff.groups[fmt.Sprintf("lab%d", i)] = "staff servers"
	}
	w.pass(25 * time.Hour)
	w.must(true)
	w.expect("lab0", "HQ / Lab", true)
	w.expect("lab0", "HQ / Server Room", false)
	w.approveAll()
	w.expect("lab0", "HQ / Lab", false)
	w.expect("lab0", "HQ / Server Room", true)
	w.pass(time.Hour)
	w.staff.groups["bo"], w.staff.groups["fay"] = "staff", "staff"
	w.must(true)
	w.expect("bo", "HQ / Lab", false)
	w.expect("fay", "Staff", true)
	w.pass(time.Hour)
	for i := range 6 {
		w.staff.groups[fmt.Sprintf("lab%d", i)] = "staff"
	}
	w.must(true)
	w.expect("lab0", "HQ / Server Room", true) // a second reorganization is held again
	w.kisi.CheckT(t)
}

// cases.md 75, 95: only the cause that is over its limit is held.
func TestALimitHoldsOneCauseAndNothingElse(t *testing.T) {
	t.Parallel()
	w := newWorld(t, kisisim.Assumptions{})
	w.must(true)
	w.limits.Removals.People = 1
	w.limits.Grants = 1
	w.pass(25 * time.Hour)
	w.staff.groups = map[string]string{"ana": "staff", "bo": "staff", "cem": "staff lab servers", "dora": "temps", "eva": "staff lab servers", "fay": "staff"}
	w.staff.disabled["eva"] = true
	w.must(true)
	w.expect("ana", "HQ / Server Room", true)
	w.expect("bo", "HQ / Lab", true)
	w.expect("cem", "HQ / Lab", false) // gains are held too: two people would gain
	w.expect("fay", "Staff", false)
	w.expect("eva", "Staff", false)
	w.kisi.CheckT(t)
}

// Who was suspended has nothing to lose: what a return takes away is taken before the return, and no limit is asked.
func TestWhoComesBackToAnotherJobNeverHoldsTheOldDoors(t *testing.T) {
	t.Parallel()
	w := newWorld(t, kisisim.Assumptions{})
	w.must(true)
	w.staff.disabled["ana"] = true
	w.pass(time.Hour)
	w.must(true)
	w.expect("ana", "HQ / Server Room", false)
	w.limits.Removals.People = 0
	w.staff.disabled["ana"] = false
	w.staff.groups["ana"] = "staff lab"
	w.pass(25 * time.Hour)
	seen := false
	w.kisi.OnAnswer(func(string, string, int) { seen = seen || w.holds("ana", "HQ / Server Room") })
	w.must(true)
	if seen {
		t.Error("the old door could be opened between two calls")
	}
	w.expect("ana", "HQ / Lab", true)
	w.expect("ana", "Staff", true)
	w.expect("ana", "HQ / Server Room", false)
	w.quiet()
	w.kisi.CheckT(t)
}

// cases.md 82: within the grace nothing happens, and whoever comes back has lost nothing.
func TestWhoVanishesAndReturnsWithinTheGraceLosesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t, kisisim.Assumptions{})
	w.must(true)
	was := w.staff.groups["eva"]
	delete(w.staff.groups, "eva")
	w.pass(time.Hour)
	w.must(true)
	before := len(w.kisi.Writes())
	w.pass(3 * time.Hour)
	w.must(true)
	w.staff.groups["eva"] = was
	w.pass(time.Hour)
	w.must(true)
	if n := len(w.kisi.Writes()); n != before {
		t.Errorf("%d writes", n-before)
	}
	w.expect("eva", "HQ / Lab", true)
}
