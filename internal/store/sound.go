package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	bolt "go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"

	"github.com/kisi-sync/kisi-sync/internal/pages"
)

// openFile opens a file that is there. All its pages are looked at before bbolt may believe them: see internal/pages.
func openFile(path string, o Options, readOnly bool) (*Store, error) {
	s, report, err := examine(path, o)
	if err == nil {
		err = problemsOf(report)
	}
	if err != nil || readOnly {
		return s, closed(s, err)
	}
	if err := s.db.Close(); err != nil {
		return nil, err
	}
	if s, err = openBolt(path, o, &bolt.Options{}); err != nil {
		return nil, err
	}
	s.older = report.Older
	return s, nil
}

// closed closes a file that is not handed out.
func closed(s *Store, err error) error {
	if err != nil && s != nil {
		err = errors.Join(err, s.db.Close())
	}
	return err
}

// examine opens a file only to read it, and looks at its pages. A file with problems is open, too, if bbolt may be let at it.
func examine(path string, o Options) (*Store, *pages.Report, error) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return nil, nil, err
	case info.Size() == 0:
		return nil, nil, fmt.Errorf("there is nothing in it; if kisi-sync has never worked here, delete it: %w", ErrDamaged)
	}
	var file *os.File
	s, err := openBolt(path, o, &bolt.Options{ReadOnly: true, OpenFile: func(name string, flag int, mode fs.FileMode) (*os.File, error) {
		file, err = os.OpenFile(name, flag, mode)
		return file, err
	}})
	if err != nil {
		return nil, nil, err
	}
	report, err := lookAt(file)
	if err == nil && !report.Walkable {
		err = problemsOf(report)
	}
	if err != nil {
		return nil, nil, closed(s, err)
	}
	return s, report, nil
}

// lookAt looks at the pages of a file that nobody writes meanwhile.
func lookAt(file *os.File) (*pages.Report, error) {
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	return pages.Look(file, info.Size())
}

func problemsOf(r *pages.Report) error {
	if len(r.Problems) == 0 {
		return nil
	}
	return fmt.Errorf("%s: %w", strings.Join(r.Problems, "; "), ErrDamaged)
}

// openBolt hands a file to bbolt. The list of free pages is kept on disk although that makes commits larger: else bbolt would walk
// the whole file now, and in a goroutine of its own.
func openBolt(path string, o Options, how *bolt.Options) (s *Store, err error) {
	defer rescue(expectFaults(), &err)
	docs, err := newDocs()
	if err != nil {
		return nil, err
	}
	how.Timeout, how.NoSync, how.FreelistType = o.Timeout, o.NoSync, bolt.FreelistMapType
	db, err := bolt.Open(path, 0o600, how)
	switch {
	case errors.Is(err, berrors.ErrTimeout):
		return nil, ErrLocked
	case errors.Is(err, berrors.ErrInvalid), errors.Is(err, berrors.ErrChecksum), errors.Is(err, berrors.ErrVersionMismatch):
		return nil, fmt.Errorf("its first pages are not those of a state file: %w", ErrDamaged)
	case err != nil && strings.HasPrefix(err.Error(), "file size too small"):
		return nil, fmt.Errorf("it ends within its first pages: %w", ErrDamaged)
	case err != nil:
		return nil, err
	}
	return &Store{path: path, db: db, now: o.Now, who: o.Who, docs: docs, sizes: usualSizes(),
		writing: make(semaphore, 1), saving: make(semaphore, 1)}, nil
}

// makeNew makes a file when there is none. It gets its name when it is whole, so a file in which there is nothing is never taken for one
// that was just begun. Of two processes that make it at the same time, one does.
func makeNew(path string, o Options, want schema) error {
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	part, err := blank(path, o, want)
	if err != nil {
		return err
	}
	err = os.Link(part, path)
	if err == nil || errors.Is(err, fs.ErrExist) {
		return errors.Join(discard(part), syncFolder(path))
	}
	if _, statErr := os.Stat(path); statErr == nil { // another process was faster, and swept this one's away
		return discard(part)
	}
	if err := os.Rename(part, path); err != nil { // a disk without second names
		return errors.Join(err, discard(part))
	}
	return syncFolder(path)
}

// blank makes a file beside path in which nothing is known, and returns its name.
func blank(path string, o Options, want schema) (part string, err error) {
	part, err = written(path, asNew, func(*os.File) error { return nil })
	if err != nil {
		return "", err
	}
	s, err := openBolt(part, o, &bolt.Options{})
	if err != nil {
		return "", errors.Join(err, discard(part))
	}
	if err = s.db.Update(func(tx *bolt.Tx) error { return create(tx, want.version) }); err != nil {
		return "", errors.Join(err, s.db.Close(), discard(part))
	}
	return part, s.db.Close()
}

// Examine is Findings of the file at path, also of one that Open refuses because it is damaged. The error says why nothing can be
// said about it: it is in use, is not there, is newer, or is none of kisi-sync's.
func Examine(ctx context.Context, path string, o Options) (all []Finding, err error) {
	defer func() { err = about(path, err) }()
	s, report, err := examine(path, o.withDefaults())
	if errors.Is(err, ErrDamaged) {
		return []Finding{{What: structure, Do: doRestore, Err: err}}, nil
	}
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.db.Close()) }()
	if err := s.readable(currentSchema()); err != nil && !errors.Is(err, ErrDamaged) {
		return nil, err
	}
	if report.Older {
		all = append(all, Finding{What: "one of its two first pages", Do: doOlder, Err: ErrDamaged})
	}
	found, err := s.Findings(ctx)
	return append(all, found...), err
}
