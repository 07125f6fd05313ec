package store

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kisi-sync/kisi-sync/mapping"
)

func TestWhatRulesSaidIsKeptBesideWhatTheySay(t *testing.T) {
	word := func(rule string, mark uint64, inUse bool) mapping.Wording {
		return mapping.Wording{Rule: rule, Mark: mark, Parts: []mapping.Part{{Key: "group", Text: fmt.Sprint("g", mark)}}, InUse: inUse}
	}
	s := newFixture(t)
	save := func(all ...mapping.Wording) {
		t.Helper()
		for range 2 {
			if err := s.SaveWordings(t.Context(), all); err != nil {
				t.Fatal(err)
			}
		}
	}
	expect := func(want ...mapping.Wording) {
		t.Helper()
		got, err := s.Wordings(t.Context())
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Fatalf("%v; - want, + got\n%s", err, diff)
		}
	}
	expect()
	save(word("a", 1, true), word("b", 2, true))
	save(word("a", 3, true), word("b", 2, true))
	expect(word("a", 1, false), word("a", 3, true), word("b", 2, true))
	save(word("a", 1, true)) // what it said at first, and b left the file
	expect(word("a", 3, false), word("b", 2, false), word("a", 1, true))
	for mark := range uint64(40) {
		save(word("a", 100+mark, true))
	}
	all, err := s.Wordings(t.Context())
	if err != nil || len(all) != wordingsOfARule+2 || all[0].Rule != "b" || all[len(all)-1].Mark != 139 || all[1].Mark != 139-wordingsOfARule {
		t.Fatalf("%v, %d: %+v", err, len(all), all)
	}
}
