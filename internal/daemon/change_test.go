package daemon

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/kisi-sync/kisi-sync/connectors"
	"github.com/kisi-sync/kisi-sync/internal/record"
)

// cases.md 111
func TestAFileThatCannotBeUsedLeavesTheOneBeforeInUse(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.start()
		w.pass(time.Minute)
		for name, work := range map[string]func(*Work) error{
			"it cannot be read": func(*Work) error { return errors.New("line 3: unknown key") },
			"its own tests fail": func(w *Work) error {
				w.Check = func(context.Context) error { return errors.New("line 3: ana lacks Lab") }
				return nil
			},
		} {
			w.work = work
			err := w.daemon.Reload(w.t.Context(), "mia")
			if s := w.status(); err == nil || !strings.Contains(s.Refused, "line 3") || s.Mode != "full" {
				t.Errorf("%s: %v, %+v", name, err, s)
			}
		}
		if !slices.Equal(w.reloads, []bool{true, false, true, false}) {
			t.Errorf("the service manager was told %v", w.reloads)
		}
		w.company.join("cem")
		w.pass(2 * time.Minute)
		w.expect("cem", true)
		w.work = nil
		if err := w.daemon.Reload(w.t.Context(), "mia"); err != nil || w.status().Refused != "" {
			t.Error(err)
		}
	}, "ana", "bo")
}

func TestAChangedFileIsAppliedWithAFullRun(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.start()
		w.pass(time.Minute)
		w.groups = "Team"
		if err := w.daemon.Reload(w.t.Context(), "mia"); err != nil {
			t.Fatal(err)
		}
		w.pass(time.Minute)
		runs := w.runs()
		u, _ := w.kisi.World().User("ana@nordlicht.example")
		if last := runs[len(runs)-1]; !last.Full || !u.Holds("Team") || u.Holds("Staff") {
			t.Errorf("%+v, %+v", last, u)
		}
	}, "ana", "bo")
}

// A reload cuts a run short, and who waits for one still gets it.
func TestAReloadInTheMiddleOfARunLosesNothing(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.start()
		answered := make(chan error, 1)
		go func() { _, err := w.daemon.Sync(w.t.Context(), record.Wish{By: "mia"}); answered <- err }()
		w.until("it is under way", time.Minute, func() bool { u := w.status().UnderWay; return u != nil && u.Tried > 10 })
		began := time.Now()
		if err := w.daemon.Reload(w.t.Context(), "mia"); err != nil || time.Since(began) > 3*time.Second {
			t.Fatalf("%v after %s", err, time.Since(began))
		}
		if err := <-answered; err != nil {
			t.Error(err)
		}
		w.until("all have the door", 5*time.Minute, func() bool { return w.opens("p0000") && w.opens("p0059") })
	}, people(60)...)
}

func TestAWatchedFileIsReadAgainWhenItChangesAlsoBehindALink(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		folder := t.TempDir()
		w.file = filepath.Join(folder, "config.yaml")
		write := func(name, text string) {
			if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		var loads atomic.Int32
		w.work = func(*Work) error { loads.Add(1); return nil }
		write("one", "1")
		if err := os.Symlink("one", w.file); err != nil {
			t.Skip(err) // accounts of Windows may not make links
		}
		w.start()
		w.pass(time.Minute)
		for i, change := range []func(){
			func() { write("one", "more") },
			func() { write("two", "2"); swap(t, "two", w.file) },
		} {
			change()
			w.pass(10 * time.Second)
			if got, want := loads.Load(), int32(2+i); got != want {
				t.Errorf("loaded %d times, want %d", got, want)
			}
		}
		if err := os.Remove(w.file); err != nil {
			t.Fatal(err)
		}
		w.pass(time.Minute)
		if s := w.status(); loads.Load() != 3 || s.Refused != "" {
			t.Errorf("loaded %d times: %+v", loads.Load(), s)
		}
	}, "ana")
}

func TestAFileThatIsIncludedIsWatchedAsTheMainOneIs(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		folder := t.TempDir()
		w.file = filepath.Join(folder, "config.yaml")
		part := filepath.Join(folder, "part.yaml")
		write := func(path, text string) {
			if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		var loads atomic.Int32
		w.work = func(*Work) error { loads.Add(1); return nil }
		write(w.file, "1")
		write(part, "1")
		w.start()
		w.pass(time.Minute)
		for i, change := range []func(){
			func() { w.included.Store(&[]string{part}); write(w.file, "include part.yaml") },
			func() { write(part, "more") },
			func() { _ = os.Remove(part) },
			func() { write(part, "again") },
			func() { w.included.Store(nil); write(w.file, "alone") },
		} {
			change()
			w.pass(10 * time.Second)
			if got, want := loads.Load(), int32(2+i); got != want {
				t.Fatalf("after change %d: loaded %d times, want %d", i, got, want)
			}
		}
		write(part, "of no concern any more")
		w.pass(10 * time.Second)
		if got := loads.Load(); got != 6 {
			t.Errorf("loaded %d times, want 6", got)
		}
	}, "ana")
}

// swap replaces a link as credentials and mounted files are replaced.
func swap(t *testing.T, to, link string) {
	t.Helper()
	if err := errors.Join(os.Symlink(to, link+".new"), os.Rename(link+".new", link)); err != nil {
		t.Fatal(err)
	}
}

func TestAPingIsFollowedByAReadAndABrokenWatchIsTriedAgainLessAndLessOften(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.watch = true
		w.start()
		w.pass(61 * time.Second)
		if s := w.status().Sources[0]; !s.Watching {
			t.Errorf("%+v", s)
		}
		reads := w.company.readsSoFar()
		for range 20 { // a bunch of changes
			w.company.join("cem")
			w.pass(5 * time.Millisecond)
		}
		w.pass(time.Second)
		if n := w.company.readsSoFar() - reads; n < 1 || n > 2 {
			t.Errorf("%d reads", n)
		}
		w.company.mu.Lock()
		w.company.broken, w.company.watches = errors.New("not supported"), nil
		w.company.mu.Unlock()
		if err := w.daemon.Reload(w.t.Context(), "mia"); err != nil {
			t.Fatal(err)
		}
		w.pass(20 * time.Minute)
		if s := w.status().Sources[0]; s.Watching || s.NotWatched != "not supported" {
			t.Errorf("%+v", s)
		}
		if n := w.company.tried(); n < 9 || n > 14 {
			t.Errorf("tried %d times in 20 minutes", n)
		}
		w.company.disable("ana")
		w.pass(70 * time.Second)
		w.expect("ana", false)
		w.company.mu.Lock()
		w.company.broken = nil
		w.company.mu.Unlock()
		w.pass(6 * time.Minute)
		if s := w.status().Sources[0]; !s.Watching || s.NotWatched != "" {
			t.Errorf("%+v", s)
		}
	}, "ana", "bo")
}

func TestADirectoryThatDoesNotTellOfChangesIsNoFault(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.watch, w.company.broken = true, fmt.Errorf("ldaps://ldap.example.com: %w", connectors.ErrUnwatchable)
		w.start()
		w.pass(31 * time.Minute)
		if s := w.status().Sources[0]; s.Watching || s.NotWatched != "" {
			t.Errorf("%+v", s)
		}
		if n := w.company.tried(); n < 2 || n > 7 {
			t.Errorf("tried %d times in half an hour", n)
		}
		w.company.disable("ana")
		w.pass(70 * time.Second)
		w.expect("ana", false)
	}, "ana", "bo")
}

// Without increments each ping is a read of everything. A directory that changes all the time must not be read all the time.
func TestADirectoryThatTakesLongToReadIsNotReadAllTheTime(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.watch, w.company.takes = true, 5*time.Second
		w.start()
		w.pass(2 * time.Minute)
		reads := w.company.readsSoFar()
		for range 5 * 60 {
			w.company.join("cem")
			w.pass(time.Second)
		}
		if n := w.company.readsSoFar() - reads; n < 10 || n > 21 {
			t.Errorf("%d reads of five seconds in five minutes", n)
		}
	}, "ana")
}

func TestWhoWorksBesideWaitsForTheRunAndNoRunBeginsMeanwhile(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.start()
		w.until("it is under way", time.Minute, func() bool { u := w.status().UnderWay; return u != nil && u.Tried > 10 })
		began, calls := time.Now(), 0
		err := w.daemon.Beside(w.t.Context(), func(ctx context.Context, _ *Turn) error {
			calls = len(w.kisi.Requests())
			pause(ctx, 5*time.Minute)
			calls = len(w.kisi.Requests()) - calls
			return ctx.Err()
		})
		if took := time.Since(began); err != nil || took > 5*time.Minute+2*time.Second || calls != 0 {
			t.Errorf("%v after %s, %d calls", err, took, calls)
		}
		w.until("all have the door", 5*time.Minute, func() bool { return w.opens("p0000") && w.opens("p0059") })
		ended := make(chan error, 1)
		go func() {
			ended <- w.daemon.Beside(w.t.Context(), func(ctx context.Context, _ *Turn) error { <-ctx.Done(); return ctx.Err() })
		}()
		w.pass(time.Second)
		w.end()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	}, people(60)...)
}

// cases.md 109: the machine sleeps, or its clock is set.
func TestAClockThatJumpsNeitherSilencesNorRepeats(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.start()
		w.pass(10 * time.Minute)
		for _, jump := range []time.Duration{30 * time.Minute, -20 * time.Minute, -10 * time.Minute} {
			w.skew.Add(int64(jump))
			reads := w.company.readsSoFar()
			w.pass(10 * time.Minute)
			if n := w.company.readsSoFar() - reads; n < 9 || n > 12 {
				t.Errorf("after a jump of %s: %d reads in ten minutes", jump, n)
			}
		}
		w.pass(4 * time.Hour)
		full := 0
		for _, r := range w.runs() {
			if r.Full {
				full++
			}
		}
		if full != 2 { // at the start, and at three
			t.Errorf("%d full runs", full)
		}
	}, "ana", "bo")
}

func TestANightWithoutTheMachineIsMadeUpForByOneFullRun(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.start()
		w.pass(time.Minute)
		w.end()
		w.start()
		w.pass(time.Minute)
		w.end()
		if runs := w.runs(); len(runs) != 2 || !runs[0].Full || runs[1].Full {
			t.Errorf("%+v", runs)
		}
		w.pass(80 * time.Hour)
		w.start()
		w.pass(time.Minute)
		if runs := w.runs(); len(runs) != 3 || !runs[2].Full {
			t.Errorf("%+v", runs)
		}
	}, "ana")
}
