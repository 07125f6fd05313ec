package store

import (
	"bytes"
	"context"
	"fmt"
	"time"

	bolt "go.etcd.io/bbolt"

	"github.com/kisi-sync/kisi-sync/internal/directory"
)

// A source has a bucket with its head, its marks and one generation of rows:
//
//	sources/corp/head             cursor, counts, which generation counts, and what its rows add up to
//	             marks/           highest counts by hour, see marks.go
//	             rows 1/people    by ID
//	                    groups    by ID
//	                    members   by group and first member, in chunks
//	                    tombs     by ID
//
// A read that changes little is written into the generation that there is, in one transaction with the head. One that changes much
// is written in batches into a new generation, which counts from the moment the head names it.
const (
	peoplePart  = "people"
	groupsPart  = "groups"
	membersPart = "members"
	tombsPart   = "tombs"
)

func parts() []string { return []string{peoplePart, groupsPart, membersPart, tombsPart} }

// head is what a snapshot is beside its rows.
type head struct {
	Generation     uint64
	Names          []string // of attributes, by number
	At             time.Time
	AsOf           time.Time `json:",omitzero" cbor:",omitzero"` // of when the content is; zero: of At
	Cursor         directory.Cursor
	DoubtedMembers int
	Standing       directory.Standing `json:",omitzero" cbor:",omitzero"`
	Counts         directory.Counts
	Tally          tally // of all rows
}

func headKey() []byte { return []byte("head") }

// rowsName returns the name of a generation's bucket.
func rowsName(generation uint64) []byte { return fmt.Appendf(nil, "rows %d", generation) }

// source returns the bucket of a source; nil when nothing is known of it.
func (t *txn) source(id string) *bolt.Bucket {
	all := t.bucket(sourceBucket)
	if all == nil {
		return nil
	}
	return all.Bucket([]byte(id))
}

// head reads the head of a source; ok is false when there is none.
func (t *txn) head(source string) (h head, ok bool, err error) {
	b := t.source(source)
	if b == nil {
		return h, false, nil
	}
	row := b.Get(headKey())
	if row == nil {
		return h, false, nil
	}
	return h, true, t.read(sourceBucket+"/"+source, headKey(), row, &h)
}

func (t *txn) putHead(source string, h head) error {
	row, err := t.sealed(headKey(), h)
	if err != nil {
		return err
	}
	return t.source(source).Put(headKey(), row)
}

// Snapshot returns what is known of a source, nil when nothing is. Rows that are damaged or missing are ErrDamaged.
func (s *Store) Snapshot(ctx context.Context, source string) (*directory.Snapshot, error) {
	return s.snapshotAs(ctx, source, source)
}

// loader reads the rows of one generation.
type loader struct {
	ctx     context.Context
	source  string
	rows    *bolt.Bucket
	into    *directory.Restorer
	objects objectReader
	members memberReader
	tally   tally
	tombs   []directory.Tombstone
}

func (l *loader) load(h head) (*directory.Snapshot, error) {
	if l.rows == nil {
		return nil, damaged(sourceBucket+"/"+l.source, rowsName(h.Generation))
	}
	for _, read := range []func() error{l.people, l.groups, l.readTombs} {
		if err := read(); err != nil {
			return nil, err
		}
	}
	if l.tally != h.Tally {
		return nil, fmt.Errorf("%d rows of %d: %w", l.tally.Rows, h.Tally.Rows, ErrDamaged)
	}
	return l.into.Done(directory.Rest{At: h.At, AsOf: h.AsOf, Cursor: h.Cursor, Tombstones: l.tombs, DoubtedMembers: h.DoubtedMembers, Standing: h.Standing})
}

// open checks a row and counts it.
func (l *loader) open(part string, key, row []byte) ([]byte, error) {
	payload, ok := unseal(key, row)
	if !ok {
		return nil, damaged(part, key)
	}
	l.tally.add(sumOf(row))
	if l.tally.Rows%contextEvery == 0 {
		return payload, l.ctx.Err()
	}
	return payload, nil
}

// contextEvery is after how many rows a long walk looks whether it is still wanted.
const contextEvery = 4096

func (l *loader) part(name string) (*bolt.Cursor, error) {
	b := l.rows.Bucket([]byte(name))
	if b == nil {
		return nil, damaged(sourceBucket+"/"+l.source, []byte(name))
	}
	return b.Cursor(), nil
}

func (l *loader) people() error {
	return l.each(peoplePart, func(key, payload []byte) error {
		r, doubted, ok := l.objects.read(textOf(key), payload)
		if !ok {
			return damaged(peoplePart, key)
		}
		return l.into.Person(r, doubted)
	})
}

// groups reads groups and, beside them, their members: both sort alike.
func (l *loader) groups() error {
	c, err := l.part(membersPart)
	if err != nil {
		return err
	}
	chunk, row := c.First()
	var prefix []byte
	err = l.each(groupsPart, func(key, payload []byte) error {
		r, doubted, ok := l.objects.read(textOf(key), payload)
		if !ok {
			return damaged(groupsPart, key)
		}
		if err := l.into.Group(r, doubted); err != nil {
			return err
		}
		prefix = groupOf(chunkKey(prefix[:0], r.ID, directory.Ref{}))
		for ; chunk != nil && bytes.Equal(groupOf(chunk), prefix); chunk, row = c.Next() {
			payload, err := l.open(membersPart, chunk, row)
			if err != nil {
				return err
			}
			if !l.members.read(payload, l.into.Member) {
				return damaged(membersPart, chunk)
			}
		}
		return nil
	})
	if err == nil && chunk != nil {
		return damaged(membersPart, chunk)
	}
	return err
}

func (l *loader) readTombs() error {
	return l.each(tombsPart, func(key, payload []byte) error {
		t, ok := readTombstone(string(key), payload)
		if !ok {
			return damaged(tombsPart, key)
		}
		l.tombs = append(l.tombs, t)
		return nil
	})
}

func (l *loader) each(part string, read func(key, payload []byte) error) error {
	c, err := l.part(part)
	if err != nil {
		return err
	}
	for key, row := c.First(); key != nil; key, row = c.Next() {
		payload, err := l.open(part, key, row)
		if err != nil {
			return err
		}
		if err := read(key, payload); err != nil {
			return err
		}
	}
	return nil
}

// Sources returns the ids of the sources of which something is known, sorted.
func (s *Store) Sources(ctx context.Context) (ids []string, err error) {
	err = s.view(ctx, sourceBucket, func(t *txn) error {
		return t.each(sourceBucket, func(key, _ []byte) error {
			if _, known, err := t.head(string(key)); err != nil || !known {
				return err
			}
			ids = append(ids, string(key))
			return nil
		})
	})
	return ids, err
}

// Forget drops everything known of a source, for one that is no longer in the file.
func (s *Store) Forget(ctx context.Context, source string) error {
	if err := s.saving.take(ctx); err != nil {
		return s.wrap(sourceBucket, err)
	}
	defer s.saving.give()
	return s.update(ctx, sourceBucket+"/"+source, func(t *txn) error {
		if t.source(source) == nil {
			return nil
		}
		return t.bucket(sourceBucket).DeleteBucket([]byte(source))
	})
}
