package engine_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kisi-sync/kisi-sync/internal/access"
	"github.com/kisi-sync/kisi-sync/internal/sim/kisisim"
	"github.com/kisi-sync/kisi-sync/mapping"
	"github.com/kisi-sync/kisi-sync/sync/plan"
)

// everything changes whatever can change in a directory and in the file.
func (w *world) everything() {
	w.staff.groups = map[string]string{"ana": "staff", "bo": "staff servers", "cem": "staff", "dora": "temps", "fay": "staff lab"}
	w.staff.disabled["cem"] = true
	w.staff.until["dora"] = "2026-12-31"
	w.staff.called["bo"] = "Bo Lindqvist"
	w.spec.Groups[3].Doors = []string{"HQ / Main entrance", "HQ / Lab"}
	w.pass(time.Hour)
}

func TestObserveWritesNothingWhateverHappens(t *testing.T) {
	t.Parallel()
	for _, first := range []plan.Mode{plan.Observe, plan.Full} {
		w := newWorld(t, kisisim.Assumptions{})
		w.policy.Mode = first
		w.must(true)
		w.policy.Mode = plan.Observe
		before := w.kisi.World()
		w.kisi.ResetLog()
		for _, full := range []bool{true, false} {
			w.everything()
			delete(w.staff.groups, "ana")
			w.pass(48 * time.Hour)
			w.must(full)
		}
		if writes := w.kisi.Writes(); len(writes) > 0 {
			t.Errorf("%d writes", len(writes))
		}
		if diff := cmp.Diff(before, w.kisi.World()); diff != "" {
			t.Error(diff)
		}
		if first == plan.Full {
			w.must(true)
			w.expectTold("still_holds", "cem@", "mode: observe")
		}
		w.kisi.CheckT(t)
	}
}

func TestAddOnlyTakesNothingAwayFromAnybody(t *testing.T) {
	t.Parallel()
	w := newWorld(t, kisisim.Assumptions{})
	w.spec.Rules[0].Role, w.spec.Rules[3].Role = access.GroupManager, access.GroupManager
	w.staff.groups["gil"], w.staff.until["gil"] = "temps", "2027-01-31"
	w.must(true)
	w.policy.Mode = plan.AddOnly
	w.everything()
	w.staff.groups["gil"], w.staff.until["gil"] = "temps", "2028-01-31"
	w.spec.Rules[0].Role, w.spec.Rules[3].Role = access.DoorAccess, access.DoorAccess
	w.spec.Rules[0].Until = &mapping.Date{Fixed: "2030-01-01"}
	before := w.kisi.World()
	for _, full := range []bool{false, true} {
		w.must(full)
		w.pass(48 * time.Hour)
	}
	now := w.kisi.World()
	for _, u := range before.Users {
		after, ok := now.User(u.Email)
		if !ok || u.Access && !after.Access {
			t.Errorf("%s lost access", u.Email)
		}
		for _, g := range u.Grants {
			if !hasAtLeast(after.Grants, g) {
				t.Errorf("%s lost %s: %v", u.Email, g, after.Grants)
			}
		}
	}
	w.expect("fay", "HQ / Lab", true)
	w.expect("bo", "HQ / Server Room", true)
	w.expectTold("still_holds", "cem@", "mode: add_only")
	w.kisi.CheckT(t)
}

// hasAtLeast says that a right is there, as wide at least as it was.
func hasAtLeast(all []kisisim.GrantState, was kisisim.GrantState) bool {
	for _, g := range all {
		role := g.Role == was.Role || g.Role == kisisim.GroupManager
		if g.On == was.On && role && !g.From.After(was.From) && (g.Until.IsZero() || !was.Until.IsZero() && !g.Until.Before(was.Until)) {
			return true
		}
	}
	return false
}
