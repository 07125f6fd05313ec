//go:build unix

package killtest

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kisi-sync/kisi-sync/internal/sim/kisisim"
	"github.com/kisi-sync/kisi-sync/internal/store"
)

// An errand is a verb by which somebody says whose a Kisi user is. It is killed at each call and around each commit, as a run is. What counts
// is that it was asked for or was not, and nothing in between: the next run either finds nothing to do, and whoever asked does so again, or
// it ends where the verb would have.
type errand struct {
	stage
	verb    []string
	unasked ending // as it is while nobody has asked
	pins    ends   // what is written down when all is over
}

// ends is what operators have said that still holds, before and after.
type ends struct{ unasked, want []string }

// TestKilledAnywhereWhileSomebodySaysWhoseAUserIsItWasSaidOrWasNot adopts somebody whose user was made by hand, lets somebody go, and gives
// somebody whose address has changed another user.
func TestKilledAnywhereWhileSomebodySaysWhoseAUserIsItWasSaidOrWasNot(t *testing.T) {
	t.Parallel()
	past := beforeErrands(t)
	for _, verb := range [][]string{
		{"adopt", "hand@nordlicht.example"},
		{"release", "bo@nordlicht.example"},
		{"rename", "fay.stone@nordlicht.example"},
	} {
		t.Run(verb[0], func(t *testing.T) {
			t.Parallel()
			newErrand(t, past, append(verb, "--why", "ticket 4711", "--yes")).killedEverywhere(t)
		})
	}
}

// beforeErrands lives through what comes before: Hanna, whose user was made by hand, is known to be of the directory, and Fay, who has an
// end, has another address by now.
func beforeErrands(t *testing.T) past {
	t.Helper()
	w := first(t)
	joined := strings.Replace(corpBefore, "groups:\n", "  - {id: p-hand, email: hand@nordlicht.example, name: Hanna Handmade}\ngroups:\n", 1)
	joined = strings.Replace(joined, "members: [p-ana, p-bo, p-cem, p-gil", "members: [p-ana, p-bo, p-cem, p-hand, p-fay, p-gil", 1)
	joined = strings.Replace(joined, "members: [p-fay]", "members: [p-fay, p-hand]", 1)
	joined = strings.Replace(joined, "name: Hanna Handmade}", `name: Hanna Handmade, until: "2031-03-31"}`, 1)
	w.write("corp.yaml", joined)
	w.runs(0, "sync")
	w.later()
	w.write("corp.yaml", strings.Replace(joined, "fay@", "fay.stone@", 1))
	w.runs(0, "sync")
	w.later()
	return w.remember()
}

// newErrand lives through the errand, and through a run in which nobody has asked.
func newErrand(t *testing.T, from past, verb []string) *errand {
	t.Helper()
	e := &errand{stage: stage{past: from}, verb: verb}
	w := e.begins(t)
	w.runs(0, "sync")
	e.unasked, e.pins.unasked = w.ending(), w.pins()
	w = e.begins(t)
	g := &gate{}
	p := w.start(launching{Gated: gated(t)}, g, verb...)
	if code := p.wait(); code != 0 {
		t.Fatalf("%v ends with %d:\n%s", verb, code, &p.out)
	}
	e.calls, e.places = w.made(), g.places()
	e.want, e.pins.want = w.ending(), w.pins()
	if cmp.Equal(e.want, e.unasked) && slices.Equal(e.pins.want, e.pins.unasked) {
		t.Fatalf("%v changes nothing", verb)
	}
	w.runs(0, "sync")
	w.runs(0, "sync") // a replacement ends with the run after the one that finds the old user empty
	if now, pins := w.ending(), w.pins(); !cmp.Equal(e.want, now) || !slices.Equal(e.pins.want, pins) {
		e.want, e.pins.want = now, pins // a run drops what is over
	}
	w.kisi.CheckT(t)
	t.Logf("%s has %d calls, %d of them writes, and %d writes to the state file", verb[0], e.calls, len(w.kisi.Writes()), len(e.places))
	return e
}

// begins is where the errand begins. The simulated Kisi is told that Hanna's user may be handed over.
func (e *errand) begins(t *testing.T) *world {
	t.Helper()
	w := e.past.relive(t)
	if e.verb[0] == "adopt" {
		hanna := w.kisi.UserID("hand@nordlicht.example")
		w.kisi.AdoptUser(hanna)
		w.kisi.AdoptGrant(w.kisi.GrantID(kisisim.User(hanna), kisisim.Group(w.kisi.GroupID("Contractors"))))
	}
	return w
}

// pins tells what operators have said that holds.
func (w *world) pins() (all []string) {
	w.t.Helper()
	st, err := store.Open(w.state(), store.Options{Now: w.time})
	w.must(err)
	defer func() { w.must(st.Close()) }()
	pins, err := st.Pins(w.t.Context())
	w.must(err)
	for _, p := range pins {
		all = append(all, fmt.Sprintf("%s %s %s until %d: %s", p.Kind, p.Anchor, p.Email, p.Until, p.Why))
	}
	slices.Sort(all)
	return all
}

func (e *errand) killedEverywhere(t *testing.T) {
	for nth := 1; nth <= e.calls; nth++ {
		if sparsely(nth) {
			e.killed(t, wound{call: nth, done: nth%2 == 0})
			e.killed(t, wound{call: nth, done: nth%2 == 1})
		}
	}
	if len(e.places) == 0 {
		for n := 2; n <= e.calls; n += 4 { // commits can only be watched here
			e.killed(t, wound{place: place{commit: n}})
		}
		return
	}
	for i, p := range e.places {
		if sparsely(p.commit) && (*every || p.committed() || i%7 == 0) {
			e.killed(t, wound{place: p})
		}
	}
}

// killed kills the verb there, lets the next run go on, and asks again if nobody has asked by then.
func (e *errand) killed(t *testing.T, x wound) {
	t.Run(x.String(), func(t *testing.T) {
		t.Parallel()
		w := e.begins(t)
		if !x.inflict(w, len(e.places) > 0, e.verb...) && x.call > 0 {
			t.Fatal("survived")
		}
		w.pass(settleAfter)
		w.runs(0, "sync")
		if cmp.Equal(w.pins(), e.pins.unasked) && cmp.Equal(w.ending(), e.unasked) {
			w.runs(0, e.verb...)
		}
		w.runs(0, "sync")
		if !slices.Equal(w.pins(), e.pins.want) {
			w.runs(0, "sync") // again, it ends with the run after the one that finds the old user empty
		}
		if pins := w.pins(); !slices.Equal(pins, e.pins.want) {
			t.Errorf("what was said is %q, want %q", pins, e.pins.want)
		}
		if !e.same(w) {
			t.Errorf("killed %s", x)
		}
	})
}
