package store

import (
	"cmp"
	"context"

	"github.com/kisi-sync/kisi-sync/internal/access"
	"github.com/kisi-sync/kisi-sync/internal/record"
)

// runsKept is how many runs are remembered: a week of one a minute.
const runsKept = 10_080

func (s *Store) instant() access.Instant { return access.At(s.now()) }

// SaveRun keeps a run. One without an ID is new and gets the next; with an ID it replaces what was kept of that run. A run that
// has not ended is the one under way, and lines of the audit trail name it; when none is, they name the run that comes next. What is
// too old to be of use is dropped on this occasion.
func (s *Store) SaveRun(ctx context.Context, r *record.Run) error {
	id := r.ID
	err := s.update(ctx, runBucket, func(t *txn) error {
		if id == 0 {
			next, err := t.bucket(runBucket).NextSequence()
			if err != nil {
				return err
			}
			id = next
		}
		kept := *r
		kept.ID = id
		if err := t.put(runBucket, numberKey(id), kept); err != nil {
			return err
		}
		return t.pruneOld(id, s.instant())
	})
	if err != nil {
		return err
	}
	r.ID = id
	s.run.begun(id, r)
	return nil
}

func (t *txn) pruneOld(run uint64, now access.Instant) error {
	if run > runsKept {
		if err := prune(t.bucket(runBucket), numberKey(run-runsKept+1)); err != nil {
			return err
		}
	}
	if now < spentKept {
		return nil
	}
	return prune(t.bucket(spentBucket), spentKey(now-spentKept, 0))
}

func (o *openRun) begun(id uint64, r *record.Run) {
	o.Lock()
	defer o.Unlock()
	switch {
	case r.Ended.IsZero():
		o.id, o.asked = id, r.Asked
	case o.id == id:
		o.id, o.asked = 0, ""
	}
}

// asked returns who asked for the run under way, else who opened the file.
func (s *Store) asked() string {
	s.run.Lock()
	defer s.run.Unlock()
	return cmp.Or(s.run.asked, s.who)
}

// runUnderWay returns the run that a line of the audit trail belongs to.
func (s *Store) runUnderWay(t *txn) uint64 {
	s.run.Lock()
	defer s.run.Unlock()
	if s.run.id != 0 {
		return s.run.id
	}
	return t.bucket(runBucket).Sequence() + 1
}

// Runs returns the newest n runs, newest first.
func (s *Store) Runs(ctx context.Context, n int) (runs []record.Run, err error) {
	err = s.view(ctx, runBucket, func(t *txn) error {
		return t.newest(runBucket, n, func(key, row []byte) error {
			var r record.Run
			err := t.read(runBucket, key, row, &r)
			runs = append(runs, r)
			return err
		})
	})
	return runs, err
}

// SaveStatus keeps how a source was read last.
func (s *Store) SaveStatus(ctx context.Context, status record.SourceStatus) error {
	return s.update(ctx, statusBucket, func(t *txn) error { return t.put(statusBucket, []byte(status.Name), status) })
}

// Statuses returns how each source was read last, by name.
func (s *Store) Statuses(ctx context.Context) (all []record.SourceStatus, err error) {
	err = s.view(ctx, statusBucket, func(t *txn) error {
		return t.each(statusBucket, func(key, row []byte) error {
			var status record.SourceStatus
			err := t.read(statusBucket, key, row, &status)
			all = append(all, status)
			return err
		})
	})
	return all, err
}
