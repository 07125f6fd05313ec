package store

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/kisi-sync/kisi-sync/internal/directory"
)

func TestARenamedSourceKeepsAllThatWasReadOfIt(t *testing.T) {
	f, ctx := newFixture(t), context.Background()
	first := read{coverage: directory.Complete, at: f.clock.now(), records: staff(40)}.seal(t)
	must(t, f.SaveSnapshot(ctx, first))
	f.clock.pass(2 * time.Hour)
	last := read{last: first, coverage: directory.Complete, at: f.clock.now(), records: staff(30)}.seal(t) // ten have vanished
	must(t, f.SaveSnapshot(ctx, last))
	other, _, err := directory.Build("other", nil).Seal(directory.Receipt{Coverage: directory.Complete, At: f.clock.now()}, nil)
	must(t, err)
	must(t, f.SaveSnapshot(ctx, other))
	before := text(last)
	put(t, f.Shelves("corp"), "u/1", "ana")

	ahead := f.Preview()
	f.renames(ahead, "corp", "head-office", true)
	f.isKnown(ahead, "head-office", before)
	f.isKnown(f.Store, "corp", before)
	for _, c := range []struct {
		from, to string
		moved    bool
	}{{"never there", "new", false}, {"corp", "other", false}, {"corp", "head-office", true}, {"corp", "head-office", false}} {
		f.renames(f.Store, c.from, c.to, c.moved)
	}
	f.reopen()
	must(t, f.Check(ctx))
	if got := rowsOf(t, f.Shelves("head-office"), "", ""); len(got) != 1 || len(rowsOf(t, f.Shelves("corp"), "", "")) != 0 {
		t.Errorf("what was pushed to it did not go with it: %q", got)
	}
	f.isKnown(f.Store, "head-office", before)
	if s, err := f.Snapshot(ctx, "corp"); s != nil || err != nil {
		t.Errorf("%s %v", text(s), err)
	}
	f.clock.pass(time.Hour)
	s, err := f.Snapshot(ctx, "head-office")
	must(t, err)
	b := directory.Build("head-office", s)
	for _, r := range staff(31) {
		must(t, b.Put(&r))
	}
	next, diff, err := b.Seal(directory.Receipt{Coverage: directory.Complete, At: f.clock.now()}, nil)
	must(t, err)
	must(t, f.SaveSnapshot(ctx, next))
	if diff.Before.People != 30 || diff.After.People != 31 {
		t.Errorf("%+v", diff)
	}
}

// renaming is what a store and a preview share here.
type renaming interface {
	RenameSource(ctx context.Context, from, to string) (bool, error)
	Snapshot(ctx context.Context, source string) (*directory.Snapshot, error)
	HighWater(ctx context.Context, source string, window time.Duration) (directory.Counts, error)
}

func (f *fixture) renames(s renaming, from, to string, want bool) {
	f.t.Helper()
	if moved, err := s.RenameSource(context.Background(), from, to); err != nil || moved != want {
		f.t.Errorf("%s to %s: %v %v", from, to, moved, err)
	}
}

// isKnown expects the snapshot of before under an id, and its high-water mark.
func (f *fixture) isKnown(s renaming, id, before string) {
	f.t.Helper()
	snapshot, err := s.Snapshot(context.Background(), id)
	must(f.t, err)
	_, was, _ := strings.Cut(before, " ")
	if got := text(snapshot); got != id+" "+was {
		f.t.Errorf("%s\nwant %s", got, before)
	}
	high, err := s.HighWater(context.Background(), id, 100*time.Hour)
	if err != nil || high.People != 40 {
		f.t.Errorf("%+v %v", high, err)
	}
}
