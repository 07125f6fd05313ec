package daemon

import (
	"context"
	"errors"
	"sync/atomic"
)

// ErrGiveWay ends a turn in which somebody must lose access at once: nothing was changed, and whoever had the turn asks for another one.
var ErrGiveWay = errors.New("somebody must lose access at once")

// Turn is somebody's turn to do what no run may go beside. Leavers wait for nobody, so not for that either: a look at Kisi is broken off for
// them, and what is being carried out is cut short. Its methods may be called by many goroutines.
type Turn struct {
	daemon  *Daemon
	leavers func() // ends gone
	gone    context.Context
	urgent  atomic.Bool

	// The loop's own.
	shared bool   // runs of leavers go beside
	free   func() // is called when none does any more, and then none begins; nil: nobody waits for that
}

func newTurn(d *Daemon) *Turn {
	gone, leavers := context.WithCancel(context.Background())
	return &Turn{daemon: d, gone: gone, leavers: leavers}
}

// Look calls look, which only looks at Kisi. When somebody is found who must lose access, its context ends, and Look returns ErrGiveWay unless
// look ended well all the same. Whoever could not be helped before and is tried again breaks nothing off: that may go on all day,
// and what is looked at may be what mends it.
func (t *Turn) Look(ctx context.Context, look func(ctx context.Context) error) error {
	ctx, quit := context.WithCancel(ctx)
	defer quit()
	defer context.AfterFunc(t.gone, quit)()
	err := look(ctx)
	if err != nil && t.gone.Err() != nil {
		return ErrGiveWay
	}
	return err
}

// GiveWays is how often somebody's look at Kisi is broken off for leavers. After that it is made with LookBeside, or a steady stream of leavers would
// put it off for ever.
const GiveWays = 2

// LookBeside calls look, which only looks at Kisi, with runs of leavers beside it: for who has given way so often that the look would never come to
// its end. look calls alone when it has seen all, and knows by itself what those runs have done; from then on none goes beside.
func (t *Turn) LookBeside(ctx context.Context, look func(ctx context.Context, alone func(context.Context) error) error) error {
	if err := t.daemon.tell(ctx, func() { t.shared = true }); err != nil {
		return err
	}
	err := look(ctx, t.alone)
	told := t.daemon.tell(context.WithoutCancel(ctx), func() { t.shared, t.free = false, nil })
	return errors.Join(err, told)
}

// alone waits for the run beside. Leavers who are found after that have what follows cut short.
func (t *Turn) alone(ctx context.Context) error {
	free := make(chan struct{})
	if err := t.daemon.tell(ctx, func() { t.free = func() { close(free) } }); err != nil {
		return err
	}
	select {
	case <-free:
		return nil
	case <-t.daemon.ended:
		return ErrStopped
	case <-ctx.Done():
		return ctx.Err()
	}
}

// share lets a run of leavers go beside a turn that is shared, or ends the sharing.
func (d *Daemon) share() {
	t := d.beside
	switch {
	case t.free != nil:
		t.free()
		t.shared, t.free = false, nil
		if d.leaversMay() {
			t.yield(false)
		}
	case t.shared && d.leaversMay():
		d.startLeavers()
	}
}

// Urgent says that what is carried out must be left after the call under way: somebody must lose access and can. The daemon goes on with it.
func (t *Turn) Urgent() bool { return t.urgent.Load() }

// yield has the turn given up: at once where that costs nothing but time, or between two calls.
func (t *Turn) yield(atOnce bool) {
	t.urgent.Store(true)
	if atOnce {
		t.leavers()
	}
}

// aside is work of somebody else that no run may go beside.
type aside struct {
	*Turn
	turn  chan struct{} // closed when it may begin
	ended chan struct{} // closed when it has ended, or is not wanted any more
}

// Beside does something while no run is under way; one that is, is cut short and goes on afterwards. do must heed its context, which
// ends with the daemon's, and its turn.
func (d *Daemon) Beside(ctx context.Context, do func(ctx context.Context, t *Turn) error) error {
	a := &aside{Turn: newTurn(d), turn: make(chan struct{}), ended: make(chan struct{})}
	defer a.leavers()
	defer close(a.ended)
	var house context.Context
	err := d.tell(ctx, func() {
		house = d.house.ctx
		d.asides = append(d.asides, a)
		d.cutShort()
	})
	if err != nil {
		return err
	}
	select {
	case <-a.turn:
	case <-house.Done():
		return ErrStopped
	case <-ctx.Done():
		return ctx.Err()
	}
	ctx, cancel := context.WithCancel(ctx)
	defer context.AfterFunc(house, cancel)()
	defer cancel()
	return do(ctx, a.Turn)
}

// step lets an aside begin, and waits for its end.
func (d *Daemon) step(a *aside) {
	d.asides, d.beside = d.asides[1:], a.Turn
	d.house.start(d, func(context.Context) func() {
		close(a.turn)
		<-a.ended
		return func() { d.beside = nil; d.wanted = true }
	})
}
