package engine_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kisi-sync/kisi-sync/internal/sim/kisisim"
)

// month lets everything happen that can happen to people, step by step, in runs of changes with a full run now and then.
func month(w *world, full func(step int) bool) {
	for i, happens := range []func(){
		func() {},
		func() { w.staff.groups["fay"] = "staff" },
		func() { w.staff.groups["bo"] = "staff servers" },
		func() { w.staff.disabled["cem"] = true },
		func() { w.staff.until["dora"] = "2027-05-31" },
		func() { w.staff.called["eva"] = "Eva Núñez" },
		func() { delete(w.staff.groups, "eva") },
		func() { w.pass(48 * time.Hour) },
		func() { w.staff.disabled["cem"], w.staff.groups["cem"] = false, "lab" },
		func() { w.staff.until["dora"] = "2026-12-31" },
		func() { w.staff.groups["hand"] = "staff lab" },
		func() { w.staff.groups["eva"] = "staff" },
		func() { w.staff.ids["fay"] = "another-id" },
		func() { w.pass(40 * 24 * time.Hour) },
		func() { w.staff.disabled["hand"] = true },
		func() { w.staff.until["dora"] = "2027-08-31" },
	} {
		happens()
		w.pass(time.Hour)
		w.must(full(i))
	}
}

func newMonth(t testing.TB, assume kisisim.Assumptions) *world {
	w := newWorld(t, assume)
	w.kisi.AddUser(kisisim.UserSpec{Email: "Hand@nordlicht.example", Name: "Made by hand"})
	return w
}

// access is who can open what: the part of a world that must not depend on how it came about.
func (w *world) access() map[string][]string {
	open := map[string][]string{}
	for _, u := range w.kisi.World().Users {
		for _, g := range u.Grants {
			if u.Access && !strings.HasPrefix(g.On, "Organization ") && (g.Until.IsZero() || g.Until.After(w.now())) {
				open[u.Email] = append(open[u.Email], g.String())
			}
		}
	}
	return open
}

// cases.md 70, 92: runs of changes, full runs and any mixture of them end with the same doors for the same people, under every belief.
func TestAMonthEndsTheSameByChangesAndByFullRunsUnderEverySwitch(t *testing.T) {
	t.Parallel()
	clean := newMonth(t, kisisim.Assumptions{})
	month(clean, func(int) bool { return true })
	want := clean.access()
	for who, rights := range map[string]string{
		"ana": "HQ / Server Room as group_basic, Staff as group_basic", "bo": "HQ / Server Room as group_basic, Staff as group_basic",
		"cem": "HQ / Lab as group_basic", "dora": "Contractors as group_basic until 2027-08-31T23:59:59Z", "eva": "Staff as group_basic",
		"fay": "Staff as group_basic", "Hand": "",
	} {
		if got := strings.Join(want[who+"@nordlicht.example"], ", "); got != rights {
			t.Errorf("%s holds %q, want %q", who, got, rights)
		}
	}
	mixtures := []func(int) bool{func(int) bool { return false }, func(i int) bool { return i%3 == 2 }, func(i int) bool { return i%5 == 0 }}
	for i, v := range kisisim.Variations() {
		if i%sparsely(1) > 0 {
			continue
		}
		t.Run(v.Name, func(t *testing.T) {
			t.Parallel()
			var assume kisisim.Assumptions
			v.Set(&assume)
			w := newMonth(t, assume)
			month(w, mixtures[i%len(mixtures)])
			w.quiet()
			if diff := cmp.Diff(want, w.access()); diff != "" {
				t.Error(diff)
			}
			w.kisi.CheckT(t)
		})
	}
}

// cases.md 94: the process dies somewhere, under every belief.
func TestKilledAnywhereUnderEverySettingOfEverySwitch(t *testing.T) {
	t.Parallel()
	for i, v := range kisisim.Variations() {
		if i%sparsely(1) > 0 {
			continue
		}
		t.Run(v.Name, func(t *testing.T) {
			t.Parallel()
			var assume kisisim.Assumptions
			v.Set(&assume)
			clean := changed(t, assume)
			k := clean.mortal(0)
			clean.must(true)
			clean.immortal()
			clean.heal()
			want := clean.kisi.World()
			for _, at := range places(7*i, sparsely(41), k.seen) {
				w := changed(t, assume)
				k := w.mortal(at)
				if _, err := w.run(true); err == nil {
					t.Fatalf("point %d: survived", at)
				}
				w.immortal()
				w.heal()
				if diff := cmp.Diff(want, w.kisi.World()); diff != "" {
					t.Errorf("killed %s: %s", k.where, diff)
				}
				w.kisi.CheckT(t)
			}
		})
	}
}

// cases.md 92: a hundred runs without a change write nothing, and runs of changes do not even ask.
func TestAHundredRunsWithoutAChangeWriteNothing(t *testing.T) {
	t.Parallel()
	w := newMonth(t, kisisim.Assumptions{})
	w.staff.groups["hand"] = "staff lab"
	w.must(true)
	w.kisi.ResetLog()
	for range 100 {
		w.pass(time.Minute)
		w.must(false)
	}
	if n := len(w.kisi.Requests()); n > 0 {
		t.Errorf("%d calls in a hundred runs of changes without a change", n)
	}
	w.must(true)
	reads := len(w.kisi.Requests())
	for range 20 {
		w.pass(time.Hour)
		w.must(true)
	}
	if n := len(w.kisi.Requests()); n > 21*reads || len(w.kisi.Writes()) > 0 {
		t.Errorf("%d reads and %d writes in twenty full runs, the first took %d", n, len(w.kisi.Writes()), reads)
	}
	w.kisi.CheckT(t)
}
