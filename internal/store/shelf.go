package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"

	bolt "go.etcd.io/bbolt"

	"github.com/kisi-sync/kisi-sync/connectors"
)

// Shelves keep what is pushed to a source, as rows that the source names itself. They lie among the documents, each under its source; no
// source that is pushed to has documents besides.
type Shelves struct {
	store  *Store
	source string
}

var _ connectors.Docs = Shelves{}

// Shelves returns the rows of a source, by its id.
func (s *Store) Shelves(source string) Shelves { return Shelves{s, source} }

// Shelves returns the rows of a source as they are. They cannot be changed.
func (p *Preview) Shelves(source string) connectors.Docs { return foreseen{p, source} }

// foreseen is the rows of a source that may be known by another id still.
type foreseen struct {
	preview *Preview
	source  string
}

// View reads rows of one moment; there are none where there is no file.
func (f foreseen) View(ctx context.Context, read func(connectors.Shelf) error) error {
	if f.preview.base.db == nil {
		return read(&shelf{})
	}
	return f.preview.base.Shelves(f.preview.known(f.source)).View(ctx, read)
}

// Update refuses.
func (foreseen) Update(context.Context, func(connectors.Shelf) error) error { return ErrPreview }

// shelfPrefix keeps sources apart whatever is in their names.
func shelfPrefix(source string) []byte {
	var e encoder
	e.text(source)
	return e.row
}

// View reads rows of one moment. What is handed to read is good until it returns.
func (s Shelves) View(ctx context.Context, read func(connectors.Shelf) error) error {
	return s.store.view(ctx, documentBucket, func(t *txn) error {
		return read(&shelf{ctx: ctx, bucket: t.bucket(documentBucket), prefix: shelfPrefix(s.source)})
	})
}

// Update changes rows: all that change wrote, or nothing after an error, which is returned as it is. They are on the disk when Update
// returns. Changes that come while another one is being written are written together, one after another, and so wait for the disk
// together. change must not wait for anything and may see what the changes before it wrote.
func (s Shelves) Update(ctx context.Context, change func(connectors.Shelf) error) error {
	j := &job{ctx: ctx, source: s.source, change: change, done: make(chan struct{})}
	q := &s.store.queue
	q.add(j)
	select {
	case <-j.done:
		return j.err
	case s.store.writing <- struct{}{}:
	case <-ctx.Done():
		if q.remove(j) {
			return ctx.Err()
		}
		<-j.done // somebody has begun it
		return j.err
	}
	defer s.store.writing.give()
	for {
		select {
		case <-j.done: // by us, or between the two
			return j.err
		default:
			s.store.carryOut(q.take())
		}
	}
}

// job is a change that waits for its turn.
type job struct {
	ctx    context.Context
	source string
	change func(connectors.Shelf) error
	err    error
	done   chan struct{} // closed once err is final
}

// queue is who waits to write.
type queue struct {
	mu   sync.Mutex
	jobs []*job
}

// together bounds a transaction, so that nobody else waits long for the file.
const together = 256

func (q *queue) add(j *job) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.jobs = append(q.jobs, j)
}

// take returns the first of those who wait.
func (q *queue) take() []*job {
	q.mu.Lock()
	defer q.mu.Unlock()
	n := min(len(q.jobs), together)
	taken := slices.Clone(q.jobs[:n])
	q.jobs = slices.Delete(q.jobs, 0, n)
	return taken
}

func (q *queue) remove(j *job) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	i := slices.Index(q.jobs, j)
	if i < 0 {
		return false
	}
	q.jobs = slices.Delete(q.jobs, i, i+1)
	return true
}

// carryOut does changes in one transaction. The caller holds the file.
func (s *Store) carryOut(jobs []*job) {
	err := errCut // unless it comes to its end
	defer func() {
		for _, j := range jobs {
			if j.err == nil && err != nil {
				j.err = s.wrap(documentBucket, err)
			}
			close(j.done)
		}
	}()
	wrote := false
	err = s.transact(s.db.Update, func(t *txn) (err error) {
		wrote, err = t.change(jobs)
		if err == nil && !wrote {
			return errNothing
		}
		return err
	})
	if errors.Is(err, errNothing) {
		err = nil
	} else if err == nil && s.committed != nil {
		s.committed()
	}
}

// change does changes one after another, and says whether any wrote something. One that fails leaves nothing behind.
func (t *txn) change(jobs []*job) (wrote bool, err error) {
	for _, j := range jobs {
		own := &shelf{ctx: j.ctx, bucket: t.bucket(documentBucket), prefix: shelfPrefix(j.source), changed: map[string][]byte{}}
		if j.err = j.ctx.Err(); j.err == nil {
			j.err = j.change(own)
		}
		if j.err != nil {
			continue
		}
		wrote = wrote || len(own.changed) > 0
		if err := own.flush(); err != nil {
			return wrote, err
		}
	}
	return wrote, nil
}

var (
	errNothing = errors.New("nothing to write")       // ends a transaction without a commit
	errCut     = errors.New("the change was cut off") // by a panic
)

// shelf is the rows of a source within a transaction.
type shelf struct {
	ctx     context.Context
	bucket  *bolt.Bucket // nil where there is no file yet
	prefix  []byte
	changed map[string][]byte // nil when it is only read; a nil row is a deleted one
}

func (s *shelf) key(key string) []byte { return append(slices.Clip(s.prefix), key...) }

// Get returns a row, nil when there is none.
func (s *shelf) Get(key string) ([]byte, error) {
	if row, ok := s.changed[key]; ok {
		return row, nil
	}
	if s.bucket == nil {
		return nil, nil
	}
	whole := s.key(key)
	row := s.bucket.Get(whole)
	if row == nil {
		return nil, nil
	}
	payload, ok := unseal(whole, row)
	if !ok {
		return nil, damaged(documentBucket, whole)
	}
	return payload, nil
}

// Put keeps a row; nil deletes it.
func (s *shelf) Put(key string, row []byte) {
	s.changed[key] = row
}

// Each calls yield with the rows whose keys begin with a prefix, ascending, from a key on, until it returns false. Rows that the same
// change wrote are not among them.
func (s *shelf) Each(prefix, from string, yield func(key string, row []byte) bool) error {
	if s.bucket == nil {
		return nil
	}
	c, within := s.bucket.Cursor(), s.key(prefix)
	n := 0
	for k, row := c.Seek(s.key(max(prefix, from))); k != nil && bytes.HasPrefix(k, within); k, row = c.Next() {
		payload, ok := unseal(k, row)
		if !ok {
			return damaged(documentBucket, k)
		}
		if !yield(string(k[len(s.prefix):]), payload) {
			return nil
		}
		if n++; n%contextEvery == 0 && s.ctx.Err() != nil {
			return s.ctx.Err()
		}
	}
	return nil
}

func (s *shelf) flush() error {
	for _, key := range slices.Sorted(maps.Keys(s.changed)) {
		row := s.changed[key]
		whole := s.key(key)
		if row == nil {
			if err := s.bucket.Delete(whole); err != nil {
				return err
			}
			continue
		}
		sealed := seal(whole, append(make([]byte, sumSize, sumSize+len(row)), row...))
		if err := s.bucket.Put(whole, sealed); err != nil {
			return fmt.Errorf("%s: %w", key, err)
		}
	}
	return nil
}
