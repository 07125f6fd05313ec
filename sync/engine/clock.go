package engine

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/kisi-sync/kisi-sync/internal/access"
	"github.com/kisi-sync/kisi-sync/internal/record"
	"github.com/kisi-sync/kisi-sync/sync/plan"
)

// trusted is by how much this machine's clock may be wrong. Beyond that nothing is done because of the time alone.
const trusted = time.Hour

// clockProblem is the kind of the problem that tells of a doubt.
const clockProblem = "clock"

// doubt is that this machine's clock cannot be trusted.
type doubt struct {
	other time.Time // by the clock that it is held against
	text  string
}

// doubtClock holds this machine's clock against Kisi's, as Kisi's last answer told it; where that said nothing, against the last run.
// It returns nil when the clock can be trusted. A clock that jumped forward and agrees with Kisi was set right.
func (l *look) doubtClock(ctx context.Context) (*doubt, error) {
	now := l.e.o.Now()
	if l.e.o.Skew != nil {
		if skew, known := l.e.o.Skew(); known {
			return doubtSkew(now, skew), nil
		}
	}
	runs, err := l.e.o.Store.Runs(ctx, 1)
	if err != nil || len(runs) == 0 || !now.Before(runs[0].Began.Add(-trusted)) {
		return nil, err
	}
	back := runs[0].Began.Sub(now).Round(time.Minute)
	return &doubt{runs[0].Began, fmt.Sprintf("this machine's clock went back by %s since the last run, and Kisi does not say what time it is", back)}, nil
}

// there is what Kisi's clock says now, as far as its last answer told it; 0 when nobody knows.
func (e *Engine) there() access.Instant {
	if e.o.Skew == nil {
		return 0
	}
	skew, known := e.o.Skew()
	if !known {
		return 0
	}
	return access.At(e.o.Now().Add(skew))
}

// doubtSkew says what a clock is worth that another one differs from by skew.
func doubtSkew(now time.Time, skew time.Duration) *doubt {
	if skew.Abs() <= trusted {
		return nil
	}
	how := "behind"
	if skew < 0 {
		how = "ahead of"
	}
	return &doubt{now.Add(skew), fmt.Sprintf("this machine's clock is %s %s Kisi's", skew.Abs().Round(time.Minute), how)}
}

// byBothClocks holds what only one of two clocks would have done: ends of graces and of dates. What a directory says is the same by
// either. Nothing is remembered of it: once the clocks agree, the next run does it.
func (l *look) byBothClocks(ctx context.Context) error {
	d, err := l.doubtClock(ctx)
	if d == nil || err != nil {
		return err
	}
	in := l.mappingInput()
	in.At = d.other
	other := l.out.Input
	other.At, other.Desired = access.At(d.other), l.e.o.Rules.Map(in).Desired
	text := d.text + ": what follows from the time alone waits until they agree"
	held := l.out.Plan.HoldByClock(plan.Compute(other), text)
	l.out.ended = nil // pins too
	l.out.Run.Problems = append(l.out.Run.Problems, record.Problem{Kind: clockProblem, Who: "this machine", Text: text, Count: held,
		Hint: "let the clock be set by the network (NTP); disabling and everything else that directories say goes on"})
	l.e.o.Log.Warn("this machine's clock cannot be trusted", "reason", d.text, "held", held)
	return nil
}

// recut brings calls without an outcome up to date that lie in the future, because they were made by a clock that was wrong: nothing
// could settle them before that time.
func (l *look) recut(ctx context.Context) error {
	now := l.e.now()
	for i := range l.open {
		if plan.SettlesAt(l.open[i]) <= now+access.Instant(trusted/time.Second) {
			continue
		}
		if err := l.e.o.Store.Finish(ctx, l.open[i].Seq, access.Result{}, access.ErrUnknownOutcome); err != nil {
			return err
		}
		l.open[i].Cut = now
	}
	return nil
}

// clockGood says that the last run held this machine's clock against another one and found it right, and that it has not gone back since.
func (e *Engine) clockGood(ctx context.Context) (bool, error) {
	runs, err := e.o.Store.Runs(ctx, 1)
	if err != nil || len(runs) == 0 {
		return false, err
	}
	bad := slices.ContainsFunc(runs[0].Problems, func(p record.Problem) bool { return p.Kind == clockProblem })
	return !bad && !e.o.Now().Before(runs[0].Began), nil
}
