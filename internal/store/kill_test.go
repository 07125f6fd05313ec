package store

import (
	"context"
	"encoding/json"
	"math/rand/v2"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kisi-sync/kisi-sync/internal/access"
	"github.com/kisi-sync/kisi-sync/internal/directory"
	"github.com/kisi-sync/kisi-sync/internal/record"
	"github.com/kisi-sync/kisi-sync/mapping"
)

// act is one thing that a run does, with what must be so before it and after it. Between its transactions nothing else may be seen.
type act struct {
	name string
	do   func(s *Store) error
}

func runOfActs(t *testing.T) []act {
	at := newClock().now()
	small := read{coverage: directory.Complete, at: at, records: staff(12)}.seal(t)
	large := read{last: small, coverage: directory.Complete, at: at.Add(time.Hour), records: staff(90)}.seal(t)
	changed := read{last: large, coverage: directory.Delta, at: at.Add(2 * time.Hour), records: staff(91)[180:]}.seal(t)
	ctx := context.Background()
	finish := func(seq access.Seq, err error) func(*Store) error {
		return func(s *Store) error { return s.Finish(ctx, seq, access.Result{ID: access.RemoteID(seq) * 100}, err) }
	}
	begin := func(c access.Call) func(*Store) error {
		return func(s *Store) error { _, err := s.Begin(ctx, c); return err }
	}
	waitingStep := stepID(1)
	observed := &access.State{At: 5, Covers: access.Scope{All: true}, Members: []access.Member{{ID: 3, Email: "3@x.com"}},
		Groups: []access.Group{{ID: 8, Name: "HQ Staff", Opened: true, Doors: []access.Opening{{Row: 1, Thing: 2}}}}}
	return []act{
		{"bind", func(s *Store) error { return s.Bind(ctx, access.Organization{ID: 1}, "berlin-1") }},
		{"first load", func(s *Store) error { return s.SaveSnapshot(ctx, small) }},
		{"large change", func(s *Store) error { return s.SaveSnapshot(ctx, large) }},
		{"small change", func(s *Store) error { return s.SaveSnapshot(ctx, changed) }},
		{"catalog", func(s *Store) error { return s.SaveCatalog(ctx, &access.Catalog{Self: 3}) }},
		{"holds", func(s *Store) error { return s.SaveHolds(ctx, []access.Hold{waits(1, "x")}) }},
		{"notes", func(s *Store) error { return s.Note(ctx, notes(3)) }},
		{"observed", func(s *Store) error { return s.SaveObserved(ctx, observed) }},
		{"begin", begin(give(1, 8))},
		{"finish", finish(1, nil)},
		{"begin refused", begin(give(2, 8))},
		{"refused", finish(2, access.ErrRefused)},
		{"begin unknown", begin(give(3, 8))},
		{"unknown", finish(3, access.ErrUnknownOutcome)},
		{"pin", func(s *Store) error { return s.SavePin(ctx, block("ben@x.com")) }},
		{"unpin", func(s *Store) error { return s.DropPin(ctx, block("ben@x.com"), "eva", "found") }},
		{"bindings", func(s *Store) error {
			return s.SaveBindings(ctx, []mapping.Binding{{Source: "corp", Text: "a"}, {Source: "corp", Text: "b"}}, record.Said{})
		}},
		{"summary", func(s *Store) error { return s.SavePlan(ctx, []string{"1 waits"}) }},
		{"decide", func(s *Store) error {
			_, err := s.DecidePlan(ctx, access.Sum(waitingStep[:]).String(), access.Decision{Verdict: access.Approved, By: "eva"})
			return err
		}},
		{"cut", func(s *Store) error {
			_, err := s.PruneAudit(ctx, Pruning{Before: at.Add(time.Hour), Said: record.Said{By: "eva", Why: "retention"}})
			return err
		}},
		{"run", func(s *Store) error { return s.SaveRun(ctx, &record.Run{}) }},
	}
}

// everything writes out all that a file says.
func everything(t *testing.T, s *Store) string {
	t.Helper()
	snapshot, err := s.Snapshot(context.Background(), "corp")
	must(t, err)
	catalog, err := s.Catalog(context.Background())
	must(t, err)
	all, err := json.MarshalIndent(append(known(t, s.Preview()), catalog), "", " ")
	must(t, err)
	return text(snapshot) + string(all)
}

// TestKilledBetweenAnyTwoTransactionsTheFileSaysWhatWasSoBeforeOrAfter copies the file at every commit, as it would be found
// after a crash. What takes several transactions and is one thing (a snapshot) must be seen whole or not at all; what is many
// facts (notes, observed members) may be seen in part, in order.
func TestKilledBetweenAnyTwoTransactionsTheFileSaysWhatWasSoBeforeOrAfter(t *testing.T) {
	f := newFixture(t)
	f.sizes = sizes{edits: 6, batch: 10, bytes: 1 << 20, accounts: 1, notes: 2}
	dir, copies := t.TempDir(), 0
	inParts := map[string]bool{"notes": true, "observed": true}
	for _, a := range runOfActs(t) {
		var found []string
		f.committed = func() {
			copies++
			path := filepath.Join(dir, strconv.Itoa(copies))
			copyFile(t, f.Path(), path)
			found = append(found, path)
		}
		before := everything(t, f.Store)
		must(t, a.do(f.Store))
		after := everything(t, f.Store)
		if len(found) == 0 || a.name == "large change" && len(found) < 4 {
			t.Fatalf("%s: %d transactions", a.name, len(found))
		}
		for i, path := range found {
			s, err := Open(path, Options{NoSync: true, Now: f.clock.now})
			must(t, err)
			must(t, s.Check(context.Background()))
			got, want := everything(t, s), before
			if i == len(found)-1 {
				want = after
			}
			if got != want && (!inParts[a.name] || i == len(found)-1) {
				t.Errorf("%s, after transaction %d of %d: %s", a.name, i+1, len(found), cmp.Diff(want, got))
			}
			must(t, s.Close())
		}
	}
}

// TestKilledInTheMiddleOfWritingTheLastCommittedStepIsThere kills another process that writes without a pause.
func TestKilledInTheMiddleOfWritingTheLastCommittedStepIsThere(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	last := map[string]int{}
	for round := range 6 {
		cmd, lines := startChild(t, "write", path)
		said := map[string]int{}
		kill := time.AfterFunc(time.Hour, func() { _ = cmd.Process.Kill() })
		soon := func() { kill.Reset(time.Duration(20+rand.IntN(120)) * time.Millisecond) }
		if round > 0 {
			soon()
		}
		for lines.Scan() {
			word, n, _ := strings.Cut(lines.Text(), " ")
			said[word], _ = strconv.Atoi(n)
			if round == 0 && word == "finished" && said[word] == 1 { // once, however busy the machine is, something is finished
				soon()
			}
		}
		kill.Stop()
		_ = cmd.Wait()
		checkKilled(t, path, said)
		if said["finished"] > last["finished"] {
			last = said
		}
	}
	if last["finished"] == 0 {
		t.Error("nothing was ever finished: the test kills too early")
	}
}

func checkKilled(t *testing.T, path string, said map[string]int) {
	t.Helper()
	s, err := Open(path, Options{})
	must(t, err)
	defer func() { must(t, s.Close()) }()
	ctx := context.Background()
	must(t, s.Check(ctx))
	snapshot, err := s.Snapshot(ctx, "corp")
	must(t, err)
	if n := said["snapshot"]; n > 0 {
		at := snapshot.At().Unix()
		if at != int64(n) && at != int64(n+1) || snapshot.Counts().People != 20+int(at)%7*30 {
			t.Errorf("snapshot %d was committed, %d is there with %d people", n, at, snapshot.Counts().People)
		}
	}
	l, err := s.Ledger(ctx)
	must(t, err)
	if n := access.RemoteID(said["finished"]); n > 0 {
		if _, ok := l.Account(n); !ok {
			t.Errorf("finished %d, and there is no account of it", n)
		}
	}
	open, err := s.Open(ctx)
	must(t, err)
	if begun := said["begun"]; begun > said["finished"] {
		_, booked := l.Account(access.RemoteID(begun))
		if !booked && (len(open) == 0 || open[len(open)-1].Call.Member() != access.RemoteID(begun)) {
			t.Errorf("begun %d is neither open nor booked: %+v", begun, open)
		}
	}
}
