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
// the end that the trail had when it was reached, and with the first error of yield. Every line on the way, wanted or not, is held
// against those before it, and is given when the next one fits it: so nothing is given that was changed, and ErrBroken names the first line
// that does not fit.
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

// eachEntry walks along the trail, batch by batch. A line is held back until the next one has been read, which knows its digest.
func (s *Store) eachEntry(ctx context.Context, yield func(*record.Entry, *record.Replay) error) error {
	var w trailWalk
	var replay *record.Replay
	var back []record.Entry
	for {
		var batch []record.Entry
		err := s.view(ctx, auditBucket, func(t *txn) (err error) {
			if replay == nil {
				if replay, err = w.takeUp(t); err != nil {
					return err
				}
			}
			batch, err = w.batch(t, trailBatch)
			return err
		})
		end := err == nil && len(batch) == 0
		back = append(back, batch...)
		for len(back) > 1 || end && len(back) > 0 { // before a line that does not fit, too
			if err := yield(&back[0], replay); err != nil {
				return err
			}
			back = back[1:]
		}
		if err != nil || end {
			return err
		}
	}
}

// takeUp begins a walk, and returns what is known of the lines that were cut off.
func (w *trailWalk) takeUp(t *txn) (*record.Replay, error) {
	if err := w.begin(t); err != nil {
		return nil, err
	}
	return t.carried()
}

// batch reads up to most lines, and none only at the end of the trail.
func (w *trailWalk) batch(t *txn, most int) (all []record.Entry, err error) {
	b := t.bucket(auditBucket)
	if b == nil {
		return nil, nil
	}
	now, err := t.auditCut()
	if err != nil {
		return nil, err
	}
	if now.Last.Number > w.lines {
		return nil, fmt.Errorf("lines up to %d were cut off while it was read; ask again", now.Last.Number)
	}
	c := b.Cursor()
	for key, row := c.Seek(numberKey(w.lines + 1)); key != nil && len(all) < most; key, row = c.Next() {
		line, err := w.step(t, key, row)
		if err != nil {
			return all, err
		}
		all = append(all, record.Entry{Number: w.lines, AuditLine: *line})
	}
	if len(all) == 0 {
		w.cut = now // it may have been cut since, and the line about that was read
		return nil, w.end(t)
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

// HoldersOf is Holders for groups by their ids; those of which the trail tells nothing are left out.
func (s *Store) HoldersOf(ctx context.Context, groups []access.RemoteID, at time.Time) (record.Answer, error) {
	return s.answer(ctx, at, func(r *record.Replay) (told []access.RemoteID) {
		for _, id := range groups {
			if r.Groups()[id] != nil || len(r.Holders(id, access.At(at))) > 0 {
				told = append(told, id)
			}
		}
		return told
	})
}

// GroupsOpening returns the groups that were known to open a door or elevator stop at a moment, by its name as it is shown or its id,
// ascending.
func (s *Store) GroupsOpening(ctx context.Context, door string, at time.Time) ([]access.RemoteID, error) {
	a, err := s.DoorHolders(ctx, door, at)
	ids := make([]access.RemoteID, len(a.Groups))
	for i := range a.Groups {
		ids[i] = a.Groups[i].ID
	}
	return ids, err
}

func (s *Store) answer(ctx context.Context, at time.Time, groups func(*record.Replay) []access.RemoteID) (record.Answer, error) {
	a := record.Answer{At: at}
	begin, err := s.beginning(ctx)
	if err != nil {
		return a, err
	}
	a.Begins = begin
	if a.Outside, err = s.seenOutside(ctx); err != nil {
		return a, err
	}
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
		g := replay.Answer(id, access.At(at))
		g.Outside, g.Beside = a.Outside.In(id), a.Outside.Beside.In(id)
		a.Groups = append(a.Groups, g)
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
