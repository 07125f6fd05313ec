package store

import (
	"context"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	bolt "go.etcd.io/bbolt"

	"github.com/kisi-sync/kisi-sync/internal/access"
	"github.com/kisi-sync/kisi-sync/internal/directory"
	"github.com/kisi-sync/kisi-sync/internal/record"
)

// living returns a store with something of everything.
func living(t *testing.T) *fixture {
	t.Helper()
	f := newFixture(t)
	for _, a := range runOfActs(t) {
		must(t, a.do(f.Store))
	}
	return f
}

func (f *fixture) backup() string {
	f.t.Helper()
	path := filepath.Join(f.t.TempDir(), "backup.db")
	must(f.t, f.Backup(context.Background(), path))
	return path
}

// essence writes out what decides about people.
func (f *fixture) essence() string {
	f.t.Helper()
	ctx := context.Background()
	snapshot, err := f.Snapshot(ctx, "corp")
	must(f.t, err)
	ledger, err := f.Ledger(ctx)
	must(f.t, err)
	open, err := f.Store.Open(ctx)
	must(f.t, err)
	spent, err := f.Spent(ctx, 0)
	must(f.t, err)
	all, err := json.MarshalIndent([]any{ledger.Accounts, ledger.Groups, open, spent, f.holds()}, "", " ")
	must(f.t, err)
	return text(snapshot) + string(all)
}

// list returns the names in the folder of a file.
func list(t *testing.T, path string) (all []string) {
	t.Helper()
	entries, err := os.ReadDir(filepath.Dir(path))
	must(t, err)
	for _, e := range entries {
		all = append(all, e.Name())
	}
	return all
}

func (f *fixture) replacement(from string) Replacement {
	return Replacement{From: from, Said: record.Said{By: "eva", Why: "new disk"}, Options: Options{Now: f.clock.now, Timeout: 50 * time.Millisecond, NoSync: true}}
}

func TestABackupIsWholeAlsoWhileOthersWrite(t *testing.T) {
	f, ctx := living(t), context.Background()
	done, stop := make(chan error), make(chan struct{})
	go func() {
		for n := access.RemoteID(1000); ; n++ {
			select {
			case <-stop:
				done <- nil
				return
			default:
			}
			if _, err := f.Begin(ctx, give(n, 7)); err != nil {
				done <- err
				return
			}
		}
	}()
	path := filepath.Join(t.TempDir(), "backup.db")
	for range 5 {
		must(t, f.Backup(ctx, path)) // each in place of the one before
		s, err := Open(path, Options{NoSync: true})
		must(t, err)
		must(t, s.Check(ctx))
		must(t, s.Close())
	}
	close(stop)
	must(t, <-done)
	info, err := os.Stat(path)
	must(t, err)
	if runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Errorf("%v", info.Mode())
	}
	if names := list(t, path); len(names) != 1 {
		t.Errorf("%q", names)
	}
}

func TestAFailedBackupLeavesTheOlderOne(t *testing.T) {
	f := living(t)
	path := f.backup()
	before, err := os.ReadFile(path)
	must(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	err = errors.Join(f.copyWhole(ctx, path), f.Backup(ctx, filepath.Join(path, "no folder")), f.Backup(context.Background(), f.Path()))
	if !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), "is the file itself") {
		t.Error(err)
	}
	if after, err := os.ReadFile(path); err != nil || string(after) != string(before) || len(list(t, path)) != 1 {
		t.Errorf("%v %q", err, list(t, path))
	}
}

func TestARestoredFileSaysWhatTheBackupSaidAndTheOtherIsKept(t *testing.T) {
	f, ctx := living(t), context.Background()
	want := f.essence()
	must(t, f.SavePin(ctx, block("ben@x.com")))
	path, from := f.Path(), f.backup()
	f.clock.pass(time.Hour)
	must(t, f.DropPin(ctx, block("ben@x.com"), "eva", "found"))
	must(t, f.SavePin(ctx, block("kim@x.com")))
	head, err := f.AuditHead(ctx)
	must(t, err)
	f.abandon()
	replaced, err := os.ReadFile(path)
	must(t, err)

	out, err := Restore(ctx, path, f.replacement(from))
	must(t, err)
	if len(out.Pins) != 1 || out.Pins[0].Email != "kim@x.com" || out.Unread != nil || cmp.Diff(head, out.Head) != "" || !out.Newest.Equal(newClock().at) {
		t.Errorf("%+v", out)
	}
	if filepath.Base(out.Kept) != "state.db.replaced-20260301T100000Z" {
		t.Error(out.Kept)
	}
	if kept, err := os.ReadFile(out.Kept); err != nil || string(kept) != string(replaced) {
		t.Errorf("what is kept is not what was there, %v", err)
	}
	f.open(path)
	if pins := f.pins(); len(pins) != 1 || pins[0].Email != "kim@x.com" {
		t.Errorf("what was said last must stand: %+v", pins)
	}
	if l := f.lastLine(); l.Kind != record.DidRestore || l.Who != "eva" || l.Why != "new disk" || !strings.Contains(l.What, head.String()) ||
		!strings.Contains(l.What, "backup.db") {
		t.Errorf("%+v", l)
	}
	must(t, f.Check(ctx))
	if d := cmp.Diff(want, f.essence()); d != "" {
		t.Error(d)
	}
	must(t, f.Close())
	if out, err = Restore(ctx, path, f.replacement(from)); err != nil || !strings.HasSuffix(out.Kept, "Z-2") {
		t.Errorf("a second one in the same second: %+v %v", out, err)
	}
	f.open(path)
}

// spoiled returns a backup after something was done to it.
func (f *fixture) spoiled(do func(tx *bolt.Tx) error) string {
	f.t.Helper()
	path := f.backup()
	db, err := bolt.Open(path, 0o600, nil)
	must(f.t, err)
	must(f.t, db.Update(do))
	must(f.t, db.Close())
	return path
}

func flip(bucket string) func(tx *bolt.Tx) error {
	return func(tx *bolt.Tx) error {
		b := tx.Bucket([]byte(bucket))
		key, row := b.Cursor().Last()
		broken := append([]byte(nil), row...)
		broken[len(broken)-1] ^= 1
		return b.Put(append([]byte(nil), key...), broken)
	}
}

func TestABackupThatIsNotGoodIsRefusedAndNothingIsTouched(t *testing.T) {
	f, ctx := living(t), context.Background()
	path := f.Path()
	write := func(text string) string {
		p := filepath.Join(t.TempDir(), "x")
		must(t, os.WriteFile(p, []byte(text), 0o600))
		return p
	}
	foreign := filepath.Join(t.TempDir(), "foreign.db")
	db, err := bolt.Open(foreign, 0o600, nil)
	must(t, err)
	must(t, db.Update(func(tx *bolt.Tx) error { _, err := tx.CreateBucket([]byte("theirs")); return err }))
	must(t, db.Close())
	empty := filepath.Join(t.TempDir(), "empty.db")
	db, err = bolt.Open(empty, 0o600, nil)
	must(t, err)
	must(t, db.Close())
	newer := func(tx *bolt.Tx) error { return tx.Bucket([]byte(metaBucket)).Put(schemaKey(), numberKey(9)) }
	other := func(print fingerprint) func(tx *bolt.Tx) error {
		return func(tx *bolt.Tx) error { return (&txn{tx: tx, docs: f.docs}).put(metaBucket, fingerprintKey(), print) }
	}
	cases := map[string]struct {
		r    Replacement
		want string
	}{
		"none":                 {f.replacement(filepath.Join(t.TempDir(), "none")), "no such file"},
		"garbage":              {f.replacement(write(strings.Repeat("not a database ", 9999))), "damaged"},
		"foreign":              {f.replacement(foreign), "not a state file"},
		"empty":                {f.replacement(empty), "nothing in it"},
		"newer":                {f.replacement(f.spoiled(newer)), "schema 9, this is for 2: written by a newer kisi-sync"},
		"ledger":               {f.replacement(f.spoiled(flip(accountBucket))), "what is ours in Kisi"},
		"trail":                {f.replacement(f.spoiled(flip(auditBucket))), "the audit trail"},
		"organization":         {f.replacement(f.spoiled(other(fingerprint{Organization: 2, Name: "Other", Installation: "berlin-1"}))), "Other"},
		"installation":         {f.replacement(f.spoiled(other(fingerprint{Organization: 1, Installation: "paris-1"}))), "paris-1"},
		"not the organization": {f.replacement(f.backup()), "not for 5"},
		"not the installation": {f.replacement(f.backup()), `not for "rome-1"`},
		"by nobody":            {f.replacement(f.backup()), "who and why"},
		"itself":               {f.replacement(path), "is the file itself"},
	}
	for name, change := range map[string]func(*Replacement){"not the organization": func(r *Replacement) { r.Organization = 5 },
		"not the installation": func(r *Replacement) { r.Installation = "rome-1" }, "by nobody": func(r *Replacement) { r.Said = record.Said{} }} {
		c := cases[name]
		change(&c.r)
		cases[name] = c
	}
	f.abandon()
	before, err := os.ReadFile(path)
	must(t, err)
	for name, c := range cases {
		_, err := Restore(ctx, path, c.r)
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v", name, err)
		}
		if after, err := os.ReadFile(path); err != nil || string(after) != string(before) || len(list(t, path)) != 1 {
			t.Fatalf("%s: something was changed: %q %v", name, list(t, path), err)
		}
	}
}

func TestAFileThatIsDamagedNewerOrLostIsNoObstacleToRestoring(t *testing.T) {
	f, ctx := living(t), context.Background()
	from := f.backup()
	f.abandon()
	garbage := []byte(strings.Repeat("not a database ", 9999))
	for name, spoil := range map[string]func(path string) error{
		"lost":    func(path string) error { return nil },
		"damaged": func(path string) error { return os.WriteFile(path, garbage, 0o600) },
		"newer": func(path string) error {
			s, err := open(path, Options{}, schema{version: 9})
			return errors.Join(err, s.Close())
		},
	} {
		path := filepath.Join(t.TempDir(), "state.db")
		must(t, spoil(path))
		out, err := Restore(ctx, path, f.replacement(from))
		must(t, err)
		if (out.Unread == nil) != (name == "lost") || (out.Kept == "") != (name == "lost") ||
			(len(out.Lost) == 0) != (name == "lost") {
			t.Errorf("%s: %+v", name, out)
		}
		s, err := Open(path, Options{NoSync: true})
		must(t, err)
		must(t, s.Check(ctx))
		must(t, s.Close())
	}
}

func TestAFileInUseIsNeitherReplacedNorRestoredFrom(t *testing.T) {
	f, ctx := living(t), context.Background()
	from, held := f.backup(), filepath.Join(t.TempDir(), "held.db")
	startChild(t, "hold", held)
	other := filepath.Join(t.TempDir(), "state.db")
	_, in := Restore(ctx, held, f.replacement(from))
	_, out := Restore(ctx, other, f.replacement(held))
	_, rebuilt := Rebuild(ctx, held, f.replacement(""))
	for name, err := range map[string]error{"into": in, "from": out, "rebuilt": rebuilt} {
		if !errors.Is(err, ErrLocked) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if len(list(t, held)) != 1 || len(list(t, other)) != 0 {
		t.Errorf("%q %q", list(t, held), list(t, other))
	}
}

func TestKilledWhileRestoringThereIsAlwaysAWholeFile(t *testing.T) {
	f, ctx := living(t), context.Background()
	small := f.backup()
	must(t, f.SaveSnapshot(ctx, read{coverage: directory.Complete, at: f.clock.now().Add(9 * time.Hour), records: staff(900)}.seal(t)))
	large := f.backup()
	path, rounds := filepath.Join(t.TempDir(), "state.db"), 0
	copyFile(t, small, path)
	for range 6 {
		cmd, lines := startChild(t, "restore", path, small, large)
		timer := time.AfterFunc(time.Duration(10+rand.IntN(120))*time.Millisecond, func() { _ = cmd.Process.Kill() })
		for lines.Scan() {
			rounds++
		}
		timer.Stop()
		_ = cmd.Wait()
		s, err := Open(path, Options{})
		must(t, err)
		must(t, s.Check(ctx))
		must(t, s.Close())
	}
	if rounds == 0 {
		t.Error("nothing was ever restored: the test kills too early")
	}
}

func TestABackupOfAnOlderSchemaIsBroughtUpToDateOnTheWay(t *testing.T) {
	f, ctx := newFixture(t), context.Background()
	must(t, f.SavePin(ctx, block("kim@x.com")))
	path := f.Path()
	f.abandon()
	out, err := Restore(ctx, path, f.replacement(unpack(t, "schema1.db.gz")))
	must(t, err)
	if names := list(t, path); len(names) != 2 || len(out.Lost) != 0 {
		t.Errorf("%q %+v", names, out)
	}
	f.open(path)
	if pins := f.pins(); len(pins) != 1 || pins[0].Email != "kim@x.com" {
		t.Errorf("%+v", pins)
	}
}

// TestWhateverIsBrokenInABackupItIsRefusedOrAllThere breaks backups at random places. Either that is noticed and nothing is touched, or it
// was where nothing is kept, and the restored file says all that the whole one said.
func TestWhateverIsBrokenInABackupItIsRefusedOrAllThere(t *testing.T) {
	f, ctx := living(t), context.Background()
	must(t, f.Documents("okta").Put(ctx, "k", []byte("v")))
	path, from, want := f.Path(), f.backup(), f.essence()
	whole, err := os.ReadFile(from)
	must(t, err)
	f.abandon()
	before, err := os.ReadFile(path)
	must(t, err)
	refused, restored := 0, 0
	for seed := range uint64(60) {
		r := rand.New(rand.NewPCG(seed, 3))
		broken := slices.Clone(whole)
		for range 1 + r.IntN(3) {
			broken[r.IntN(len(broken))] ^= byte(1 + r.IntN(255))
		}
		broken = broken[:len(broken)-r.IntN(2)*r.IntN(len(broken))]
		bad := filepath.Join(t.TempDir(), "bad.db") // bbolt does not let go of a file on which it panicked
		must(t, os.WriteFile(bad, broken, 0o600))
		if _, err := Restore(ctx, path, f.replacement(bad)); err != nil {
			refused++
			if after, err := os.ReadFile(path); err != nil || string(after) != string(before) || len(list(t, path)) != 1 {
				t.Fatalf("seed %d: something was touched: %q %v", seed, list(t, path), err)
			}
			continue
		}
		restored++
		f.open(path)
		if d := cmp.Diff(want, f.essence()); d != "" {
			t.Errorf("seed %d: %s", seed, d)
		}
		if v, err := f.Documents("okta").Get(ctx, "k"); string(v) != "v" || err != nil {
			t.Errorf("seed %d: %q %v", seed, v, err)
		}
		f.abandon()
		for _, name := range list(t, path) {
			must(t, os.Remove(filepath.Join(filepath.Dir(path), name)))
		}
		must(t, os.WriteFile(path, before, 0o600))
	}
	if refused == 0 || restored == 0 {
		t.Errorf("%d refused, %d restored: the test shows nothing", refused, restored)
	}
}
