package mapping

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kisi-sync/kisi-sync/internal/directory"
)

// lacking makes n people of corp who lack the attribute that the rule servers reads.
func lacking(n int) scene {
	var all []directory.Record
	var ids []string
	for i := range n {
		id := fmt.Sprintf("%03d", i)
		ids = append(ids, id)
		all = append(all, person(id, "p"+id+"@example.com"))
	}
	return scene{corp: records(all, staff(), admins(ids...))}
}

func TestManyConflictsThatAreAlikeAreOneWithACount(t *testing.T) {
	for n, want := range map[int]int{mostAlike: 0, mostAlike + 1: mostAlike + 1, 300: 300} {
		_, _, out := lacking(n).play(t)
		var lack []Conflict
		for _, c := range out.Conflicts {
			if c.Kind == MissingAttribute {
				lack = append(lack, c)
			}
		}
		if want == 0 {
			if len(lack) != n || lack[0].Count != 0 || lack[0].Rule != "servers" {
				t.Errorf("%d people: %+v", n, lack)
			}
			continue
		}
		if diff := cmp.Diff([]Conflict{{Kind: MissingAttribute, Who: fmt.Sprintf("%d people of corp", n), Rule: "servers", Count: n,
			Text: "rule servers: department is missing; such as p000@example.com, p001@example.com, p002@example.com",
			Hint: "fill it in, or ask has(person.department) first"}}, lack); diff != "" {
			t.Error(diff)
		}
	}
}

func TestExplainTellsWhatMapFolded(t *testing.T) {
	rules, in, _ := lacking(100).play(t)
	got, err := rules.Explain(in, "p099@example.com")
	if err != nil || !slices.ContainsFunc(got.Conflicts, func(c Conflict) bool { return c.Kind == MissingAttribute && c.Key.ID == "099" }) {
		t.Errorf("%+v, %v", got.Conflicts, err)
	}
}

func TestFoldedConflictsThatDifferSayEachTheirOwn(t *testing.T) {
	var all []directory.Record
	for i := range 30 {
		all = append(all, person(fmt.Sprint(i), fmt.Sprintf("no address %02d", i)))
	}
	_, _, out := scene{corp: records(all, admins()), spec: hqForAll}.play(t)
	if len(out.Conflicts) != 1 || out.Conflicts[0].Count != 30 || strings.Count(out.Conflicts[0].Text, "no address 0") < 3 {
		t.Errorf("%+v", out.Conflicts)
	}
}
