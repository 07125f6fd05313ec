package engine_test

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/kisi-sync/kisi-sync/internal/directory"
	"github.com/kisi-sync/kisi-sync/internal/sim/kisisim"
	"github.com/kisi-sync/kisi-sync/internal/store"
	"github.com/kisi-sync/kisi-sync/sync/engine"
)

// heavy is a store whose snapshots take long to load: until gate is closed.
type heavy struct {
	engine.Store
	gate  chan struct{}
	mu    sync.Mutex
	loads int
}

func (h *heavy) Snapshot(ctx context.Context, source string) (*directory.Snapshot, error) {
	h.mu.Lock()
	h.loads++
	first := h.loads == 1
	h.mu.Unlock()
	s, err := h.Store.Snapshot(ctx, source)
	if first {
		<-h.gate
	}
	return s, err
}

// A daemon that has just begun reads its sources and looks at what is remembered of them at the same time. A large source would be held in
// memory twice, and what was just read of it would be followed by what was known before.
func TestWhatIsKnownOfASourceIsLoadedOnceAndNeverTakesThePlaceOfWhatWasRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := paced(t, kisisim.Assumptions{})
		w.must(true)
		st, err := store.Open(w.path, store.Options{NoSync: true})
		if err != nil {
			t.Fatal(err)
		}
		defer func() {
			if err := st.Close(); err != nil {
				t.Error(err)
			}
		}()
		h := &heavy{Store: st, gate: make(chan struct{})}
		w.store = func(engine.Store) engine.Store { return h }
		e := w.engine(st)
		w.staff.disabled["ana"] = true
		var both sync.WaitGroup
		both.Go(func() {
			if _, err := e.LeaversWait(t.Context()); err != nil {
				t.Error(err)
			}
		})
		synctest.Wait() // it is loading
		both.Go(func() {
			if _, err := e.Intake(t.Context(), "corp", true); err != nil {
				t.Error(err)
			}
		})
		synctest.Wait()
		close(h.gate)
		both.Wait()
		if waits, err := e.LeaversWait(t.Context()); err != nil || !waits || h.loads != 1 {
			t.Errorf("the leaver that was read is known: %v, %v; loaded %d times", waits, err, h.loads)
		}
	})
}
