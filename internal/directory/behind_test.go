package directory

import (
	"slices"
	"testing"
	"time"
)

// read seals records on top of what was known.
func read(t *testing.T, last *Snapshot, r Receipt, accepted bool, records ...Record) (*Snapshot, Diff) {
	t.Helper()
	b := Build("corp", last)
	if accepted {
		b.Accept()
	}
	for i := range records {
		if err := b.Put(&records[i]); err != nil {
			t.Fatal(err)
		}
	}
	s, d, err := b.Seal(r, nil)
	if err != nil {
		t.Fatal(err)
	}
	return s, d
}

func TestOfAReadThatIsBehindOnlyLeaversCount(t *testing.T) {
	now, position := time.Unix(1_000_000, 0), Cursor{Shape: [32]byte{1}, Token: []byte("of the first server")}
	person := func(id string, active Tri, name string) Record {
		return Record{Kind: PersonIs, ID: id, Active: active, Name: name, Email: id + "@x.test"}
	}
	is := func(id string) Record {
		return Record{Kind: MemberIs, ID: "g", Member: Ref{Kind: ByID, Value: id}}
	}
	known, _ := read(t, nil, Receipt{Coverage: Complete, At: now, Next: position}, false,
		person("ana", No, "Ana"), person("bo", Yes, "Bo"), person("cleo", Yes, "Cleo"), person("dan", Yes, "Dan"),
		Record{Kind: GroupIs, ID: "g"}, Record{Kind: MembersFrom, ID: "g"}, is("bo"), is("cleo"))
	old := []Record{ // ana is not disabled yet, dan not there yet, eve not gone yet, bo no member yet, ana still one; but cleo was disabled there first
		person("ana", Yes, "Ana"), person("bo", Yes, "Bo of before"), person("cleo", No, "Cleo of before"), person("eve", Yes, "Eve"),
		{Kind: GroupIs, ID: "g"}, {Kind: MembersFrom, ID: "g"}, is("ana")}
	later := now.Add(time.Hour)
	for _, coverage := range []Coverage{Delta, Complete} {
		r := Receipt{Coverage: coverage, At: later, Next: Cursor{Shape: [32]byte{2}}, Behind: "it lags", Held: []byte("of both")}
		s, d := read(t, known, r, false, old...)
		var got []string
		if err := s.EachPerson(func(p *Record, _ time.Time) error { got = append(got, p.Name+" "+p.Active.String()); return nil }); err != nil {
			t.Fatal(err)
		}
		if want := []string{"Ana no", "Bo yes", "Cleo no", "Dan yes"}; !slices.Equal(got, want) {
			t.Errorf("%v: people are %q", coverage, got)
		}
		if d.Disabled != 1 || s.Counts().Members != 2 || string(s.Cursor().Token) != "of both" || s.Cursor().Shape != position.Shape || !s.AsOf().Equal(now) || !s.At().Equal(later) {
			t.Errorf("%v: %+v, %+v, %q", coverage, d, s.Counts(), s.Cursor().Token)
		}
		r.Held = []byte("of both, later")
		if s, _ := read(t, s, r, false, old...); string(s.Cursor().Token) != "of both" {
			t.Errorf("%v: nobody left, and the position is %q", coverage, s.Cursor().Token)
		}
	}
	r := Receipt{Coverage: Complete, At: later, Behind: "it lags"}
	if s, _ := read(t, known, r, true, old...); s.Counts().People != 4 || s.Counts().Active != 3 || s.Counts().Members != 1 {
		t.Errorf("accepted it is %+v", s.Counts())
	}
	d := Receipt{Coverage: Delta, At: later, Behind: "it lags"}
	if s, _ := read(t, known, d, false, Record{Kind: Erased, ID: "bo"}, Record{Kind: Erased, ID: "g"}, Record{Kind: Gone, ID: "cleo"}, Record{Kind: Erased, ID: "?"}); s.Counts().People != 3 ||
		s.Counts().Groups != 1 || s.Counts().Members != 1 {
		t.Errorf("bo was deleted there: %+v", s.Counts())
	}
	if s, _ := read(t, nil, r, false, old...); s.Counts().People != 4 {
		t.Errorf("where nothing was known: %+v", s.Counts())
	}
}

func TestAReadThatIsNotBelievedLeavesThePastOfItsPosition(t *testing.T) {
	b := Build("corp", nil)
	for _, id := range []string{"ana", "bo"} {
		if err := b.Put(&Record{Kind: PersonIs, ID: id}); err != nil {
			t.Fatal(err)
		}
	}
	known, _, err := b.Seal(Receipt{Coverage: Complete, At: time.Unix(1, 0)}, nil)
	if err != nil {
		t.Fatal(err)
	}
	s, _, err := Build("corp", known).Seal(Receipt{Coverage: Complete, At: time.Unix(2, 0), Next: Cursor{Shape: [32]byte{1}, Token: []byte("x")}}, func(Diff) bool { return false })
	if err != nil || !s.Cursor().IsZero() || string(s.Cursor().Token) != "x" {
		t.Errorf("%+v, %v", s.Cursor(), err)
	}
}
