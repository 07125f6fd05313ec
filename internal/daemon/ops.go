package daemon

import (
	"context"

	"github.com/kisi-sync/kisi-sync/internal/record"
)

// Sync reads all sources and makes one run, and waits for its end. Leavers go before it. The error joins what was wrong with sources and
// with the run; the run is worth looking at even so. ErrPaused: nothing is carried out now.
func (d *Daemon) Sync(ctx context.Context, w record.Wish) (record.Run, error) {
	type end struct {
		run record.Run
		err error
	}
	ended := make(chan end, 1)
	done := func(run record.Run, err error) { ended <- end{run, err} }
	err := d.tell(ctx, func() {
		if d.pause != nil {
			done(record.Run{}, ErrPaused)
			return
		}
		d.order(w, done)
	})
	if err != nil {
		return record.Run{}, err
	}
	select {
	case e := <-ended:
		return e.run, e.err
	case <-d.ended:
		return record.Run{}, ErrStopped
	case <-ctx.Done():
		return record.Run{}, ctx.Err() // the run is made all the same
	}
}

// Leavers says that somebody must lose everything at once: a run of leavers goes before anything else, and cuts short what is under
// way. It does not wait for it.
func (d *Daemon) Leavers(ctx context.Context) error {
	return d.tell(ctx, d.hurry)
}

// Reload reads the configuration again and waits until it is in use. After an error the one before stays in use.
func (d *Daemon) Reload(ctx context.Context, by string) error {
	ended := make(chan error, 1)
	err := d.tell(ctx, func() {
		d.reload.asked = append(d.reload.asked, reloadAsk{by, func(err error) { ended <- err }})
	})
	if err != nil {
		return err
	}
	select {
	case err := <-ended:
		return err
	case <-d.ended:
		return ErrStopped
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Pause stops carrying out after the call under way, for leavers too, until Resume, also over restarts. Sources are still read. Pausing
// twice is no error; the first pause stands.
func (d *Daemon) Pause(ctx context.Context, said record.Said) error {
	p, err := d.o.Memory.Pause(ctx, said)
	if err != nil {
		return err
	}
	return d.tell(ctx, func() {
		if d.pause == nil {
			d.o.Log.Warn("paused: nothing is carried out, not even for leavers", "by", p.By, "why", p.Why)
		}
		d.pause = p
		if d.running != nil {
			d.running.stop()
		}
		d.refuse(ErrPaused)
	})
}

// refuse ends all orders that somebody waits for.
func (d *Daemon) refuse(err error) {
	var rest []*order
	for _, o := range d.orders {
		if o.done == nil {
			rest = append(rest, o)
			continue
		}
		o.done(record.Run{}, err)
	}
	d.orders = rest
}

// Resume ends a pause; without one it does nothing.
func (d *Daemon) Resume(ctx context.Context, said record.Said) error {
	if err := d.o.Memory.Resume(ctx, said); err != nil {
		return err
	}
	return d.tell(ctx, func() {
		if d.pause != nil {
			d.o.Log.Info("resumed", "by", said.By)
			d.pause, d.wanted = nil, true
		}
	})
}
