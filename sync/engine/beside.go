package engine

import (
	"context"
	"maps"
	"sync"
)

// Beside returns an engine over the same sources that works beside this one in the same process, for somebody who asks: change says in what
// its options differ. With the same store, what either reads is known to both at once; with another one, such as a preview, what it
// reads stays its own. A source is never read by two of them at a time. That only one reconciles at a time is the caller's to see to.
func (e *Engine) Beside(change func(*Options)) *Engine {
	o := e.o
	o.Accept = nil
	change(&o)
	if o.Store == e.o.Store {
		return &Engine{o: o, heard: e.heard, turns: e.turns}
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	return &Engine{o: o, heard: &heard{status: maps.Clone(e.status), held: maps.Clone(e.held)}, turns: e.turns}
}

// turns lets one read of a source at a time. The zero value is ready.
type turns struct {
	mu    sync.Mutex
	taken map[string]chan struct{} // by source; full while it is read
}

func (t *turns) of(source string) chan struct{} {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.taken == nil {
		t.taken = map[string]chan struct{}{}
	}
	if t.taken[source] == nil {
		t.taken[source] = make(chan struct{}, 1)
	}
	return t.taken[source]
}

func (t *turns) take(ctx context.Context, source string) error {
	select {
	case t.of(source) <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (t *turns) give(source string) { <-t.of(source) }
