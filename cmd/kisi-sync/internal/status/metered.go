package status

import (
	"context"
	"errors"
	"time"

	"github.com/kisi-sync/kisi-sync/internal/access"
	"github.com/kisi-sync/kisi-sync/internal/metrics"
	"github.com/kisi-sync/kisi-sync/sync/engine"
)

// Metered is Kisi, with every step that is sent counted: those of the daemon's runs, and those of verbs beside it. All fields are required.
type Metered struct {
	engine.Target
	Book *metrics.Book
	Left func(access.Anchor) (time.Time, bool) // when the directory disabled or deleted somebody
	Now  func() time.Time
}

// Do changes Kisi as the target does.
func (m *Metered) Do(ctx context.Context, c access.Call) (access.Result, error) {
	r, err := m.Target.Do(ctx, c)
	change := c.Change
	m.Book.Add(metrics.Steps, 1, change.Kind.String(), change.Cause.Kind.String(), outcomeWord(err))
	if err == nil && change.Takes() && (change.Cause.Kind == access.Disabled || change.Cause.Kind == access.Deleted) {
		if at, ok := m.Left(change.Object.Anchor); ok {
			m.Book.Observe(metrics.Revocation, max(0, m.Now().Sub(at).Seconds()))
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
