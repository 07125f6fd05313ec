package engine

import (
	"context"
	"errors"
	"maps"
	"strings"
	"sync"
	"time"

	"github.com/kisi-sync/kisi-sync/internal/access"
	"github.com/kisi-sync/kisi-sync/internal/directory"
)

// Beside returns an engine over the same sources that works beside this one in the same process, for somebody who asks: change says in what
// its options differ. With shared, what either reads is known to both at once; that is for one that writes into the same store. Otherwise
// what it reads stays its own, as a preview's does. A source is never read by two of them at a time. That only one reconciles at a time is
// the caller's to see to.
func (e *Engine) Beside(shared bool, change func(*Options)) *Engine {
	o := e.o
	o.Accept = nil
	change(&o)
	if shared {
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

// LeftAt returns when the directory disabled somebody, by its own clock, or when it was first seen that it had deleted somebody. It is
// false where nothing says so.
func (e *Engine) LeftAt(who access.Anchor) (at time.Time, ok bool) {
	source, id, _ := strings.Cut(string(who), ":")
	e.mu.Lock()
	s := e.held[source]
	e.mu.Unlock()
	if s == nil {
		return at, false
	}
	if t, gone := s.Tombstone(id); gone {
		return t.Since, !t.Since.IsZero()
	}
	found := errors.New("found")
	err := s.EachPerson(func(r *directory.Record, _ time.Time) error {
		if r.ID != id {
			return nil
		}
		at = r.Changed
		return found
	})
	return at, err != nil && !at.IsZero()
}
