package store

import (
	"context"
	"encoding/binary"

	"github.com/kisi-sync/kisi-sync/internal/access"
)

// spentKept is how long what was spent is kept: longer than any window that limits look back.
const spentKept access.Instant = 90 * 24 * 3600

// spentKey sorts by time, then by sequence.
func spentKey(at access.Instant, n uint64) []byte {
	return binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint32(nil, uint32(at)), n)
}

// spend counts the call against the limits, unless somebody approved it: what was looked at leaves the limit as wide as it was for
// what nobody has looked at.
func (b *booking) spend() error {
	spending, ok := b.call.Spent(b.at)
	if !ok {
		return nil
	}
	hold, _, err := b.t.hold(b.call.Change.Digest())
	if err != nil || hold.Hold.Verdict == access.Approved {
		return err
	}
	n, err := b.t.bucket(spentBucket).NextSequence()
	if err != nil {
		return err
	}
	return b.t.put(spentBucket, spentKey(b.at, n), spending)
}

// Spent returns who gained or lost something since a moment, in order of time.
func (s *Store) Spent(ctx context.Context, since access.Instant) (all []access.Spending, err error) {
	err = s.view(ctx, spentBucket, func(t *txn) error {
		b := t.bucket(spentBucket)
		if b == nil {
			return nil
		}
		c := b.Cursor()
		for key, row := c.Seek(spentKey(since, 0)); key != nil; key, row = c.Next() {
			var one access.Spending
			if err := t.read(spentBucket, key, row, &one); err != nil {
				return err
			}
			all = append(all, one)
		}
		return nil
	})
	return all, err
}
