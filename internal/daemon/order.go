package daemon

import (
	"errors"

	"github.com/kisi-sync/kisi-sync/internal/record"
)

// onSchedule is who asked for a run that nobody asked for.
const onSchedule = "schedule"

// Who asked for the run with which a Work is begun.
const (
	atStart  = "start"
	onReload = "reload"
)

// order is a run over sources that are all read anew for it.
type order struct {
	record.Wish
	awaits map[*reader]int // which read of each source is waited for; a read that failed counts, too
	errs   []error
	done   func(record.Run, error) // nil: nobody waits for it
}

// order asks all sources and remembers what for.
func (d *Daemon) order(w record.Wish, done func(record.Run, error)) {
	o := &order{Wish: w, awaits: map[*reader]int{}, done: done}
	for _, r := range d.shift.readers {
		r.want, r.wantFull = true, r.wantFull || w.Full
		o.awaits[r] = r.begun + 1
	}
	d.orders = append(d.orders, o)
}

// orderFull orders a full run, unless one is ordered already.
func (d *Daemon) orderFull() {
	for _, o := range d.orders {
		if o.Full && o.done == nil {
			return
		}
	}
	d.order(record.Wish{Full: true, By: onSchedule}, nil)
}

// read notes that a source was read for the order.
func (o *order) read(r *reader, number int, err error) {
	want, waits := o.awaits[r]
	if !waits || number < want {
		return
	}
	delete(o.awaits, r)
	if err != nil {
		o.errs = append(o.errs, err)
	}
}

func (d *Daemon) readyOrders() (ready []*order) {
	for _, o := range d.orders {
		if len(o.awaits) == 0 {
			ready = append(ready, o)
		}
	}
	return ready
}

// fill starts one run for all orders that are ready.
func (d *Daemon) fill() {
	ready := d.readyOrders()
	r := &running{reach: theChanges, orders: ready, asked: onSchedule}
	for _, o := range ready {
		if o.Full {
			r.reach = everybody
		}
		if o.By != onSchedule {
			r.asked = o.By
		}
	}
	d.wanted, d.owed = false, false
	d.reconcile(r)
}

// filled ends the orders of a run.
func (d *Daemon) filled(r *running, run record.Run, err error) {
	var rest []*order
	for _, o := range d.orders {
		mine := false
		for _, other := range r.orders {
			mine = mine || o == other
		}
		switch {
		case !mine:
			rest = append(rest, o)
		case run.Cut && err == nil && o.done != nil: // the rest is a difference that a run of changes finds
			o.Full = false
			rest = append(rest, o)
		case o.done != nil:
			o.done(run, errors.Join(append(o.errs, err)...))
		}
	}
	d.orders = rest
	d.awake = d.awake || len(r.orders) > 0
}
