package store

import (
	"context"
	"errors"
	"fmt"
	"os"
)

// Finding is something wrong with the file: what it concerns, what was found, and what to do about it.
type Finding struct {
	What, Do string
	Err      error
}

func (f Finding) Error() string { return f.What + ": " + f.Err.Error() + "; " + f.Do }

// Unwrap returns what was found.
func (f Finding) Unwrap() error { return f.Err }

// Check is Findings as one error, nil when there are none.
func (s *Store) Check(ctx context.Context) error {
	findings, err := s.Findings(ctx)
	problems := []error{err}
	for _, f := range findings {
		problems = append(problems, f)
	}
	return errors.Join(problems...)
}

// structure names the pages of the file.
const structure = "the structure of the file"

// What to do about what is damaged.
const (
	doRestore = "restore the last backup, or rebuild the state if there is none"
	doReread  = "forget what was read of the source: the next read brings everything again"
	doAnew    = "nothing: it is written anew by the next full run"
	doOlder   = "nothing, if the machine lost its power: else look for what the last change was, in Kisi and in the audit trail"
	doTrail   = "keep the file for whoever looks into it, and restore the last backup whose trail holds"
)

// part is one thing to be checked.
type part struct {
	what, do string
	read     func(context.Context) error
}

// Findings reads everything: the structure of the file, every snapshot, the ledger, the journal, holds, pins, and the audit trail. It
// returns all that is wrong. The error is that of ctx only.
func (s *Store) Findings(ctx context.Context) (all []Finding, err error) {
	if s.db == nil {
		return nil, nil
	}
	checks := append([]part{{structure, doRestore, s.checkPages}}, s.parts()...)
	sources, err := s.Sources(ctx)
	if err != nil {
		all = append(all, Finding{What: "what is known of sources", Do: doRestore, Err: err})
	}
	for _, source := range sources {
		checks = append(checks, part{"what was read of " + source, doReread, func(ctx context.Context) error { _, err := s.Snapshot(ctx, source); return err }})
	}
	for _, c := range checks {
		if err := c.read(ctx); err != nil {
			all = append(all, Finding{What: c.what, Do: c.do, Err: err})
		}
	}
	return all, ctx.Err()
}

// parts are the things that every file has.
func (s *Store) parts() []part {
	return []part{
		{"what is ours in Kisi", doRestore, func(ctx context.Context) error { _, err := s.Ledger(ctx); return err }},
		{"calls under way", doRestore, func(ctx context.Context) error { _, err := s.Open(ctx); return err }},
		{"blocks and exemptions", doRestore, func(ctx context.Context) error { _, err := s.Pins(ctx); return err }},
		{"what selectors are bound to", doRestore, func(ctx context.Context) error { _, err := s.Bindings(ctx); return err }},
		{"held steps", doRestore, func(ctx context.Context) error { _, err := s.HeldPlan(ctx); return err }},
		{"what differs by somebody's hand", doAnew, func(ctx context.Context) error { _, err := s.Drift(ctx); return err }},
		{"who was moved lately", doRestore, func(ctx context.Context) error { _, err := s.Spent(ctx, 0); return err }},
		{"the record of runs", doRestore, func(ctx context.Context) error { _, err := s.Runs(ctx, runsKept); return err }},
		{"what there is in Kisi", doAnew, func(ctx context.Context) error { _, err := s.Catalog(ctx); return err }},
		{"what sources pushed", doRestore, s.sealedRows(documentBucket)},
		{"how sources were read last", doAnew, s.sealedRows(statusBucket)},
		{"which doors groups were seen to open", doAnew, s.sealedRows(openedBucket)},
		{"the audit trail", doTrail, func(ctx context.Context) error { _, err := s.VerifyAudit(ctx); return err }},
	}
}

// sealedRows looks at every row of a bucket, not at what it says.
func (s *Store) sealedRows(bucket string) func(context.Context) error {
	return func(ctx context.Context) error {
		rows, bad, err := s.rows(ctx, bucket)
		if err == nil && bad > 0 {
			err = s.wrap(bucket, fmt.Errorf("%d rows of %d: %w", bad, bad+len(rows), ErrDamaged))
		}
		return err
	}
}

// checkPages looks at all pages of the file, and then lets bbolt look, too. bbolt does that in a goroutine of its own, where a
// broken page would end the process, so it does not get to see one.
func (s *Store) checkPages(ctx context.Context) error {
	if err := s.lookAtPages(ctx); err != nil {
		return s.wrap("pages", err)
	}
	if s.db.IsReadOnly() { // then bbolt has no list of free pages to compare with
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

// lookAtPages looks at the pages while nothing is written.
func (s *Store) lookAtPages(ctx context.Context) error {
	if err := s.writing.take(ctx); err != nil {
		return err
	}
	defer s.writing.give()
	file, err := os.Open(s.path)
	if err != nil {
		return err
	}
	report, err := lookAt(file)
	if err = errors.Join(err, file.Close()); err != nil {
		return err
	}
	return problemsOf(report)
}
