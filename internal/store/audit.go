package store

import (
	"context"
	"crypto/sha256"
	"fmt"
	"slices"

	bolt "go.etcd.io/bbolt"

	"github.com/kisi-sync/kisi-sync/internal/access"
	"github.com/kisi-sync/kisi-sync/internal/record"
)

// The audit trail is a chain: each line carries the digest of the line before it, and the last digest is kept apart. A line that is
// edited, taken out, put in or cut off at the end breaks it. It tells a mistake and a clumsy hand; whoever can write the file and
// knows this code can forge all of it, so copies of lines belong on another machine too.

// auditRow is a line as it is kept.
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

// Audit adds lines to the audit trail, for what people do besides calls: accepting a read, changing the file.
func (s *Store) Audit(ctx context.Context, lines ...record.AuditLine) error {
	return s.update(ctx, auditBucket, func(t *txn) error {
		for _, line := range lines {
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

// VerifyAudit walks the whole trail and returns how many lines hold, and why the next one does not.
func (s *Store) VerifyAudit(ctx context.Context) (lines uint64, err error) {
	err = s.view(ctx, auditBucket, func(t *txn) error {
		var last lastLine
		if _, err := t.get(metaBucket, lastLineKey(), &last); err != nil {
			return err
		}
		b := t.bucket(auditBucket)
		if b == nil {
			return nil
		}
		digest, err := t.walkAudit(ctx, b, &lines)
		if err == nil && (lines != last.Number || string(digest) != string(last.Digest)) {
			err = fmt.Errorf("ends after line %d, and line %d was the last: %w", lines, last.Number, ErrDamaged)
		}
		return err
	})
	return lines, err
}

func (t *txn) walkAudit(ctx context.Context, b *bolt.Bucket, lines *uint64) (digest []byte, err error) {
	err = b.ForEach(func(key, row []byte) error {
		var a auditRow
		if err := t.read(auditBucket, key, row, &a); err != nil {
			return fmt.Errorf("line %d: %w", *lines+1, err)
		}
		if numberOf(key) != *lines+1 || string(a.Before) != string(digest) {
			return fmt.Errorf("line %d does not follow line %d: %w", numberOf(key), *lines, ErrDamaged)
		}
		digest = digestOf(key, row)
		if *lines++; *lines%contextEvery == 0 {
			return ctx.Err()
		}
		return nil
	})
	return digest, err
}

// audit writes the line of a booking.
func (b *booking) audit() error {
	c := b.call.Change
	line := record.AuditLine{At: b.at.Time(), Run: b.run, Step: c.Digest(), What: describe(c), Why: why(c.Cause),
		Member: b.call.Member(), Group: b.call.Group(), Outcome: "done"}
	switch {
	case b.outcome != nil:
		line.Outcome = b.outcome.Error()
	case c.Kind == access.CreateMember:
		line.Member = b.result.ID
	case c.Kind == access.CreateGroup:
		line.Group = b.result.ID
	}
	return b.t.appendAudit(line)
}

func decisionLine(d access.Decision, at access.Instant, what string) record.AuditLine {
	return record.AuditLine{At: at.Time(), Step: d.Step, What: what, Why: d.Why, Outcome: d.Verdict.String() + " by " + d.By}
}

// describe says a change as people do, with what it is about.
func describe(c access.Change) string {
	o := c.Object
	text := c.Kind.String()
	switch {
	case o.Email != "" && o.GroupName != "":
		text += ": " + o.Email + " in " + o.GroupName
	case o.Email != "":
		text += ": " + o.Email
	case o.GroupName != "":
		text += ": " + o.GroupName
	}
	if o.Thing != 0 {
		text += fmt.Sprintf(" (%d)", o.Thing)
	}
	return text
}

func why(c access.Cause) string {
	if c.Text != "" {
		return c.Text
	}
	if c.Rule != "" {
		return c.Kind.String() + " " + c.Rule
	}
	return c.Kind.String()
}
