package daemon

import (
	"context"
	"errors"
	"slices"
	"time"
)

// errNobody is the end of a run of leavers that found nobody to take anything from. It is no run to tell of.
var errNobody = errors.New("nobody has to lose access")

// hearFirst is how long leavers who were known before a start wait for the sources to be read once: whoever came back meanwhile keeps what he
// has. A source that takes longer, or is down, keeps nobody's doors open.
const hearFirst = 10 * time.Second

// remember has a run of leavers made if, by what is known, somebody waits for one. Sources tell of a leaver once; a daemon that was started
// anew since, and a run over everybody that failed, would leave him to the schedule.
func (d *Daemon) remember(after time.Duration) {
	if d.leavers {
		return
	}
	e := d.shift.Engine
	d.shift.crew.start(d, func(ctx context.Context) func() {
		waits, err := e.LeaversWait(ctx)
		return func() {
			switch {
			case ctx.Err() != nil:
			case err != nil:
				d.o.Log.Warn("it cannot be said whether somebody still has to lose access; the next run finds out", "err", d.explain(err))
			case waits:
				d.remembered(after)
			}
		}
	})
}

func (d *Daemon) remembered(after time.Duration) {
	d.o.Log.Info("somebody has to lose access and has not yet, by what is known")
	if d.leavers { // and it is known by now when that is tried
		return
	}
	d.leavers = true
	if d.shift.hears = d.shift.unheard(); d.shift.hears {
		after = hearFirst
	}
	if after > 0 {
		d.leaversAt = d.now().Add(after)
		return
	}
	d.hurry()
}

// unheard says that a source was not read yet since the Work was put to use.
func (s *shift) unheard() bool {
	return slices.ContainsFunc(s.readers, func(r *reader) bool { return !r.heard })
}

// hurry has a run of leavers made before anything else: what is under way is cut short for it.
func (d *Daemon) hurry() {
	d.leavers = true
	d.cutShort()
	if d.beside != nil && !d.beside.shared && d.leaversMay() { // else it would wait for a run that is not made yet
		d.beside.yield(true)
	}
}

// leaversMay says that a run of leavers is wanted and may be made now.
func (d *Daemon) leaversMay() bool { return d.leavers && d.pause == nil && d.leaversAt.IsZero() }

func (d *Daemon) startLeavers() {
	d.leavers = false
	d.reconcile(&running{reach: theLeavers})
}

// leaversMayGo has a run of leavers made whose time has come. It breaks nothing off.
func (d *Daemon) leaversMayGo() {
	d.leaversAt = time.Time{}
	if d.beside != nil && !d.beside.shared && d.leaversMay() {
		d.beside.yield(false)
	}
}

// cutShort ends the run under way before its next call, unless it is about leavers itself.
func (d *Daemon) cutShort() {
	if r := d.running; r != nil && r.reach != theLeavers {
		r.stop()
	}
}
