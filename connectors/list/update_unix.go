//go:build unix

package list

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

// lock takes the lock of a file's folder, which unlike that of the file outlives a replacement and leaves nothing behind.
func lock(path string) (release func(), err error) {
	folder, err := os.Open(filepath.Dir(path))
	if err != nil {
		return nil, fmt.Errorf("lock the list's folder: %w", err)
	}
	switch err := syscall.Flock(int(folder.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); {
	case errors.Is(err, syscall.EWOULDBLOCK), errors.Is(err, syscall.EINTR):
		return nil, errors.Join(errLocked, folder.Close())
	case err != nil:
		return nil, errors.Join(fmt.Errorf("lock the list's folder: %w", err), folder.Close())
	}
	return func() { _ = folder.Close() }, nil // which ends the lock
}

// likeness gives a new file the owner and the mode of the old one.
func likeness(fresh *os.File, was os.FileInfo) error {
	is, err := fresh.Stat()
	if err != nil {
		return err
	}
	old, okOld := was.Sys().(*syscall.Stat_t)
	now, okNow := is.Sys().(*syscall.Stat_t)
	if okOld && okNow && (old.Uid != now.Uid || old.Gid != now.Gid) {
		if err := fresh.Chown(int(old.Uid), int(old.Gid)); err != nil {
			return fmt.Errorf("%w (%w)", ErrOwner, err)
		}
	}
	return fresh.Chmod(was.Mode().Perm())
}

// syncFolder makes a new name durable.
func syncFolder(path string) error {
	folder, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("keep the list: %w", err)
	}
	return errors.Join(folder.Sync(), folder.Close())
}
