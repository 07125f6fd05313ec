//go:build unix

package store

import (
	"context"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

func ownerOf(t *testing.T, path string) (uid, gid uint32, mode os.FileMode) {
	t.Helper()
	info, err := os.Stat(path)
	must(t, err)
	is := info.Sys().(*syscall.Stat_t)
	return is.Uid, is.Gid, info.Mode().Perm()
}

// account is one that no other file of the tests belongs to; only root can give files away.
func account() int {
	if os.Geteuid() == 0 {
		return 54321
	}
	return os.Geteuid()
}

func TestARestoredOrRebuiltFileBelongsToWhomTheOneBeforeBelonged(t *testing.T) {
	for name, put := range map[string]func(context.Context, string, Replacement) (Replaced, error){"restored": Restore, "rebuilt": Rebuild} {
		f, ctx := living(t), context.Background()
		backup := f.backup()
		path := f.Path()
		f.abandon()
		must(t, os.Chown(path, account(), -1))
		must(t, os.Chmod(path, 0o640))
		uid, gid, mode := ownerOf(t, path)
		if int(uid) != account() {
			t.Fatal(uid)
		}
		_, err := put(ctx, path, f.replacement(backup))
		must(t, err)
		if u, g, m := ownerOf(t, path); u != uid || g != gid || m != mode {
			t.Errorf("%s: %d:%d %v, want %d:%d %v", name, u, g, m, uid, gid, mode)
		}
		f.open(path)
	}
}

func TestAFileThatIsRestoredWhereNoneIsBelongsToWhomTheFolderBelongs(t *testing.T) {
	f, ctx := living(t), context.Background()
	backup, dir := f.backup(), filepath.Join(t.TempDir(), "state")
	must(t, os.Mkdir(dir, 0o755))
	must(t, os.Chown(dir, account(), -1))
	path := filepath.Join(dir, "kisi-sync.db")
	_, err := Restore(ctx, path, f.replacement(backup))
	must(t, err)
	if uid, _, mode := ownerOf(t, path); int(uid) != account() || mode != 0o600 {
		t.Errorf("%d %v", uid, mode)
	}
}

func TestNoOtherFileIsGivenAwayInPlaceOfTheNewOne(t *testing.T) {
	dir := t.TempDir()
	precious, part, path := filepath.Join(dir, "precious"), filepath.Join(dir, "part"), filepath.Join(dir, "state")
	for _, file := range []string{precious, path} {
		must(t, os.WriteFile(file, nil, 0o600))
	}
	must(t, os.Chmod(path, 0o644))
	for name, link := range map[string]func(string, string) error{"a link": os.Symlink, "a second name": os.Link} {
		must(t, link(precious, part))
		if err := asBefore(part, path); err == nil {
			t.Errorf("%s is followed", name)
		}
		if _, _, mode := ownerOf(t, precious); mode != 0o600 {
			t.Errorf("%s: %v", name, mode)
		}
		must(t, os.Remove(part))
	}
}
