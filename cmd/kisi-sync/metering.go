package main

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"io"
	"os"
	"runtime"
	"time"

	"github.com/kisi-sync/kisi-sync/config"
	"github.com/kisi-sync/kisi-sync/internal/access"
	"github.com/kisi-sync/kisi-sync/internal/metrics"
	"github.com/kisi-sync/kisi-sync/sync/engine"
)

// metered is Kisi, with every step that is sent counted: those of the daemon's runs, and those of verbs beside it.
type metered struct {
	engine.Target
	book    *metrics.Book
	changed func(access.Anchor) (time.Time, bool) // when the directory disabled or deleted somebody
}

// Do changes Kisi as the target does.
func (m *metered) Do(ctx context.Context, c access.Call) (access.Result, error) {
	r, err := m.Target.Do(ctx, c)
	change := c.Change
	m.book.Add(metrics.Steps, 1, change.Kind.String(), change.Cause.Kind.String(), outcomeWord(err))
	if err == nil && change.Takes() && (change.Cause.Kind == access.Disabled || change.Cause.Kind == access.Deleted) {
		if at, ok := m.changed(change.Object.Anchor); ok {
			m.book.Observe(metrics.Revocation, max(0, now().Sub(at).Seconds()))
		}
	}
	return r, err
}

// outcomeWord is what came of a call, as one of a few words.
func outcomeWord(err error) string {
	switch {
	case err == nil:
		return "done"
	case errors.Is(err, access.ErrUnknownOutcome):
		return "unknown"
	case errors.Is(err, access.ErrRefused):
		return "refused"
	case errors.Is(err, access.ErrExists):
		return "exists"
	case errors.Is(err, access.ErrGone):
		return "gone"
	}
	return "stopped"
}

// metered counts what is sent to Kisi, where somebody counts.
func (s *session) metered(t engine.Target) engine.Target {
	if s.book == nil {
		return t
	}
	return &metered{Target: t, book: s.book, changed: func(a access.Anchor) (time.Time, bool) { return s.engine.LeftAt(a) }}
}

// writeFigures writes all figures of the daemon.
func (h *host) writeFigures(ctx context.Context, w io.Writer) error {
	s := h.daemon()
	d, err := newStatus(ctx, h, s.settings, h.store.Preview())
	if err != nil {
		return err
	}
	return h.book.Write(w, func(set metrics.Set) {
		set(metrics.BuildInfo, 1, version(), runtime.Version(), d.Mode)
		measureDaemon(set, &d)
		measureSources(set, &d)
		measureWaiting(set, &d)
		h.measureCollectors(set, &d)
		calls := s.client.Stats()
		set(metrics.Calls, float64(calls.Calls))
		set(metrics.Requests, float64(calls.Tries))
		set(metrics.Throttled, float64(calls.Limited))
		set(metrics.Waited, calls.Waited.Seconds())
		set(metrics.Unanswered, d.Trial.age().Seconds())
		for what, end := range expiries(s.settings) {
			set(metrics.ExpiryDays, end.Sub(now()).Hours()/24, what)
		}
	})
}

// measureCollectors says what syslog servers do not have.
func (h *host) measureCollectors(set metrics.Set, d *statusDocument) {
	var unsent, lost uint64
	waiting := 0
	if d.Unsent != nil {
		unsent = d.Unsent.Lines
	}
	if h.sender != nil {
		lost, waiting = h.sender.Lost(), h.sender.Waiting()
	}
	set(metrics.AuditUnsent, float64(unsent))
	set(metrics.LogWaiting, float64(waiting))
	set(metrics.LogLost, float64(lost))
}

func measureDaemon(set metrics.Set, d *statusDocument) {
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
	for kind, r := range map[string]*runRow{"any": d.lastGood, "full": d.lastGoodFull} {
		if r != nil {
			set(metrics.RunAge, now().Sub(*r.Ended).Seconds(), kind)
		}
	}
}

func measureSources(set metrics.Set, d *statusDocument) {
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

func measureWaiting(set metrics.Set, d *statusDocument) {
	set(metrics.HeldSteps, float64(d.Held))
	age := 0.0
	if at, err := time.Parse(time.RFC3339, d.HeldSince); err == nil {
		age = now().Sub(at).Seconds()
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

// expiries returns when each certificate ends that the file names, and each secret of which it says so. A certificate that cannot be read is
// left out; whatever needs it says why.
func expiries(settings *config.Settings) map[string]time.Time {
	all := settings.SecretEnds()
	if all == nil {
		all = map[string]time.Time{}
	}
	for what, path := range settings.Certificates() {
		if end, ok := firstEnd(path); ok {
			all[what] = end
		}
	}
	return all
}

// firstEnd returns when the first of the certificates in a file ends.
func firstEnd(path string) (first time.Time, ok bool) {
	text, err := os.ReadFile(path)
	if err != nil {
		return first, false
	}
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		c, err := x509.ParseCertificate(block.Bytes)
		if err == nil && (!ok || c.NotAfter.Before(first)) {
			first, ok = c.NotAfter, true
		}
	}
	return first, ok
}
