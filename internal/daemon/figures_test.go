package daemon

import (
	"flag"
	"slices"
	"testing"
	"time"
)

var figures = flag.Int("figures", 0, "measure so many leavers, idle and during a first load of 1,000 people, in virtual time at Kisi's real pace")

// How long somebody who was disabled keeps the doors, from the directory's change to Kisi's answer:
//
//	go test -run HowLong -v ./internal/daemon -figures 100
//
// What the network and the directory take comes on top. Without the flag it measures a few, so that it keeps working.
func TestHowLongLeaversWaitWithAWatch(t *testing.T) {
	trials, load := max(*figures, 3), 150
	if *figures > 0 {
		load = 1000
	}
	measure := func(t *testing.T, name string, besides int) {
		inWorld(t, func(t *testing.T, w *world) {
			w.watch = true
			w.start()
			w.until("all have the door", time.Hour, func() bool { return w.opens("p0000") })
			w.until("it is idle", time.Hour, func() bool { return w.status().UnderWay == nil })
			var joined []string
			for i := range besides {
				joined = append(joined, "new"+people(besides)[i])
			}
			w.company.join(joined...)
			if besides > 0 {
				w.until("the load is under way", time.Hour, func() bool { u := w.status().UnderWay; return u != nil && u.Tried > 3 })
			}
			var took []time.Duration
			for _, who := range people(trials) {
				began := time.Now()
				w.company.disable(who)
				for u, _ := w.kisi.World().User(who + "@nordlicht.example"); u.Access && time.Since(began) < time.Minute; u, _ = w.kisi.World().User(u.Email) {
					w.pass(20 * time.Millisecond)
				}
				took = append(took, time.Since(began))
				w.pass(5 * time.Second)
			}
			slices.Sort(took)
			t.Logf("%s: %d trials, median %s, p99 %s, longest %s", name, len(took), took[len(took)/2], took[len(took)*99/100], took[len(took)-1])
			if longest := took[len(took)-1]; longest > 5*time.Second {
				t.Errorf("%s: somebody waited %s", name, longest)
			}
		}, people(trials)...)
	}
	t.Run("idle", func(t *testing.T) { measure(t, "idle", 0) })
	t.Run("load", func(t *testing.T) { measure(t, "during a first load", load) })
}
