package store

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/kisi-sync/kisi-sync/internal/access"
	"github.com/kisi-sync/kisi-sync/internal/record"
)

// cut is where the trail begins: after which line, with which digest, and of when. It is zero as long as nothing was cut off.
type cut struct {
	Last   record.Head
	Newest time.Time
}

func cutKey() []byte { return []byte("audit cut") }

func (t *txn) auditCut() (c cut, err error) {
	_, err = t.get(metaBucket, cutKey(), &c)
	return c, err
}

// Pruning says what of the audit trail is not needed any more.
type Pruning struct {
	Before time.Time   // lines older than that go; the zero time: none does, which is the rule
	Said   record.Said // both are required
}

// PruneAudit cuts old lines off the beginning of the trail, up to the first one that is young enough, and returns how many. Who held
// what after them is kept, and so is the digest that the next line carries on from: in a line at the end of the trail, which says who
// cut it, when and why. So the rest verifies as before, and Holders answers as before for any moment since. It is one transaction.
func (s *Store) PruneAudit(ctx context.Context, p Pruning) (cut uint64, err error) {
	if p.Said.By == "" || p.Said.Why == "" {
		return 0, s.wrap(auditBucket, errors.New("whoever cuts the trail says who and why"))
	}
	if p.Before.IsZero() {
		return 0, nil
	}
	if _, err := s.VerifyAudit(ctx); err != nil {
		return 0, fmt.Errorf("the trail does not hold and is not cut: %w", err)
	}
	err = s.update(ctx, auditBucket, func(t *txn) error {
		k, err := t.old(ctx, p.Before)
		if err != nil || k.lines == 0 {
			return err
		}
		cut = k.lines
		return t.prune(k, p, s.now().UTC())
	})
	return cut, err
}

// Prunable is what PruneAudit would cut off, and what would stay.
type Prunable struct {
	Lines, Left uint64
	From, To    time.Time   // of the first line that would go, and the newest
	Last        record.Head // of the last line that would go
	End         time.Time   // of the last line of all; zero when there is none
}

// Prunable says what PruneAudit would cut off. A trail that does not hold is not cut, and the error says where it does not.
func (s *Store) Prunable(ctx context.Context, before time.Time) (out Prunable, err error) {
	all, err := s.VerifyAudit(ctx)
	if err != nil {
		return out, fmt.Errorf("the trail does not hold and is not cut: %w", err)
	}
	err = s.view(ctx, auditBucket, func(t *txn) error {
		gone, err := t.auditCut()
		if err != nil {
			return err
		}
		k, err := t.old(ctx, before)
		if err != nil {
			return err
		}
		out = Prunable{Lines: k.lines, Left: all - gone.Last.Number - k.lines, From: k.oldest, To: k.newest, Last: k.last}
		return t.newest(auditBucket, 1, func(key, row []byte) error {
			var a auditRow
			err := t.read(auditBucket, key, row, &a)
			out.End = a.Line.At
			return err
		})
	})
	return out, err
}

// knife is a cut in the making.
type knife struct {
	replay *record.Replay
	last   record.Head
	newest time.Time
	oldest time.Time // the first
	lines  uint64
}

var errEnough = errors.New("enough")

// old walks along the lines that may go.
func (t *txn) old(ctx context.Context, before time.Time) (*knife, error) {
	replay, err := t.carried()
	if err != nil {
		return nil, err
	}
	k := &knife{replay: replay}
	err = t.each(auditBucket, func(key, row []byte) error {
		var a auditRow
		if err := t.read(auditBucket, key, row, &a); err != nil {
			return err
		}
		if !a.Line.At.Before(before) {
			return errEnough
		}
		k.replay.Add(&record.Entry{Number: numberOf(key), AuditLine: a.Line})
		k.last = record.Head{Number: numberOf(key), Digest: digestOf(key, row)}
		if k.lines == 0 {
			k.oldest = a.Line.At
		}
		if k.newest.Before(a.Line.At) {
			k.newest = a.Line.At
		}
		if k.lines++; k.lines%contextEvery == 0 {
			return ctx.Err()
		}
		return nil
	})
	if errors.Is(err, errEnough) {
		err = nil
	}
	return k, err
}

func (t *txn) prune(k *knife, p Pruning, now time.Time) error {
	if err := t.carry(k.replay); err != nil {
		return err
	}
	carried, err := t.carriedDigest()
	if err != nil {
		return err
	}
	if err := prune(t.bucket(auditBucket), numberKey(k.last.Number+1)); err != nil {
		return err
	}
	if err := t.put(metaBucket, cutKey(), cut{k.last, k.newest}); err != nil {
		return err
	}
	return t.appendAudit(record.AuditLine{At: now, Kind: record.DidCut, Who: p.Said.By, Why: p.Said.Why, Outcome: record.Done,
		What: fmt.Sprintf("cut off the audit trail: %d lines, up to line %d of %s", k.lines, k.last.Number, k.newest.Format(time.DateTime)),
		Cut:  &record.Cut{Last: k.last, Carried: carried, Newest: k.newest}})
}

// What is carried of the lines that were cut off is a row for each person and each group, as a Replay keeps them.
const (
	carriedPerson = 'p'
	carriedGroup  = 'g'
)

func carriedKey(kind byte, id access.RemoteID) []byte {
	return append([]byte{kind}, numberKey(uint64(id))...)
}

// carry writes what a Replay knows in place of what was carried before.
func (t *txn) carry(r *record.Replay) error {
	b := t.bucket(carriedBucket)
	var old [][]byte
	if err := b.ForEach(func(key, _ []byte) error { old = append(old, slices.Clone(key)); return nil }); err != nil {
		return err
	}
	for _, key := range old {
		if err := b.Delete(key); err != nil {
			return err
		}
	}
	if err := putSorted(t, carriedGroup, r.Groups()); err != nil {
		return err
	}
	return putSorted(t, carriedPerson, r.People())
}

// putSorted writes rows in the order of their keys, as they are written fastest.
func putSorted[V any](t *txn, kind byte, all map[access.RemoteID]V) error {
	for _, id := range slices.Sorted(maps.Keys(all)) {
		if err := t.put(carriedBucket, carriedKey(kind, id), all[id]); err != nil {
			return err
		}
	}
	return nil
}

// carried returns a Replay after the lines that were cut off.
func (t *txn) carried() (*record.Replay, error) {
	r := record.NewReplay()
	err := t.each(carriedBucket, func(key, row []byte) error {
		id := access.RemoteID(numberOf(key[1:]))
		switch key[0] {
		case carriedPerson:
			var p record.Person
			if err := t.read(carriedBucket, key, row, &p); err != nil {
				return err
			}
			r.SetPerson(id, p)
		case carriedGroup:
			var g record.Group
			if err := t.read(carriedBucket, key, row, &g); err != nil {
				return err
			}
			r.SetGroup(id, g)
		default:
			return damaged(carriedBucket, key)
		}
		return nil
	})
	return r, err
}

// carriedDigest is over all that is carried.
func (t *txn) carriedDigest() ([]byte, error) {
	h := sha256.New()
	err := t.each(carriedBucket, func(key, row []byte) error {
		h.Write(key)
		h.Write(row)
		return nil
	})
	return h.Sum(nil), err
}
