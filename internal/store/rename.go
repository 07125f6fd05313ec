package store

import (
	"bytes"
	"context"

	bolt "go.etcd.io/bbolt"

	"github.com/kisi-sync/kisi-sync/internal/directory"
)

// RenameSource moves everything that was read of a source to another id: the snapshot with its memory of who is gone, the cursor, and
// the marks. It does nothing, and returns false, when nothing is known under the old id, or something under the new one. Rows stay where
// they are in the file, however many there are.
func (s *Store) RenameSource(ctx context.Context, from, to string) (moved bool, err error) {
	if err := s.saving.take(ctx); err != nil {
		return false, s.wrap(sourceBucket, err)
	}
	defer s.saving.give()
	err = s.update(ctx, sourceBucket+"/"+from, func(t *txn) error {
		h, known, err := t.head(from)
		if err != nil || !known || t.source(to) != nil {
			return err
		}
		next, err := t.bucket(sourceBucket).CreateBucket([]byte(to))
		if err != nil {
			return err
		}
		if err := moveBuckets(t.source(from), next); err != nil {
			return err
		}
		if err := t.putHead(to, h); err != nil {
			return err
		}
		if err := t.moveShelf(from, to); err != nil {
			return err
		}
		moved = true
		return t.bucket(sourceBucket).DeleteBucket([]byte(from))
	})
	return moved && err == nil, err
}

// moveShelf moves what was pushed to a source.
func (t *txn) moveShelf(from, to string) error {
	old, next := &shelf{ctx: context.Background(), bucket: t.bucket(documentBucket), prefix: shelfPrefix(from), changed: map[string][]byte{}},
		&shelf{ctx: context.Background(), bucket: t.bucket(documentBucket), prefix: shelfPrefix(to), changed: map[string][]byte{}}
	err := old.Each("", "", func(key string, row []byte) bool {
		next.Put(key, bytes.Clone(row))
		old.Put(key, nil)
		return true
	})
	if err != nil {
		return err
	}
	if err := next.flush(); err != nil {
		return err
	}
	return old.flush()
}

// moveBuckets moves the buckets in one bucket into another.
func moveBuckets(from, to *bolt.Bucket) error {
	var names [][]byte
	err := from.ForEachBucket(func(name []byte) error {
		names = append(names, append([]byte(nil), name...))
		return nil
	})
	for _, name := range names {
		if err == nil {
			err = from.MoveBucket(name, to)
		}
	}
	return err
}

// RenameSource keeps in memory that a source is remembered under another id.
func (p *Preview) RenameSource(ctx context.Context, from, to string) (bool, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.snapshots[to] != nil {
		return false, nil
	}
	snapshot, err := p.base.snapshotAs(ctx, from, to)
	if err != nil || snapshot == nil {
		return false, err
	}
	p.snapshots[to], p.renamed[to] = snapshot, from
	return true, nil
}

// known returns the id by which the file knows a source.
func (p *Preview) known(source string) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	if was, renamed := p.renamed[source]; renamed {
		return was
	}
	return source
}

// snapshotAs reads what is known of a source as that of another.
func (s *Store) snapshotAs(ctx context.Context, source, as string) (snapshot *directory.Snapshot, err error) {
	err = s.view(ctx, sourceBucket+"/"+source, func(t *txn) error {
		h, ok, err := t.head(source)
		if err != nil || !ok {
			return err
		}
		l := &loader{ctx: ctx, source: source, rows: t.source(source).Bucket(rowsName(h.Generation)), into: directory.Restore(as),
			objects: objectReader{names: h.Names}}
		snapshot, err = l.load(h)
		return err
	})
	return snapshot, err
}
