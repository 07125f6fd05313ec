package store

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/kisi-sync/kisi-sync/internal/access"
	"github.com/kisi-sync/kisi-sync/internal/record"
)

func driftKey() []byte { return []byte("drift") }

// Drift returns what somebody did in Kisi to what is ours, as the last look at everybody found it, in the order of the plan.
func (s *Store) Drift(ctx context.Context) (all []access.Drift, err error) {
	err = s.view(ctx, planBucket, func(t *txn) (err error) { all, err = t.drift(); return err })
	return all, err
}

func (t *txn) drift() (all []access.Drift, err error) {
	_, err = t.get(planBucket, driftKey(), &all)
	return all, err
}

// SaveDrift keeps what a look at everybody found in place of what there was: the rest is settled. What there was keeps since when, and who
// accepted it unless it has become something else.
func (s *Store) SaveDrift(ctx context.Context, found []access.Drift) error {
	found = slices.Clone(found)
	return s.update(ctx, planBucket, func(t *txn) error {
		before, err := t.drift()
		if err != nil {
			return err
		}
		known := map[access.Digest]access.Drift{}
		for _, x := range before {
			known[x.ID()] = x
		}
		for i := range found {
			x := &found[i]
			was, ok := known[x.ID()]
			if !ok {
				continue
			}
			if x.Since, x.By, x.Why = was.Since, was.By, was.Why; x.Found != was.Found {
				x.By, x.Why = "", ""
			}
		}
		if len(found) == len(before) && (len(found) == 0 || reflect.DeepEqual(found, before)) {
			return nil
		}
		return t.put(planBucket, driftKey(), found)
	})
}

// AcceptDrift notes that somebody leaves one drift as it is, with a line in the audit trail. id is its ID, or the beginning of it, six
// digits at least. ErrNoDrift: none has it, or several have.
func (s *Store) AcceptDrift(ctx context.Context, id string, said record.Said) (accepted access.Drift, err error) {
	const shortest = 6
	if said.By == "" || said.Why == "" {
		return accepted, s.wrap(planBucket, errors.New("whoever accepts says who and why"))
	}
	err = s.update(ctx, planBucket, func(t *txn) error {
		all, err := t.drift()
		if err != nil {
			return err
		}
		at := -1
		for i := range all {
			switch {
			case len(id) < shortest || !strings.HasPrefix(all[i].ID().String(), strings.ToLower(id)):
			case at >= 0:
				return fmt.Errorf("%s: %w", id, ErrNoDrift)
			default:
				at = i
			}
		}
		if at < 0 {
			return fmt.Errorf("%s: %w", id, ErrNoDrift)
		}
		x := &all[at]
		x.By, x.Why = said.By, said.Why
		accepted = *x
		if err := t.put(planBucket, driftKey(), all); err != nil {
			return err
		}
		line := record.AuditLine{At: s.now().UTC(), Kind: record.DidAccept, Who: said.By, Why: said.Why, Step: x.Step, Outcome: record.Done,
			What: fmt.Sprintf("accept: %s: expected: %s; found: %s", x.Who, x.Expected, x.Found)}
		if strings.Contains(x.Who, "@") {
			line.Email = x.Who
		} else {
			line.GroupName = x.Who
		}
		return t.appendAudit(line)
	})
	return accepted, err
}
