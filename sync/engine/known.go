package engine

import (
	"context"

	"github.com/kisi-sync/kisi-sync/internal/directory"
)

// snapshot returns what is known of a source, from memory or from the store; nil when nothing is. What is known of a source that was
// renamed moves to its new id. Who asks while it is being loaded waits: a second copy of a million people would be 200 MB, and might be put
// in the place of what was read meanwhile.
func (e *Engine) snapshot(ctx context.Context, source Source) (*directory.Snapshot, error) {
	if s := e.holds(source.ID); s != nil {
		return s, nil
	}
	if err := e.loads.take(ctx, source.ID); err != nil {
		return nil, err
	}
	defer e.loads.give(source.ID)
	if s := e.holds(source.ID); s != nil {
		return s, nil
	}
	s, err := e.load(ctx, source)
	if err != nil || s == nil {
		return nil, err
	}
	return e.holdUnlessNewer(s), nil
}

// load reads what is known of a source from the store.
func (e *Engine) load(ctx context.Context, source Source) (*directory.Snapshot, error) {
	s, err := e.o.Store.Snapshot(ctx, source.ID)
	for i := 0; i < len(source.Was) && s == nil && err == nil; i++ {
		var moved bool
		if moved, err = e.o.Store.RenameSource(ctx, source.Was[i], source.ID); err == nil && moved {
			e.o.Log.Info("source renamed", "source", source.Name, "was", source.Was[i], "id", source.ID)
			s, err = e.o.Store.Snapshot(ctx, source.ID)
		}
	}
	return s, err
}

func (e *Engine) holds(id string) *directory.Snapshot {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.held[id]
}

// hold makes a snapshot what is known of its source.
func (e *Engine) hold(s *directory.Snapshot) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.held[s.Source()] = s
}

// holdUnlessNewer does so with one from the store, unless the source has been read meanwhile, and returns what is known. A first read does not
// wait where nothing was known when it began.
func (e *Engine) holdUnlessNewer(s *directory.Snapshot) *directory.Snapshot {
	e.mu.Lock()
	defer e.mu.Unlock()
	if newer := e.held[s.Source()]; newer != nil {
		return newer
	}
	e.held[s.Source()] = s
	return s
}
