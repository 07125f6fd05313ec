package store

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"testing"

	"github.com/kisi-sync/kisi-sync/connectors"
	"github.com/kisi-sync/kisi-sync/internal/directory"
)

// rowsOf returns what a source has, as "key=row".
func rowsOf(t testing.TB, docs connectors.Docs, prefix, from string) (all []string) {
	t.Helper()
	err := docs.View(t.Context(), func(s connectors.Shelf) error {
		return s.Each(prefix, from, func(key string, row []byte) bool {
			all = append(all, key+"="+string(row))
			return true
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func put(t testing.TB, docs connectors.Docs, rows ...string) {
	t.Helper()
	err := docs.Update(t.Context(), func(s connectors.Shelf) error {
		for i := 0; i < len(rows); i += 2 {
			s.Put(rows[i], []byte(rows[i+1]))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestRowsThatAreKeptForASourceAreThereAfterARestartAndApartFromOthers(t *testing.T) {
	f := newFixture(t)
	put(t, f.Shelves("okta"), "u/1", "ana", "u/2", "bob", "v/1", "x")
	put(t, f.Shelves("oktb"), "u/1", "eve")
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	f.open(f.Path())
	if got := rowsOf(t, f.Shelves("okta"), "u/", ""); !slices.Equal(got, []string{"u/1=ana", "u/2=bob"}) {
		t.Errorf("got %q", got)
	}
	if got := rowsOf(t, f.Shelves("okta"), "u/", "u/2"); !slices.Equal(got, []string{"u/2=bob"}) {
		t.Errorf("from u/2: %q", got)
	}
	if got := rowsOf(t, f.Preview().Shelves("oktb"), "u/", ""); !slices.Equal(got, []string{"u/1=eve"}) {
		t.Errorf("of the other source: %q", got)
	}
}

func TestAChangeThatFailsLeavesNothingBehindAndHarmsNoOther(t *testing.T) {
	f := newFixture(t)
	docs, refused := f.Shelves("okta"), errors.New("refused")
	err := docs.Update(t.Context(), func(s connectors.Shelf) error {
		s.Put("u/1", []byte("half"))
		if row, err := s.Get("u/1"); err != nil || string(row) != "half" {
			t.Errorf("the change sees %q, %v", row, err)
		}
		return refused
	})
	if !errors.Is(err, refused) {
		t.Errorf("got %v", err)
	}
	if got := rowsOf(t, docs, "", ""); len(got) != 0 {
		t.Errorf("it left %q", got)
	}
	if err := f.Preview().Shelves("okta").Update(t.Context(), func(connectors.Shelf) error { return nil }); !errors.Is(err, ErrPreview) {
		t.Errorf("a preview takes changes: %v", err)
	}
}

func TestChangesThatComeTogetherAreWrittenTogetherAndEachSeesThoseBeforeIt(t *testing.T) {
	f := newFixture(t)
	docs := f.Shelves("okta")
	const many = 3*together + 7
	commits := 0
	f.committed = func() { commits++ }
	f.writing <- struct{}{} // so that all of them wait
	var wait sync.WaitGroup
	for i := range many {
		wait.Go(func() {
			err := docs.Update(context.Background(), func(s connectors.Shelf) error {
				row, err := s.Get("count")
				if err != nil {
					return err
				}
				s.Put("count", fmt.Append(nil, number(row)+1))
				if i%10 == 0 {
					return errors.New("this one changes its mind")
				}
				return nil
			})
			if (err != nil) != (i%10 == 0) {
				t.Errorf("change %d: %v", i, err)
			}
		})
	}
	for waiting := 0; waiting < many; {
		f.queue.mu.Lock()
		waiting = len(f.queue.jobs)
		f.queue.mu.Unlock()
		runtime.Gosched()
	}
	f.writing.give()
	wait.Wait()
	if got := rowsOf(t, docs, "", ""); !slices.Equal(got, []string{fmt.Sprintf("count=%d", many-(many+9)/10)}) {
		t.Errorf("got %q", got)
	}
	if commits > 4 {
		t.Errorf("%d commits for %d changes", commits, many)
	}
}

func number(row []byte) (n int) {
	_, _ = fmt.Sscan(string(row), &n)
	return n
}

func TestWhoGivesUpWaitingHasChangedNothing(t *testing.T) {
	f := newFixture(t)
	docs := f.Shelves("okta")
	f.writing <- struct{}{}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err := docs.Update(ctx, func(s connectors.Shelf) error { s.Put("u/1", []byte("x")); return nil })
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	f.writing.give()
	put(t, docs, "u/2", "y")
	if got := rowsOf(t, docs, "", ""); !slices.Equal(got, []string{"u/2=y"}) {
		t.Errorf("got %q", got)
	}
}

func TestAPanicInOneChangeAcknowledgesNone(t *testing.T) {
	f := newFixture(t)
	docs := f.Shelves("okta")
	var errs [2]error
	jobs := make([]*job, 2)
	for i := range jobs {
		jobs[i] = &job{ctx: t.Context(), source: "okta", done: make(chan struct{}), change: func(s connectors.Shelf) error {
			s.Put(fmt.Sprint(i), []byte("x"))
			if i == 1 {
				panic(errors.New("a mistake in the program"))
			}
			return nil
		}}
	}
	func() {
		defer func() { _ = recover() }()
		f.carryOut(jobs)
	}()
	for i, j := range jobs {
		<-j.done
		errs[i] = j.err
	}
	if errs[0] == nil || errs[1] == nil {
		t.Errorf("acknowledged: %v", errs)
	}
	if got := rowsOf(t, docs, "", ""); len(got) != 0 {
		t.Errorf("kept %q", got)
	}
}

func TestThatASourceGathersAndThatItWasAcceptedOutlivesARestart(t *testing.T) {
	f := newFixture(t)
	var last *directory.Snapshot
	for _, step := range []struct {
		accept bool
		want   directory.Standing
	}{{false, directory.Gathering}, {true, directory.Accepted}, {false, directory.Accepted}} {
		b := directory.Build("okta", last)
		if step.accept {
			b.Accept()
		}
		must(t, b.Put(&directory.Record{Kind: directory.PersonIs, ID: "1"}))
		next, _, err := b.Seal(directory.Receipt{Coverage: directory.Complete, At: f.clock.now(), Gathering: true}, nil)
		must(t, err)
		must(t, f.SaveSnapshot(t.Context(), next))
		must(t, f.SaveSnapshotAgain(t.Context(), next.Again(directory.Receipt{Coverage: directory.Delta, At: f.clock.now(), Gathering: true})))
		f.reopen()
		last, err = f.Snapshot(t.Context(), "okta")
		must(t, err)
		if last.Standing() != step.want {
			t.Errorf("accepted %v: standing %d, want %d", step.accept, last.Standing(), step.want)
		}
	}
}
