package directory

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestADeltaOfNothingLeavesWhatSealingItWouldLeave(t *testing.T) {
	b := Build("corp", nil)
	for _, r := range []Record{
		{Kind: PersonIs, ID: "ana", Email: "ana@example.com", Attrs: []Attr{{Name: "department", Values: []string{"IT"}}}},
		{Kind: PersonIs, ID: "bo", Active: No},
		{Kind: GroupIs, ID: "staff", Name: "staff"},
		{Kind: MemberIs, ID: "staff", Member: Ref{Kind: ByID, Value: "ana"}},
	} {
		if err := b.Put(&r); err != nil {
			t.Fatal(err)
		}
	}
	at := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	first, _, err := b.Seal(Receipt{Coverage: Complete, At: at}, nil)
	if err != nil {
		t.Fatal(err)
	}
	nothing := Receipt{Coverage: Delta, At: at.Add(time.Minute), Next: Cursor{Shape: [32]byte{1}, Token: []byte("next")}}
	sealed, diff, err := Build("corp", first).Seal(nothing, nil)
	if err != nil || !diff.Same() {
		t.Fatal(diff, err)
	}
	if d := cmp.Diff(plain(sealed), plain(first.Again(nothing))); d != "" {
		t.Error(d)
	}
	if first.At() != at {
		t.Error("the snapshot before changed")
	}
}

// plain lays everything that a snapshot says open.
func plain(s *Snapshot) map[string]any {
	var rows []any
	_ = s.EachPerson(func(r *Record, doubted time.Time) error { rows = append(rows, *r, doubted); return nil })
	return map[string]any{"rows": rows, "counts": s.Counts(), "rest": s.Rest(), "doubts": s.Doubts(), "at": s.At(), "cursor": s.Cursor()}
}
