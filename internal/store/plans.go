package store

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/kisi-sync/kisi-sync/internal/access"
	"github.com/kisi-sync/kisi-sync/internal/record"
)

func heldPlanKey() []byte { return []byte("summary") }

// planRow is what was said of the steps that waited together.
type planRow struct {
	ID      access.Digest
	Summary []string
}

// HeldPlan returns the steps that wait for a decision now, under one name: a digest over their ids. What is held only because somebody
// undid it in Kisi waits for nobody; it may be approved by itself. Whenever one of them comes, goes,
// changes or is decided about, it is another plan with another name. With nothing waiting, the ID is zero.
func (s *Store) HeldPlan(ctx context.Context) (p record.HeldPlan, err error) {
	now := s.instant()
	err = s.view(ctx, planBucket, func(t *txn) (err error) { p, err = t.heldPlan(now); return err })
	return p, err
}

func (t *txn) heldPlan(now access.Instant) (p record.HeldPlan, err error) {
	var ids []byte
	err = t.eachHold(func(h *holdRow) error { // by step, so the order is always the same
		if h.Hold.Verdict != access.Waiting || h.Hold.Reason.Kind == access.HeldByHand || h.obsolete(now) {
			return nil
		}
		ids = append(ids, h.Hold.Step[:]...)
		p.Steps = append(p.Steps, h.Hold)
		if p.Since == 0 || h.Hold.Since < p.Since {
			p.Since = h.Hold.Since
		}
		return nil
	})
	if err != nil || len(ids) == 0 {
		return p, err
	}
	p.ID = access.Sum(ids)
	var row planRow
	if _, err := t.get(planBucket, heldPlanKey(), &row); err != nil {
		return p, err
	}
	if row.ID == p.ID {
		p.Summary = row.Summary
	}
	return p, nil
}

// SavePlan keeps what a plan over everybody says about the steps that wait now, to be shown with them as long as they are the same.
func (s *Store) SavePlan(ctx context.Context, summary []string) error {
	return s.update(ctx, planBucket, func(t *txn) error {
		p, err := t.heldPlan(s.instant())
		if err != nil {
			return err
		}
		if slices.Equal(p.Summary, summary) {
			return nil
		}
		return t.put(planBucket, heldPlanKey(), planRow{ID: p.ID, Summary: summary})
	})
}

// DecidePlan decides about all steps of the plan that waits, or about those of them that only names, in one transaction, and returns
// their ids. plan is its ID, or the beginning of it, eight digits at least. ErrNoPlan: another plan waits by now, or none; what nobody
// has looked at is not approved.
func (s *Store) DecidePlan(ctx context.Context, plan string, d access.Decision, only ...access.Digest) (steps []access.Digest, err error) {
	const shortest = 8
	err = s.update(ctx, planBucket, func(t *txn) error {
		p, err := t.heldPlan(s.instant())
		if err != nil {
			return err
		}
		if len(plan) < shortest || len(p.Steps) == 0 || !strings.HasPrefix(p.ID.String(), strings.ToLower(plan)) {
			return fmt.Errorf("%s: %w", plan, ErrNoPlan)
		}
		steps = chosen(p, only)
		if len(only) > 0 && len(steps) != len(only) {
			return fmt.Errorf("%d of the %d steps: %w", len(only)-len(steps), len(only), ErrNoHold)
		}
		for _, step := range steps {
			d.Step = step
			if err := t.decide(d, s.instant()); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return steps, nil
}

func chosen(p record.HeldPlan, only []access.Digest) (steps []access.Digest) {
	for i := range p.Steps {
		if step := p.Steps[i].Step; len(only) == 0 || slices.Contains(only, step) {
			steps = append(steps, step)
		}
	}
	return steps
}
