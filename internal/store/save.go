package store

import (
	"bytes"
	"context"
	"errors"
	"iter"
	"time"

	bolt "go.etcd.io/bbolt"

	"github.com/kisi-sync/kisi-sync/internal/directory"
)

// sizes say how much is written in one transaction.
type sizes struct {
	edits    int // more differences than that are written as a new generation
	batch    int // rows of a new generation
	bytes    int // and their bytes
	accounts int // brought up to date by an observation
	notes    int // each is a fact by itself, and a first run has tens of thousands
}

func usualSizes() sizes {
	return sizes{edits: 50_000, batch: 10_000, bytes: 16 << 20, accounts: 10_000, notes: 2_000}
}

// sortedFill is how much of a page is filled by rows that come in order and are seldom followed by others between them.
const sortedFill = 0.9

// errMuch says that a snapshot differs too much to be written at once.
var errMuch = errors.New("too many differences")

// SaveSnapshot makes a snapshot what is known of its source: rows, cursor, tombstones, doubts and counts, together or not at all.
// Only rows that differ are written, so the work on disk is proportional to what changed.
func (s *Store) SaveSnapshot(ctx context.Context, snapshot *directory.Snapshot) error {
	source := snapshot.Source()
	if source == "" {
		return s.wrap(sourceBucket, errors.New("a snapshot without a source"))
	}
	if err := s.saving.take(ctx); err != nil {
		return s.wrap(sourceBucket, err)
	}
	defer s.saving.give()
	err := s.saveEdits(ctx, snapshot)
	if errors.Is(err, errMuch) {
		err = s.saveGeneration(ctx, snapshot)
	}
	return err
}

// SaveSnapshotAgain keeps time and cursor of a snapshot whose rows are those that are kept already (directory.Snapshot.Again). It writes
// one row, however large the source is.
func (s *Store) SaveSnapshotAgain(ctx context.Context, snapshot *directory.Snapshot) error {
	if err := s.saving.take(ctx); err != nil {
		return s.wrap(sourceBucket, err)
	}
	defer s.saving.give()
	source := snapshot.Source()
	return s.update(ctx, sourceBucket+"/"+source, func(t *txn) error {
		h, known, err := t.head(source)
		if err != nil {
			return err
		}
		if !known {
			return errors.New("nothing is kept that could be the same again")
		}
		rest := snapshot.Rest()
		h.At, h.AsOf, h.Cursor, h.Standing = rest.At, rest.AsOf, rest.Cursor, rest.Standing
		if err := t.putHead(source, h); err != nil {
			return err
		}
		return t.mark(source, h)
	})
}

// saveEdits compares with what is there while others may write, then writes the differences in one short transaction. Nobody
// else changes the rows of a snapshot meanwhile: saving is held.
func (s *Store) saveEdits(ctx context.Context, snapshot *directory.Snapshot) error {
	what := sourceBucket + "/" + snapshot.Source()
	var h head
	c := &comparison{most: s.sizes.edits}
	err := s.view(ctx, what, func(t *txn) (err error) {
		var known bool
		if h, known, err = t.head(snapshot.Source()); err != nil {
			return err
		}
		if !known {
			return errMuch
		}
		return c.compare(ctx, t.source(snapshot.Source()).Bucket(rowsName(h.Generation)), snapshot, &h)
	})
	if err != nil {
		return err
	}
	return s.update(ctx, what, func(t *txn) error {
		rows := t.source(snapshot.Source()).Bucket(rowsName(h.Generation))
		for _, e := range c.edits {
			if err := e.apply(rows); err != nil {
				return err
			}
		}
		return t.finishSave(snapshot, h)
	})
}

// finishSave writes the head and the marks: from here on the rows count.
func (t *txn) finishSave(snapshot *directory.Snapshot, h head) error {
	rest := snapshot.Rest()
	h.At, h.AsOf, h.Cursor, h.DoubtedMembers, h.Counts, h.Standing = rest.At, rest.AsOf, rest.Cursor, rest.DoubtedMembers, snapshot.Counts(), rest.Standing
	if err := t.putHead(snapshot.Source(), h); err != nil {
		return err
	}
	return t.mark(snapshot.Source(), h)
}

// rowWriter turns a snapshot into rows.
type rowWriter struct {
	names *names
	tally tally
	row   encoder
	put   func(part string, key, row []byte) error // must copy what it keeps
}

// write puts all rows of a snapshot; within each part they are ascending by key.
func (w *rowWriter) write(snapshot *directory.Snapshot) error {
	err := snapshot.EachPerson(func(r *directory.Record, doubted time.Time) error {
		w.row.object(r, doubted, w.names)
		return w.emit(peoplePart, bytesOf(r.ID), w.row.row)
	})
	if err != nil {
		return err
	}
	chunks := chunker{put: func(key, row []byte) error { w.tally.add(sumOf(row)); return w.put(membersPart, key, row) }}
	err = snapshot.EachGroup(func(r *directory.Record, doubted time.Time, members iter.Seq[directory.Ref]) error {
		w.row.object(r, doubted, w.names)
		if err := w.emit(groupsPart, bytesOf(r.ID), w.row.row); err != nil {
			return err
		}
		for m := range members {
			if err := chunks.add(r.ID, m); err != nil {
				return err
			}
		}
		return chunks.flush()
	})
	if err != nil {
		return err
	}
	for _, tomb := range snapshot.Tombstones() {
		w.row.tombstone(tomb)
		if err := w.emit(tombsPart, bytesOf(tomb.ID), w.row.row); err != nil {
			return err
		}
	}
	return nil
}

func (w *rowWriter) emit(part string, key, row []byte) error {
	seal(key, row)
	w.tally.add(sumOf(row))
	return w.put(part, key, row)
}

// edit is one row to write, or to delete when row is nil.
type edit struct {
	part     string
	key, row []byte
}

func (e edit) apply(rows *bolt.Bucket) error {
	b := rows.Bucket([]byte(e.part))
	if e.row == nil {
		return b.Delete(e.key)
	}
	return b.Put(e.key, e.row)
}

// comparison walks the rows of a snapshot and those on disk side by side and collects the differences.
type comparison struct {
	ctx   context.Context
	most  int
	at    map[string]*position
	edits []edit
	text  arena
	seen  uint64
}

// position is where the walk is in one part on disk.
type position struct {
	cursor   *bolt.Cursor
	key, row []byte
}

func (p *position) next() { p.key, p.row = p.cursor.Next() }

// compare collects what must be written into rows to make them those of snapshot, and brings h up to date.
func (c *comparison) compare(ctx context.Context, rows *bolt.Bucket, snapshot *directory.Snapshot, h *head) error {
	if rows == nil {
		return errMuch
	}
	c.ctx, c.at = ctx, map[string]*position{}
	for _, part := range parts() {
		b := rows.Bucket([]byte(part))
		if b == nil {
			return errMuch
		}
		p := &position{cursor: b.Cursor()}
		p.key, p.row = p.cursor.First()
		c.at[part] = p
	}
	w := &rowWriter{names: newNames(h.Names), put: c.put}
	if err := w.write(snapshot); err != nil {
		return err
	}
	for _, part := range parts() {
		for p := c.at[part]; p.key != nil; p.next() {
			if err := c.note(part, p.key, nil); err != nil {
				return err
			}
		}
	}
	h.Names, h.Tally = w.names.list, w.tally
	return nil
}

func (c *comparison) put(part string, key, row []byte) error {
	p := c.at[part]
	for ; p.key != nil && bytes.Compare(p.key, key) < 0; p.next() {
		if err := c.note(part, p.key, nil); err != nil {
			return err
		}
	}
	same := p.key != nil && bytes.Equal(p.key, key)
	if !same || !bytes.Equal(p.row, row) {
		if err := c.note(part, key, row); err != nil {
			return err
		}
	}
	if same {
		p.next()
	}
	if c.seen++; c.seen%contextEvery == 0 {
		return c.ctx.Err()
	}
	return nil
}

func (c *comparison) note(part string, key, row []byte) error {
	if len(c.edits) == c.most {
		return errMuch
	}
	e := edit{part: part, key: c.text.hold(key)}
	if row != nil {
		e.row = c.text.hold(row)
	}
	c.edits = append(c.edits, e)
	return nil
}
