package store

import (
	"context"
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kisi-sync/kisi-sync/internal/access"
)

// endsWithin fails the test when do finds no end. What it started then is left to itself.
func endsWithin(t *testing.T, span time.Duration, what string, do func()) {
	t.Helper()
	done := make(chan struct{})
	go func() { defer close(done); do() }()
	select {
	case <-done:
	case <-time.After(span):
		t.Fatalf("%s: no end after %s", what, span)
	}
}

// spoil breaks a copy of a file in one of the ways in which files break, on a page.
func spoil(whole []byte, page int, r *rand.Rand) []byte {
	size := os.Getpagesize()
	b, at := slices.Clone(whole), page*size
	switch r.IntN(6) {
	case 0: // a bit
		b[at+r.IntN(size)] ^= 1 << r.IntN(8)
	case 1: // a number of the header
		b[at+r.IntN(16)] = byte(r.IntN(256))
	case 2: // a number of an element
		b[at+16+r.IntN(64)] = byte(r.IntN(256))
	case 3: // all of it, without sense
		for i := range size {
			b[at+i] = byte(r.IntN(256))
		}
	case 4: // nothing
		clear(b[at : at+size])
	case 5: // another page
		copy(b[at:at+size], whole[r.IntN(len(whole)/size)*size:])
	}
	return b
}

// TestWhateverIsBrokenInAStateFileItIsRefusedOrAllThere breaks every page in many ways. Whatever is done with the file then ends in time
// and without a panic; and either somebody is told, or the file says all that the whole one said.
func TestWhateverIsBrokenInAStateFileItIsRefusedOrAllThere(t *testing.T) {
	f, ctx := living(t), context.Background()
	must(t, f.SavePin(ctx, block("kim@x.com")))
	path, want := f.Path(), everything(t, f.Store)
	f.abandon()
	whole, err := os.ReadFile(path)
	must(t, err)
	refused, told, same := 0, 0, 0
	const rounds = 8
	for n := range rounds * len(whole) / os.Getpagesize() {
		page := n / rounds
		broken := filepath.Join(t.TempDir(), "broken.db")
		must(t, os.WriteFile(broken, spoil(whole, page, rand.New(rand.NewPCG(uint64(n), 5))), 0o600))
		endsWithin(t, 20*time.Second, "look", func() {
			found, err := Examine(ctx, broken, Options{Timeout: time.Second})
			s, refusal := Open(broken, Options{NoSync: true, Timeout: time.Second, Now: f.clock.now})
			if refusal != nil {
				refused++
				if err == nil && len(found) == 0 || !errors.Is(refusal, ErrDamaged) || !strings.Contains(refusal.Error(), broken) {
					t.Errorf("%d: refused with %v, and examined: %v %v", n, refusal, found, err)
				}
				return
			}
			switch check := s.Check(ctx); {
			case check != nil || s.older:
				told++
			default:
				same++
				if d := cmp.Diff(want, everything(t, s)); d != "" {
					t.Errorf("%d: nobody is told, and it says: %s", n, d)
				}
			}
			must(t, s.Close())
		})
	}
	t.Logf("%d refused, %d opened and told, %d broken where nothing is kept", refused, told, same)
	if refused == 0 || told == 0 || same == 0 {
		t.Error("the test shows little")
	}
}

func TestAStateFileThatEndsTooEarlyIsRefusedAtEveryPage(t *testing.T) {
	f := living(t)
	whole, err := os.ReadFile(f.backup())
	must(t, err)
	for at := 0; at < len(whole); at += os.Getpagesize() / 2 {
		path := filepath.Join(t.TempDir(), "short.db")
		must(t, os.WriteFile(path, whole[:at], 0o600))
		_, err := Open(path, Options{Timeout: time.Second})
		_, ahead := OpenPreview(path, Options{Timeout: time.Second})
		for _, err := range []error{err, ahead} {
			if !errors.Is(err, ErrDamaged) || !strings.Contains(err.Error(), path) {
				t.Errorf("cut off at %d: %v", at, err)
			}
		}
		if left, err := os.ReadFile(path); err != nil || len(left) != at {
			t.Fatalf("cut off at %d, it was changed", at)
		}
	}
}

// endless makes a branch page lead to itself.
func endless(t *testing.T, path string) {
	t.Helper()
	b, err := os.ReadFile(path)
	must(t, err)
	const branchPage = 1
	size, found := os.Getpagesize(), false
	for at := 2 * size; at < len(b); at += size {
		if binary.NativeEndian.Uint16(b[at+8:]) == branchPage {
			binary.NativeEndian.PutUint64(b[at+16+8:], uint64(at/size))
			found = true
		}
	}
	if !found {
		t.Fatal("no branch page")
	}
	must(t, os.WriteFile(path, b, 0o600))
}

// manyAccounts are as many as need a branch page.
func manyAccounts(n int) []access.Account {
	all := make([]access.Account, n)
	for i := range all {
		all[i].Known = access.Member{ID: access.RemoteID(1000 + i), Email: "somebody@example.com", Enabled: true}
	}
	return all
}

func TestAPageThatLeadsToItselfStopsNobody(t *testing.T) {
	f, ctx := living(t), context.Background()
	f.put(manyAccounts(400)...)
	from, path := f.backup(), f.Path()
	f.abandon()
	good := filepath.Join(t.TempDir(), "good.db")
	copyFile(t, from, good)
	endless(t, from)
	endsWithin(t, 20*time.Second, "restore from", func() {
		if _, err := Restore(ctx, path, f.replacement(from)); !errors.Is(err, ErrDamaged) {
			t.Error(err)
		}
	})
	endless(t, path)
	endsWithin(t, 20*time.Second, "open, restore, rebuild", func() {
		if _, err := Open(path, Options{}); !errors.Is(err, ErrDamaged) {
			t.Error(err)
		}
		out, err := Restore(ctx, path, f.replacement(good))
		if err != nil || out.Unread == nil || len(out.Lost) == 0 {
			t.Errorf("%+v %v", out, err)
		}
		endless(t, path)
		if out, err := Rebuild(ctx, path, f.replacement("")); err != nil || len(out.Lost) == 0 {
			t.Errorf("%+v %v", out, err)
		}
	})
	f.open(path)
}

func TestAFileThatIsThereAndEmptyIsRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	must(t, os.WriteFile(path, nil, 0o600))
	if _, err := Open(path, Options{}); !errors.Is(err, ErrDamaged) || !strings.Contains(err.Error(), "nothing in it") {
		t.Error(err)
	}
	if b, err := os.ReadFile(path); err != nil || len(b) > 0 {
		t.Errorf("%d bytes, %v", len(b), err)
	}
}

func TestAFileWithOneHeadOfTwoSaysSoInTheTrail(t *testing.T) {
	f, ctx := living(t), context.Background()
	path := f.Path()
	f.abandon()
	b, err := os.ReadFile(path)
	must(t, err)
	b[os.Getpagesize()+40] ^= 1
	must(t, os.WriteFile(path, b, 0o600))
	if found, err := Examine(ctx, path, Options{}); err != nil || len(found) != 1 || found[0].Do != doOlder {
		t.Errorf("%v %v", found, err)
	}
	f.open(path)
	lines, err := f.AuditLines(ctx, 1)
	if err != nil || !strings.Contains(lines[0].What, "its last change may be missing") {
		t.Errorf("%+v %v", lines, err)
	}
	f.reopen()
	if again, err := f.AuditLines(ctx, 1); err != nil || again[0].At != lines[0].At {
		t.Errorf("%+v %v", again, err)
	}
}

func TestOfTwoProcessesThatBeginAtOnceBothHaveTheSameFile(t *testing.T) {
	path, o := filepath.Join(t.TempDir(), "state.db"), Options{NoSync: true}.withDefaults()
	first, err := blank(path, o, currentSchema())
	must(t, err)
	must(t, makeNew(path, o, currentSchema()))
	s, err := Open(path, o)
	must(t, err)
	must(t, s.SavePin(context.Background(), block("kim@x.com")))
	must(t, s.Close())
	must(t, makeNew(path, o, currentSchema()))
	must(t, discard(first))
	s, err = Open(path, o)
	must(t, err)
	if pins, err := s.Pins(context.Background()); err != nil || len(pins) != 1 || len(list(t, path)) != 1 {
		t.Errorf("%v %v %q", pins, err, list(t, path))
	}
	must(t, s.Close())
}
