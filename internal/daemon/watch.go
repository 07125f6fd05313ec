package daemon

import (
	"context"
	"errors"
	"time"

	"github.com/kisi-sync/kisi-sync/connectors"
)

const (
	// settle is how long after a first ping a source is read: changes come in bunches. While there is no end of them it is read every
	// bunch.
	settle, bunch = 50 * time.Millisecond, time.Second
	// A watch that broke is tried again after firstWait, and each time after twice as long. One that had held for long is begun anew.
	firstWait, longestWait = time.Second, 5 * time.Minute
	long                   = time.Minute
	// A source that is pinged all the time may spend one part in rest of its time on being read; but a ping waits for mostRest at most.
	rest, mostRest = 4, time.Minute
)

// watch listens to a source until ctx ends. While that does not work the source is read on schedule, as it is anyhow: silence proves
// nothing.
func (d *Daemon) watch(ctx context.Context, r *reader) {
	wait := firstWait
	for ctx.Err() == nil {
		began := d.now()
		err := r.Watcher.Watch(ctx, func() { d.events <- func() { d.pinged(r) } })
		if ctx.Err() != nil {
			return
		}
		if errors.Is(err, connectors.ErrUnwatchable) {
			wait = longestWait
		}
		if err == nil {
			err = errors.New("it ended")
		}
		if d.now().Sub(began) > long {
			wait = firstWait
		}
		again := wait
		d.events <- func() { d.deafened(r, err, again) }
		pause(ctx, wait)
		wait = min(2*wait, longestWait)
	}
}

func (d *Daemon) pinged(r *reader) {
	if !r.watching {
		d.o.Log.Info("source is watched", "source", r.Name)
	}
	r.watching, r.mute, r.deaf = true, false, ""
	if r.soon.IsZero() {
		r.soon = later(d.now().Add(settle), r.bunch.Add(max(bunch, min(rest*r.took, mostRest))))
	}
}

func later(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}

func (d *Daemon) deafened(r *reader, err error, wait time.Duration) {
	if errors.Is(err, connectors.ErrUnwatchable) {
		if !r.mute {
			d.o.Log.Info("source does not tell of changes: it is read on schedule", "source", r.Name, "why", d.explain(err))
		}
		r.mute, r.watching, r.deaf = true, false, ""
		return
	}
	if r.watching || r.deaf == "" {
		d.o.Log.Warn("source cannot be watched: it is read on schedule until it can", "source", r.Name, "again_in", wait.String(), "err", d.explain(err))
	}
	r.mute, r.watching, r.deaf = false, false, d.explain(err)
}

// pause waits, or less if ctx ends.
func pause(ctx context.Context, wait time.Duration) {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}
