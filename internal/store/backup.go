package store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	bolt "go.etcd.io/bbolt"
)

// Backup writes a copy of the file as it is at one moment, while it is in use. The copy can be read by its owner only. It gets its
// name when it is whole and on the disk, in place of a file of that name; whatever happens before, the older copy stays.
func (s *Store) Backup(ctx context.Context, path string) error {
	if s.db == nil {
		return s.wrap("backup", errors.New("there is no state yet"))
	}
	if same(path, s.path) {
		return s.wrap("backup", fmt.Errorf("%s is the file itself", path))
	}
	return s.wrap("backup", s.copyWhole(ctx, path))
}

// copyWhole writes the file to another path, whole or not at all.
func (s *Store) copyWhole(ctx context.Context, path string) error {
	return place(path, func(f *os.File) error {
		return s.transact(s.db.View, func(t *txn) error { return copyTo(ctx, t.tx, f) })
	})
}

func copyTo(ctx context.Context, tx *bolt.Tx, w io.Writer) error {
	_, err := tx.WriteTo(cancellable{ctx, w}) // which does not say why it could not write
	if err != nil {
		err = errors.Join(ctx.Err(), err)
	}
	return err
}

// cancellable writes until its context has ended.
type cancellable struct {
	ctx context.Context
	w   io.Writer
}

func (c cancellable) Write(b []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.w.Write(b)
}

// place makes a file that only its owner can read, and gives it its name when write has written it and it is on the disk.
func place(path string, write func(*os.File) error) error {
	part, err := written(path, asCopy, write)
	if err != nil {
		return err
	}
	if err := os.Rename(part, path); err != nil {
		return errors.Join(err, os.Remove(part))
	}
	return syncFolder(path)
}

// What a file is called that has not got its name yet: one that copies another, and one in which nothing is known.
const (
	asCopy = ".part-"
	asNew  = ".new-"
)

// written makes a file beside path and returns its name.
func written(path, as string, write func(*os.File) error) (part string, err error) {
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+as+"*") // 0600, whatever the umask
	if err != nil {
		return "", err
	}
	err = write(f)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return "", errors.Join(err, os.Remove(f.Name()))
	}
	return f.Name(), nil
}

// forgotten is how old a copy is that nobody writes any more.
const forgotten = 24 * time.Hour

// sweep removes files that never got their names because a process was killed: those with nothing in them at once, copies when nobody
// can be writing them any more. path itself is open and locked, so nobody makes it now. What cannot be removed is left.
func sweep(path string, now time.Time) {
	files, _ := os.ReadDir(filepath.Dir(path))
	for _, f := range files {
		rest, ours := strings.CutPrefix(f.Name(), filepath.Base(path))
		if !ours || !f.Type().IsRegular() {
			continue
		}
		number, blank := strings.CutPrefix(rest, asNew)
		info, err := f.Info()
		if old := err == nil && now.Sub(info.ModTime()) > forgotten; !blank && old {
			number, _ = strings.CutPrefix(rest, asCopy)
		}
		if digits(number) {
			_ = os.Remove(filepath.Join(filepath.Dir(path), f.Name()))
		}
	}
}

// digits says that a text is what os.CreateTemp puts in place of the star.
func digits(text string) bool {
	return text != "" && strings.Trim(text, "0123456789") == ""
}

// syncFolder makes sure that a file which got its name keeps it. Windows does that by itself.
func syncFolder(path string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	d, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// same says that two paths are one file.
func same(a, b string) bool {
	x, errX := os.Stat(a)
	y, errY := os.Stat(b)
	return errX == nil && errY == nil && os.SameFile(x, y)
}

// keep gives the file at path a second name, with the date, so that it is there under both until something is put in its place. It
// returns "" when there is no file.
func keep(path string, now time.Time) (string, error) {
	if _, err := os.Stat(path); errors.Is(err, os.ErrNotExist) {
		return "", nil
	}
	base := path + ".replaced-" + now.UTC().Format("20060102T150405Z")
	name := base
	for n := 2; ; n++ {
		if _, err := os.Lstat(name); errors.Is(err, os.ErrNotExist) {
			break
		}
		name = fmt.Sprintf("%s-%d", base, n)
	}
	if err := os.Link(path, name); err == nil {
		return name, nil
	}
	return name, place(name, func(f *os.File) error { // a disk without second names
		from, err := os.Open(path)
		if err != nil {
			return err
		}
		_, err = io.Copy(f, from)
		return errors.Join(err, from.Close())
	})
}
