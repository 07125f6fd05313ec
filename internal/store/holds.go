package store

import (
	"context"
	"fmt"

	"github.com/kisi-sync/kisi-sync/internal/access"
)

// How long a refused step is parked, and how long decisions are good that no plan has needed.
const (
	parkFirst    access.Instant = 10 * 60
	parkMost                    = access.LongestPark
	decisionGood access.Instant = 7 * 24 * 3600
	othersGood   access.Instant = 30 * 24 * 3600
)

// holdRow is a hold as it is kept.
type holdRow struct {
	Hold     access.Hold
	Planned  access.Instant // when it was last decided about or part of a plan
	Refusals int            // how often Kisi has refused the step
}

// obsolete says that a hold may be forgotten: a decision is about the step that was looked at, not about whatever looks like it next
// year. A no stands for as long as plans want the step, and a week longer: who is disabled again later is another leaver.
func (h *holdRow) obsolete(now access.Instant) bool {
	since := max(h.Planned, h.Hold.Until)
	switch h.Hold.Verdict {
	case access.Waiting:
		return h.Hold.Again != "" && now > since+decisionGood // no run wants it, so none says that it is over
	case access.Approved, access.Rejected:
		return now > since+decisionGood
	}
	return now > since+othersGood
}

// Holds returns the held steps, by step.
func (s *Store) Holds(ctx context.Context) (all []access.Hold, err error) {
	now := s.instant()
	err = s.view(ctx, holdBucket, func(t *txn) error {
		return t.eachHold(func(h *holdRow) error {
			if !h.obsolete(now) {
				all = append(all, h.Hold)
			}
			return nil
		})
	})
	return all, err
}

func (t *txn) eachHold(yield func(*holdRow) error) error {
	return t.each(holdBucket, func(key, row []byte) error {
		var h holdRow
		if err := t.read(holdBucket, key, row, &h); err != nil {
			return err
		}
		return yield(&h)
	})
}

// SaveHolds makes the held steps of a plan over everybody the ones that wait: who waits already keeps waiting since then, and
// what the plan no longer holds does not wait any more, unless an operator wanted it: that waits for a week. What was approved, rejected or parked stays until it is used up, or
// until no plan has needed it for a week (decisions) or a month (refusals).
func (s *Store) SaveHolds(ctx context.Context, waiting []access.Hold) error {
	planned := make(map[access.Digest]bool, len(waiting))
	for i := range waiting {
		planned[waiting[i].Step] = true
	}
	return s.update(ctx, holdBucket, func(t *txn) error {
		var over []access.Digest
		err := t.eachHold(func(h *holdRow) error {
			if h.Hold.Verdict == access.Waiting && h.Hold.Again == "" && !planned[h.Hold.Step] || h.obsolete(s.instant()) {
				over = append(over, h.Hold.Step)
			}
			return nil
		})
		if err != nil {
			return err
		}
		for _, step := range over {
			if err := t.remove(holdBucket, step[:]); err != nil {
				return err
			}
		}
		return t.addHolds(waiting, s.instant())
	})
}

// AddHolds adds the held steps of a plan over some people only: what waits for others keeps waiting.
func (s *Store) AddHolds(ctx context.Context, waiting []access.Hold) error {
	return s.update(ctx, holdBucket, func(t *txn) error { return t.addHolds(waiting, s.instant()) })
}

// addHolds writes the holds of a plan. What was decided stands, and so does since when something waits.
func (t *txn) addHolds(waiting []access.Hold, now access.Instant) error {
	for _, h := range waiting {
		row, known, err := t.hold(h.Step)
		if err != nil {
			return err
		}
		switch {
		case !known:
			row.Hold = h
		case row.Hold.Verdict == access.Waiting:
			h.Since = row.Hold.Since
			row.Hold = h
		}
		if row.Hold.Verdict != access.Approved { // an approval ages although plans still hold the step for another reason
			row.Planned = now
		}
		if err := t.putHold(row); err != nil {
			return err
		}
	}
	return nil
}

func (t *txn) hold(step access.Digest) (h holdRow, known bool, err error) {
	known, err = t.get(holdBucket, step[:], &h)
	return h, known, err
}

func (t *txn) putHold(h holdRow) error { return t.put(holdBucket, h.Hold.Step[:], h) }

// Decide writes down decisions about held steps, all or none, each with a line in the audit trail. ErrNoHold: one of them is not
// held.
func (s *Store) Decide(ctx context.Context, all ...access.Decision) error {
	return s.update(ctx, holdBucket, func(t *txn) error {
		for _, d := range all {
			if err := t.decide(d, s.instant()); err != nil {
				return err
			}
		}
		return nil
	})
}

func (t *txn) decide(d access.Decision, at access.Instant) error {
	if d.Verdict == access.Parked {
		return fmt.Errorf("%s is for Kisi to say", d.Verdict)
	}
	h, known, err := t.hold(d.Step)
	if err != nil {
		return err
	}
	if !known || h.obsolete(at) {
		return fmt.Errorf("%s: %w", d.Step.Short(), ErrNoHold)
	}
	h.Hold.Verdict, h.Hold.By, h.Hold.Why, h.Hold.Until = d.Verdict, d.By, d.Why, 0
	h.Planned = at
	if err := t.putHold(h); err != nil {
		return err
	}
	return t.appendAudit(decisionLine(d, at, &h.Hold))
}

// park holds a step that Kisi has refused: for ten minutes, then twice as long each time, a day at most. What takes something away is
// never held for longer than the ten minutes.
func (b *booking) park() error {
	step := b.call.Change.Digest()
	h, known, err := b.t.hold(step)
	if err != nil {
		return err
	}
	if !known {
		h.Hold = access.Hold{Step: step, Since: b.at, What: describe(b.call.Change), Email: b.call.Change.Object.Email}
	}
	h.Hold.Verdict, h.Hold.Until = access.Parked, b.at+parkFor(h.Refusals)
	if b.call.Change.Takes() { // somebody keeps a door meanwhile
		h.Hold.Until = b.at + parkFirst
	}
	h.Hold.Reason = access.HoldReason{Kind: access.HeldByRefusal, Text: b.outcome.Error()}
	h.Planned = b.at
	h.Refusals++
	return b.t.putHold(h)
}

// failed holds a step whose call Kisi left without an outcome, again, and had not done: over some people it may always fail. The first
// time may be anybody's, so it is tried again at once.
func (b *booking) failed() error {
	step := b.call.Change.Digest()
	h, known, err := b.t.hold(step)
	if err != nil {
		return err
	}
	if !known {
		h.Hold = access.Hold{Step: step, Since: b.at, What: describe(b.call.Change)}
	}
	if h.Hold.Verdict != access.Approved || !known {
		h.Hold.Verdict, h.Hold.Until = access.Parked, b.at
		if h.Refusals > 0 {
			h.Hold.Until += parkFor(h.Refusals - 1)
		}
		if b.call.Change.Takes() {
			h.Hold.Until = min(h.Hold.Until, b.at+parkFirst)
		}
		h.Hold.Reason = access.HoldReason{Kind: access.HeldByRefusal, Text: "Kisi gave no answer to it, and had not done it"}
	}
	h.Planned = b.at
	h.Refusals++
	return b.t.putHold(h)
}

func parkFor(refusals int) access.Instant {
	const doublings = 8 // 10 minutes become more than a day
	return min(parkFirst<<min(refusals, doublings), parkMost)
}
