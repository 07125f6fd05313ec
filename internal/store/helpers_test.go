package store

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	bolt "go.etcd.io/bbolt"

	"github.com/kisi-sync/kisi-sync/internal/directory"
)

// clock is a time that tests move.
type clock struct{ at time.Time }

func newClock() *clock                   { return &clock{time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)} }
func (c *clock) now() time.Time          { return c.at }
func (c *clock) pass(span time.Duration) { c.at = c.at.Add(span) }

// fixture is a store of a test. When the test ends, the whole file is checked.
type fixture struct {
	*Store
	t     testing.TB
	clock *clock
}

func newFixture(t testing.TB) *fixture {
	t.Helper()
	f := &fixture{t: t, clock: newClock()}
	f.open(filepath.Join(t.TempDir(), "state.db"))
	t.Cleanup(func() {
		if f.Store == nil {
			return
		}
		if err := f.Check(context.Background()); err != nil {
			t.Errorf("check at the end: %v", err)
		}
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	})
	return f
}

func (f *fixture) open(path string) {
	f.t.Helper()
	s, err := Open(path, Options{NoSync: true, Now: f.clock.now, Timeout: time.Second})
	if err != nil {
		f.t.Fatal(err)
	}
	f.Store = s
}

// reopen closes the file and opens it again, as a restart does.
func (f *fixture) reopen() {
	f.t.Helper()
	path, sizes := f.Path(), f.sizes
	if err := f.Close(); err != nil {
		f.t.Fatal(err)
	}
	f.open(path)
	f.sizes = sizes
}

// abandon leaves the end of the test without a check, for a file that was damaged on purpose.
func (f *fixture) abandon() {
	f.t.Helper()
	if err := f.Close(); err != nil {
		f.t.Fatal(err)
	}
	f.Store = nil
}

// raw changes the file behind the store's back.
func (f *fixture) raw(do func(tx *bolt.Tx) error) {
	f.t.Helper()
	if err := f.db.Update(do); err != nil {
		f.t.Fatal(err)
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// text writes out everything that a snapshot says, so that two can be compared.
func text(s *directory.Snapshot) string {
	if s == nil {
		return "nothing"
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s %+v\n", s.Source(), s.Rest())
	object := func(r *directory.Record, doubted time.Time) error {
		fmt.Fprintf(&b, "%d %q %q %q %s %v %v %v %s\n", r.Kind, r.ID, r.Email, r.Name, r.Active, r.Handles, r.Attrs, r.Changed, doubted)
		return nil
	}
	_ = s.EachPerson(object)
	_ = s.EachGroup(func(r *directory.Record, doubted time.Time, members iter.Seq[directory.Ref]) error {
		_ = object(r, doubted)
		for m := range members {
			fmt.Fprintf(&b, "  %s %q\n", m.Kind, m.Value)
		}
		return nil
	})
	return b.String()
}

func copyFile(t testing.TB, from, to string) {
	t.Helper()
	in, err := os.Open(from)
	must(t, err)
	defer func() { _ = in.Close() }()
	out, err := os.Create(to)
	must(t, err)
	_, err = io.Copy(out, in)
	must(t, err)
	must(t, out.Close())
}

// read is a read of a directory in a test.
type read struct {
	last     *directory.Snapshot
	coverage directory.Coverage
	at       time.Time
	doubt    bool
	records  []directory.Record
}

func (r read) seal(t interface{ Fatal(...any) }) *directory.Snapshot {
	b := directory.Build("corp", r.last)
	for i := range r.records {
		if err := b.Put(&r.records[i]); err != nil {
			t.Fatal(err)
		}
	}
	s, _, err := b.Seal(directory.Receipt{Coverage: r.coverage, At: r.at, Next: directory.Cursor{Token: []byte(r.at.String())}},
		func(directory.Diff) bool { return !r.doubt })
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func cmpEmpty() cmp.Option { return cmpopts.EquateEmpty() }
