package store

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"github.com/kisi-sync/kisi-sync/internal/access"
	"github.com/kisi-sync/kisi-sync/internal/directory"
	"github.com/kisi-sync/kisi-sync/internal/record"
)

// company makes a snapshot of people with five attributes, each in perPerson of the groups.
func company(b *testing.B, people, groups, perPerson int) *directory.Snapshot {
	b.Helper()
	build := directory.Build("corp", nil)
	put := func(r *directory.Record) { must(b, build.Put(r)) }
	for g := range groups {
		id := fmt.Sprintf("8c1d%08x-0000-4000-8000-group", g)
		put(&directory.Record{Kind: directory.GroupIs, ID: id, Name: fmt.Sprintf("Group %d", g)})
		put(&directory.Record{Kind: directory.MembersFrom, ID: id})
	}
	for p := range people {
		dn := directory.Ref{Kind: directory.ByDN, Value: fmt.Sprintf("uid=user%07d,ou=people,dc=corp,dc=example,dc=com", p)}
		put(&directory.Record{Kind: directory.PersonIs, ID: fmt.Sprintf("3f2a%08x-1111-4000-8000-person", p), Active: directory.Yes,
			Email: fmt.Sprintf("user%07d@corp.example.com", p), Name: fmt.Sprintf("First%d Last%d", p%997, p), Handles: []directory.Ref{dn},
			Changed: time.Unix(1_700_000_000+int64(p), 0), Attrs: []directory.Attr{
				{Name: "department", Values: []string{fmt.Sprint("Department ", p%40)}}, {Name: "employeeNumber", Values: []string{fmt.Sprint(p)}},
				{Name: "employeeType", Values: []string{"Employee"}}, {Name: "l", Values: []string{fmt.Sprint("City ", p%12)}},
				{Name: "title", Values: []string{fmt.Sprint("Title ", p%300)}}}})
		for k := range perPerson {
			put(&directory.Record{Kind: directory.MemberIs, ID: fmt.Sprintf("8c1d%08x-0000-4000-8000-group", (p*perPerson+k*7919)%groups), Member: dn})
		}
	}
	s, _, err := build.Seal(directory.Receipt{Coverage: directory.Complete, At: time.Unix(1_800_000_000, 0)}, nil)
	must(b, err)
	return s
}

// oneChanged is the snapshot after one person's title and one membership have changed.
func oneChanged(b *testing.B, last *directory.Snapshot) *directory.Snapshot {
	b.Helper()
	build := directory.Build("corp", last)
	must(b, build.Put(&directory.Record{Kind: directory.MemberIs, ID: "8c1d00000000-0000-4000-8000-group", Member: directory.Ref{Kind: directory.ByDN, Value: "uid=new"}}))
	s, _, err := build.Seal(directory.Receipt{Coverage: directory.Delta, At: time.Unix(1_800_000_000, 0)}, nil)
	must(b, err)
	return s
}

// benchStore opens a store that waits for the disk, as a daemon's does.
func benchStore(b *testing.B) *Store {
	b.Helper()
	s, err := Open(filepath.Join(b.TempDir(), "state.db"), Options{})
	must(b, err)
	b.Cleanup(func() { must(b, s.Close()) })
	return s
}

func fileSize(b *testing.B, s *Store) {
	b.Helper()
	info, err := os.Stat(s.Path())
	must(b, err)
	b.ReportMetric(float64(info.Size())/(1<<20), "file-MB")
}

// heapOf reports how much memory is held by what do returns.
func heapOf(b *testing.B, do func() any) {
	b.Helper()
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	kept := do()
	runtime.GC()
	runtime.ReadMemStats(&after)
	b.ReportMetric(float64(after.HeapAlloc-min(before.HeapAlloc, after.HeapAlloc))/(1<<20), "kept-MB")
	runtime.KeepAlive(kept)
}

func benchSnapshots(b *testing.B, people, groups, perPerson int) {
	ctx, snapshot := context.Background(), company(b, people, groups, perPerson)
	b.Run("first load", func(b *testing.B) {
		for b.Loop() {
			s := benchStore(b)
			must(b, s.SaveSnapshot(ctx, snapshot))
			fileSize(b, s)
		}
	})
	s := benchStore(b)
	must(b, s.SaveSnapshot(ctx, snapshot))
	changed := oneChanged(b, snapshot)
	b.Run("save one change", func(b *testing.B) {
		for i := 0; b.Loop(); i++ {
			must(b, s.SaveSnapshot(ctx, []*directory.Snapshot{changed, snapshot}[i%2]))
		}
	})
	b.Run("read", func(b *testing.B) {
		for b.Loop() {
			_, err := s.Snapshot(ctx, "corp")
			must(b, err)
		}
		heapOf(b, func() any { s, _ := s.Snapshot(ctx, "corp"); return s })
	})
}

func BenchmarkSnapshotOf100kPeopleAnd500kMemberships(b *testing.B) {
	benchSnapshots(b, 100_000, 2_000, 5)
}

func BenchmarkSnapshotOf1MPeopleAnd5MMemberships(b *testing.B) {
	benchSnapshots(b, 1_000_000, 20_000, 5)
}

// fillAccounts writes accounts with as many grants each.
func fillAccounts(b *testing.B, s *Store, accounts, grants int) {
	b.Helper()
	causes := make([]access.Cause, 50)
	for i := range causes {
		causes[i] = access.Cause{Kind: access.ByRule, Rule: fmt.Sprint("rule ", i), Mark: uint64(i) << 50}
	}
	const batch = 20_000
	for from := 0; from < accounts; from += batch {
		must(b, s.update(context.Background(), "bench", func(t *txn) error {
			t.bucket(accountBucket).FillPercent = sortedFill
			for i := from; i < min(from+batch, accounts); i++ {
				a := accountOf(i, grants, causes)
				if err := t.saveAccount(&a); err != nil {
					return err
				}
			}
			return nil
		}))
	}
}

func accountOf(i, grants int, causes []access.Cause) access.Account {
	anchor := access.Anchor(fmt.Sprintf("corp:3f2a%08x-1111-4000-8000-person", i*7919%10_000_019))
	a := access.Account{Known: access.Member{ID: access.RemoteID(1_000_000 + i), Email: fmt.Sprintf("user%07d@corp.example.com", i),
		Name: fmt.Sprintf("First%d Last%d", i%997, i), Enabled: true, Seen: 1_800_000_000, Stamp: access.Stamp{Installation: "berlin-1", Anchor: anchor}},
		Link: access.Link{Anchors: []access.Anchor{anchor}, Level: access.Created, Name: fmt.Sprintf("First%d Last%d", i%997, i), Since: 1_700_000_000}}
	for g := range grants {
		id, group := access.RemoteID(5_000_000+i*grants+g), access.RemoteID(2_000+g*50+i%50)
		a.Known.Grants = append(a.Known.Grants, access.Grant{Assignment: id, Group: group, Role: access.DoorAccess})
		a.Owned = append(a.Owned, access.OwnedGrant{Assignment: id, Group: group, Role: access.DoorAccess, Level: access.Created,
			Cause: &causes[group%50], Since: 1_700_000_000})
	}
	return a
}

func benchLedger(b *testing.B, accounts, grants int) {
	ctx, s := context.Background(), benchStore(b)
	fillAccounts(b, s, accounts, grants)
	b.Run("read", func(b *testing.B) {
		for b.Loop() {
			_, err := s.Ledger(ctx)
			must(b, err)
		}
		fileSize(b, s)
		heapOf(b, func() any { l, _ := s.Ledger(ctx); return l })
	})
	l, err := s.Ledger(ctx)
	must(b, err)
	state := l.Known()
	state.Covers.All = true
	b.Run("observe everybody unchanged", func(b *testing.B) {
		for i := 0; b.Loop(); i++ {
			state.At = access.Instant(1_800_000_001 + i)
			must(b, s.SaveObserved(ctx, state))
		}
	})
	b.Run("begin and finish", func(b *testing.B) {
		for i := 0; b.Loop(); i++ {
			seq, err := s.Begin(ctx, give(access.RemoteID(1_000_000+i*7919%accounts), 9))
			must(b, err)
			must(b, s.Finish(ctx, seq, access.Result{ID: access.RemoteID(i + 1)}, nil))
		}
	})
}

func BenchmarkLedgerOf50kAccountsWith10Grants(b *testing.B) { benchLedger(b, 50_000, 10) }

func BenchmarkLedgerOf1MAccountsWith5Grants(b *testing.B) { benchLedger(b, 1_000_000, 5) }

func BenchmarkFirstRunOf20kNotes(b *testing.B) {
	all := notes(10_000)
	for b.Loop() {
		must(b, benchStore(b).Note(context.Background(), all))
	}
}

// BenchmarkTheTrailOfALargeCompany is a question to, and a check of, a trail of 200,000 lines.
func BenchmarkTheTrailOfALargeCompany(b *testing.B) {
	s, ctx := benchStore(b), context.Background()
	const lines, batch = 200_000, 10_000
	for from := 0; from < lines; from += batch {
		must(b, s.update(ctx, auditBucket, func(t *txn) error {
			for n := range batch {
				call := give(access.RemoteID(from/4+n/4+1), access.RemoteID(1+n%4))
				call.Change.Object.Anchor = "corp:3f2a0000-1111-4000-8000-person"
				k := booking{t: t, call: call, result: access.Result{ID: access.RemoteID(from + n + 1)}, at: s.instant(), run: 1, who: "schedule"}
				if err := k.audit(); err != nil {
					return err
				}
			}
			return nil
		}))
	}
	info, err := os.Stat(s.Path())
	must(b, err)
	b.Run("who held a group", func(b *testing.B) {
		for b.Loop() {
			_, err := s.Holders(ctx, "1", time.Now().Add(time.Hour))
			must(b, err)
		}
		b.ReportMetric(float64(info.Size())/lines, "bytes/line")
	})
	b.Run("verify", func(b *testing.B) {
		for b.Loop() {
			_, err := s.VerifyAudit(ctx)
			must(b, err)
		}
	})
	b.Run("cut all", func(b *testing.B) {
		for b.Loop() {
			b.StopTimer()
			path := filepath.Join(b.TempDir(), "copy.db")
			must(b, s.Backup(ctx, path))
			c, err := Open(path, Options{})
			must(b, err)
			b.StartTimer()
			_, err = c.PruneAudit(ctx, Pruning{Before: time.Now().Add(time.Hour), Said: record.Said{By: "eva", Why: "a benchmark"}})
			must(b, err)
			b.StopTimer()
			must(b, c.Close())
			b.StartTimer()
		}
	})
}
