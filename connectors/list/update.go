package list

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// ErrChanged is returned by Update when the file is not what the change was made of any more.
var ErrChanged = errors.New("the list was changed by somebody else meanwhile")

// ErrOwner is returned by Update when the new file would belong to somebody else than the old one, whose rights would end.
var ErrOwner = errors.New("the list belongs to another account, and this one cannot give a file to it")

const (
	lockPatience = 10 * time.Second
	lockEvery    = 20 * time.Millisecond
)

// Update puts a new text in the place of an old one: whole or not at all, with the file's mode and owner, and while no other Update of
// the same folder is at work. It returns ErrChanged when the file does not hold the old text, and changes nothing after an error. A link
// is followed. It cannot keep access lists and other extended attributes of the file.
func Update(ctx context.Context, path string, old, text []byte) error {
	path, err := filepath.EvalSymlinks(path)
	if err != nil {
		return fmt.Errorf("find the list: %w", err)
	}
	release, err := lockWaiting(ctx, path)
	if err != nil {
		return err
	}
	defer release()
	now, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("read the list: %w", err)
	}
	if !bytes.Equal(now, old) {
		return ErrChanged
	}
	return replace(path, text)
}

// lockWaiting takes the lock of a file's folder.
func lockWaiting(ctx context.Context, path string) (release func(), err error) {
	ctx, cancel := context.WithTimeout(ctx, lockPatience)
	defer cancel()
	for {
		release, err := lock(path)
		if !errors.Is(err, errLocked) {
			return release, err
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("wait for whoever changes %s: %w", path, ctx.Err())
		case <-time.After(lockEvery):
		}
	}
}

var errLocked = errors.New("locked")

// replace writes a file beside the old one and gives it its name.
func replace(path string, text []byte) (err error) {
	was, err := os.Stat(path)
	if err != nil {
		return fmt.Errorf("look at the list: %w", err)
	}
	fresh, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return fmt.Errorf("write beside the list: %w", err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, ignoring(os.Remove(fresh.Name()), fs.ErrNotExist))
		}
	}()
	if _, err = fresh.Write(text); err == nil {
		err = likeness(fresh, was)
	}
	if err == nil {
		err = fresh.Sync()
	}
	if err = errors.Join(err, fresh.Close()); err != nil {
		return fmt.Errorf("write the list: %w", err)
	}
	if err = os.Rename(fresh.Name(), path); err != nil {
		return fmt.Errorf("put the list in its place: %w", err)
	}
	return syncFolder(filepath.Dir(path))
}

func ignoring(err, what error) error {
	if errors.Is(err, what) {
		return nil
	}
	return err
}
