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
	leavers func() // ends gone
	gone    context.Context
	urgent  atomic.Bool
}

func newTurn() *Turn {
	gone, leavers := context.WithCancel(context.Background())
	return &Turn{gone: gone, leavers: leavers}
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
	a := &aside{Turn: newTurn(), turn: make(chan struct{}), ended: make(chan struct{})}
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
