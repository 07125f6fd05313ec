package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/kisi-sync/kisi-sync/internal/access"
	"github.com/kisi-sync/kisi-sync/internal/record"
)

// pinKey names a pin: there is one of a kind for an anchor and address.
func pinKey(p *access.Pin) []byte {
	var e encoder
	e.byte(byte(p.Kind))
	e.text(string(p.Anchor))
	e.text(p.Email)
	if p.Member != 0 { // a person may have several Kisi users
		e.number(uint64(p.Member))
	}
	return e.row
}

// Pins returns the standing exceptions, also those whose time is over, by kind, anchor and address. One that is damaged or missing is
// ErrDamaged: nothing may be decided without knowing who is blocked.
func (s *Store) Pins(ctx context.Context) (all []access.Pin, err error) {
	err = s.view(ctx, pinBucket, func(t *txn) (err error) { all, err = t.pins(); return err })
	return all, err
}

func (t *txn) pins() (all []access.Pin, err error) {
	err = t.eachTallied(pinBucket, func(key, row []byte) error {
		var p access.Pin
		err := t.read(pinBucket, key, row, &p)
		all = append(all, p)
		return err
	})
	return all, err
}

// eachTallied reads a tallied bucket and says whether rows are missing.
func (t *txn) eachTallied(bucket string, yield func(key, row []byte) error) error {
	want, err := t.tally(bucket)
	if err != nil {
		return err
	}
	got := tally{}
	err = t.each(bucket, func(key, row []byte) error {
		got.add(sumOf(row))
		return yield(key, row)
	})
	if err == nil && got != *want {
		err = fmt.Errorf("%d rows of %d: %w", got.Rows, want.Rows, ErrDamaged)
	}
	return err
}

// SavePin keeps a pin in place of one of the same kind for the same anchor and address, with a line in the audit trail. A pin without a
// Since is of now. Whoever pins says who and why.
func (s *Store) SavePin(ctx context.Context, p access.Pin) error {
	return s.ChangePins(ctx, nil, []access.Pin{p})
}

// DropPin takes a pin back: the one of p's kind, anchor, address and Kisi user. ErrNoPin: there is none.
func (s *Store) DropPin(ctx context.Context, p access.Pin, by, why string) error {
	p.By, p.Why = by, why
	return s.ChangePins(ctx, []access.Pin{p}, nil)
}

// ChangePins takes some pins back, as DropPin does by the By and the Why of each, and keeps others, as SavePin does: all or none.
func (s *Store) ChangePins(ctx context.Context, drop, save []access.Pin) error {
	for i := range save {
		if err := checkPin(&save[i]); err != nil {
			return s.wrap(pinBucket, err)
		}
	}
	return s.update(ctx, pinBucket, func(t *txn) error {
		for i := range drop {
			if err := t.dropPin(drop[i], s.now()); err != nil {
				return err
			}
		}
		for _, p := range save {
			if p.Since == 0 {
				p.Since = s.instant()
			}
			if err := t.savePin(&p, s.now()); err != nil {
				return err
			}
		}
		return nil
	})
}

func checkPin(p *access.Pin) error {
	switch {
	case p.Kind < access.Block || p.Kind > access.Rename:
		return errors.New("not a kind of pin")
	case (p.Kind == access.Release || p.Kind == access.Rename) != (p.Member != 0) && p.Kind != access.Adopt:
		return errors.New("a release and a rename name the Kisi user that they are about, and nothing else but an adoption does")
	case p.Anchor == "" && p.Email == "":
		return errors.New("a pin is about somebody")
	case p.By == "" || p.Why == "":
		return errors.New("whoever pins says who and why")
	}
	return nil
}

func (t *txn) savePin(p *access.Pin, now time.Time) error {
	key := pinKey(p)
	row, err := t.sealed(key, p)
	if err != nil {
		return err
	}
	if err := t.putTallied(pinBucket, key, row); err != nil {
		return err
	}
	line := pinLine(p, record.DidPin, now)
	line.What = sayPin(p)
	if p.Until != 0 {
		line.What += " until " + p.Until.Time().Format(time.DateTime)
	}
	return t.appendAudit(line)
}

func (t *txn) dropPin(p access.Pin, now time.Time) error {
	var old access.Pin
	key := pinKey(&p)
	known, err := t.get(pinBucket, key, &old)
	if err != nil {
		return err
	}
	if !known {
		return fmt.Errorf("%s: %w", sayPin(&p), ErrNoPin)
	}
	if err := t.removeTallied(pinBucket, key); err != nil {
		return err
	}
	old.By, old.Why = p.By, p.Why
	line := pinLine(&old, record.DidUnpin, now)
	line.What = "take back: " + sayPin(&old)
	return t.appendAudit(line)
}

func pinLine(p *access.Pin, did string, now time.Time) record.AuditLine {
	return record.AuditLine{At: now.UTC(), Kind: did, Who: p.By, Why: p.Why, Email: p.Email, Anchor: p.Anchor, Member: p.Member, Outcome: record.Done, Until: p.Until}
}

func sayPin(p *access.Pin) string {
	if p.Email == "" {
		return p.Kind.String() + ": " + string(p.Anchor)
	}
	return p.Kind.String() + ": " + p.Email
}
