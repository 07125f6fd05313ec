package directory

import (
	"testing"
	"time"
)

// sealedAt reads records completely at a moment; believed says whether what is missing may be.
func sealedAt(t testing.TB, last *Snapshot, at int64, believed bool, records ...Record) *Snapshot {
	t.Helper()
	b := Build("corp", last)
	put(t, b, records...)
	s, _, err := b.Seal(Receipt{Coverage: Complete, At: time.Unix(at, 0).UTC()}, func(Diff) bool { return believed })
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestATombstoneIsAsOldAsTheFirstReadThatMissedIt(t *testing.T) {
	s := sealedAt(t, nil, 100, true, Record{Kind: PersonIs, ID: "1"}, Record{Kind: PersonIs, ID: "2"})
	s = sealedAt(t, s, 200, false, Record{Kind: PersonIs, ID: "2"})
	s = sealedAt(t, s, 300, false, Record{Kind: PersonIs, ID: "2"})
	s = sealedAt(t, s, 400, true)
	for id, want := range map[string]int64{"1": 200, "2": 400} {
		if tomb, ok := s.Tombstone(id); !ok || tomb.Since.Unix() != want || tomb.Why != Vanished {
			t.Errorf("%s: %+v, want since %d", id, tomb, want)
		}
	}
}

// TestAPersonWhoBecameAGroupIsNotBothWhileTheReadIsDoubted: an ID is a person's or a group's, and what was stated goes in.
func TestAPersonWhoBecameAGroupIsNotBothWhileTheReadIsDoubted(t *testing.T) {
	s := sealedAt(t, nil, 100, true, Record{Kind: PersonIs, ID: "1"}, Record{Kind: PersonIs, ID: "2"})
	s = sealedAt(t, s, 200, false, Record{Kind: GroupIs, ID: "1"})
	v := Join(s)
	if v.People() != 1 || v.Groups() != 1 || v.Person(0).ID() != "2" || v.Group(0).ID() != "1" || s.Doubts() != 1 {
		t.Errorf("%d people, %d groups, %d doubts", v.People(), v.Groups(), s.Doubts())
	}
}
