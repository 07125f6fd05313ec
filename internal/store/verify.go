package store

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"slices"

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
	w, err := s.walkAudit(ctx)
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

// Verified says how a trail was held against heads that were kept elsewhere.
type Verified struct {
	Lines uint64 // that hold
	Met   int    // heads that are still those of their lines
	Gone  int    // heads of lines that were cut off since, about which nothing can be said
}

// VerifyAuditAgainst is VerifyAuditFrom for many heads at once, in any order. Those of lines that were cut off since are counted, and so is
// the one at the cut as met; the error names the first that does not fit, by number.
func (s *Store) VerifyAuditAgainst(ctx context.Context, anchors []record.Head) (v Verified, err error) {
	w, err := s.walkAudit(ctx, anchors...)
	if v.Lines = w.lines; err != nil {
		return v, err
	}
	anchors = slices.SortedFunc(slices.Values(anchors), func(a, b record.Head) int { return cmp.Compare(a.Number, b.Number) })
	for _, anchor := range anchors {
		if anchor.Number < w.cut.Last.Number {
			v.Gone++
			continue
		}
		if err := w.meets(anchor); err != nil {
			return v, s.wrap(auditBucket, err)
		}
		v.Met++
	}
	return v, nil
}

// trailWalk is a walk along the trail, line by line.
type trailWalk struct {
	cut    cut
	lines  uint64
	digest []byte            // of the last line
	met    map[uint64][]byte // the digests of lines by which the trail is held against heads
	told   *record.Cut       // what the newest line about cutting says
}

func (s *Store) walkAudit(ctx context.Context, anchors ...record.Head) (*trailWalk, error) {
	w := &trailWalk{met: map[uint64][]byte{}}
	for _, anchor := range anchors {
		w.met[anchor.Number] = nil
	}
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

// see keeps the digest of a line that is asked for.
func (w *trailWalk) see() {
	if _, wanted := w.met[w.lines]; wanted {
		w.met[w.lines] = w.digest
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
	case anchor.Number != 0 && !bytes.Equal(w.met[anchor.Number], anchor.Digest):
		return fmt.Errorf("line %d or one before it is not what it was when the anchor was taken: %w", anchor.Number, ErrAltered)
	}
	return nil
}

func anchoredKey(place string) []byte { return []byte("anchored " + place) }

// Anchored returns what was anchored last in a place, zero when nothing was.
func (s *Store) Anchored(ctx context.Context, place string) (a record.Anchor, err error) {
	err = s.view(ctx, metaBucket, func(t *txn) error {
		_, err := t.get(metaBucket, anchoredKey(place), &a)
		return err
	})
	return a, err
}

// SaveAnchored keeps what was anchored last in a place.
func (s *Store) SaveAnchored(ctx context.Context, place string, a record.Anchor) error {
	return s.update(ctx, metaBucket, func(t *txn) error { return t.put(metaBucket, anchoredKey(place), a) })
}
