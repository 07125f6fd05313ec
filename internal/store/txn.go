package store

import (
	"encoding/binary"

	bolt "go.etcd.io/bbolt"
)

// txn is one transaction.
type txn struct {
	tx      *bolt.Tx
	docs    docs
	tallies map[string]*tally
	causes  causeNumbers
}

// bucket returns one of the buckets that every file has; nil in a file that was opened to look ahead and has none.
func (t *txn) bucket(name string) *bolt.Bucket { return t.tx.Bucket([]byte(name)) }

// each calls yield with every row of a bucket, ascending by key.
func (t *txn) each(bucket string, yield func(key, value []byte) error) error {
	if b := t.bucket(bucket); b != nil {
		return b.ForEach(yield)
	}
	return nil
}

// tally is how many rows a bucket should hold and the sum of their checksums, so that a lost row is noticed.
type tally struct{ Rows, Sum uint64 }

func (y *tally) add(sum uint32)  { y.Rows++; y.Sum += uint64(sum) }
func (y *tally) drop(sum uint32) { y.Rows--; y.Sum -= uint64(sum) }

// tally returns the tally of a bucket. Changes of it are written by settle.
func (t *txn) tally(bucket string) (*tally, error) {
	if y, ok := t.tallies[bucket]; ok {
		return y, nil
	}
	y := &tally{}
	if _, err := t.get(tallyBucket, []byte(bucket), y); err != nil {
		return nil, err
	}
	if t.tallies == nil {
		t.tallies = map[string]*tally{}
	}
	t.tallies[bucket] = y
	return y, nil
}

// settle writes the tallies that were asked for.
func (t *txn) settle() error {
	if !t.tx.Writable() {
		return nil
	}
	for _, bucket := range []string{accountBucket, groupBucket, pinBucket, bindingBucket} {
		if y, ok := t.tallies[bucket]; ok {
			if err := t.put(tallyBucket, []byte(bucket), y); err != nil {
				return err
			}
		}
	}
	return nil
}

// putTallied writes a sealed row into a bucket that is tallied.
func (t *txn) putTallied(bucket string, key, row []byte) error {
	y, err := t.tally(bucket)
	if err != nil {
		return err
	}
	b := t.bucket(bucket)
	if old := b.Get(key); old != nil {
		y.drop(sumOf(old))
	}
	y.add(sumOf(row))
	return b.Put(key, row)
}

// removeTallied deletes a row from a bucket that is tallied.
func (t *txn) removeTallied(bucket string, key []byte) error {
	y, err := t.tally(bucket)
	if err != nil {
		return err
	}
	b := t.bucket(bucket)
	if old := b.Get(key); old != nil {
		y.drop(sumOf(old))
	}
	return b.Delete(key)
}

// numberKey makes keys that sort like their numbers.
func numberKey(n uint64) []byte { return binary.BigEndian.AppendUint64(nil, n) }

func numberOf(key []byte) uint64 {
	if len(key) != 8 {
		return 0
	}
	return binary.BigEndian.Uint64(key)
}
