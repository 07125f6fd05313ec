package store

import (
	"context"
	"crypto/sha256"
	"slices"

	"github.com/kisi-sync/kisi-sync/internal/record"
)

// The audit trail is a chain: each line carries the digest of the line before it, and the last digest is kept apart. A line that is
// edited, taken out, put in or cut off at the end breaks it. It tells a mistake and a clumsy hand; whoever can write the file and
// knows this code can forge all of it, so its head (AuditHead), or copies of lines, belong on another machine too.

// auditRow is a line as it is kept, under its number.
type auditRow struct {
	Before []byte // digest of the line before; empty for the first
	Line   record.AuditLine
}

// lastLine is kept apart from the lines.
type lastLine struct {
	Number uint64
	Digest []byte
}

func lastLineKey() []byte { return []byte("last audit line") }

// digestOf returns the digest of a row: over its number and everything in it, the digest before it too.
func digestOf(key, row []byte) []byte {
	h := sha256.New()
	h.Write(key)
	h.Write(row[sumSize:])
	return h.Sum(nil)
}

// appendAudit adds a line to the trail.
func (t *txn) appendAudit(line record.AuditLine) error {
	var last lastLine
	if _, err := t.get(metaBucket, lastLineKey(), &last); err != nil {
		return err
	}
	last.Number++
	key := numberKey(last.Number)
	row, err := t.sealed(key, auditRow{Before: last.Digest, Line: line})
	if err != nil {
		return err
	}
	last.Digest = digestOf(key, row)
	b := t.bucket(auditBucket)
	b.FillPercent = sortedFill
	if err := b.Put(key, row); err != nil {
		return err
	}
	return t.put(metaBucket, lastLineKey(), last)
}

// Audit adds lines to the audit trail, for what people do besides calls: accepting a read, changing the file. A line without a time
// is of now.
func (s *Store) Audit(ctx context.Context, lines ...record.AuditLine) error {
	return s.update(ctx, auditBucket, func(t *txn) error {
		for _, line := range lines {
			if line.At.IsZero() {
				line.At = s.now().UTC()
			}
			if err := t.appendAudit(line); err != nil {
				return err
			}
		}
		return nil
	})
}

// AuditLines returns the newest n lines, oldest first.
func (s *Store) AuditLines(ctx context.Context, n int) (lines []record.AuditLine, err error) {
	err = s.view(ctx, auditBucket, func(t *txn) error {
		return t.newest(auditBucket, n, func(key, row []byte) error {
			var a auditRow
			err := t.read(auditBucket, key, row, &a)
			lines = append(lines, a.Line)
			return err
		})
	})
	slices.Reverse(lines)
	return lines, err
}

// newest calls yield with the last n rows of a bucket, the last one first.
func (t *txn) newest(bucket string, n int, yield func(key, row []byte) error) error {
	b := t.bucket(bucket)
	if b == nil {
		return nil
	}
	c := b.Cursor()
	for key, row := c.Last(); key != nil && n > 0; key, row = c.Prev() {
		if err := yield(key, row); err != nil {
			return err
		}
		n--
	}
	return nil
}
