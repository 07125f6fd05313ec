//go:build unix

package list

import (
	"context"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// Root keeps the file's owner; another account cannot write into a folder that is not its own, and leaves the old file as it is.
func TestAnUpdateKeepsTheOwnerOrTheOldFile(t *testing.T) {
	dir := t.TempDir()
	path, old := filepath.Join(dir, "guests.yaml"), []byte("people: []\n")
	write(t, path, string(old))
	if os.Getuid() != 0 {
		if err := os.Chmod(dir, 0o500); err != nil {
			t.Fatal(err)
		}
		if err := Update(context.Background(), path, old, []byte("people: [{id: a}]\n")); err == nil {
			t.Error("a folder that cannot be written was written")
		}
		if got, _ := os.ReadFile(path); string(got) != string(old) {
			t.Errorf("the file says %q", got)
		}
		return
	}
	if err := os.Chown(path, 12345, 23456); err != nil {
		t.Fatal(err)
	}
	if err := Update(context.Background(), path, old, []byte("people: [{id: a}]\n")); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if is := info.Sys().(*syscall.Stat_t); is.Uid != 12345 || is.Gid != 23456 {
		t.Errorf("the file belongs to %d:%d now", is.Uid, is.Gid)
	}
}
