package store

import (
	"bytes"
	"context"

	"github.com/kisi-sync/kisi-sync/internal/record"
)

// AuditSince returns up to most lines that follow a head, oldest first; all of it from the beginning after the zero Head, and also after a
// head that is not of this trail, since another one was put in its place then. Lines that were cut off since are left out, which their
// numbers show. It judges nothing: lines that were changed are given as they are, and their digests show it to whoever has the others.
func (s *Store) AuditSince(ctx context.Context, after record.Head, most int) (lines []record.Sealed, err error) {
	err = s.view(ctx, auditBucket, func(t *txn) error {
		b := t.bucket(auditBucket)
		if b == nil {
			return nil
		}
		from, err := t.follows(after)
		if err != nil {
			return err
		}
		c := b.Cursor()
		for key, row := c.Seek(numberKey(from)); key != nil && len(lines) < most; key, row = c.Next() {
			var a auditRow
			if err := t.read(auditBucket, key, row, &a); err != nil {
				return err
			}
			lines = append(lines, record.Sealed{Number: numberOf(key), AuditLine: a.Line, Before: a.Before, Digest: digestOf(key, row)})
		}
		return nil
	})
	return lines, err
}

// follows returns the number after a head, or 1 if the head is not of this trail.
func (t *txn) follows(after record.Head) (uint64, error) {
	cut, err := t.auditCut()
	if err != nil || after.Number < cut.Last.Number {
		return after.Number + 1, err
	}
	is := cut.Last.Digest
	if after.Number > cut.Last.Number {
		key := numberKey(after.Number)
		row := t.bucket(auditBucket).Get(key)
		if len(row) < sumSize {
			return 1, nil
		}
		is = digestOf(key, row)
	}
	if !bytes.Equal(is, after.Digest) {
		return 1, nil
	}
	return after.Number + 1, nil
}
