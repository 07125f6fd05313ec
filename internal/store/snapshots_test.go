package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	bolt "go.etcd.io/bbolt"
	"pgregory.net/rapid"

	"github.com/kisi-sync/kisi-sync/internal/directory"
)

// recordsOf draws facts about few people and groups, so that they meet: nested, dangling, renamed, with odd bytes in their IDs.
func recordsOf(t *rapid.T) []directory.Record {
	person := rapid.SampledFrom([]string{"p1", "p2", "p3", "p\x00", "p\x00\x01", "p"})
	group := rapid.SampledFrom([]string{"g", "g\x00", "g\x00\xff", "g1", "gg", "\xff"})
	value := rapid.SampledFrom([]string{"", "a", "uid=a,ou=people,dc=x", "uid=ab,ou=people,dc=x", "ü", "\x00\xff", strings.Repeat("l", 300)})
	ref := rapid.Custom(func(t *rapid.T) directory.Ref {
		return directory.Ref{Kind: directory.RefKind(rapid.IntRange(1, 5).Draw(t, "kind")), Value: value.Draw(t, "ref") + "x"}
	})
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) directory.Record {
		kind := rapid.SampledFrom([]directory.Kind{directory.PersonIs, directory.GroupIs, directory.MembersFrom, directory.MemberIs, directory.MemberGone, directory.Gone, directory.Unsure, directory.Erased}).Draw(t, "what")
		r := directory.Record{Kind: kind, Email: value.Draw(t, "mail"), Name: value.Draw(t, "name"),
			Active: directory.Tri(rapid.IntRange(0, 2).Draw(t, "active")), Handles: rapid.SliceOfN(ref, 0, 3).Draw(t, "handles")}
		switch kind {
		case directory.PersonIs, directory.Gone, directory.Unsure, directory.Erased:
			r.ID = person.Draw(t, "person")
		default:
			r.ID = group.Draw(t, "group")
		}
		if kind == directory.MemberIs || kind == directory.MemberGone {
			r.Member = ref.Draw(t, "member")
		}
		if rapid.Bool().Draw(t, "dated") {
			r.Changed = time.Unix(rapid.Int64Range(1, 1<<40).Draw(t, "changed"), 0)
		}
		for _, name := range []string{"dept", "end", "title"} {
			if rapid.Bool().Draw(t, "has "+name) {
				r.Attrs = append(r.Attrs, directory.Attr{Name: name, Values: rapid.SliceOfN(value, 0, 3).Draw(t, name)})
			}
		}
		return r
	}), 0, 30).Draw(t, "records")
}

func TestASnapshotIsReadAsItWasSavedAfterAnySequenceOfReads(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		f := newFixture(t)
		defer func() { must(t, f.Check(context.Background())); f.abandon() }()
		f.sizes.edits, f.sizes.batch = rapid.IntRange(0, 12).Draw(r, "edits"), rapid.IntRange(1, 9).Draw(r, "batch")
		var last *directory.Snapshot
		for range rapid.IntRange(1, 6).Draw(r, "reads") {
			f.clock.pass(time.Minute)
			last = read{last: last, at: f.clock.now(), doubt: rapid.Bool().Draw(r, "doubt"), records: recordsOf(r),
				coverage: directory.Coverage(rapid.IntRange(1, 2).Draw(r, "coverage"))}.seal(r)
			if err := f.SaveSnapshot(context.Background(), last); err != nil {
				r.Fatal(err)
			}
			if rapid.Bool().Draw(r, "restart") {
				f.reopen()
			}
			got, err := f.Snapshot(context.Background(), "corp")
			if err != nil {
				r.Fatal(err)
			}
			if text(got) != text(last) {
				r.Fatalf("read\n%s\nsaved\n%s", text(got), text(last))
			}
		}
	})
}

// staff is a complete read of n people who are all in one group.
func staff(n int) []directory.Record {
	all := []directory.Record{{Kind: directory.GroupIs, ID: "staff", Name: "Staff"}, {Kind: directory.MembersFrom, ID: "staff"}}
	for i := range n {
		dn := directory.Ref{Kind: directory.ByDN, Value: fmt.Sprintf("uid=user%06d,ou=people,dc=corp,dc=example,dc=com", i)}
		all = append(all,
			directory.Record{Kind: directory.PersonIs, ID: fmt.Sprintf("id-%06d", i), Email: fmt.Sprintf("u%d@x.com", i), Handles: []directory.Ref{dn}},
			directory.Record{Kind: directory.MemberIs, ID: "staff", Member: dn})
	}
	return all
}

// rowsOf returns the rows of the generation that counts.
func (f *fixture) rowsOf(source string) map[string]string {
	f.t.Helper()
	rows := map[string]string{}
	must(f.t, f.view(context.Background(), "test", func(t *txn) error {
		h, _, err := t.head(source)
		if err != nil {
			return err
		}
		b := t.source(source).Bucket(rowsName(h.Generation))
		for _, part := range parts() {
			if err := b.Bucket([]byte(part)).ForEach(func(k, v []byte) error { rows[part+"/"+string(k)] = string(v); return nil }); err != nil {
				return err
			}
		}
		return nil
	}))
	return rows
}

func TestOneMemberMoreOrLessInALargeGroupChangesFewRows(t *testing.T) {
	f, ctx := newFixture(t), context.Background()
	first := read{coverage: directory.Complete, at: f.clock.now(), records: staff(50_000)}.seal(t)
	must(t, f.SaveSnapshot(ctx, first))
	before := f.rowsOf("corp")
	for _, kind := range []directory.Kind{directory.MemberIs, directory.MemberGone} {
		dn := directory.Ref{Kind: directory.ByDN, Value: "uid=user012345,ou=people,dc=corp,dc=example,dc=com"}
		if kind == directory.MemberIs {
			dn.Value = "uid=user0123451,ou=people,dc=corp,dc=example,dc=com"
		}
		next := read{last: first, coverage: directory.Delta, at: f.clock.now(),
			records: []directory.Record{{Kind: kind, ID: "staff", Member: dn}}}.seal(t)
		must(t, f.SaveSnapshot(ctx, next))
		after, changed, bytes := f.rowsOf("corp"), 0, 0
		for key, row := range after {
			if before[key] != row {
				changed++
				bytes += len(row)
			}
		}
		if changed == 0 || changed > 2 || bytes > 64<<10 {
			t.Errorf("kind %d: %d rows of %d bytes were written", kind, changed, bytes)
		}
		must(t, f.SaveSnapshot(ctx, first))
	}
	if n := len(before); n < 50_000+100 || n > 50_000+1000 {
		t.Errorf("%d rows for 50,000 people in one group", n)
	}
}

func TestKeysAreInOrderWhateverIsInAnID(t *testing.T) {
	ids := []string{"", "\x00", "\x00\x00", "\x00\x01", "\x00\xff", "\x01", "a", "a\x00", "a\x00\x01z", "a\x00\xff", "a\x01", "ab", "\xff", "\xff\x00"}
	slices.Sort(ids)
	var keys []string
	for _, id := range ids {
		for _, first := range []directory.Ref{{Kind: 1, Value: "a"}, {Kind: 1, Value: "b"}, {Kind: 2, Value: "\x00\x01"}, {Kind: 4, Value: "\xff"}} {
			key := chunkKey(nil, id, first)
			if got := groupOf(key); string(got) != string(groupOf(chunkKey(nil, id, directory.Ref{}))) {
				t.Errorf("group of %q is %q", key, got)
			}
			keys = append(keys, string(key))
		}
	}
	if !slices.IsSorted(keys) || len(slices.Compact(slices.Clone(keys))) != len(keys) {
		t.Errorf("%q", keys)
	}
}

func TestNothingIsKnownOfASourceThatWasNeverSaved(t *testing.T) {
	f, ctx := newFixture(t), context.Background()
	s, err := f.Snapshot(ctx, "corp")
	must(t, err)
	high, err := f.HighWater(ctx, "corp", time.Hour)
	must(t, err)
	if s != nil || high.People != 0 {
		t.Errorf("%s %+v", text(s), high)
	}
}

func TestAForgottenSourceIsUnknownAndTheOthersStay(t *testing.T) {
	f, ctx := newFixture(t), context.Background()
	must(t, f.SaveSnapshot(ctx, read{coverage: directory.Complete, at: f.clock.now(), records: staff(3)}.seal(t)))
	other, _, err := directory.Build("other", nil).Seal(directory.Receipt{Coverage: directory.Complete, At: f.clock.now()}, nil)
	must(t, err)
	must(t, f.SaveSnapshot(ctx, other))
	must(t, f.Forget(ctx, "corp"))
	must(t, f.Forget(ctx, "never there"))
	if ids, err := f.Sources(ctx); err != nil || !slices.Equal(ids, []string{"other"}) {
		t.Errorf("%q %v", ids, err)
	}
}

// TestADamagedSnapshotIsAnErrorAndNeverASmallerOne damages each row in turn: changed, taken out, or put under another key.
func TestADamagedSnapshotIsAnErrorAndNeverASmallerOne(t *testing.T) {
	f, ctx := newFixture(t), context.Background()
	first := read{coverage: directory.Complete, at: f.clock.now(), records: staff(4)}.seal(t)
	must(t, f.SaveSnapshot(ctx, read{last: first, coverage: directory.Complete, at: f.clock.now(), records: staff(3)}.seal(t)))
	damages := map[string]func(b *bolt.Bucket, k, v []byte) error{
		"changed":   func(b *bolt.Bucket, k, v []byte) error { v[len(v)-1] ^= 1; return b.Put(k, v) },
		"cut":       func(b *bolt.Bucket, k, v []byte) error { return b.Put(k, v[:len(v)-1]) },
		"emptied":   func(b *bolt.Bucket, k, _ []byte) error { return b.Put(k, nil) },
		"taken out": func(b *bolt.Bucket, k, _ []byte) error { return b.Delete(k) },
		"renamed": func(b *bolt.Bucket, k, v []byte) error {
			return errors.Join(b.Delete(k), b.Put(append(slices.Clone(k), 'x'), v))
		},
	}
	for key := range f.rowsOf("corp") {
		part, id, _ := strings.Cut(key, "/")
		for what, damage := range damages {
			var old []byte
			f.raw(func(tx *bolt.Tx) error {
				b := tx.Bucket([]byte(sourceBucket)).Bucket([]byte("corp")).Bucket(rowsName(1)).Bucket([]byte(part))
				old = slices.Clone(b.Get([]byte(id)))
				return damage(b, []byte(id), slices.Clone(old))
			})
			_, err := f.Snapshot(ctx, "corp")
			if !errors.Is(err, ErrDamaged) || !strings.Contains(err.Error(), f.Path()) || !strings.Contains(err.Error(), "state restore") {
				t.Errorf("%s %q: %v", what, key, err)
			}
			f.raw(func(tx *bolt.Tx) error {
				b := tx.Bucket([]byte(sourceBucket)).Bucket([]byte("corp")).Bucket(rowsName(1)).Bucket([]byte(part))
				return errors.Join(b.Delete(append([]byte(id), 'x')), b.Put([]byte(id), old))
			})
		}
	}
	_, err := f.Snapshot(ctx, "corp")
	must(t, err)
}

func TestAGenerationThatWasLeftHalfWrittenIsNeverReadAndClearedAway(t *testing.T) {
	f, ctx := newFixture(t), context.Background()
	f.sizes.edits, f.sizes.batch = 5, 10
	first := read{coverage: directory.Complete, at: f.clock.now(), records: staff(30)}.seal(t)
	must(t, f.SaveSnapshot(ctx, first))
	stopped, cancel := context.WithCancel(ctx)
	batches := 0
	f.committed = func() {
		if batches++; batches == 4 {
			cancel()
		}
	}
	second := read{coverage: directory.Complete, at: f.clock.now(), records: staff(90)}.seal(t)
	if err := f.SaveSnapshot(stopped, second); !errors.Is(err, context.Canceled) {
		t.Fatalf("saved although cancelled: %v", err)
	}
	generations := func() (n int) {
		must(t, f.db.View(func(tx *bolt.Tx) error {
			return tx.Bucket([]byte(sourceBucket)).Bucket([]byte("corp")).ForEachBucket(func(k []byte) error {
				if strings.HasPrefix(string(k), "rows") {
					n++
				}
				return nil
			})
		}))
		return n
	}
	if n := generations(); n != 2 {
		t.Fatalf("%d generations: the test does not stop half-way", n)
	}
	f.reopen()
	if got, err := f.Snapshot(ctx, "corp"); err != nil || text(got) != text(first) || generations() != 1 {
		t.Errorf("%v, %d generations\n%s", err, generations(), text(got))
	}
	must(t, f.SaveSnapshot(ctx, second))
	if got, err := f.Snapshot(ctx, "corp"); err != nil || text(got) != text(second) || generations() != 1 {
		t.Errorf("%v, %d generations", err, generations())
	}
}

func TestMarksAreTheHighestCountsOfTheWindow(t *testing.T) {
	f, ctx := newFixture(t), context.Background()
	var last *directory.Snapshot
	for _, people := range []int{10, 40, 30, 20} {
		last = read{last: last, coverage: directory.Complete, at: f.clock.now(), records: staff(people)}.seal(t)
		must(t, f.SaveSnapshot(ctx, last))
		f.clock.pass(2 * time.Hour)
	}
	for window, want := range map[time.Duration]int{time.Minute: 20, 2 * time.Hour: 20, 4 * time.Hour: 30, 100 * time.Hour: 40} {
		high, err := f.HighWater(ctx, "corp", window)
		must(t, err)
		if high.People != want || high.Members != want || high.Having(directory.MailCount) != want || high.Groups != 1 {
			t.Errorf("within %s: %+v, want %d", window, high, want)
		}
	}
	must(t, f.LowerMarks(ctx, "corp", directory.Counts{People: 15, Groups: 2, With: []directory.AttrCount{{Name: directory.MailCount, People: 5}}}))
	if high, err := f.HighWater(ctx, "corp", 100*time.Hour); err != nil || high.People != 25 || high.Groups != 1 || high.Members != 40 || high.Having(directory.MailCount) != 35 {
		t.Errorf("after fifteen people were said to be deleted: %+v %v", high, err)
	}
	must(t, f.ForgetMarks(ctx, "corp"))
	if high, err := f.HighWater(ctx, "corp", 100*time.Hour); err != nil || high.People != 20 {
		t.Errorf("after the smaller source was accepted: %+v %v", high, err)
	}
}

func TestMarksRememberAnAttributeThatNobodyHasAnyMore(t *testing.T) {
	f, ctx := newFixture(t), context.Background()
	with := directory.Record{Kind: directory.PersonIs, ID: "1", Attrs: []directory.Attr{{Name: "dept", Values: []string{"IT"}}}}
	first := read{coverage: directory.Complete, at: f.clock.now(), records: []directory.Record{with}}.seal(t)
	must(t, f.SaveSnapshot(ctx, first))
	with.Attrs[0] = directory.Attr{Name: "title", Values: []string{"Boss"}}
	must(t, f.SaveSnapshot(ctx, read{last: first, coverage: directory.Complete, at: f.clock.now(), records: []directory.Record{with}}.seal(t)))
	high, err := f.HighWater(ctx, "corp", time.Hour)
	must(t, err)
	if high.Having("dept") != 1 || high.Having("title") != 1 || high.Having("nothing") != 0 {
		t.Errorf("%+v", high)
	}
}
