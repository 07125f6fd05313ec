package store

import (
	"bufio"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	bolt "go.etcd.io/bbolt"

	"github.com/kisi-sync/kisi-sync/internal/access"
)

// childVerb names the environment variable that turns the test binary into another kisi-sync.
const childVerb = "KISISYNC_STORE_TEST_CHILD"

func TestMain(m *testing.M) {
	if verb := os.Getenv(childVerb); verb != "" {
		os.Exit(child(verb, os.Args[1:]))
	}
	os.Exit(m.Run())
}

// startChild starts another process that does verb; it has said "ready" when startChild returns.
func startChild(t *testing.T, verb string, args ...string) (*exec.Cmd, *bufio.Scanner) {
	t.Helper()
	cmd := exec.Command(os.Args[0], args...)
	cmd.Env = append(os.Environ(), childVerb+"="+verb)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	must(t, err)
	must(t, cmd.Start())
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	lines := bufio.NewScanner(out)
	if !lines.Scan() || lines.Text() != "ready" {
		t.Fatalf("the other process said %q", lines.Text())
	}
	return cmd, lines
}

func TestAFileThatAnotherProcessHasOpenIsRefusedInTime(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	startChild(t, "hold", path)
	begun := time.Now()
	for name, open := range map[string]func() error{
		"store":   func() error { _, err := Open(path, Options{Timeout: 50 * time.Millisecond}); return err },
		"preview": func() error { _, err := OpenPreview(path, Options{Timeout: 50 * time.Millisecond}); return err },
	} {
		err := open()
		if !errors.Is(err, ErrLocked) || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), "another kisi-sync") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if took := time.Since(begun); took > 3*time.Second {
		t.Errorf("waited for %s", took)
	}
}

func TestAFileIsForItsOwnerOnly(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("rights are kept elsewhere on Windows")
	}
	path := filepath.Join(t.TempDir(), "state.db")
	for range 2 {
		s, err := Open(path, Options{})
		must(t, err)
		must(t, s.Close())
		info, err := os.Stat(path)
		must(t, err)
		if info.Mode().Perm() != 0o600 {
			t.Errorf("%v", info.Mode())
		}
		must(t, os.Chmod(path, 0o644))
	}
}

func TestAFileOfANewerVersionIsRefusedAndNotTouched(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	s, err := open(path, Options{}, schema{version: 7})
	must(t, err)
	must(t, s.Close())
	before, err := os.ReadFile(path)
	must(t, err)
	for name, open := range map[string]func() error{
		"store":   func() error { _, err := Open(path, Options{}); return err },
		"preview": func() error { _, err := OpenPreview(path, Options{}); return err },
	} {
		err := open()
		if !errors.Is(err, ErrNewer) || !strings.Contains(err.Error(), "schema 7, this is for 2") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if after, err := os.ReadFile(path); err != nil || string(after) != string(before) {
		t.Errorf("the file was changed, %v", err)
	}
}

// older makes a file of schema 1 and returns a schema 3 that records which steps were made.
func older(t *testing.T) (path string, want schema) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "state.db")
	s, err := open(path, Options{}, schema{version: 1})
	must(t, err)
	must(t, s.Bind(context.Background(), access.Organization{ID: 1, Domain: "acme"}, "berlin-1"))
	must(t, s.Close())
	note := func(text string) func(*bolt.Tx) error {
		return func(tx *bolt.Tx) error {
			b := tx.Bucket([]byte(metaBucket))
			return b.Put([]byte("migrated"), append(slices.Clone(b.Get([]byte("migrated"))), text...))
		}
	}
	return path, schema{version: 3, from: map[uint64]func(*bolt.Tx) error{1: note("1→2 "), 2: note("2→3")}}
}

func TestAnOlderFileIsCopiedAndThenBroughtUpToDateStepByStep(t *testing.T) {
	path, want := older(t)
	before, err := os.ReadFile(path)
	must(t, err)
	s, err := open(path, Options{}, want)
	must(t, err)
	must(t, s.view(context.Background(), "test", func(t *txn) error {
		if got := string(t.bucket(metaBucket).Get([]byte("migrated"))); got != "1→2 2→3" {
			return errors.New(got)
		}
		return nil
	}))
	must(t, s.Close())
	backup, err := Open(BackupPath(path, 1), Options{})
	must(t, err)
	must(t, backup.Bind(context.Background(), access.Organization{ID: 1, Domain: "acme"}, "berlin-1"))
	must(t, backup.Close())
	if len(before) == 0 {
		t.Error("the file was empty")
	}
	if s, err = open(path, Options{}, want); err != nil {
		t.Fatal(err)
	}
	must(t, s.Close())
}

func TestAFailedMigrationLeavesTheStepsThatWereMadeAndTriesAgain(t *testing.T) {
	path, want := older(t)
	second := want.from[2]
	want.from[2] = func(tx *bolt.Tx) error {
		must(t, second(tx))
		return errors.New("no space")
	}
	if _, err := open(path, Options{}, want); err == nil || !strings.Contains(err.Error(), "migrate from schema 2: no space") {
		t.Fatal(err)
	}
	want.from[2] = second
	s, err := open(path, Options{}, want)
	must(t, err)
	defer func() { must(t, s.Close()) }()
	must(t, s.view(context.Background(), "test", func(t *txn) error {
		if got := string(t.bucket(metaBucket).Get([]byte("migrated"))); got != "1→2 2→3" {
			return errors.New(got)
		}
		return nil
	}))
}

func TestAnOlderFileWithoutAWayIsRefused(t *testing.T) {
	path, _ := older(t)
	if _, err := open(path, Options{}, schema{version: 2}); err == nil || !strings.Contains(err.Error(), "no way is known") {
		t.Error(err)
	}
}

func TestWhatIsNoStateFileIsRefusedAndLeftAlone(t *testing.T) {
	dir := t.TempDir()
	foreign := filepath.Join(dir, "foreign.db")
	db, err := bolt.Open(foreign, 0o600, nil)
	must(t, err)
	must(t, db.Update(func(tx *bolt.Tx) error { _, err := tx.CreateBucket([]byte("theirs")); return err }))
	must(t, db.Close())
	garbage := filepath.Join(dir, "garbage")
	must(t, os.WriteFile(garbage, []byte(strings.Repeat("not a database ", 10_000)), 0o600))
	must(t, os.Mkdir(filepath.Join(dir, "folder"), 0o700))
	for path, want := range map[string]string{
		foreign: "not a state file", garbage: "damaged", filepath.Join(dir, "folder"): "not a file",
		filepath.Join(dir, "no", "folder"): "no such file", filepath.Join(garbage, "x"): "not a directory",
	} {
		before, _ := os.ReadFile(path)
		_, err := Open(path, Options{Timeout: time.Second})
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v, want %q", path, err, want)
		}
		if after, _ := os.ReadFile(path); string(after) != string(before) {
			t.Errorf("%s was changed", path)
		}
	}
}

func TestAFileWithBrokenPagesIsAnErrorAndNoPanic(t *testing.T) {
	f := newFixture(t)
	f.put(access.Account{Known: access.Member{ID: 1}})
	path := f.Path()
	f.abandon()
	whole, err := os.ReadFile(path)
	must(t, err)
	page, opened := os.Getpagesize(), 0
	for n := 0; n < len(whole)/page; n++ {
		broken := slices.Clone(whole)
		for i := n * page; i < n*page+16; i++ {
			broken[i] = 0xA5
		}
		path := filepath.Join(t.TempDir(), "broken.db") // bbolt does not let go of a file on which it panicked
		must(t, os.WriteFile(path, broken, 0o600))
		s, err := Open(path, Options{Timeout: time.Second, NoSync: true})
		if err != nil {
			continue
		}
		opened++
		if err := s.Check(context.Background()); err == nil && n > 1 && !freePage(whole, n, page) { // of the two first pages, one may be broken
			t.Errorf("page %d is broken and nothing is said", n)
		}
		_ = s.Close()
	}
	if opened == 0 {
		t.Error("no broken file could be opened: the test shows nothing")
	}
}

// freePage says that a page of the whole file holds nothing that counts: its number is not its own, or it was freed.
func freePage(whole []byte, n, page int) bool {
	db, err := os.CreateTemp("", "")
	if err != nil {
		return false
	}
	defer func() { _ = os.Remove(db.Name()) }()
	if _, err := db.Write(whole); err != nil || db.Close() != nil {
		return false
	}
	b, err := bolt.Open(db.Name(), 0o600, nil)
	if err != nil {
		return false
	}
	defer func() { _ = b.Close() }()
	free := false
	err = b.View(func(tx *bolt.Tx) error {
		info, err := tx.Page(n)
		free = info == nil || info.Type == "free" || info.Type == "freelist"
		return err
	})
	return free || err != nil
}

func TestAnotherOrganizationAndAnotherInstallationAreRefused(t *testing.T) {
	f, ctx := newFixture(t), context.Background()
	acme := access.Organization{ID: 1, Name: "Acme", Domain: "acme"}
	must(t, f.Bind(ctx, acme, "berlin-1"))
	f.reopen()
	must(t, f.Bind(ctx, acme, "berlin-1"))
	err := f.Bind(ctx, access.Organization{ID: 2, Name: "Other", Domain: "other"}, "berlin-1")
	if !errors.Is(err, ErrOther) || !strings.Contains(err.Error(), "Acme") || !strings.Contains(err.Error(), "Other") {
		t.Error(err)
	}
	err = f.Bind(ctx, acme, "paris-1")
	if !errors.Is(err, ErrOther) || !strings.Contains(err.Error(), "berlin-1") || !strings.Contains(err.Error(), "paris-1") {
		t.Error(err)
	}
	acme.Domain = "acme-renamed"
	must(t, f.Bind(ctx, acme, "berlin-1"))
}

func TestWhoWaitsToWriteStopsWaitingWhenCancelled(t *testing.T) {
	f := newFixture(t)
	must(t, f.writing.take(context.Background()))
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error)
	go func() { done <- f.Audit(ctx, line(1)) }()
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	f.writing.give()
}
