//go:build unix

package store

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/kisi-sync/kisi-sync/internal/directory"
)

// limitFileSize makes writes beyond a size fail, as on a full disk.
func limitFileSize(most uint64) error {
	return syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: most, Max: most})
}

func TestOnAFullDiskBeginFailsAndWhatWasWrittenStays(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	_, lines := startChild(t, "fill", strconv.Itoa(256<<10), path)
	begun, refused := 0, ""
	for lines.Scan() {
		word, rest, _ := strings.Cut(lines.Text(), " ")
		if word == "begun" {
			begun, _ = strconv.Atoi(rest)
			continue
		}
		refused = rest
	}
	if begun == 0 || !strings.Contains(refused, "cannot be written") || !strings.Contains(refused, "file too large") || !strings.Contains(refused, path) {
		t.Errorf("%d begun, then %q", begun, refused)
	}
	s, err := Open(path, Options{})
	must(t, err)
	defer func() { must(t, s.Close()) }()
	must(t, s.Check(context.Background()))
	if open, err := s.Open(context.Background()); err != nil || len(open) != begun {
		t.Errorf("%d intents of %d, %v", len(open), begun, err)
	}
	_, err = s.Begin(context.Background(), give(1, 7))
	must(t, err)
}

func TestOnAFullDiskABackupFailsAndTheOlderOneStays(t *testing.T) {
	f := newFixture(t)
	path := f.Path()
	to := f.backup()
	must(t, f.SaveSnapshot(context.Background(), read{coverage: directory.Complete, at: f.clock.now(), records: staff(900)}.seal(t)))
	before, err := os.ReadFile(to)
	must(t, err)
	f.abandon()
	_, lines := startChild(t, "backup", strconv.Itoa(64<<10), path, to)
	if !lines.Scan() || !strings.Contains(lines.Text(), "file too large") {
		t.Errorf("said %q", lines.Text())
	}
	if after, err := os.ReadFile(to); err != nil || string(after) != string(before) || len(list(t, to)) != 1 {
		t.Errorf("%q %v", list(t, to), err)
	}
	f.open(path)
}

// TestAFileThatMayNotBeWrittenIsAnErrorThatNamesIt runs as somebody who has no right to the file. Root has all rights, so then it
// is another process under another name.
func TestAFileThatMayNotBeWrittenIsAnErrorThatNamesIt(t *testing.T) {
	dir, err := os.MkdirTemp("", "kisi-sync-store")
	must(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	must(t, os.Chmod(dir, 0o755))
	path, binary := filepath.Join(dir, "state.db"), filepath.Join(dir, "test")
	s, err := Open(path, Options{})
	must(t, err)
	must(t, s.Close())
	must(t, os.Chmod(path, 0o400))
	copyFile(t, os.Args[0], binary)
	must(t, os.Chmod(binary, 0o755))
	cmd := exec.Command(binary, path)
	cmd.Env = append(os.Environ(), childVerb+"=open")
	if os.Geteuid() == 0 {
		const nobody = 65534
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
		cmd.Dir = dir
	}
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "permission denied") || !strings.Contains(string(out), path) {
		t.Errorf("%v %s", err, out)
	}
}

func TestAFileThatTheDiskDoesNotGiveAnyMoreIsAnErrorAndNoCrash(t *testing.T) {
	f, ctx := newFixture(t), context.Background()
	must(t, f.SaveSnapshot(ctx, read{coverage: directory.Complete, at: f.clock.now(), records: staff(5000)}.seal(t)))
	path := f.Path()
	must(t, os.Truncate(path, int64(2*os.Getpagesize())))
	if _, err := f.Snapshot(ctx, "corp"); !errors.Is(err, ErrDamaged) || !strings.Contains(err.Error(), path) {
		t.Error(err)
	}
	if _, err := f.Begin(ctx, give(1, 7)); !errors.Is(err, ErrDamaged) {
		t.Error(err)
	}
	f.Store = nil // closing would look at the file again
}
