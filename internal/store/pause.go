package store

import (
	"context"
	"errors"
	"time"

	"github.com/kisi-sync/kisi-sync/internal/record"
)

func pauseKey() []byte { return []byte("pause") }

// Paused returns the pause that stands, nil when there is none. One that is damaged is ErrDamaged: whoever paused must be able to
// rely on it.
func (s *Store) Paused(ctx context.Context) (p *record.Pause, err error) {
	err = s.view(ctx, metaBucket, func(t *txn) (err error) { p, err = t.pause(); return err })
	return p, err
}

func (t *txn) pause() (*record.Pause, error) {
	var p record.Pause
	known, err := t.get(metaBucket, pauseKey(), &p)
	if err != nil || !known {
		return nil, err
	}
	return &p, nil
}

// Pause keeps that nothing is to be carried out until Resume, with a line in the audit trail, and returns the pause that stands: of two,
// the first.
func (s *Store) Pause(ctx context.Context, said record.Said) (p *record.Pause, err error) {
	if said.By == "" {
		return nil, s.wrap(metaBucket, errors.New("whoever pauses says who"))
	}
	err = s.update(ctx, metaBucket, func(t *txn) (err error) {
		if p, err = t.pause(); err != nil || p != nil {
			return err
		}
		p = &record.Pause{Since: s.now().UTC(), By: said.By, Why: said.Why}
		if err := t.put(metaBucket, pauseKey(), *p); err != nil {
			return err
		}
		return t.appendAudit(lineSaid(said, record.DidPause, "pause: nothing is carried out", p.Since))
	})
	return p, err
}

// Resume ends a pause, with a line in the audit trail; without one it does nothing.
func (s *Store) Resume(ctx context.Context, said record.Said) error {
	return s.update(ctx, metaBucket, func(t *txn) error {
		p, err := t.pause()
		if err != nil || p == nil {
			return err
		}
		if err := t.remove(metaBucket, pauseKey()); err != nil {
			return err
		}
		return t.appendAudit(lineSaid(said, record.DidResume, "resume, after a pause by "+p.By, s.now().UTC()))
	})
}

// lineSaid is the line of something that somebody said about everything at once.
func lineSaid(said record.Said, did, what string, at time.Time) record.AuditLine {
	return record.AuditLine{At: at, Kind: did, What: what, Who: said.By, Why: said.Why, Outcome: record.Done}
}
