//go:build unix

package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// asBefore gives a new file the owner and the mode of the one in whose place it will be put: root restores, and the service, which has an
// account of its own, must be able to go on. Where there is none, a file that root makes belongs to whom the folder belongs.
func asBefore(part, path string) error {
	const root = 0
	info, err := os.Stat(path)
	none := errors.Is(err, fs.ErrNotExist)
	if none && os.Geteuid() != root {
		return nil
	}
	if none {
		info, err = os.Stat(filepath.Dir(path))
	}
	if err != nil {
		return err
	}
	is, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return nil
	}
	mode := info.Mode().Perm()
	if none {
		mode = 0o600
	}
	if err := handOver(part, is, mode); err != nil {
		return fmt.Errorf("give the new file to the account of the one that it replaces: %w", err)
	}
	return nil
}

// handOver changes nothing that does not differ, since that may be forbidden. The folder is that of an account with less rights than root, which
// must get nothing but this file: so a link that stands in its place is not followed.
func handOver(part string, to *syscall.Stat_t, mode fs.FileMode) error {
	f, err := os.OpenFile(part, os.O_RDWR|syscall.O_NOFOLLOW, 0)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	is, ok := info.Sys().(*syscall.Stat_t)
	if !ok || !info.Mode().IsRegular() || is.Nlink != 1 {
		return errors.New("somebody has put another one in its place")
	}
	if is.Uid != to.Uid || is.Gid != to.Gid {
		if err := f.Chown(int(to.Uid), int(to.Gid)); err != nil {
			return err
		}
	}
	if info.Mode().Perm() == mode {
		return nil
	}
	return f.Chmod(mode)
}
