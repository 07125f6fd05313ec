package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	bolt "go.etcd.io/bbolt"

	"github.com/kisi-sync/kisi-sync/internal/access"
	"github.com/kisi-sync/kisi-sync/internal/record"
)

func line(n int) record.AuditLine {
	return record.AuditLine{At: time.Unix(int64(n), 5).UTC(), Run: uint64(n), What: fmt.Sprintf("line %d", n), Outcome: "done"}
}

func TestLinesComeBackAsTheyWereWrittenTheNewestLast(t *testing.T) {
	f, ctx := newFixture(t), context.Background()
	must(t, f.Audit(ctx, line(1), line(2)))
	f.reopen()
	must(t, f.Audit(ctx, line(3)))
	lines, err := f.AuditLines(ctx, 2)
	if d := cmp.Diff([]record.AuditLine{line(2), line(3)}, lines); d != "" || err != nil {
		t.Error(d, err)
	}
	if n, err := f.VerifyAudit(ctx); n != 3 || err != nil {
		t.Errorf("%d lines hold, %v", n, err)
	}
}

// TestAnAlteredTrailDoesNotHold alters it as somebody who knows how rows are sealed, but does not rebuild the chain.
func TestAnAlteredTrailDoesNotHold(t *testing.T) {
	rewrite := func(number uint64, change func(*auditRow)) func(f *fixture, b *bolt.Bucket) error {
		return func(f *fixture, b *bolt.Bucket) error {
			key, t := numberKey(number), &txn{docs: f.docs}
			var row auditRow
			if err := t.read(auditBucket, key, b.Get(key), &row); err != nil {
				return err
			}
			change(&row)
			sealed, err := t.sealed(key, row)
			if err != nil {
				return err
			}
			return b.Put(key, sealed)
		}
	}
	for name, c := range map[string]struct {
		alter func(f *fixture, b *bolt.Bucket) error
		holds uint64
	}{
		"a line edited":        {rewrite(2, func(r *auditRow) { r.Line.What = "nothing" }), 2},
		"the last line edited": {rewrite(4, func(r *auditRow) { r.Line.What = "nothing" }), 4},
		"a line taken out":     {func(_ *fixture, b *bolt.Bucket) error { return b.Delete(numberKey(2)) }, 1},
		"the last taken out":   {func(_ *fixture, b *bolt.Bucket) error { return b.Delete(numberKey(4)) }, 3},
		"a line damaged": {func(_ *fixture, b *bolt.Bucket) error {
			row := slices.Clone(b.Get(numberKey(3)))
			row[len(row)-1] ^= 1
			return b.Put(numberKey(3), row)
		}, 2},
		"a line put in": {func(f *fixture, b *bolt.Bucket) error {
			row, err := (&txn{docs: f.docs}).sealed(numberKey(5), auditRow{Line: line(5)})
			if err != nil {
				return err
			}
			return b.Put(numberKey(5), row)
		}, 4},
	} {
		f, ctx := newFixture(t), context.Background()
		must(t, f.Audit(ctx, line(1), line(2), line(3), line(4)))
		f.raw(func(tx *bolt.Tx) error { return c.alter(f, tx.Bucket([]byte(auditBucket))) })
		if n, err := f.VerifyAudit(ctx); err == nil || n != c.holds {
			t.Errorf("%s: %d lines hold, %v", name, n, err)
		}
		given := uint64(0)
		err := f.EachAudit(ctx, record.AuditFilter{}, func(*record.Entry) error { given++; return nil })
		if !errors.Is(err, ErrDamaged) || !strings.Contains(err.Error(), "line ") || given != c.holds-1 {
			t.Errorf("%s: %d lines given, %v", name, given, err)
		}
		if _, err := f.Holders(ctx, "HQ Staff", f.clock.now()); !errors.Is(err, ErrDamaged) {
			t.Errorf("%s: who held it is answered all the same: %v", name, err)
		}
		f.abandon()
	}
}

func TestLinesOfTheJournalNameTheRunUnderWay(t *testing.T) {
	f, ctx := newFixture(t), context.Background()
	runOf := func() uint64 {
		f.carry(give(1, 7), access.Result{ID: 1}, nil)
		lines, err := f.AuditLines(ctx, 1)
		must(t, err)
		return lines[0].Run
	}
	if got := runOf(); got != 1 {
		t.Errorf("before the first run was saved: run %d", got)
	}
	run := record.Run{Began: f.clock.now()}
	must(t, f.SaveRun(ctx, &run))
	if got := runOf(); got != 1 || run.ID != 1 {
		t.Errorf("during run %d: run %d", run.ID, got)
	}
	run.Ended = f.clock.now()
	must(t, f.SaveRun(ctx, &run))
	if got := runOf(); got != 2 {
		t.Errorf("after run 1 has ended: run %d", got)
	}
}

func TestRunsAreNumberedKeptAndReplaced(t *testing.T) {
	f, ctx := newFixture(t), context.Background()
	for n := range 3 {
		must(t, f.SaveRun(ctx, &record.Run{Began: f.clock.now(), Ended: f.clock.now().Add(5 * time.Nanosecond), Calls: n,
			Sources: []record.SourceStatus{{Name: "corp", Took: time.Second}}, Problems: []record.Problem{{Kind: "no_email"}}}))
	}
	second := record.Run{ID: 2, Calls: 77}
	must(t, f.SaveRun(ctx, &second))
	f.reopen()
	runs, err := f.Runs(ctx, 2)
	want := []record.Run{{ID: 3, Began: f.clock.now(), Ended: f.clock.now().Add(5 * time.Nanosecond), Calls: 2,
		Sources: []record.SourceStatus{{Name: "corp", Took: time.Second}}, Problems: []record.Problem{{Kind: "no_email"}}}, second}
	if d := cmp.Diff(want, runs); d != "" || err != nil {
		t.Error(d, err)
	}
}

func TestOldRunsAreDropped(t *testing.T) {
	f, ctx := newFixture(t), context.Background()
	must(t, f.SaveRun(ctx, &record.Run{}))
	f.raw(func(tx *bolt.Tx) error { return tx.Bucket([]byte(runBucket)).SetSequence(runsKept) })
	must(t, f.SaveRun(ctx, &record.Run{}))
	runs, err := f.Runs(ctx, 10)
	if err != nil || len(runs) != 1 || runs[0].ID != runsKept+1 {
		t.Errorf("%+v %v", runs, err)
	}
}

func TestTheRestIsKeptAcrossARestart(t *testing.T) {
	f, ctx := newFixture(t), context.Background()
	if c, err := f.Catalog(ctx); c != nil || err != nil {
		t.Errorf("%+v %v", c, err)
	}
	catalog := &access.Catalog{Organization: access.Organization{ID: 1, Name: "Acme"}, Self: 5, Doors: []access.Door{{ID: 3, Place: 2, Name: "Main"}}, Roles: []string{"group_basic"}}
	must(t, f.SaveCatalog(ctx, catalog))
	status := record.SourceStatus{Name: "corp", At: f.clock.now(), People: 5, Took: time.Minute}
	must(t, f.SaveStatus(ctx, status))
	must(t, f.SaveStatus(ctx, record.SourceStatus{Name: "a", Error: "down"}))
	must(t, f.Documents("okta").Put(ctx, "k", []byte("v")))
	must(t, f.Documents("okta").Put(ctx, "gone", []byte("v")))
	must(t, f.Documents("okta").Put(ctx, "gone", nil))
	f.reopen()
	got, err := f.Catalog(ctx)
	if d := cmp.Diff(catalog, got); d != "" || err != nil {
		t.Error(d, err)
	}
	all, err := f.Statuses(ctx)
	if d := cmp.Diff([]record.SourceStatus{{Name: "a", Error: "down"}, status}, all); d != "" || err != nil {
		t.Error(d, err)
	}
	for key, want := range map[string]string{"k": "v", "gone": "", "never": ""} {
		if v, err := f.Documents("okta").Get(ctx, key); string(v) != want || err != nil {
			t.Errorf("%s is %q, %v", key, v, err)
		}
	}
	if v, err := f.Documents("okt").Get(ctx, "ak"); v != nil || err != nil {
		t.Errorf("another source's document: %q %v", v, err)
	}
}
