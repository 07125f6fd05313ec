package store

import (
	"context"
	"fmt"
	"slices"
	"strings"

	bolt "go.etcd.io/bbolt"

	"github.com/kisi-sync/kisi-sync/internal/directory"
)

// saveGeneration writes a snapshot into a generation of its own, batch by batch, and then, in one transaction, makes it the one that
// counts and drops the old one. Until then the old one is what is known, whatever happens.
func (s *Store) saveGeneration(ctx context.Context, snapshot *directory.Snapshot) error {
	g := &generation{store: s, ctx: ctx, source: snapshot.Source(), what: sourceBucket + "/" + snapshot.Source()}
	if err := g.begin(); err != nil {
		return err
	}
	w := &rowWriter{names: newNames(nil), put: g.put}
	if err := w.write(snapshot); err != nil {
		return err
	}
	if err := g.flush(); err != nil {
		return err
	}
	return s.update(ctx, g.what, func(t *txn) error {
		old := g.head.Generation
		h := head{Generation: g.number, Names: w.names.list, Tally: w.tally}
		if err := t.finishSave(snapshot, h); err != nil {
			return err
		}
		return drop(t.source(g.source), rowsName(old))
	})
}

// generation is one that is being written.
type generation struct {
	store  *Store
	ctx    context.Context
	source string
	what   string
	head   head // of the one that counts; zero when none does
	number uint64
	batch  []edit
	text   arena
	bytes  int
}

// begin makes an empty generation, in place of one that was left half written.
func (g *generation) begin() error {
	return g.store.update(g.ctx, g.what, func(t *txn) (err error) {
		if g.head, _, err = t.head(g.source); err != nil {
			return err
		}
		g.number = g.head.Generation + 1
		b, err := t.bucket(sourceBucket).CreateBucketIfNotExists([]byte(g.source))
		if err != nil {
			return err
		}
		if err := drop(b, rowsName(g.number)); err != nil {
			return err
		}
		rows, err := b.CreateBucket(rowsName(g.number))
		if err != nil {
			return err
		}
		for _, part := range parts() {
			if _, err := rows.CreateBucket([]byte(part)); err != nil {
				return err
			}
		}
		return nil
	})
}

func (g *generation) put(part string, key, row []byte) error {
	g.batch = append(g.batch, edit{part, g.text.hold(key), g.text.hold(row)})
	g.bytes += len(key) + len(row)
	if len(g.batch) < g.store.sizes.batch && g.bytes < g.store.sizes.bytes {
		return nil
	}
	return g.flush()
}

func (g *generation) flush() error {
	err := g.store.update(g.ctx, g.what, func(t *txn) error {
		rows := t.source(g.source).Bucket(rowsName(g.number))
		for _, part := range parts() {
			if err := g.flushPart(part, rows.Bucket([]byte(part))); err != nil {
				return err
			}
		}
		return nil
	})
	clear(g.batch)
	g.batch, g.bytes, g.text = g.batch[:0], 0, arena{}
	return err
}

func (g *generation) flushPart(part string, b *bolt.Bucket) error {
	b.FillPercent = sortedFill
	for _, e := range g.batch {
		if e.part != part {
			continue
		}
		if err := b.Put(e.key, e.row); err != nil {
			return err
		}
	}
	return nil
}

// drop deletes a bucket if it is there.
func drop(from *bolt.Bucket, name []byte) error {
	if from.Bucket(name) == nil {
		return nil
	}
	return from.DeleteBucket(name)
}

// dropLeftovers deletes generations that no head names: a crash left them behind while they were being written.
func (s *Store) dropLeftovers() error {
	found := map[string][]string{}
	err := s.view(context.Background(), sourceBucket, func(t *txn) error {
		return t.each(sourceBucket, func(source, _ []byte) error {
			h, _, err := t.head(string(source))
			if err != nil {
				return err
			}
			return t.source(string(source)).ForEachBucket(func(name []byte) error {
				if strings.HasPrefix(string(name), "rows ") && string(name) != string(rowsName(h.Generation)) {
					found[string(source)] = append(found[string(source)], string(name))
				}
				return nil
			})
		})
	})
	if err != nil || len(found) == 0 {
		return err
	}
	return s.update(context.Background(), sourceBucket, func(t *txn) error {
		for source, names := range found {
			slices.Sort(names)
			for _, name := range names {
				if err := drop(t.source(source), []byte(name)); err != nil {
					return fmt.Errorf("%s/%s: %w", source, name, err)
				}
			}
		}
		return nil
	})
}
