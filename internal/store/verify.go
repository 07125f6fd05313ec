package store

import (
	"bytes"
	"context"
	"fmt"

	bolt "go.etcd.io/bbolt"

	"github.com/kisi-sync/kisi-sync/internal/record"
)

// AuditHead returns the end of the trail, to be kept on another machine: see VerifyAuditFrom. It is the zero Head when nothing was
// ever written.
func (s *Store) AuditHead(ctx context.Context) (head record.Head, err error) {
	err = s.view(ctx, auditBucket, func(t *txn) (err error) { head, err = t.auditEnd(); return err })
	return head, err
}

func (t *txn) auditEnd() (record.Head, error) {
	var last lastLine
	_, err := t.get(metaBucket, lastLineKey(), &last)
	return record.Head{Number: last.Number, Digest: last.Digest}, err
}

// VerifyAudit walks the whole trail and returns how many lines hold, and why the next one does not. Lines that were cut off the
// beginning (see PruneAudit) count as holding when the line about it is there and says what is missing.
func (s *Store) VerifyAudit(ctx context.Context) (lines uint64, err error) {
	w, err := s.walkAudit(ctx, record.Head{})
	return w.lines, err
}

// VerifyAuditFrom is VerifyAudit, and holds the trail against a head that was kept elsewhere: the line of that number must still be the
// same, with all before it. ErrAltered: it is not, or it is not there any more.
func (s *Store) VerifyAuditFrom(ctx context.Context, anchor record.Head) (lines uint64, err error) {
	w, err := s.walkAudit(ctx, anchor)
	if err == nil {
		err = s.wrap(auditBucket, w.meets(anchor))
	}
	return w.lines, err
}

// trailWalk is a walk along the trail, line by line.
type trailWalk struct {
	cut    cut
	lines  uint64
	digest []byte // of the last line
	anchor record.Head
	met    []byte      // the digest at the anchor's number
	told   *record.Cut // what the newest line about cutting says
}

func (s *Store) walkAudit(ctx context.Context, anchor record.Head) (*trailWalk, error) {
	w := &trailWalk{anchor: anchor}
	err := s.view(ctx, auditBucket, func(t *txn) error {
		err := w.begin(t)
		if b := t.bucket(auditBucket); err == nil && b != nil {
			err = w.walk(ctx, t, b)
		}
		if err == nil {
			err = w.end(t)
		}
		return err
	})
	return w, err
}

// begin takes up the walk where the trail begins.
func (w *trailWalk) begin(t *txn) (err error) {
	if w.cut, err = t.auditCut(); err != nil {
		return err
	}
	w.lines, w.digest = w.cut.Last.Number, w.cut.Last.Digest
	w.see()
	return nil
}

// end says whether the trail may end after the lines that were walked.
func (w *trailWalk) end(t *txn) error {
	last, err := t.auditEnd()
	if err != nil {
		return err
	}
	if w.lines != last.Number || !bytes.Equal(w.digest, last.Digest) {
		return fmt.Errorf("it ends after line %d, and line %d was the last: %w", w.lines, last.Number, ErrBroken)
	}
	return w.fits(t)
}

func (w *trailWalk) walk(ctx context.Context, t *txn, b *bolt.Bucket) error {
	return b.ForEach(func(key, row []byte) error {
		if _, err := w.step(t, key, row); err != nil {
			return err
		}
		if w.lines%contextEvery == 0 {
			return ctx.Err()
		}
		return nil
	})
}

// step reads the next line, if it follows the last one.
func (w *trailWalk) step(t *txn, key, row []byte) (*record.AuditLine, error) {
	var a auditRow
	if err := t.read(auditBucket, key, row, &a); err != nil {
		return nil, fmt.Errorf("line %d: %w", w.lines+1, err)
	}
	switch n := numberOf(key); {
	case n != w.lines+1:
		return nil, fmt.Errorf("line %d follows line %d, so some are missing: %w", n, w.lines, ErrBroken)
	case !bytes.Equal(a.Before, w.digest):
		return nil, fmt.Errorf("line %d does not follow line %d: one of them, or one before, was changed: %w", n, w.lines, ErrBroken)
	}
	w.digest = digestOf(key, row)
	w.lines++
	if a.Line.Cut != nil {
		w.told = a.Line.Cut
	}
	w.see()
	return &a.Line, nil
}

// see keeps the digest of the line that the anchor names.
func (w *trailWalk) see() {
	if w.lines == w.anchor.Number {
		w.met = w.digest
	}
}

// fits says whether what is missing at the beginning is what the newest line about cutting says.
func (w *trailWalk) fits(t *txn) error {
	switch {
	case w.told == nil && w.cut.Last.Number == 0:
		return nil
	case w.told == nil:
		return fmt.Errorf("lines 1 to %d are missing, and no line says who cut them off: %w", w.cut.Last.Number, ErrBroken)
	case w.told.Last.Number != w.cut.Last.Number || !bytes.Equal(w.told.Last.Digest, w.cut.Last.Digest):
		return fmt.Errorf("lines 1 to %d are missing, and the trail says that it was cut after line %d: %w", w.cut.Last.Number, w.told.Last.Number, ErrBroken)
	}
	carried, err := t.carriedDigest()
	if err == nil && !bytes.Equal(carried, w.told.Carried) {
		err = fmt.Errorf("what was kept of lines 1 to %d is not what the trail says: %w", w.cut.Last.Number, ErrBroken)
	}
	return err
}

// meets compares the trail with a head that was kept elsewhere.
func (w *trailWalk) meets(anchor record.Head) error {
	switch {
	case anchor.Number > w.lines:
		return fmt.Errorf("the anchor is of line %d, and the trail ends after line %d: lines were cut off the end, or an older file was put in "+
			"its place: %w", anchor.Number, w.lines, ErrAltered)
	case anchor.Number < w.cut.Last.Number && anchor.Number != 0:
		return fmt.Errorf("the anchor is of line %d, and the trail was cut after line %d (the line about it says by whom); hold it against a later "+
			"anchor: %w", anchor.Number, w.cut.Last.Number, ErrAltered)
	case anchor.Number != 0 && !bytes.Equal(w.met, anchor.Digest):
		return fmt.Errorf("line %d or one before it is not what it was when the anchor was taken: %w", anchor.Number, ErrAltered)
	}
	return nil
}
