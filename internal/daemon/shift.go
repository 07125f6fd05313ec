package daemon

import (
	"context"
	"slices"
	"time"

	"github.com/kisi-sync/kisi-sync/internal/record"
)

// shift is a Work in use.
type shift struct {
	*Work
	crew          crew
	readers       []*reader // in the order of the sources
	changes, full clock
	hears         bool // leavers wait until each source was heard
}

// begin puts a Work to use: all sources are read, and a first run follows. Who waits for a run that was ordered before gets one of this
// Work.
func (d *Daemon) begin(w *Work, by string, full bool) {
	now := d.now()
	d.shift = &shift{Work: w, crew: newCrew(d.house.ctx), changes: newClock(w.Changes, now), full: newClock(w.Full, now)}
	d.awake, d.due, d.fullAt, d.askAt = false, time.Time{}, time.Time{}, time.Time{}
	if w.Begin != nil {
		w.Begin()
	}
	for _, s := range w.Sources {
		r := &reader{Source: s}
		if s.ReadEvery != 0 {
			r.next = now.Add(s.ReadEvery)
		}
		d.shift.readers = append(d.shift.readers, r)
		if s.Watcher != nil {
			d.shift.crew.start(d, func(ctx context.Context) func() { d.watch(ctx, r); return nil })
		}
	}
	d.remember(0)
	before := d.orders
	d.orders = nil
	d.order(record.Wish{Full: full, By: by}, nil)
	for _, o := range before {
		if o.done != nil {
			d.order(o.Wish, o.done)
		}
	}
}

// owesFull says that a source is still to be read in full.
func (s *shift) owesFull() bool {
	return slices.ContainsFunc(s.readers, func(r *reader) bool { return r.full.is })
}

// fullIsOwed says that no full run has succeeded, with every source, since one should have been made.
func (d *Daemon) fullIsOwed(ctx context.Context, w *Work) (bool, error) {
	const enough = 3000 // two days of one a minute
	runs, err := d.o.Memory.Runs(ctx, enough)
	for i := range runs {
		if r := &runs[i]; r.Full && r.Error == "" && !r.Ended.IsZero() {
			if slices.ContainsFunc(r.Sources, func(s record.SourceStatus) bool { return s.Error != "" }) {
				return true, err
			}
			next := steady(w.Full).Next(r.Began)
			return !next.IsZero() && !next.After(d.now()), err
		}
	}
	return true, err
}

// close lets go of a Work whose jobs have ended.
func (s *shift) close() error { return s.Work.close() }

func (w *Work) close() error {
	if w.Close == nil {
		return nil
	}
	return w.Close()
}

// dispatch starts everything whose time has come and that may be started now.
func (d *Daemon) dispatch(now time.Time) {
	if d.reloads() {
		return // nothing is begun with a Work that is about to be replaced
	}
	d.ticks(now)
	for _, r := range d.shift.readers {
		if r.due(now) {
			d.read(r)
		}
	}
	switch {
	case d.running != nil:
	case d.beside != nil:
		d.share()
	default:
		d.startSomething()
	}
}

// ticks looks at every clock.
func (d *Daemon) ticks(now time.Time) {
	if d.shift.full.tick(now) || !d.fullAt.IsZero() && !now.Before(d.fullAt) {
		d.fullAt = time.Time{}
		d.orderFull()
	}
	if d.shift.changes.tick(now) {
		for _, r := range d.shift.readers {
			r.want = r.want || r.ReadEvery == 0
		}
		d.wanted, d.owed = d.wanted || d.owed, false
	}
	if !d.due.IsZero() && !now.Before(d.due) {
		d.due, d.wanted = time.Time{}, true
		for _, r := range d.shift.readers { // a grace ends only by a read that still does not bring the person
			r.want, r.settles = true, true
		}
	}
	if !d.askAt.IsZero() && !now.Before(d.askAt) {
		d.askAt, d.wanted = time.Time{}, true
	}
	if !d.leaversAt.IsZero() && !now.Before(d.leaversAt) {
		d.leaversMayGo()
	}
	for _, r := range d.shift.readers {
		if r.ReadEvery != 0 && !now.Before(r.next) {
			r.want, r.next = true, now.Add(r.ReadEvery)
		} else if r.ReadEvery != 0 && r.next.Sub(now) > r.ReadEvery { // the clock was set back
			r.next = now.Add(r.ReadEvery)
		}
	}
}

// next returns when dispatch has something to do at the latest.
func (d *Daemon) next() time.Time {
	first := d.now().Add(longestSleep)
	if d.reload.retires {
		return first
	}
	note := func(at time.Time) {
		if !at.IsZero() && at.Before(first) {
			first = at
		}
	}
	note(d.shift.changes.next)
	note(d.shift.full.next)
	note(d.due)
	note(d.fullAt)
	note(d.askAt)
	note(d.leaversAt)
	for _, r := range d.shift.readers {
		note(r.next)
		note(r.soon)
		note(r.full.next)
	}
	return first
}

// startSomething starts the most urgent of the runs that are asked for: leavers, then whoever asks beside, then orders whose sources were
// read, then changes.
func (d *Daemon) startSomething() {
	switch {
	case d.leaversMay():
		d.startLeavers()
	case len(d.asides) > 0:
		d.step(d.asides[0])
	case d.pause != nil:
	case d.readyOrders() != nil:
		d.fill()
	case d.wanted && d.awake:
		d.wanted, d.owed = false, false
		d.reconcile(&running{reach: theChanges})
	}
}
