package store

import (
	"context"
	"errors"
	"fmt"
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

// checkPages lets bbolt look at its own structure. All of its findings are waited for: it looks from a goroutine of its own.
func (s *Store) checkPages(ctx context.Context) error {
	if s.db.IsReadOnly() { // the list of free pages was not made then
		return nil
	}
	return s.view(ctx, "pages", func(t *txn) error {
		var problems []error
		for err := range t.tx.Check() {
			problems = append(problems, fmt.Errorf("%w: %w", err, ErrDamaged))
		}
		return errors.Join(problems...)
	})
}
