package store

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kisi-sync/kisi-sync/internal/access"
	"github.com/kisi-sync/kisi-sync/internal/directory"
	"github.com/kisi-sync/kisi-sync/internal/record"
	"github.com/kisi-sync/kisi-sync/mapping"
)

func TestAPreviewHasTheMethodsOfAStore(t *testing.T) {
	store, preview := reflect.TypeFor[*Store](), reflect.TypeFor[*Preview]()
	for i := range store.NumMethod() {
		m := store.Method(i)
		if m.Name == "Preview" || m.Name == "Documents" {
			continue
		}
		p, ok := preview.MethodByName(m.Name)
		if !ok {
			t.Errorf("%s is missing", m.Name)
			continue
		}
		for in := 1; in < m.Type.NumIn(); in++ {
			if p.Type.NumIn() != m.Type.NumIn() || p.Type.In(in) != m.Type.In(in) {
				t.Fatalf("%s is %s, a store has %s", m.Name, p.Type, m.Type)
			}
		}
	}
}

// lookAhead does everything that a run does, and what it must not.
func lookAhead(t *testing.T, p *Preview, s *directory.Snapshot) {
	t.Helper()
	ctx := context.Background()
	must(t, p.SaveSnapshot(ctx, s))
	if got, err := p.Snapshot(ctx, "corp"); err != nil || got != s {
		t.Errorf("%s %v", text(got), err)
	}
	must(t, p.SaveCatalog(ctx, &access.Catalog{Self: 9}))
	if c, err := p.Catalog(ctx); err != nil || c.Self != 9 {
		t.Errorf("%+v %v", c, err)
	}
	must(t, p.SaveObserved(ctx, &access.State{At: 1, Covers: access.Scope{All: true}}))
	must(t, p.SaveHolds(ctx, []access.Hold{waits(1, "x")}))
	must(t, p.AddHolds(ctx, []access.Hold{waits(1, "x")}))
	must(t, p.SaveStatus(ctx, record.SourceStatus{Name: "corp"}))
	must(t, p.ForgetMarks(ctx, "corp"))
	must(t, p.LowerMarks(ctx, "corp", directory.Counts{People: 1}))
	run := record.Run{}
	if must(t, p.SaveRun(ctx, &run)); run.ID != 0 {
		t.Errorf("run %d", run.ID)
	}
	_, begin := p.Begin(ctx, give(1, 7))
	_, decidePlan := p.DecidePlan(ctx, "00000000", access.Decision{})
	_, prune := p.PruneAudit(ctx, Pruning{})
	must(t, p.SaveBindings(ctx, []mapping.Binding{{Source: "corp"}}, record.Said{}))
	must(t, p.SavePlan(ctx, []string{"x"}))
	for name, err := range map[string]error{"begin": begin, "finish": p.Finish(ctx, 1, access.Result{}, nil), "note": p.Note(ctx, notes(1)),
		"decide": p.Decide(ctx, access.Decision{}), "audit": p.Audit(ctx, line(1)), "forget": p.Forget(ctx, "corp"),
		"pin": p.SavePin(ctx, access.Pin{}), "unpin": p.DropPin(ctx, access.Pin{}, "", ""), "plan": decidePlan, "prune": prune} {
		if !errors.Is(err, ErrPreview) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// known reads everything and reports what there is.
func known(t *testing.T, p *Preview) (all []any) {
	t.Helper()
	ctx := context.Background()
	ledger, err := p.Ledger(ctx)
	must(t, err)
	open, err := p.Open(ctx)
	must(t, err)
	holds, err := p.Holds(ctx)
	must(t, err)
	spent, err := p.Spent(ctx, 0)
	must(t, err)
	runs, err := p.Runs(ctx, 9)
	must(t, err)
	statuses, err := p.Statuses(ctx)
	must(t, err)
	lines, err := p.AuditLines(ctx, 9)
	must(t, err)
	n, err := p.VerifyAudit(ctx)
	must(t, err)
	high, err := p.HighWater(ctx, "corp", time.Hour)
	must(t, err)
	sources, err := p.Sources(ctx)
	must(t, err)
	pins, err := p.Pins(ctx)
	must(t, err)
	bindings, err := p.Bindings(ctx)
	must(t, err)
	waits, err := p.HeldPlan(ctx)
	must(t, err)
	head, err := p.AuditHead(ctx)
	must(t, err)
	_, err = p.VerifyAuditFrom(ctx, head)
	must(t, err)
	var trail bytes.Buffer
	must(t, p.ExportAudit(ctx, record.AuditFilter{}, record.NewJSONLines(&trail)))
	must(t, p.Check(ctx))
	return []any{ledger.Accounts, ledger.Groups, open, holds, spent, runs, statuses, lines, n, high, sources, pins, bindings, waits.Steps, head.Digest, trail.String()}
}

func TestAPreviewOfNoFileKnowsNothingAndMakesNone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	p, err := OpenPreview(path, Options{})
	must(t, err)
	must(t, p.Bind(context.Background(), access.Organization{ID: 1}, "berlin-1"))
	for i, v := range known(t, p) {
		if rv := reflect.ValueOf(v); rv.Kind() == reflect.Slice && rv.Len() != 0 || rv.Kind() != reflect.Slice && !rv.IsZero() {
			t.Errorf("%d: %+v", i, v)
		}
	}
	lookAhead(t, p, read{coverage: directory.Complete, at: time.Unix(9, 0), records: staff(3)}.seal(t))
	must(t, p.Close())
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%v", err)
	}
}

func TestAPreviewReadsTheFileAndLeavesEveryByteAsItIs(t *testing.T) {
	f, ctx := newFixture(t), context.Background()
	must(t, f.Bind(ctx, access.Organization{ID: 1}, "berlin-1"))
	saved := read{coverage: directory.Complete, at: f.clock.now(), records: staff(3)}.seal(t)
	must(t, f.SaveSnapshot(ctx, saved))
	must(t, f.SaveHolds(ctx, []access.Hold{waits(1, "x")}))
	must(t, f.SaveRun(ctx, &record.Run{Ended: f.clock.now()}))
	f.carry(give(1, 7), access.Result{ID: 9}, nil)
	_, err := f.Begin(ctx, give(2, 7))
	must(t, err)
	want := known(t, f.Preview())
	path := f.Path()
	f.abandon()
	before, err := os.ReadFile(path)
	must(t, err)

	p, err := OpenPreview(path, Options{Now: f.clock.now})
	must(t, err)
	if d := cmp.Diff(want, known(t, p), cmpEmpty()); d != "" {
		t.Error(d)
	}
	if s, err := p.Snapshot(ctx, "corp"); err != nil || text(s) != text(saved) {
		t.Errorf("%s %v", text(s), err)
	}
	if err := p.Bind(ctx, access.Organization{ID: 2}, "berlin-1"); !errors.Is(err, ErrOther) {
		t.Error(err)
	}
	lookAhead(t, p, read{coverage: directory.Complete, at: f.clock.now(), records: staff(9)}.seal(t))
	if d := cmp.Diff(want, known(t, p), cmpEmpty()); d != "" {
		t.Error(d)
	}
	must(t, p.Close())
	if after, err := os.ReadFile(path); err != nil || string(after) != string(before) {
		t.Errorf("the file was changed, %v", err)
	}
}
