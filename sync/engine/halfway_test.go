package engine_test

import (
	"testing"
	"time"

	"github.com/kisi-sync/kisi-sync/internal/access"
	"github.com/kisi-sync/kisi-sync/internal/sim/kisisim"
	"github.com/kisi-sync/kisi-sync/mapping"
)

// halfReplaced is a world in which dora's contract was shortened, Kisi changes no right but takes a second one, and the answer to the second was lost.
func halfReplaced(t *testing.T) *world {
	t.Helper()
	w := newWorld(t, kisisim.Assumptions{PatchAssignment: kisisim.PatchRefused422, DuplicateRight: kisisim.RightAlwaysCreated})
	w.must(true)
	w.staff.until["dora"] = "2026-12-24"
	w.pass(time.Hour)
	fault := w.kisi.Inject(kisisim.Fault{Method: "POST", Path: "/role_assignments", Count: 1, Do: kisisim.CutAfter()})
	if _, err := w.run(false); err != nil {
		t.Fatal(err)
	}
	fault.Remove()
	if fault.Hits() != 1 || len(w.user("dora").Grants) != 2 {
		t.Fatalf("%d hits, and dora holds %+v", fault.Hits(), w.user("dora").Grants)
	}
	return w
}

// cases.md 13: found by the soak, seed 401462. Both rights stand for as long as nobody knows whether the second is there, and no longer.
func TestARightThatWasHalfReplacedIsReplacedByTheNextRun(t *testing.T) {
	t.Parallel()
	for _, full := range []bool{false, true} {
		w := halfReplaced(t)
		w.pass(2 * time.Minute)
		w.must(full)
		if got := w.user("dora").Grants; len(got) != 1 || got[0].Until.Format("2006-01-02") != "2026-12-24" {
			t.Errorf("full=%v: dora holds %+v", full, got)
		}
		w.quiet()
		w.kisi.CheckT(t)
	}
}

// A leaver waits for no answer: the suspension comes first, and whoever returns has one right, as it should be.
func TestWhoIsDisabledWhileARightIsHalfReplacedIsSuspendedAtOnce(t *testing.T) {
	t.Parallel()
	for _, wait := range []time.Duration{0, 2 * time.Minute} {
		w := halfReplaced(t)
		w.staff.disabled["dora"] = true
		w.pass(wait)
		w.must(false)
		if w.user("dora").Access {
			t.Errorf("after %s dora is not suspended", wait)
		}
		w.pass(2 * time.Minute)
		delete(w.staff.disabled, "dora")
		w.must(false)
		w.later(1)
		if got := w.user("dora"); len(got.Grants) != 1 || got.Grants[0].Until.Format("2006-01-02") != "2026-12-24" || !got.Access {
			t.Errorf("after %s dora is back and is %+v", wait, got)
		}
		w.quiet()
		w.kisi.CheckT(t)
	}
}

func TestALeaverWhoseRightWasHalfReplacedLosesBothRights(t *testing.T) {
	t.Parallel()
	w := halfReplaced(t)
	w.spec.Leavers.After = map[access.CauseKind]mapping.Rungs{access.Disabled: {Revoke: days, Delete: 90 * days}}
	w.staff.disabled["dora"] = true
	w.later(4)
	if got := w.user("dora"); got.Access || len(got.Grants) != 0 {
		t.Errorf("dora is %+v", got)
	}
	w.quiet()
	w.kisi.CheckT(t)
}

// Whatever is wanted once the two rights are seen side by side: neither is forgotten, and one run is enough.
func TestOfARightThatWasHalfReplacedNothingIsLeftThatNobodyWants(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		groups, until, want string
	}{
		"the group is lost":        {"", "2026-12-24", ""},
		"the old end is back":      {"temps", "2027-01-31", "2027-01-31"},
		"the end is another again": {"temps", "2026-12-12", "2026-12-12"},
		"nothing has changed":      {"temps", "2026-12-24", "2026-12-24"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := halfReplaced(t)
			w.staff.groups["dora"], w.staff.until["dora"] = c.groups, c.until
			w.pass(2 * time.Minute)
			w.must(false)
			var got string
			for _, g := range w.user("dora").Grants {
				got += g.Until.Format("2006-01-02")
			}
			if got != c.want {
				t.Errorf("dora holds rights until %q, want %q", got, c.want)
			}
			w.quiet()
			w.kisi.CheckT(t)
		})
	}
}
