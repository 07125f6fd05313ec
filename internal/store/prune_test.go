package store

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	bolt "go.etcd.io/bbolt"

	"github.com/kisi-sync/kisi-sync/internal/access"
	"github.com/kisi-sync/kisi-sync/internal/record"
)

func (f *fixture) cutBefore(at time.Time) uint64 {
	f.t.Helper()
	n, err := f.PruneAudit(context.Background(), Pruning{Before: at, Said: record.Said{By: "eva", Why: "retention"}})
	must(f.t, err)
	return n
}

// happen writes an hour of some life.
func (f *fixture) happen(r *rand.Rand, n int) {
	f.t.Helper()
	member, group := access.RemoteID(1+r.IntN(5)), access.RemoteID(1+r.IntN(3))
	right := access.RemoteID(1000 + n)
	f.hour(n, func() {
		switch r.IntN(6) {
		case 0, 1:
			c := give(member, group)
			c.Change.After.Until = 0
			f.carry(c, access.Result{ID: right}, nil)
		case 2:
			f.carry(takeAway(member, group, 0), access.Result{}, nil)
		case 3:
			f.carry(suspend(member), access.Result{}, nil)
		case 4:
			f.observe(seen(member, true, access.Grant{Group: group, Assignment: right, Role: access.DoorAccess}))
		case 5:
			f.carry(door(access.AddDoor, group, 3), access.Result{ID: 1}, nil)
		}
	})
}

// TestACutTrailAnswersAsBeforeForAnyMomentSince cuts the trail of random lives at random hours, twice, and asks both before and after.
func TestACutTrailAnswersAsBeforeForAnyMomentSince(t *testing.T) {
	const hours = 60
	for seed := range uint64(12) {
		f, ctx, r := newFixture(t), context.Background(), rand.New(rand.NewPCG(seed, 7))
		for n := range hours {
			f.happen(r, n)
		}
		ask := func(from int) (all []string) {
			for n := from; n < hours; n++ {
				for group := 1; group <= 3; group++ {
					a, err := f.Holders(ctx, fmt.Sprint(group), newClock().at.Add(time.Duration(n)*time.Hour))
					if err != nil && !errors.Is(err, ErrUntold) {
						t.Fatal(err)
					}
					doors := 0
					for _, g := range a.Groups {
						doors += len(g.Opens)
					}
					all = append(all, fmt.Sprintf("%d %d: %s opens %d", n, group, heldBy(a), doors))
				}
			}
			return all
		}
		first := 10 + r.IntN(20)
		second := first + r.IntN(25)
		for _, at := range []int{first, second} {
			before := ask(at)
			lines, err := f.VerifyAudit(ctx)
			must(t, err)
			if f.cutBefore(newClock().at.Add(time.Duration(at)*time.Hour)) == 0 {
				continue
			}
			if n, err := f.VerifyAudit(ctx); err != nil || n != lines+1 {
				t.Fatalf("seed %d: %d lines hold, %v", seed, n, err)
			}
			if d := cmp.Diff(before, ask(at)); d != "" {
				t.Errorf("seed %d cut at %d: %s", seed, at, d)
			}
		}
	}
}

func TestACutSaysWhoCutAndEarlierQuestionsAreRefused(t *testing.T) {
	f, ctx := newFixture(t), context.Background()
	if _, err := f.PruneAudit(ctx, Pruning{Before: f.clock.now()}); err == nil {
		t.Error("cut by nobody")
	}
	if n := f.cutBefore(time.Time{}); n != 0 {
		t.Errorf("%d lines were cut although all are to be kept", n)
	}
	f.hour(1, func() { f.carry(give(1, 7), access.Result{ID: 70}, nil) })
	old, err := f.AuditHead(ctx)
	must(t, err)
	two := f.hour(2, func() { f.carry(give(2, 7), access.Result{ID: 71}, nil) })
	last, err := f.AuditHead(ctx)
	must(t, err)
	three := f.hour(3, func() { f.carry(give(3, 7), access.Result{ID: 72}, nil) })
	if n := f.cutBefore(three); n != 2 {
		t.Errorf("%d lines were cut", n)
	}
	l := f.lastLine()
	if l.Kind != record.DidCut || l.Who != "eva" || l.Why != "retention" || l.Cut.Last.Number != 2 || !strings.Contains(l.What, "2 lines, up to line 2") {
		t.Errorf("%+v", l)
	}
	if _, err := f.Holders(ctx, "7", two.Add(-time.Second)); !errors.Is(err, ErrUntold) {
		t.Error(err)
	}
	if _, err := f.VerifyAuditFrom(ctx, last); err != nil {
		t.Errorf("the anchor is of the last line that was cut: %v", err)
	}
	if _, err := f.VerifyAuditFrom(ctx, old); !errors.Is(err, ErrAltered) || !strings.Contains(err.Error(), "was cut after line 2") {
		t.Error(err)
	}
	if n := f.cutBefore(two); n != 0 {
		t.Errorf("%d more", n)
	}
}

func TestWhatWouldBeCutIsToldBefore(t *testing.T) {
	f, ctx := newFixture(t), context.Background()
	if p, err := f.Prunable(ctx, f.clock.now()); p.Lines+p.Left != 0 || !p.End.IsZero() || err != nil {
		t.Errorf("%+v, %v", p, err)
	}
	var hours []time.Time
	for n := range 6 {
		hours = append(hours, f.hour(n, func() { f.carry(give(access.RemoteID(n+1), 7), access.Result{ID: 70}, nil) }))
	}
	for _, upTo := range []int{2, 4} { // the second time a line about the first cut is there
		before := hours[upTo]
		goes, err := f.Prunable(ctx, before)
		must(t, err)
		if n := f.cutBefore(before); n != goes.Lines || n != 2 {
			t.Errorf("%d lines went, %+v", n, goes)
		}
		left, err := f.Prunable(ctx, time.Time{})
		must(t, err)
		if left.Left != goes.Left+1 || goes.Last.Number != uint64(upTo) || !goes.To.Equal(hours[upTo-1]) || !goes.From.Equal(hours[upTo-2]) {
			t.Errorf("%+v, then %+v", goes, left)
		}
	}
}

// TestWhatIsCutBehindTheTrailsBackDoesNotHold does what PruneAudit does without the line about it, or changes what it kept.
func TestWhatIsCutBehindTheTrailsBackDoesNotHold(t *testing.T) {
	for name, spoil := range map[string]func(f *fixture, x *txn) error{
		"lines taken off": func(_ *fixture, x *txn) error {
			key := numberKey(3)
			digest := digestOf(key, x.bucket(auditBucket).Get(key))
			if err := prune(x.bucket(auditBucket), numberKey(4)); err != nil {
				return err
			}
			return x.put(metaBucket, cutKey(), cut{Last: record.Head{Number: 3, Digest: digest}})
		},
		"somebody taken out of what was kept": func(_ *fixture, x *txn) error {
			return x.remove(carriedBucket, carriedKey(carriedPerson, 1))
		},
		"the cut forgotten": func(_ *fixture, x *txn) error { return x.remove(metaBucket, cutKey()) },
	} {
		f, ctx := newFixture(t), context.Background()
		for n := range 6 {
			f.hour(n, func() { f.carry(give(access.RemoteID(n+1), 7), access.Result{ID: 70}, nil) })
		}
		f.cutBefore(newClock().at.Add(2 * time.Hour))
		_, err := f.VerifyAudit(ctx)
		must(t, err)
		f.raw(func(tx *bolt.Tx) error { return spoil(f, &txn{tx: tx, docs: f.docs}) })
		if _, err := f.VerifyAudit(ctx); !errors.Is(err, ErrDamaged) {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := f.PruneAudit(ctx, Pruning{Before: f.clock.now(), Said: record.Said{By: "eva", Why: "to hide it"}}); err == nil {
			t.Errorf("%s: a trail that does not hold was cut, so that it holds again", name)
		}
		f.abandon()
	}
}

func TestATrailKilledWhileItIsCutIsWholeOrCut(t *testing.T) {
	f, ctx := newFixture(t), context.Background()
	for n := range 6 {
		f.hour(n, func() { f.carry(give(access.RemoteID(n+1), 7), access.Result{ID: 70}, nil) })
	}
	commits := 0
	f.committed = func() {
		commits++
		path := filepath.Join(t.TempDir(), "copy.db")
		copyFile(t, f.Path(), path)
		s, err := Open(path, Options{NoSync: true})
		must(t, err)
		defer func() { must(t, s.Close()) }()
		if n, err := s.VerifyAudit(ctx); n != 7 || err != nil {
			t.Errorf("%d lines, %v", n, err)
		}
	}
	f.cutBefore(newClock().at.Add(2 * time.Hour))
	if f.committed = nil; commits != 1 {
		t.Errorf("%d transactions", commits)
	}
}

func TestACutTrailIsHeldAgainstAllHeadsThatWereKeptElsewhere(t *testing.T) {
	f, ctx := newFixture(t), context.Background()
	var heads []record.Head
	keep := func() {
		head, err := f.AuditHead(ctx)
		must(t, err)
		heads = append(heads, head)
	}
	for n := range 6 {
		f.hour(n, func() { f.carry(give(access.RemoteID(n+1), 7), access.Result{ID: 70}, nil) })
		keep()
	}
	against := func(heads ...record.Head) Verified {
		t.Helper()
		v, err := f.VerifyAuditAgainst(ctx, heads)
		must(t, err)
		return v
	}
	if got, want := against(heads[5], heads[0], heads[3]), (Verified{Lines: 6, Met: 3}); got != want {
		t.Errorf("%+v", got)
	}
	f.cutBefore(newClock().at.Add(3 * time.Hour)) // lines 1 to 3
	keep()
	if got, want := against(heads...), (Verified{Lines: 7, Met: 5, Gone: 2}); got != want {
		t.Errorf("%+v", got)
	}
	if got, want := against(heads[:1]...), (Verified{Lines: 7, Gone: 1}); got != want {
		t.Errorf("%+v", got)
	}
	for name, forged := range map[string]record.Head{"at the cut": {Number: 3, Digest: heads[0].Digest}, "in between": {Number: 5, Digest: heads[3].Digest},
		"beyond the end": {Number: 9, Digest: heads[5].Digest}} {
		if _, err := f.VerifyAuditAgainst(ctx, append([]record.Head{forged}, heads...)); !errors.Is(err, ErrAltered) ||
			!strings.Contains(err.Error(), strconv.Itoa(int(forged.Number))) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
