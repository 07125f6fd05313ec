package directory

import (
	"fmt"
	"iter"
	"maps"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// drawRecords draws facts about few people and groups, so that they meet: nested and cyclic, dangling, named in all ways.
func drawRecords(t *rapid.T, source string) []Record {
	person, group := rapid.SampledFrom([]string{"p1", "p2", "p3", "p4"}), rapid.SampledFrom([]string{"g1", "g2", "g3", "g4"})
	mail := rapid.SampledFrom([]string{"", "ana@x.com", "Ana@X.com ", "bo@x.com", source + "@x.com", "ünal@x.com"})
	ref := rapid.OneOf(
		rapid.Map(person, func(id string) Ref { return Ref{ByID, id} }), rapid.Map(group, func(id string) Ref { return Ref{ByID, id} }),
		rapid.Map(rapid.IntRange(1, 6), func(n int) Ref { return Ref{ByDN, fmt.Sprint("cn=", n)} }),
		rapid.Map(rapid.IntRange(1, 4), func(n int) Ref { return Ref{ByUID, fmt.Sprint("u", n)} }),
		rapid.Map(rapid.SampledFrom([]string{"ana@x.com", "bo@x.com", "corp@x.com", "csv@x.com", "ünal@x.com"}), func(m string) Ref { return Ref{ByMail, m} }),
		rapid.Map(rapid.IntRange(1, 5), func(n int) Ref { return Ref{BySID, fmt.Sprint("S-1-5-21-1-", n)} }))
	value := rapid.SampledFrom([]string{"", "IT", "HR"})
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) Record {
		kind := rapid.SampledFrom([]Kind{PersonIs, GroupIs, MembersFrom, MemberIs, MemberGone, Gone, Unsure, Erased}).Draw(t, "kind")
		r := Record{Kind: kind, ID: group.Draw(t, "group")}
		switch kind {
		case MemberIs, MemberGone:
			r.Member = ref.Draw(t, "member")
			return r
		case Gone, Unsure, Erased:
			r.ID = rapid.OneOf(person, group).Draw(t, "id")
			return r
		case MembersFrom:
			return r
		case PersonIs:
			r.ID = person.Draw(t, "person")
		}
		r.Email, r.Name, r.Active = mail.Draw(t, "mail"), value.Draw(t, "name"), Tri(rapid.IntRange(0, 2).Draw(t, "active"))
		r.Handles = rapid.SliceOfN(ref, 0, 2).Draw(t, "handles")
		for _, name := range []string{"dept", "title"} {
			if rapid.Bool().Draw(t, "has "+name) {
				r.Attrs = append(r.Attrs, Attr{name, rapid.SliceOfN(value, 0, 2).Draw(t, name)})
			}
		}
		if rapid.Bool().Draw(t, "dated") {
			r.Changed = time.Unix(rapid.Int64Range(1, 9).Draw(t, "changed"), 0)
		}
		return r
	}), 0, 25).Draw(t, "records")
}

// shuffled returns the records in another order; what is said of one ID stays in its order.
func shuffled(t *rapid.T, records []Record) []Record {
	queues := map[string][]Record{}
	var ids []string
	for _, r := range records {
		if queues[r.ID] == nil {
			ids = append(ids, r.ID)
		}
		queues[r.ID] = append(queues[r.ID], r)
	}
	var out []Record
	for len(out) < len(records) {
		id := rapid.SampledFrom(ids).Draw(t, "next")
		if q := queues[id]; len(q) > 0 {
			out, queues[id] = append(out, q[0]), q[1:]
		} else {
			ids = slices.DeleteFunc(ids, func(x string) bool { return x == id })
		}
	}
	return out
}

// one is a single read, made of records.
type one struct {
	records    []Record
	coverage   Coverage
	at         time.Time
	believable bool
}

func (r one) onto(t *rapid.T, source string, last *Snapshot) (*Snapshot, Diff) {
	b := Build(source, last)
	for i := range r.records {
		if err := b.Put(&r.records[i]); err != nil {
			t.Fatal(err)
		}
	}
	s, d, err := b.Seal(Receipt{Coverage: r.coverage, At: r.at, Next: Cursor{Shape: [32]byte{1}, Token: []byte("next")}}, func(Diff) bool { return r.believable })
	if err != nil {
		t.Fatal(err)
	}
	return s, d
}

// asOracle reads a snapshot back into the words of the oracle.
func asOracle(s *Snapshot) *oracle {
	o := newOracle(s.source)
	add := func(rec *Record, doubted time.Time) *oracleObject {
		object := stated(*rec)
		for name, values := range object.attrs {
			object.attrs[name] = slices.Clone(values)
		}
		object.doubted = unix(doubted)
		o.objects[rec.ID] = object
		return object
	}
	_ = s.EachPerson(func(rec *Record, doubted time.Time) error { add(rec, doubted); return nil })
	_ = s.EachGroup(func(rec *Record, doubted time.Time, members iter.Seq[Ref]) error {
		object := add(rec, doubted)
		for m := range members {
			object.members[m] = true
		}
		return nil
	})
	for _, tomb := range s.Tombstones() {
		o.tombs[tomb.ID] = tomb
	}
	o.doubted = s.doubtedMembers
	return o
}

func same(t *rapid.T, want *oracle, s *Snapshot) {
	t.Helper()
	all := cmp.AllowUnexported(oracle{}, oracleObject{})
	if d := cmp.Diff(want, asOracle(s), all, cmp.FilterValues(func(a, b map[Ref]bool) bool { return len(a)+len(b) == 0 }, cmp.Ignore())); d != "" {
		t.Fatalf("want -, is +: %s", d)
	}
	doubts := want.doubted
	for _, object := range want.objects {
		if object.doubted != 0 {
			doubts++
		}
	}
	if s.Doubts() != doubts {
		t.Fatalf("%d doubts, want %d", s.Doubts(), doubts)
	}
}

func TestReadsOfAnyKindInAnyOrderGiveWhatTheOracleSays(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want, last := newOracle("corp"), (*Snapshot)(nil)
		for n := range rapid.IntRange(1, 6).Draw(t, "reads") {
			r := one{records: drawRecords(t, "corp"), coverage: Coverage(rapid.IntRange(1, 2).Draw(t, "coverage")),
				at: time.Unix(int64(100+n), 0).UTC(), believable: rapid.Bool().Draw(t, "believable")}
			if last != nil {
				r.records = mixed(t, r.records, stating(last))
			}
			before := want
			want = before.after(r.records, r.coverage, r.at, r.believable)
			next, diff := r.onto(t, "corp", last)
			same(t, want, next)
			checkDiff(t, before, hear(r.records), diff)
			other := r
			other.records = shuffled(t, r.records)
			again, otherDiff := other.onto(t, "corp", last)
			if !reflect.DeepEqual(next, again) || !reflect.DeepEqual(diff, otherDiff) {
				t.Fatalf("another order gives\n%+v\n%+v\ninstead of\n%+v\n%+v", again, otherDiff, next, diff)
			}
			if !next.Cursor().IsZero() != (r.believable || !diff.Missing()) {
				t.Fatalf("cursor %+v although believable is %v", next.Cursor(), r.believable)
			}
			if last = next; rapid.Bool().Draw(t, "restart") {
				last = restored(t, next)
				if !reflect.DeepEqual(last, next) {
					t.Fatalf("restored %+v, was %+v", last, next)
				}
			}
		}
	})
}

// stating returns records that state what a snapshot holds.
func stating(s *Snapshot) (all []Record) {
	_ = s.Records(func(r *Record) error {
		c := *r
		c.Attrs = nil
		for _, a := range r.Attrs {
			c.Attrs = append(c.Attrs, Attr{a.Name, slices.Clone(a.Values)})
		}
		all = append(all, c)
		return nil
	})
	return all
}

// mixed returns the records with some others among them: of a directory most is told as it was told before.
func mixed(t *rapid.T, records, others []Record) []Record {
	for _, o := range others {
		if rapid.IntRange(0, 3).Draw(t, "again") > 0 {
			records = slices.Insert(records, rapid.IntRange(0, len(records)).Draw(t, "at"), o)
		}
	}
	return records
}

// checkDiff counts what a read changed by looking at every object.
func checkDiff(t *rapid.T, before *oracle, r *oracleRead, d Diff) {
	t.Helper()
	added, changed, disabled := 0, 0, 0
	for id, object := range r.stated {
		old := before.objects[id]
		if old == nil {
			added++
		}
		if old != nil && (old.doubted != 0 || !sameObject(old, object)) {
			changed++
		}
		if old != nil && !object.group && object.active == No && old.active != No {
			disabled++
		}
	}
	if d.Added != added || d.Changed != changed || d.Disabled != disabled {
		t.Fatalf("added, changed, disabled: %d, %d, %d, want %d, %d, %d", d.Added, d.Changed, d.Disabled, added, changed, disabled)
	}
	if !reflect.DeepEqual(withOf(d.Before), before.with()) {
		t.Fatalf("before: %+v, want %+v", d.Before, before.with())
	}
}

// sameObject says that two objects are alike but for their members and for when they changed by the source's clock.
func sameObject(a, b *oracleObject) bool {
	return a.email == b.email && a.name == b.name && a.active == b.active && maps.Equal(a.handles, b.handles) &&
		maps.EqualFunc(a.attrs, b.attrs, slices.Equal[[]string])
}

func withOf(c Counts) map[string]int {
	with := map[string]int{}
	for _, w := range c.With {
		if w.People > 0 {
			with[w.Name] = w.People
		}
	}
	return with
}

func TestAnySequenceOfIncrementsIsWhatOneCompleteReadGives(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var last *Snapshot
		at := time.Unix(100, 0)
		for range rapid.IntRange(1, 5).Draw(t, "reads") {
			last, _ = one{records: drawRecords(t, "corp"), coverage: Delta, at: at, believable: true}.onto(t, "corp", last)
		}
		all := stating(last)
		full, _ := one{records: shuffled(t, all), coverage: Complete, at: at, believable: true}.onto(t, "corp", nil)
		full.tombs, full.cursor = last.tombs, last.cursor
		if !reflect.DeepEqual(full, last) {
			t.Fatalf("complete\n%+v\nincrements\n%+v", full, last)
		}
		_, diff := one{records: all, coverage: Complete, at: at, believable: true}.onto(t, "corp", last)
		if !diff.Same() || diff.Missing() {
			t.Fatalf("reading the same again: %+v", diff)
		}
	})
}

func TestAViewFindsTheMembersThatTheOracleFinds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var oracles []*oracle
		var snapshots []*Snapshot
		for _, source := range []string{"corp", "csv", "empty"}[:rapid.IntRange(1, 3).Draw(t, "sources")] {
			r := one{coverage: Complete, at: time.Unix(100, 0), believable: true}
			if source != "empty" {
				r.records = drawRecords(t, source)
			}
			s, _ := r.onto(t, source, nil)
			snapshots, oracles = append(snapshots, s), append(oracles, asOracle(s))
		}
		v := Join(snapshots...)
		g := 0
		for _, o := range oracles {
			for _, id := range o.ids(true) {
				checkGroup(t, v, oracles, g, Key{o.source, id})
				g++
			}
		}
		if g != v.Groups() {
			t.Fatalf("%d groups, want %d", v.Groups(), g)
		}
	})
}

func checkGroup(t *rapid.T, v *View, oracles []*oracle, group int, key Key) {
	t.Helper()
	if v.Group(group).Key() != key {
		t.Fatalf("group %d is %s, want %s", group, v.Group(group).Key(), key)
	}
	want, got := members(oracles, key), map[Key]int{}
	numbers := v.Members(group)
	if !slices.IsSorted(numbers) {
		t.Fatalf("members of %s are not in order: %v", key, numbers)
	}
	for _, n := range numbers {
		person := v.Person(int(n))
		path := v.Path(group, int(n))
		got[person.Key()] = len(path)
		if len(path) == 0 || path[0].Key() != key {
			t.Fatalf("the way from %s to %s is %v", key, person.Key(), path)
		}
	}
	if !maps.Equal(want, got) || len(numbers) != len(want) {
		t.Fatalf("members of %s with the length of the way: %v, want %v", key, got, want)
	}
	for n := range v.People() {
		if want[v.Person(n).Key()] == 0 && v.Path(group, n) != nil {
			t.Fatalf("a way from %s to %s, who is no member", key, v.Person(n).Key())
		}
	}
}

// TestAGroupIsFoundByEveryNameThatNamesItAlone also by its address, which no handle lists.
func TestAGroupIsFoundByEveryNameThatNamesItAlone(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, _ := one{records: drawRecords(t, "corp"), coverage: Complete, at: time.Unix(1, 0), believable: true}.onto(t, "corp", nil)
		v, o := Join(s), asOracle(s)
		refs := []Ref{{ByMail, "ana@x.com"}, {ByMail, "bo@x.com"}, {ByMail, "never@x.com"}, {ByID, "g1"}, {ByID, "p1"}, {ByMail, ""}}
		for n := range 6 {
			refs = append(refs, Ref{ByDN, fmt.Sprint("cn=", n+1)}, Ref{ByUID, fmt.Sprint("u", n+1)})
		}
		for _, ref := range refs {
			found := o.named(ref)
			want := len(found) == 1 && o.objects[found[0]].group
			got, ok := v.FindGroup("corp", ref)
			if ok != want || ok && got.ID() != found[0] {
				t.Fatalf("%+v finds %v, want %v %v", ref, ok, want, found)
			}
		}
		for _, id := range []string{"p1", "p2", "g1"} {
			p, ok := v.FindPerson(Key{"corp", id})
			want := o.objects[id] != nil && !o.objects[id].group
			if ok != want || ok && p.Key() != (Key{"corp", id}) {
				t.Fatalf("person %s: %v, want %v", id, ok, want)
			}
		}
	})
}
