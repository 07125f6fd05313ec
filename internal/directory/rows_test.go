package directory

import (
	"iter"
	"reflect"
	"testing"
	"time"
)

// restored takes a snapshot apart and puts it together again.
func restored(t interface {
	Helper()
	Fatal(...any)
}, s *Snapshot) *Snapshot {
	t.Helper()
	r := Restore(s.Source())
	if err := s.EachPerson(r.Person); err != nil {
		t.Fatal(err)
	}
	err := s.EachGroup(func(rec *Record, doubted time.Time, members iter.Seq[Ref]) error {
		if err := r.Group(rec, doubted); err != nil {
			return err
		}
		for m := range members {
			r.Member(m)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	again, err := r.Done(s.Rest())
	if err != nil {
		t.Fatal(err)
	}
	return again
}

func TestASnapshotTakenApartAndRestoredIsTheSame(t *testing.T) {
	b := Build("corp", nil)
	for i, id := range []string{"c", "a", "b"} {
		put(t, b, Record{Kind: PersonIs, ID: id, Email: id + "@x.com", Changed: time.Unix(int64(i), 0), Active: Tri(i),
			Handles: []Ref{{ByDN, "uid=" + id}, {ByUID, id}}, Attrs: []Attr{{"dept", []string{"IT", id}}, {"none", nil}}})
		put(t, b, Record{Kind: GroupIs, ID: "g" + id}, Record{Kind: MemberIs, ID: "g" + id, Member: Ref{ByDN, "uid=a"}},
			Record{Kind: MemberIs, ID: "g" + id, Member: Ref{ByID, "not there"}})
	}
	first, _, err := b.Seal(Receipt{Coverage: Complete, At: time.Unix(50, 7), Next: Cursor{Token: []byte("x")}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	b = Build("corp", first)
	put(t, b, Record{Kind: PersonIs, ID: "a"}, Record{Kind: MembersFrom, ID: "ga"})
	second, _, err := b.Seal(Receipt{Coverage: Complete, At: time.Unix(60, 0)}, func(Diff) bool { return false })
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range []*Snapshot{first, second} {
		if again := restored(t, s); !reflect.DeepEqual(again, s) {
			t.Errorf("restored %+v, was %+v", again, s)
		}
	}
}

func TestRowsOutOfOrderAreRefused(t *testing.T) {
	for _, ids := range [][]string{{"b", "a"}, {"a", "a"}, {""}} {
		r, refused := Restore("corp"), false
		for _, id := range ids {
			refused = r.Person(&Record{ID: id}, time.Time{}) != nil
		}
		if !refused {
			t.Errorf("%q were taken", ids)
		}
	}
}

func put(t testing.TB, b *Builder, records ...Record) {
	t.Helper()
	for i := range records {
		if err := b.Put(&records[i]); err != nil {
			t.Fatal(err)
		}
	}
}

func TestWhoIsDisabledIsSoSinceThenWhateverElseIsChangedLater(t *testing.T) {
	at := func(day int) time.Time { return time.Date(2026, 3, day, 9, 0, 0, 0, time.UTC) }
	var last *Snapshot
	for day, c := range []struct {
		record Record
		since  int
	}{
		{Record{Email: "ana@x.com", Active: Yes}, 1},
		{Record{Email: "ana@x.com", Active: Yes, Name: "Ana"}, 1},
		{Record{Email: "ana@x.com", Active: No, Name: "Ana"}, 3},
		{Record{Email: "ana@x.com", Active: No, Name: "Ana (left)"}, 3},
		{Record{Email: "left@x.com", Active: No, Name: "Ana (left)"}, 5},
		{Record{Email: "left@x.com", Active: Yes, Name: "Ana"}, 6},
	} {
		c.record.Kind, c.record.ID, c.record.Changed = PersonIs, "1", at(day+1)
		b := Build("corp", last)
		put(t, b, c.record)
		var err error
		if last, _, err = b.Seal(Receipt{Coverage: Complete, At: at(day + 1)}, nil); err != nil {
			t.Fatal(err)
		}
		o, _ := Join(last).FindPerson(Key{Source: "corp", ID: "1"})
		if got := o.Changed(); !got.Equal(at(c.since)) {
			t.Errorf("on day %d: changed %s, want day %d", day+1, got, c.since)
		}
	}
}
