package mapping

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kisi-sync/kisi-sync/internal/access"
)

// said is a file with one source, one group that it opens doors with, and a rule; filter and door are what is edited.
func said(t *testing.T, filter, door string) *Rules {
	t.Helper()
	return mustCompile(t, Spec{Installation: "x", Zone: time.UTC, Precedence: []string{"corp"},
		Sources: []Source{{Name: "corp", ID: "corp", Says: []Part{{"filter", filter}}}},
		Groups:  []Group{{Name: "Staff", Create: true, Members: true, Openings: true, Doors: []string{door}}},
		Rules:   []Rule{{Name: "staff", From: Selector{Source: "corp", Everyone: true}, Grant: []string{"Staff"}}}})
}

// What was changed is told until a run has gone by it that looked at everybody and believed the source; of a source a week longer, by the day,
// since people who are missing have a grace.
func TestAnEditOfASourceIsToldUntilItIsBelievedAndAWeekLonger(t *testing.T) {
	const edit = "sources.corp changed in the file: filter a → b"
	day := time.Date(2026, 3, 31, 12, 0, 0, 0, time.UTC)
	old, now := said(t, "a", "Main"), said(t, "b", "Garage")
	before := KeepWordings(old.Wordings(), nil, true, nil, day)
	tell := func(worded []Wording, at time.Time) *access.Desired {
		return now.Map(Input{Catalog: &access.Catalog{}, Owned: &access.Ledger{}, Wordings: worded, At: at}).Desired
	}
	kept := func(worded []Wording, full bool, doubted []string, at time.Time) []Wording {
		next := KeepWordings(now.Wordings(), worded, full, doubted, at)
		for _, w := range worded {
			if w.Of == ofSource && w.Mark != next[len(next)-1].Mark { // as the store does
				w.InUse = false
				next = append([]Wording{w}, next...)
			}
		}
		return next
	}
	first := tell(before, day)
	if diff := cmp.Diff([]string{edit}, first.SourceEdits); diff != "" || first.Groups[0].Edit != "groups.Staff changed in the file: doors Main → Garage" {
		t.Errorf("%s %q", diff, first.Groups[0].Edit)
	}
	if len(first.Edits) != 1 || first.Edits[0] != (access.Edit{Rule: "staff", Text: edit}) {
		t.Errorf("rules: %+v", first.Edits)
	}
	for _, c := range []struct {
		name    string
		full    bool
		doubted []string
		later   time.Duration
		want    []string
		door    bool
	}{
		{"a run of changes", false, nil, time.Hour, []string{edit}, true},
		{"a source that is not believed", true, []string{"corp"}, 300 * time.Hour, []string{edit}, false},
		{"a whole run", true, nil, 20 * time.Hour, []string{"sources.corp changed in the file on 2026-03-31: filter a → b"}, false},
		{"a week after", true, nil, 169 * time.Hour, nil, false},
	} {
		got := tell(kept(before, c.full, c.doubted, day), day.Add(c.later))
		if diff := cmp.Diff(c.want, got.SourceEdits); diff != "" || got.Groups[0].Edit != "" != c.door {
			t.Errorf("%s: %s, doors: %q", c.name, diff, got.Groups[0].Edit)
		}
		if fresh := len(got.Edits) > 0; fresh != (c.want != nil && c.want[0] == edit) {
			t.Errorf("%s: gains are told with %+v", c.name, got.Edits)
		}
	}
}
