package daemon

import (
	"context"
	"time"

	"github.com/kisi-sync/kisi-sync/sync/engine"
)

// reader reads one source, once at a time.
type reader struct {
	Source
	next     time.Time // by ReadEvery; zero: as the schedule says
	soon     time.Time // after a ping; zero: nobody pinged
	bunch    time.Time // when it was last read because of a ping
	want     bool
	wantFull bool
	full     owed
	settles  bool // after the next good read there is something to be decided even if it brings no news
	reading  bool
	begun    int           // reads so far
	took     time.Duration // the last one
	failures int           // in a row
	heard    bool          // a read has ended, well or not, since the Work was put to use
	watching bool
	deaf     string // why it is not watched; "" when it is, or cannot be
	mute     bool   // it could be watched, but its directory is not set up for that
}

// owed is a full read that was begun and has not gone well. Until it has, increments are read as always: what they say is true, but who
// left without a word is missing from a full read only.
type owed struct {
	is       bool
	failures int
	next     time.Time // when it is tried again; zero: not before somebody asks
}

// failed has a full read tried again, less and less often: what is too large for a directory is so every minute.
func (o *owed) failed(now time.Time) {
	const first, longest = time.Minute, time.Hour
	o.next = now.Add(min(longest, first<<min(o.failures, 6)))
	o.failures++
}

// due says whether a read is to be begun.
func (r *reader) due(now time.Time) bool {
	if !r.full.next.IsZero() && !now.Before(r.full.next) {
		r.full.next, r.wantFull = time.Time{}, true
	}
	if !r.soon.IsZero() && !now.Before(r.soon) {
		r.soon, r.want, r.bunch = time.Time{}, true, now
	}
	return !r.reading && (r.want || r.wantFull)
}

// read begins a read.
func (d *Daemon) read(r *reader) {
	full := r.wantFull
	settles := r.settles
	r.want, r.wantFull, r.settles, r.reading = false, false, false, true
	r.begun++
	r.full.is = r.full.is || full
	e, number := d.shift.Engine, r.begun
	d.shift.crew.start(d, func(ctx context.Context) func() {
		began := d.now()
		news, err := e.Intake(ctx, r.Name, full)
		took := d.now().Sub(began)
		return func() {
			r.reading, r.took = false, took
			r.settles = r.settles || settles && err != nil
			switch {
			case full && err == nil:
				r.full = owed{}
			case full && ctx.Err() == nil:
				r.full.failed(d.now())
			}
			if ctx.Err() == nil {
				d.heard(r, number, settles, news, err)
			}
		}
	})
}

// heard goes on from a read that has ended.
func (d *Daemon) heard(r *reader, number int, settles bool, news engine.News, err error) {
	for _, o := range d.orders {
		o.read(r, number, err)
	}
	if r.heard = true; d.shift.hears && !d.shift.unheard() {
		d.shift.hears = false
		d.leaversMayGo()
	}
	if err != nil {
		r.failures++
		if often(r.failures) {
			d.o.Log.Error("source not read: what is known of it stays as it is", "source", r.Name, "failures", r.failures, "err", d.explain(err))
		}
		return
	}
	if r.failures > 0 {
		d.o.Log.Info("source is read again", "source", r.Name, "failures", r.failures)
	}
	// A source that comes back may have been stale: then people wait for it who have not changed.
	d.wanted = d.wanted || news.Changed || settles || r.failures > 0
	r.failures = 0
	if news.Leavers {
		d.hurry()
	}
}
