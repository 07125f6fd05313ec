package store

import (
	"context"
	"fmt"
	"time"

	"github.com/kisi-sync/kisi-sync/internal/access"
	"github.com/kisi-sync/kisi-sync/internal/record"
)

// trailBatch is how many lines are read in one transaction: a reader who waits for a person must not make the daemon wait.
const trailBatch = 2000

// EachAudit calls yield with the lines that a filter wants, oldest first, and each with the doors that its group opened then. It ends at
// the end that the trail had when it was reached, and with the first error of yield. Lines are not verified on the way.
func (s *Store) EachAudit(ctx context.Context, want record.AuditFilter, yield func(*record.Entry) error) error {
	return s.eachEntry(ctx, func(e *record.Entry, r *record.Replay) error {
		r.Add(e)
		if !want.Wants(e, r) {
			return nil
		}
		return yield(e)
	})
}

// ExportAudit writes the lines that a filter wants, for other programs.
func (s *Store) ExportAudit(ctx context.Context, want record.AuditFilter, w record.LineWriter) error {
	if err := s.EachAudit(ctx, want, w.Write); err != nil {
		return err
	}
	return w.Close()
}

// eachEntry walks along the trail, batch by batch.
func (s *Store) eachEntry(ctx context.Context, yield func(*record.Entry, *record.Replay) error) error {
	var replay *record.Replay
	for next := uint64(1); ; {
		var batch []record.Entry
		err := s.view(ctx, auditBucket, func(t *txn) (err error) {
			if replay == nil {
				if replay, err = t.carried(); err != nil {
					return err
				}
			}
			batch, err = t.entries(next, trailBatch)
			return err
		})
		if err != nil || len(batch) == 0 {
			return err
		}
		for i := range batch {
			if err := yield(&batch[i], replay); err != nil {
				return err
			}
		}
		next = batch[len(batch)-1].Number + 1
	}
}

// entries reads up to most lines from a number on.
func (t *txn) entries(from uint64, most int) (all []record.Entry, err error) {
	b := t.bucket(auditBucket)
	if b == nil {
		return nil, nil
	}
	c := b.Cursor()
	for key, row := c.Seek(numberKey(from)); key != nil && len(all) < most; key, row = c.Next() {
		var a auditRow
		if err := t.read(auditBucket, key, row, &a); err != nil {
			return nil, fmt.Errorf("line %d: %w", numberOf(key), err)
		}
		all = append(all, record.Entry{Number: numberOf(key), AuditLine: a.Line})
	}
	return all, nil
}

// Holders answers who held a group at a moment: as kisi-sync did it, or saw it in Kisi by then. The group is named by a name that it has
// or had, or by its id; ErrUntold: the trail up to then names no such group.
func (s *Store) Holders(ctx context.Context, group string, at time.Time) (record.Answer, error) {
	return s.answer(ctx, at, func(r *record.Replay) []access.RemoteID { return r.GroupsNamed(group) })
}

// DoorHolders is Holders for a door or elevator stop, by its name as it is shown ("place / door") or its id: of all groups that were
// known to open it then.
func (s *Store) DoorHolders(ctx context.Context, door string, at time.Time) (record.Answer, error) {
	return s.answer(ctx, at, func(r *record.Replay) []access.RemoteID { return r.Opening(door) })
}

func (s *Store) answer(ctx context.Context, at time.Time, groups func(*record.Replay) []access.RemoteID) (record.Answer, error) {
	a := record.Answer{At: at}
	begin, err := s.beginning(ctx)
	if err != nil {
		return a, err
	}
	a.Begins = begin
	replay := record.NewReplay()
	err = s.eachEntry(ctx, func(e *record.Entry, r *record.Replay) error {
		replay = r
		if a.Begins.IsZero() {
			a.Begins = e.At
		}
		if !e.At.After(at) {
			r.Add(e)
			a.Latest = e.At
		}
		return nil
	})
	if err != nil {
		return a, err
	}
	if at.Before(a.Begins) {
		return a, s.wrap(auditBucket, fmt.Errorf("it begins at %s, after %s: %w", a.Begins.Format(time.DateTime), at.UTC().Format(time.DateTime), ErrUntold))
	}
	for _, id := range groups(replay) {
		a.Groups = append(a.Groups, replay.Answer(id, access.At(at)))
	}
	if len(a.Groups) == 0 {
		return a, s.wrap(auditBucket, ErrUntold)
	}
	return a, nil
}

// beginning returns when the newest line was made that was cut off the trail: before that nothing can be told. Zero: nothing was cut off.
func (s *Store) beginning(ctx context.Context) (at time.Time, err error) {
	err = s.view(ctx, auditBucket, func(t *txn) error {
		c, err := t.auditCut()
		at = c.Newest
		return err
	})
	return at, err
}
