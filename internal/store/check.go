package store

import (
	"context"
	"errors"
	"fmt"

	bolt "go.etcd.io/bbolt"
)

// Check reads everything: the structure of the file, every snapshot, the ledger, the journal, holds, and the audit trail. It
// returns all that is wrong, nil when nothing is.
func (s *Store) Check(ctx context.Context) error {
	if s.db == nil {
		return nil
	}
	problems := []error{s.checkPages(ctx)}
	sources, err := s.Sources(ctx)
	problems = append(problems, err)
	for _, source := range sources {
		_, err := s.Snapshot(ctx, source)
		problems = append(problems, err)
	}
	for _, read := range []func() error{
		func() error { _, err := s.Ledger(ctx); return err },
		func() error { _, err := s.Open(ctx); return err },
		func() error { _, err := s.Holds(ctx); return err },
		func() error { _, err := s.Spent(ctx, 0); return err },
		func() error { _, err := s.Runs(ctx, runsKept); return err },
		func() error { _, err := s.Catalog(ctx); return err },
		func() error { _, err := s.VerifyAudit(ctx); return err },
	} {
		problems = append(problems, read())
	}
	return errors.Join(problems...)
}

// checkPages walks the whole file and then lets bbolt look at its own structure. bbolt does that in a goroutine of its own, where a
// broken page would end the process, so it does not get to see one.
func (s *Store) checkPages(ctx context.Context) error {
	return s.view(ctx, "pages", func(t *txn) error {
		err := t.tx.ForEach(func(_ []byte, b *bolt.Bucket) error { return walk(ctx, b) })
		if err != nil || s.db.IsReadOnly() { // a file that is only read has no list of free pages to compare with
			return err
		}
		var problems []error
		for err := range t.tx.Check() {
			problems = append(problems, fmt.Errorf("%w: %w", err, ErrDamaged))
		}
		return errors.Join(problems...)
	})
}

// walk visits every page of a bucket and of the buckets in it.
func walk(ctx context.Context, b *bolt.Bucket) error {
	return b.ForEach(func(key, row []byte) error {
		if row == nil {
			return walk(ctx, b.Bucket(key))
		}
		return ctx.Err()
	})
}
