package list

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/windows"
)

// lock takes a lock that goes by the file's folder. A file that is open cannot be replaced, so what is locked is another one.
func lock(path string) (release func(), err error) {
	name := fmt.Sprintf("kisi-sync-list-%x.lock", sha256.Sum256([]byte(strings.ToLower(filepath.Dir(path)))))
	f, err := os.OpenFile(filepath.Join(os.TempDir(), name), os.O_CREATE|os.O_RDWR, 0o666)
	if err != nil {
		return nil, fmt.Errorf("lock the list's folder: %w", err)
	}
	err = windows.LockFileEx(windows.Handle(f.Fd()), windows.LOCKFILE_EXCLUSIVE_LOCK|windows.LOCKFILE_FAIL_IMMEDIATELY, 0, 1, 0, &windows.Overlapped{})
	switch {
	case errors.Is(err, windows.ERROR_LOCK_VIOLATION):
		return nil, errors.Join(errLocked, f.Close())
	case err != nil:
		return nil, errors.Join(fmt.Errorf("lock the list's folder: %w", err), f.Close())
	}
	return func() { _ = f.Close() }, nil
}

// likeness gives a new file the mode of the old one. Its access list is that of the folder, as that of the old one mostly is.
func likeness(fresh *os.File, was os.FileInfo) error { return fresh.Chmod(was.Mode().Perm()) }

// syncFolder has nothing to do: a folder cannot be flushed here.
func syncFolder(string) error { return nil }
