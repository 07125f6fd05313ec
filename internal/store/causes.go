package store

import (
	"crypto/sha256"

	bolt "go.etcd.io/bbolt"

	"github.com/kisi-sync/kisi-sync/internal/access"
)

// Causes are kept once each and named by number, from 1 on; 0 is none. A million grants have a few dozen causes. They are never
// deleted: a rule that was changed leaves one behind.

// causeNumbers are those found or given in one transaction.
type causeNumbers map[access.Cause]uint64

// causeNumber returns the number of a cause and gives it one when it has none.
func (t *txn) causeNumber(c *access.Cause) (uint64, error) {
	if c == nil {
		return 0, nil
	}
	if n, ok := t.causes[*c]; ok {
		return n, nil
	}
	var e encoder
	e.cause(c)
	digest := sha256.Sum256(e.row[sumSize:])
	n := numberOf(t.bucket(numberBucket).Get(digest[:]))
	if n == 0 {
		var err error
		if n, err = t.newCause(e.row, digest[:]); err != nil {
			return 0, err
		}
	}
	if t.causes == nil {
		t.causes = causeNumbers{}
	}
	t.causes[*c] = n
	return n, nil
}

func (t *txn) newCause(row, digest []byte) (uint64, error) {
	b := t.bucket(causeBucket)
	n, err := b.NextSequence()
	if err != nil {
		return 0, err
	}
	if err := b.Put(numberKey(n), seal(numberKey(n), row)); err != nil {
		return 0, err
	}
	return n, t.bucket(numberBucket).Put(digest, numberKey(n))
}

func (e *encoder) cause(c *access.Cause) {
	e.begin()
	e.byte(byte(c.Kind))
	e.text(c.Rule)
	e.number(c.Mark)
	e.text(c.Text)
}

// allCauses returns the causes by number; the first is none.
func (t *txn) allCauses() ([]*access.Cause, error) {
	causes := []*access.Cause{nil}
	err := t.each(causeBucket, func(key, row []byte) error {
		c, ok := readCause(key, row)
		if !ok || numberOf(key) != uint64(len(causes)) {
			return damaged(causeBucket, key)
		}
		causes = append(causes, c)
		return nil
	})
	return causes, err
}

// causeAt returns one cause.
func causeAt(b *bolt.Bucket, n uint64) (*access.Cause, bool) {
	if n == 0 {
		return nil, true
	}
	return readCause(numberKey(n), b.Get(numberKey(n)))
}

func readCause(key, row []byte) (*access.Cause, bool) {
	payload, ok := unseal(key, row)
	if !ok {
		return nil, false
	}
	var text arena
	d := decoder{rest: payload}
	c := &access.Cause{Kind: access.CauseKind(d.byte()), Rule: text.copy(d.text()), Mark: d.number(), Text: text.copy(d.text())}
	return c, d.done()
}
