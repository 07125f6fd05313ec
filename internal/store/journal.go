package store

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/kisi-sync/kisi-sync/internal/access"
	"github.com/kisi-sync/kisi-sync/internal/record"
)

// Begin writes down that a call is about to be made. Only when it has returned without an error may the call be made.
func (s *Store) Begin(ctx context.Context, c access.Call) (seq access.Seq, err error) {
	err = s.update(ctx, intentBucket, func(t *txn) error {
		n, err := t.bucket(intentBucket).NextSequence()
		if err != nil {
			return err
		}
		seq = access.Seq(n)
		return t.put(intentBucket, numberKey(n), access.Intent{Seq: seq, Call: c, Begun: s.instant()})
	})
	return seq, err
}

// Open returns the calls that were begun and whose outcome is not written down, in the order in which they were begun.
func (s *Store) Open(ctx context.Context) (open []access.Intent, err error) {
	err = s.view(ctx, intentBucket, func(t *txn) error {
		return t.each(intentBucket, func(key, row []byte) error {
			var i access.Intent
			if err := t.read(intentBucket, key, row, &i); err != nil {
				return err
			}
			open = append(open, i)
			return nil
		})
	})
	return open, err
}

// Finish books what came of a call, all in one transaction: the account, what was spent, the hold that it used up, the line in
// the audit trail, and the end of the intent. It is done even when ctx has ended: what happened must be written down.
//
//	no error            booked as done
//	ErrUnknownOutcome   the intent stays open, cut now; so does one with an error that says nothing about the outcome
//	ErrNotDone          closed; an approval of the step stays good. After ErrUnknownOutcome the step is tried again at once when that
//	                    was the first time, and then parked like what is refused
//	ErrRefused          closed; the step is parked, longer each time
//	ErrGone             of a removal: booked as done; otherwise closed
//	ErrExists, ErrStop  closed
//
// An intent that is not open is an error.
func (s *Store) Finish(ctx context.Context, seq access.Seq, r access.Result, outcome error) error {
	return s.update(context.WithoutCancel(ctx), intentBucket, func(t *txn) error {
		var i access.Intent
		open, err := t.get(intentBucket, numberKey(uint64(seq)), &i)
		if err != nil {
			return err
		}
		if !open {
			return fmt.Errorf("call %d is not under way", seq)
		}
		b := &booking{t: t, call: i.Call, result: r, outcome: outcome, at: s.instant(), run: s.runUnderWay(t), who: s.asked()}
		if err := b.approved(); err != nil {
			return err
		}
		if end := endOf(i.Call, outcome); end != staysOpen {
			b.cut = i.Cut != 0
			return b.close(seq, end)
		}
		i.Cut = b.at
		if err := t.put(intentBucket, numberKey(uint64(seq)), i); err != nil {
			return err
		}
		return b.audit()
	})
}

// end is what becomes of an intent.
type end uint8

const (
	staysOpen end = iota
	wasDone
	wasRefused
	wasNotDone
)

// endOf decides by the error of a call. An error that names no sentinel says nothing about the outcome, so nothing is concluded
// from it.
func endOf(c access.Call, err error) end {
	switch {
	case err == nil:
		return wasDone
	case errors.Is(err, access.ErrUnknownOutcome):
		return staysOpen
	case errors.Is(err, access.ErrGone) && takesAway(c.Change.Kind):
		return wasDone
	case errors.Is(err, access.ErrRefused):
		return wasRefused
	case errors.Is(err, access.ErrNotDone), errors.Is(err, access.ErrGone), errors.Is(err, access.ErrExists), errors.Is(err, access.ErrStop):
		return wasNotDone
	}
	return staysOpen
}

// takesAway says that the change deletes something; when it is not there any more, that is what was wanted.
func takesAway(k access.Kind) bool {
	return k == access.RemoveAssignment || k == access.RemoveDoor || k == access.RemoveStop || k == access.DeleteGroup
}

// booking is the outcome of one call on its way into the file.
type booking struct {
	t       *txn
	call    access.Call
	result  access.Result
	outcome error
	at      access.Instant
	run     uint64
	who     string
	cut     bool // Kisi was asked before, and gave no outcome

	approval *record.Approval // of the step; nil when it needed none
}

func (b *booking) close(seq access.Seq, end end) error {
	if err := b.t.remove(intentBucket, numberKey(uint64(seq))); err != nil {
		return err
	}
	switch end {
	case wasDone:
		b.outcome = nil
		if err := b.done(); err != nil {
			return err
		}
		if err := b.supersede(seq); err != nil {
			return err
		}
	case wasRefused:
		if err := b.park(); err != nil {
			return err
		}
	case wasNotDone:
		if b.cut && errors.Is(b.outcome, access.ErrNotDone) {
			if err := b.failed(); err != nil {
				return err
			}
		}
	}
	return b.audit()
}

// done books a change that was made.
func (b *booking) done() error {
	if err := b.book(); err != nil {
		return err
	}
	if err := b.spend(); err != nil {
		return err
	}
	step := b.call.Change.Digest()
	return b.t.remove(holdBucket, step[:])
}

// supersede ends what was begun earlier to change the same right and got no further than half: it was carried on by this call.
func (b *booking) supersede(seq access.Seq) error {
	if b.call.Change.Kind != access.UpdateAssignment {
		return nil
	}
	var half [][]byte
	err := b.t.each(intentBucket, func(key, row []byte) error {
		var i access.Intent
		if err := b.t.read(intentBucket, key, row, &i); err != nil {
			return err
		}
		c := &i.Call.Change
		if i.Seq < seq && c.Kind == access.UpdateAssignment && i.Call.Member() == b.call.Member() && c.Object.Assignment == b.call.Change.Object.Assignment {
			half = append(half, slices.Clone(key))
		}
		return nil
	})
	for _, key := range half {
		err = errors.Join(err, b.t.remove(intentBucket, key))
	}
	return err
}

// book brings the account of the member or the group up to date.
func (b *booking) book() error {
	if b.call.Change.Kind.OfMember() {
		return b.bookMember()
	}
	return b.bookGroup()
}

func (b *booking) bookMember() error {
	id := b.call.Member()
	if b.call.Change.Kind == access.CreateMember {
		id = b.result.ID
	}
	if id == 0 {
		return fmt.Errorf("%s: no member to book it on", b.call.Change.Kind)
	}
	a, known, err := b.t.account(id)
	if err != nil {
		return err
	}
	switch {
	case b.call.Change.Kind == access.ForgetMember, b.call.Change.Kind == access.DeleteMember, b.call.Change.Kind == access.ReleaseMember:
		return b.t.removeTallied(accountBucket, numberKey(uint64(id)))
	case !known: // After expects an account of nobody
		a.Known.ID = 0
	}
	a = a.After(b.call, b.result, b.at)
	a.Known.ID = id
	return b.t.saveAccount(&a)
}

func (b *booking) bookGroup() error {
	id := b.call.Group()
	if b.call.Change.Kind == access.CreateGroup {
		id = b.result.ID
	}
	if id == 0 {
		return fmt.Errorf("%s: no group to book it on", b.call.Change.Kind)
	}
	if b.call.Change.Kind == access.DeleteGroup {
		return b.t.removeTallied(groupBucket, numberKey(uint64(id)))
	}
	g, err := b.t.group(id)
	if err != nil {
		return err
	}
	g = g.After(b.call, b.result)
	g.ID = id
	return b.t.saveGroup(&g)
}
