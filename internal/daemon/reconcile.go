package daemon

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/kisi-sync/kisi-sync/internal/record"
	"github.com/kisi-sync/kisi-sync/sync/apply"
	"github.com/kisi-sync/kisi-sync/sync/engine"
	"github.com/kisi-sync/kisi-sync/sync/plan"
)

// reach is whom a run looks at.
type reach uint8

const (
	theChanges reach = iota // whoever differs from what is known
	theLeavers              // of those, whoever must lose everything at once
	everybody
)

// running is the run under way.
type running struct {
	reach  reach
	asked  string
	orders []*order
	began  time.Time

	stopped atomic.Bool
	quit    context.CancelFunc // ends looking at Kisi; nothing is lost by that

	mu    sync.Mutex // guards what follows, which the run writes and status reads
	tried int
	todo  int
	doing string
	since time.Time // of the first step
}

// stop ends a run before its next call. What it has not done is found by a later one.
func (r *running) stop() {
	r.stopped.Store(true)
	r.quit()
}

// errPutOff is the end of a run that was stopped before it had changed anything.
var errPutOff = errors.New("put off")

// reconcile starts a run.
func (d *Daemon) reconcile(r *running) {
	if r.asked == "" {
		r.asked = onSchedule
	}
	r.began, r.doing = d.now(), "looking at Kisi"
	d.running = r
	e := d.shift.Engine
	var look context.Context
	look, r.quit = context.WithCancel(d.shift.crew.ctx)
	d.shift.crew.start(d, func(ctx context.Context) func() {
		defer r.quit()
		run, err := d.carryOut(ctx, look, e, r)
		return func() {
			d.running = nil
			if ctx.Err() == nil {
				d.finished(r, run, err)
			}
		}
	})
}

func (d *Daemon) carryOut(ctx, look context.Context, e *engine.Engine, r *running) (record.Run, error) {
	o, err := r.look(look, e)
	if r.stopped.Load() {
		return record.Run{}, errPutOff
	}
	if err != nil {
		return record.Run{}, err
	}
	if r.reach == theLeavers && o.Input.Observed.Covers.Empty() {
		return record.Run{}, errNobody
	}
	o.Run.Asked = r.asked
	run, report, err := e.Carry(ctx, o, apply.Options{Urgent: r.stopped.Load, Progress: func(ev apply.Event) { d.progress(r, ev) }})
	for _, f := range report.Failures {
		d.o.Log.Warn("change not made", append(Words(f.Step), "err", d.explain(f.Err))...)
	}
	return run, err
}

func (r *running) look(ctx context.Context, e *engine.Engine) (*engine.Outlook, error) {
	if r.reach == theLeavers {
		return e.LookAtLeavers(ctx)
	}
	return e.Look(ctx, r.reach == everybody)
}

// progress tells of a step that was tried. People go by their keys: a log is read by more people than a directory.
func (d *Daemon) progress(r *running, ev apply.Event) {
	c := ev.Step.Change
	r.mu.Lock()
	if r.tried == 0 {
		r.since = d.now()
	}
	r.tried, r.todo, r.doing = ev.Tried, ev.Todo, c.Kind.String()
	if c.Object.GroupName != "" {
		r.doing += ": " + c.Object.GroupName
	}
	r.mu.Unlock()
	if ev.Err == nil {
		d.o.Log.Info("change", Words(ev.Step)...)
	}
}

// Words say a step in a log, as keys and values: what it is about only as far as it is. They are the same in every format of the log.
func Words(s *plan.Step) []any {
	c := &s.Change
	all := []any{"what", c.Kind.String()}
	add := func(name string, value any, has bool) {
		if has {
			all = append(all, name, value)
		}
	}
	add("key", c.Object.Anchor, c.Object.Anchor != "")
	add("member", c.Object.Member, c.Object.Member != 0)
	add("group", c.Object.GroupName, c.Object.GroupName != "")
	add("rule", c.Cause.Rule, c.Cause.Rule != "")
	return append(all, "reason", s.Reason, "cause", c.Cause.Kind, "step", s.ID)
}

// finished goes on from a run that has ended.
func (d *Daemon) finished(r *running, run record.Run, err error) {
	if errors.Is(err, errPutOff) {
		d.wanted = d.wanted || len(r.orders) == 0 // orders stay ready and are tried again
		d.leavers = d.leavers || r.reach == theLeavers
		return
	}
	if errors.Is(err, errNobody) {
		return
	}
	d.filled(r, run, err)
	if resting := (*engine.Resting)(nil); errors.As(err, &resting) {
		d.rests(r, resting.Until)
		return
	}
	if err != nil {
		d.failed(r, err)
		return
	}
	if d.failures > 0 {
		d.o.Log.Info("runs succeed again", "failures", d.failures)
	}
	d.failures, d.failing = 0, ""
	d.due = run.Due
	d.wanted = d.wanted || run.Cut
	d.owed = d.owed || run.Steps.Left > 0
}

// rests has a run made once Kisi may be asked again. That it is left alone until then is no news, and no failure more. Runs of changes are
// made meanwhile as always: they ask Kisi only when somebody must lose everything at once.
func (d *Daemon) rests(r *running, until time.Time) {
	d.owed = true
	switch r.reach {
	case theChanges:
		d.askAt = until
	case theLeavers:
		d.leavers, d.leaversAt = true, until
	case everybody:
		d.fullAt = until
	}
	if r.reach == everybody {
		d.remember(0)
	}
	d.o.Log.Debug("Kisi is left alone", "until", until)
}

// failed has a run tried again: changes at the next tick, a full one less and less often.
func (d *Daemon) failed(r *running, err error) {
	d.failures++
	d.failing = d.explain(err)
	if often(d.failures) {
		d.o.Log.Error("run failed; what was done is written down, and the rest is tried again", "full", r.reach == everybody, "failures", d.failures, "err", d.failing)
	}
	d.owed = true
	const first, longest = 2 * time.Second, time.Minute
	if r.reach != theLeavers {
		d.remember(first)
	}
	switch r.reach {
	case theLeavers:
		d.leavers, d.leaversAt = true, d.now().Add(min(longest, first<<min(d.failures-1, 5)))
	case everybody:
		const first, longest = time.Minute, time.Hour
		d.fullAt = d.now().Add(min(longest, first<<min(d.failures-1, 6)))
	}
}
