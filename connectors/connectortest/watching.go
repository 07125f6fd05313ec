package connectortest

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/kisi-sync/kisi-sync/connectors"
	"github.com/kisi-sync/kisi-sync/internal/directory"
)

// A Restarter is a Directory that can be restarted: all lines to it are cut, and what is in it is kept.
type Restarter interface{ Restart() }

// watch is a Watch that goes on in the background.
type watch struct {
	t     *testing.T
	pings chan struct{}
	ended chan error
	stop  context.CancelFunc
}

// watching begins to watch and returns when the source is listening. It skips the story where the directory tells of nothing.
func watching(t *testing.T, s connectors.Source) *watch {
	t.Helper()
	watcher, ok := s.(connectors.Watcher)
	if !ok {
		t.Skip("this source is not told of changes")
	}
	ctx, cancel := context.WithCancel(context.Background())
	w := &watch{t: t, pings: make(chan struct{}), ended: make(chan error, 1), stop: cancel}
	go func() {
		w.ended <- watcher.Watch(ctx, func() {
			select {
			case w.pings <- struct{}{}:
			case <-ctx.Done():
			}
		})
	}()
	t.Cleanup(func() { cancel(); w.end() })
	select {
	case <-w.pings:
	case err := <-w.ended:
		w.ended <- err
		if errors.Is(err, connectors.ErrUnwatchable) {
			t.Skip("this directory does not tell of changes")
		}
		t.Fatalf("the watch ended before it listened: %v", err)
	case <-time.After(patience):
		t.Fatal("the watch does not begin to listen")
	}
	return w
}

// ping waits for the next one.
func (w *watch) ping() {
	w.t.Helper()
	select {
	case <-w.pings:
	case err := <-w.ended:
		w.ended <- err
		w.t.Fatalf("the watch ended: %v", err)
	case <-time.After(patience):
		w.t.Fatal("nothing was told")
	}
}

// quiet takes all pings of what was done so far: there is none for a while.
func (w *watch) quiet() {
	const while = 100 * time.Millisecond
	for {
		select {
		case <-w.pings:
		case <-time.After(while):
			return
		}
	}
}

// end waits until Watch has returned; pings on the way are taken.
func (w *watch) end() error {
	w.t.Helper()
	late := time.After(patience)
	for {
		select {
		case <-w.pings:
		case err := <-w.ended:
			w.ended <- err
			return err
		case <-late:
			w.t.Error("the watch does not end")
			return nil
		}
	}
}

// A ping is followed by a read, which then finds the change. Whoever is disabled should lose the door within seconds, and this is where
// most of them are won.
func tellsOfChanges(t *testing.T, h Harness, d Directory) {
	crowd(h, d)
	source := d.Open(h.Attribute)
	w := watching(t, source)
	r := Follow(t, source)
	r.Full()
	active := func(address string) bool { return r.Person(address).Active() != directory.No }
	for _, change := range []struct {
		what string
		do   func()
		so   func() bool
	}{
		{"a joiner", func() { d.AddPerson("new", "1") }, func() bool { return slices.Contains(r.People(), "new@example.com") }},
		{"a joiner's group", func() { d.SetMembers("staff", "p001", "new") }, func() bool { return slices.Contains(r.Members("staff"), "new@example.com") }},
		{"an attribute", func() { d.SetValue("p005", "other") }, func() bool {
			return slices.Equal(r.Person("p005@example.com").Values(h.Attribute, nil), []string{"other"})
		}},
		{"somebody is disabled", func() { d.Disable("p007") }, func() bool { return !active("p007@example.com") }},
		{"somebody goes", func() { d.Remove("p008") }, func() bool { return !slices.Contains(r.People(), "p008@example.com") }},
		{"a group goes", func() { d.Remove("team") }, func() bool { return r.Members("team") == nil }},
	} {
		w.quiet()
		for change.do(); !change.so(); r.Changes() {
			w.ping()
		}
	}
}

// Listening is told to end like anything else, and ends soon.
func watchIsCancelled(t *testing.T, h Harness, d Directory) {
	crowd(h, d)
	w := watching(t, d.Open())
	w.stop()
	if err := w.end(); !errors.Is(err, context.Canceled) {
		t.Errorf("a watch that was cancelled says %v", err)
	}
}

// A watch on which nothing can be heard any more must end with an error, since silence means that nothing happens. The same source
// listens again afterwards.
func watchIsBroken(t *testing.T, h Harness, d Directory) {
	again, ok := d.(Restarter)
	if !ok {
		t.Skip("this directory cannot be restarted")
	}
	crowd(h, d)
	source := d.Open()
	w := watching(t, source)
	again.Restart()
	if err := w.end(); err == nil {
		t.Error("the watch of a directory that was restarted ended well")
	}
	w = watching(t, source)
	w.quiet()
	d.Remove("p003")
	w.ping()
}
