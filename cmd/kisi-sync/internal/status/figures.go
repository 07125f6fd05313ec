package status

import (
	"context"
	"io"
	"runtime"
	"time"

	"github.com/kisi-sync/kisi-sync/cmd/kisi-sync/internal/shape"
	"github.com/kisi-sync/kisi-sync/internal/logs"
	"github.com/kisi-sync/kisi-sync/internal/metrics"
)

// Figures are what is measured. Both fields are required.
type Figures struct {
	Book    *metrics.Book // what was counted so far
	Version string        // of the program
}

// Write writes all figures of a daemon, in the text format of Prometheus. Of what it is made there must be one.
func (f *Figures) Write(ctx context.Context, w io.Writer, o Of) error {
	d, err := New(ctx, o)
	if err != nil {
		return err
	}
	return f.Book.Write(w, func(set metrics.Set) {
		set(metrics.BuildInfo, 1, f.Version, runtime.Version(), d.Mode)
		measureDaemon(set, &d)
		measureSources(set, &d)
		measureWaiting(set, &d)
		measureCollectors(set, &d, o.Daemon.Sender)
		calls := o.Daemon.Calls()
		set(metrics.Calls, float64(calls.Calls))
		set(metrics.Requests, float64(calls.Tries))
		set(metrics.Throttled, float64(calls.Limited))
		set(metrics.Waited, calls.Waited.Seconds())
		set(metrics.Unanswered, d.Trial.age().Seconds())
		for what, end := range expiries(o.Settings) {
			set(metrics.ExpiryDays, end.Sub(d.at).Hours()/24, what)
		}
	})
}

// measureCollectors says what syslog servers do not have.
func measureCollectors(set metrics.Set, d *Document, sender *logs.Syslog) {
	var unsent, lost uint64
	waiting := 0
	if d.Unsent != nil {
		unsent = d.Unsent.Lines
	}
	if sender != nil {
		lost, waiting = sender.Lost(), sender.Waiting()
	}
	set(metrics.AuditUnsent, float64(unsent))
	set(metrics.LogWaiting, float64(waiting))
	set(metrics.LogLost, float64(lost))
}

func measureDaemon(set metrics.Set, d *Document) {
	set(metrics.Paused, truth(d.Paused != nil))
	left := 0
	if s := d.Daemon; s != nil {
		set(metrics.StartTime, float64(s.Started.Unix()))
		set(metrics.LeaversWait, truth(s.LeaversWait))
		set(metrics.FileRefused, truth(s.Refused != ""))
		set(metrics.RunFailures, float64(s.Failures))
		if s.UnderWay != nil {
			left = s.UnderWay.Todo - s.UnderWay.Tried
		}
	}
	set(metrics.StepsLeft, float64(left))
	for kind, r := range map[string]*shape.Run{"any": d.lastGood, "full": d.lastGoodFull} {
		if r != nil {
			set(metrics.RunAge, d.at.Sub(*r.Ended).Seconds(), kind)
		}
	}
}

func measureSources(set metrics.Set, d *Document) {
	for _, s := range d.Sources {
		set(metrics.SourcePeople, float64(s.People), s.Name)
		set(metrics.SourceDoubts, float64(s.Doubts), s.Name)
		set(metrics.SourceStale, truth(s.Stale), s.Name)
		set(metrics.SourceWatched, truth(s.Watching), s.Name)
		if s.Age != nil {
			set(metrics.SourceAge, float64(*s.Age), s.Name)
		}
	}
	if d.Daemon == nil {
		return
	}
	for _, health := range d.Daemon.Sources {
		set(metrics.SourceFailures, float64(health.Failures), health.Name)
	}
}

func measureWaiting(set metrics.Set, d *Document) {
	set(metrics.HeldSteps, float64(d.Held))
	age := 0.0
	if at, err := time.Parse(time.RFC3339, d.HeldSince); err == nil {
		age = d.at.Sub(at).Seconds()
	}
	set(metrics.HeldSince, age)
	set(metrics.ParkedSteps, float64(d.Parked))
	set(metrics.UnsettledCalls, float64(d.Unsettled))
	set(metrics.DriftedObjects, float64(d.Drifted))
	set(metrics.StillHavePeople, float64(d.StillHas))
	set(metrics.Undecided, float64(d.Undecided))
}

func truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
