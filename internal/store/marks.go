package store

import (
	"context"
	"encoding/binary"
	"slices"
	"time"

	bolt "go.etcd.io/bbolt"

	"github.com/kisi-sync/kisi-sync/internal/directory"
)

// Marks are the highest counts of each hour, so that a source which shrinks a little with every read is held against what it was
// and not against what it shrank to. They are kept for marksKept; a window longer than that looks back as far.
const marksKept = 31 * 24 * time.Hour

func marksName() []byte { return []byte("marks") }

// hourKey makes the key of the hour of a time.
func hourKey(at time.Time) []byte {
	return binary.BigEndian.AppendUint32(nil, uint32(max(0, at.Unix()/3600)))
}

// mark enters the counts of a snapshot that is being saved.
func (t *txn) mark(source string, h head) error {
	marks, err := t.source(source).CreateBucketIfNotExists(marksName())
	if err != nil {
		return err
	}
	key, counts := hourKey(h.At), h.Counts
	if row := marks.Get(key); row != nil {
		var before directory.Counts
		if err := t.read(sourceBucket+"/"+source+"/marks", key, row, &before); err != nil {
			return err
		}
		counts = higher(before, counts)
	}
	row, err := t.sealed(key, counts)
	if err != nil {
		return err
	}
	if err := marks.Put(key, row); err != nil {
		return err
	}
	return prune(marks, hourKey(h.At.Add(-marksKept)))
}

// prune deletes the rows whose keys are below first.
func prune(b *bolt.Bucket, first []byte) error {
	var old [][]byte
	c := b.Cursor()
	for key, _ := c.First(); key != nil && string(key) < string(first); key, _ = c.Next() {
		old = append(old, slices.Clone(key))
	}
	for _, key := range old {
		if err := b.Delete(key); err != nil {
			return err
		}
	}
	return nil
}

// HighWater returns the largest of each count of a source within the window that ends now, to the full hour, and never less than
// the counts of the snapshot that is known. It is zero when nothing is known.
func (s *Store) HighWater(ctx context.Context, source string, window time.Duration) (high directory.Counts, err error) {
	first := hourKey(s.now().Add(-window))
	err = s.view(ctx, sourceBucket+"/"+source+"/marks", func(t *txn) error {
		h, known, err := t.head(source)
		if err != nil || !known {
			return err
		}
		high = h.Counts
		marks := t.source(source).Bucket(marksName())
		if marks == nil {
			return nil
		}
		c := marks.Cursor()
		for key, row := c.Seek(first); key != nil; key, row = c.Next() {
			var counts directory.Counts
			if err := t.read(sourceBucket+"/"+source+"/marks", key, row, &counts); err != nil {
				return err
			}
			high = higher(high, counts)
		}
		return nil
	})
	return high, err
}

// ForgetMarks drops the marks of a source, so that from now on it is held against what is known of it: a person accepted that it
// has become smaller.
func (s *Store) ForgetMarks(ctx context.Context, source string) error {
	return s.update(ctx, sourceBucket+"/"+source+"/marks", func(t *txn) error {
		if b := t.source(source); b != nil {
			return drop(b, marksName())
		}
		return nil
	})
}

// LowerMarks takes from each mark of a source what is surely not there any more, so that it is not missed in what the source says next.
func (s *Store) LowerMarks(ctx context.Context, source string, by directory.Counts) error {
	return s.update(ctx, sourceBucket+"/"+source+"/marks", func(t *txn) error {
		b := t.source(source)
		if b == nil || b.Bucket(marksName()) == nil {
			return nil
		}
		marks, lower := b.Bucket(marksName()), map[string][]byte{} // a bucket must not change while a cursor walks it
		c := marks.Cursor()
		for key, row := c.First(); key != nil; key, row = c.Next() {
			var counts directory.Counts
			if err := t.read(sourceBucket+"/"+source+"/marks", key, row, &counts); err != nil {
				return err
			}
			sealed, err := t.sealed(key, counts.Minus(by))
			if err != nil {
				return err
			}
			lower[string(key)] = sealed
		}
		for key, row := range lower {
			if err := marks.Put([]byte(key), row); err != nil {
				return err
			}
		}
		return nil
	})
}

// higher returns the larger of each count. Both lists of attributes are sorted by name.
func higher(a, b directory.Counts) directory.Counts {
	c := directory.Counts{People: max(a.People, b.People), Active: max(a.Active, b.Active), Groups: max(a.Groups, b.Groups),
		Members: max(a.Members, b.Members)}
	i, j := 0, 0
	for i < len(a.With) || j < len(b.With) {
		switch {
		case j == len(b.With) || i < len(a.With) && a.With[i].Name < b.With[j].Name:
			c.With = append(c.With, a.With[i])
			i++
		case i == len(a.With) || b.With[j].Name < a.With[i].Name:
			c.With = append(c.With, b.With[j])
			j++
		default:
			c.With = append(c.With, directory.AttrCount{Name: a.With[i].Name, People: max(a.With[i].People, b.With[j].People)})
			i++
			j++
		}
	}
	return c
}
