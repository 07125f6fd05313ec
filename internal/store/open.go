package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"runtime"
	"sync"
	"time"

	bolt "go.etcd.io/bbolt"

	"github.com/kisi-sync/kisi-sync/internal/record"
)

// Options are the circumstances of a Store. The zero value is what a daemon wants.
type Options struct {
	Timeout time.Duration    // how long to wait for another process to let go of the file; 0: five seconds
	NoSync  bool             // do not wait for the disk; for tests and benchmarks, where a power failure loses nothing
	Now     func() time.Time // nil: time.Now
	Who     string           // who asks, for lines of the audit trail outside of a run that says it itself
}

const defaultTimeout = 5 * time.Second

func (o Options) withDefaults() Options {
	if o.Timeout == 0 {
		o.Timeout = defaultTimeout
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return o
}

// Store is the open file. Its methods may be called by many goroutines; those that change something wait for one another.
type Store struct {
	path    string
	db      *bolt.DB // nil for a preview where there is no file
	now     func() time.Time
	who     string
	docs    docs
	writing semaphore // one change at a time; unlike a mutex it can be waited for with a context
	saving  semaphore // one snapshot at a time
	queue   queue     // of changes that are written together
	run     openRun
	sizes   sizes
	older   bool // one of the two first pages could not be read when it was opened

	committed func() // called after each transaction that changed something; nil outside of tests
}

// openRun is the run under way, which journal lines of the audit trail name.
type openRun struct {
	sync.Mutex
	id    uint64 // 0: none was begun
	asked string
}

type semaphore chan struct{}

func (s semaphore) take(ctx context.Context) error {
	select {
	case s <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (s semaphore) give() { <-s }

// Open opens the file, makes it when there is none, brings an older one up to date, and clears away what a crash left half
// written. The file can be read by its owner only. The folder must exist.
func Open(path string, o Options) (*Store, error) {
	return open(path, o, currentSchema())
}

func open(path string, o Options, want schema) (_ *Store, err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("state file %s: %w", path, err)
		}
	}()
	if err := makePrivate(path); err != nil {
		return nil, err
	}
	o = o.withDefaults()
	if err := makeNew(path, o, want); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnwritable, err)
	}
	s, err := openFile(path, o, false)
	if err != nil {
		return nil, err
	}
	if err := s.prepare(want); err != nil {
		return nil, errors.Join(err, s.db.Close())
	}
	sweep(path, o.Now())
	return s, nil
}

// prepare makes an opened file fit for use.
func (s *Store) prepare(want schema) (err error) {
	defer rescue(expectFaults(), &err)
	if err := s.migrate(want); err != nil {
		return err
	}
	if err := s.dropLeftovers(); err != nil || !s.older {
		return err
	}
	return s.Audit(context.Background(), record.AuditLine{Kind: record.DidOpen, Who: s.who, Outcome: record.Done,
		What: "open the state file, of which one of the two first pages could not be read: its last change may be missing"})
}

// makePrivate takes away everybody else's rights to an existing file: it names people. Windows keeps rights elsewhere.
func makePrivate(path string) error {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case !info.Mode().IsRegular():
		return errors.New("not a file")
	case runtime.GOOS == "windows" || info.Mode().Perm()&0o077 == 0:
		return nil
	}
	return os.Chmod(path, 0o600)
}

// Close lets go of the file once the transactions under way have ended.
func (s *Store) Close() error {
	if s.db == nil {
		return nil
	}
	return s.db.Close()
}

// Path returns where the file is.
func (s *Store) Path() string { return s.path }

// view reads. What is one moment's truth is read in one view. Where there is no file there is nothing to read.
func (s *Store) view(ctx context.Context, what string, do func(*txn) error) error {
	err := ctx.Err()
	if err == nil && s.db != nil {
		err = s.transact(s.db.View, do)
	}
	return s.wrap(what, err)
}

// update changes something: all of it or nothing. It is on the disk when update returns.
func (s *Store) update(ctx context.Context, what string, do func(*txn) error) error {
	if err := s.writing.take(ctx); err != nil {
		return s.wrap(what, err)
	}
	defer s.writing.give()
	err := ctx.Err()
	if err == nil {
		err = s.transact(s.db.Update, do)
	}
	if err == nil && s.committed != nil {
		s.committed()
	}
	return s.wrap(what, err)
}

func (s *Store) transact(run func(func(*bolt.Tx) error) error, do func(*txn) error) (err error) {
	defer rescue(expectFaults(), &err)
	committing := false
	err = run(func(tx *bolt.Tx) error {
		t := &txn{tx: tx, docs: s.docs}
		if err := do(t); err != nil {
			return err
		}
		err := t.settle()
		committing = err == nil
		return err
	})
	if err != nil && committing { // bbolt keeps only the text of some of what the system says
		return fmt.Errorf("%w: %w", ErrUnwritable, err)
	}
	return err
}

func (s *Store) wrap(what string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("state file %s: %s: %w", s.path, what, err)
}
