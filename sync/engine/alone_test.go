package engine_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/kisi-sync/kisi-sync/internal/pacer"
	"github.com/kisi-sync/kisi-sync/internal/sim/kisisim"
)

// paced is a world by the clock of the bubble that it is in, which calls Kisi as in real life.
func paced(t *testing.T, assume kisisim.Assumptions) *world {
	w := newWorld(t, assume)
	w.clock, w.sleep, w.pace = nil, time.Sleep, pacer.Options{}
	w.kisi = kisisim.Acme(kisisim.Options{Assume: assume})
	return w
}

// Every fault that needs a clock, or that lies() leaves out, alone: at places all over a run, once and for as long as the run takes. Nobody loses
// anything by it, nothing is made twice, and when it is over everything is done.
func TestEachOtherFaultAloneAtAnyPlaceOfARunTakesNothing(t *testing.T) {
	t.Parallel()
	kept := map[string][]string{"ana": {"Staff"}, "bo": {"Staff"}, "gil": {"Contractors"}}
	last := 0
	synctest.Test(t, func(t *testing.T) {
		w := change(paced(t, kisisim.Assumptions{}))
		w.kisi.ResetLog()
		w.must(true)
		last = len(w.kisi.Requests())
	})
	others := append(moreLies()[len(lies()):], kisisim.TooManyUntil(2*time.Hour), kisisim.Deprecated(time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)),
		kisisim.NullFields("assignee_id", "applies_to_id", "user_id", "group_id"), kisisim.NullFields("lock_id", "elevator_stop_id"),
		kisisim.DropFields("access_enabled", "valid_until"))
	for i, fault := range others {
		for _, count := range []int{1, kisisim.Always} {
			t.Run(fault.String(), func(t *testing.T) {
				t.Parallel()
				hit := 0
				for _, nth := range places(i, sparsely(11), last) {
					synctest.Test(t, func(t *testing.T) {
						w := change(paced(t, kisisim.Assumptions{}))
						f := w.kisi.Inject(kisisim.Fault{Nth: nth, Count: count, Do: fault})
						_, _ = w.run(true)
						f.Remove()
						hit += f.Hits()
						where := w.struck()
						w.checkKept(where, kept)
						w.pass(3 * time.Hour)
						w.heal()
						w.checkKept(where, kept)
						w.expect("cem", "Staff", false)
						w.expect("eva", "HQ / Lab", true)
						w.expect("fay", "Staff", true)
						w.expect("eva", "HQ / Server Room", false)
						if err := w.kisi.Check(); err != nil {
							t.Errorf("%s: %v", where, err)
						}
					})
				}
				if hit == 0 {
					t.Error("nothing was hit")
				}
			})
		}
	}
}
