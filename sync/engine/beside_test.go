package engine_test

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/kisi-sync/kisi-sync/internal/directory"
	"github.com/kisi-sync/kisi-sync/internal/sim/kisisim"
	"github.com/kisi-sync/kisi-sync/internal/store"
	"github.com/kisi-sync/kisi-sync/sync/engine"
)

// together opens a store and an engine over it.
func together(t *testing.T, w *world) (*store.Store, *engine.Engine) {
	st, err := store.Open(w.path, store.Options{Now: w.now, NoSync: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := st.Close(); err != nil {
			t.Error(err)
		}
	})
	return st, w.engine(st)
}

// A verb of the command line works beside the daemon: neither may go on from what the other has overtaken.
func TestWhatOneEngineReadsIsKnownToTheOtherBesideIt(t *testing.T) {
	t.Parallel()
	w, ctx := newWorld(t, kisisim.Assumptions{}), t.Context()
	_, e := together(t, w)
	if _, err := e.Intake(ctx, "corp", true); err != nil {
		t.Fatal(err)
	}
	beside := e.Beside(true, func(o *engine.Options) { o.Asked = "lea" })
	w.staff.groups["zoe"] = "staff"
	if news, err := beside.Intake(ctx, "corp", true); err != nil || !news.Changed {
		t.Fatalf("%+v, %v", news, err)
	}
	if news, err := e.Intake(ctx, "corp", true); err != nil || news.Changed {
		t.Errorf("the first engine does not know what the other has read: %+v, %v", news, err)
	}
	run, err := beside.Reconcile(ctx, true, nil)
	if err != nil || run.Asked != "lea" {
		t.Errorf("%+v, %v", run, err)
	}
	w.expect("zoe", "Staff", true)
}

func TestWhatIsReadForAPreviewStaysThere(t *testing.T) {
	t.Parallel()
	w, ctx := newWorld(t, kisisim.Assumptions{}), t.Context()
	st, e := together(t, w)
	if _, err := e.Intake(ctx, "corp", true); err != nil {
		t.Fatal(err)
	}
	w.staff.groups["zoe"] = "staff"
	preview := e.Beside(false, func(o *engine.Options) { o.Store = st.Preview() })
	if news, err := preview.Intake(ctx, "corp", true); err != nil || !news.Changed {
		t.Fatalf("%+v, %v", news, err)
	}
	if got := e.Statuses()[0].People; got != 5 {
		t.Errorf("the engine that keeps knows %d people, want 5", got)
	}
	if news, err := e.Intake(ctx, "corp", true); err != nil || !news.Changed {
		t.Errorf("the engine that keeps has not read it itself: %+v, %v", news, err)
	}
}

// crowded is a source that sees whether it is read twice at a time.
type crowded struct {
	*staff
	readers, most atomic.Int32
}

func (c *crowded) Fetch(ctx context.Context, since directory.Cursor, put func(*directory.Record) error) (directory.Receipt, error) {
	c.most.Store(max(c.most.Load(), c.readers.Add(1)))
	defer c.readers.Add(-1)
	return c.staff.Fetch(ctx, since, put)
}

func TestASourceIsReadByOneEngineAtATime(t *testing.T) {
	t.Parallel()
	w, ctx := newWorld(t, kisisim.Assumptions{}), t.Context()
	st, e := together(t, w)
	source := &crowded{staff: w.staff}
	beside := e.Beside(true, func(o *engine.Options) { o.Sources = []engine.Source{{Name: "corp", ID: "corp", Source: source}} })
	ends := make(chan error)
	for range 8 {
		one := beside.Beside(false, func(o *engine.Options) { o.Store = st.Preview() })
		go func() {
			_, err := one.Intake(ctx, "corp", true)
			ends <- err
		}()
	}
	for range 8 {
		if err := <-ends; err != nil {
			t.Error(err)
		}
	}
	if most := source.most.Load(); most != 1 {
		t.Errorf("%d at a time", most)
	}
}

// What is known of a source outlives the process, and a read that failed does not take it away.
func TestHowASourceWasReadIsWrittenDown(t *testing.T) {
	t.Parallel()
	w, ctx := newWorld(t, kisisim.Assumptions{}), t.Context()
	st, e := together(t, w)
	if _, err := e.Intake(ctx, "corp", true); err != nil {
		t.Fatal(err)
	}
	first := *w.clock
	w.pass(time.Hour)
	w.staff.fail = context.DeadlineExceeded
	if _, err := w.engine(st).Intake(ctx, "corp", true); err == nil { // as another process
		t.Fatal("it was read")
	}
	all, err := st.Statuses(ctx)
	if err != nil || len(all) != 1 || all[0].People != 5 || all[0].Error == "" || !all[0].At.Equal(first) {
		t.Errorf("%+v, %v", all, err)
	}
}
