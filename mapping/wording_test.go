package mapping

import (
	"strings"
	"testing"

	"github.com/kisi-sync/kisi-sync/internal/access"
)

func TestALossByTheFileSaysWhatTheRuleSaidAndWhatItSays(t *testing.T) {
	spec := twoSources()
	before := mustCompile(t, spec)
	given := (&mapper{Rules: before}).ruleCauseOf(t, "hq", "servers")
	edited := twoSources()
	edited.Rules = append([]Rule(nil), edited.Rules...)
	for i := range edited.Rules {
		if edited.Rules[i].Name == "servers" {
			edited.Rules[i].Where = `person.department == "HR"`
		}
	}
	removed := twoSources()
	removed.Rules = nil
	for _, r := range twoSources().Rules {
		if r.Name != "servers" {
			removed.Rules = append(removed.Rules, r)
		}
	}
	others := before.Wordings()
	for i := range others {
		others[i].Mark++
	}
	for name, c := range map[string]struct {
		now        *Rules
		remembered []Wording
		want       string
	}{
		"one of two rules":       {mustCompile(t, edited), before.Wordings(), `rule servers changed in the file: where person.department == "IT" → person.department == "HR"`},
		"found among others":     {mustCompile(t, edited), append(before.Wordings(), others...), `rule servers changed in the file: where person.department == "IT" → person.department == "HR"`},
		"nothing is remembered":  {mustCompile(t, edited), nil, "rule hq, servers changed in the file"},
		"a rule is gone":         {mustCompile(t, removed), before.Wordings(), `rule servers is no longer in the file; it said: source corp; group `},
		"gone, and nobody knows": {mustCompile(t, removed), nil, "rule servers is no longer in the file"},
	} {
		t.Run(name, func(t *testing.T) {
			m := c.now.begin(Input{At: noon(), Wordings: c.remembered})
			got := m.lossCause(none, &access.Account{}, &access.OwnedGrant{Cause: &given})
			if got.Kind != access.ByFile || !strings.HasPrefix(got.Text, c.want) || c.remembered == nil && got.Text != c.want {
				t.Errorf("%s, want %s", got.Text, c.want)
			}
		})
	}
}

// ruleCauseOf returns the cause of a right that these rules give together.
func (m *mapper) ruleCauseOf(t *testing.T, names ...string) access.Cause {
	t.Helper()
	var rules []uint32
	for _, name := range names {
		i, ok := m.ruleNamed(name)
		if !ok {
			t.Fatal(name)
		}
		rules = append(rules, uint32(i))
	}
	return m.ruleCause(rules, 0)
}

func TestAnEditIsWhatTheLastRunDidNotGoBy(t *testing.T) {
	spec := twoSources()
	was := mustCompile(t, spec)
	spec.Rules[0].Grant = []string{"Contractors"}
	spec.Rules = append(spec.Rules, Rule{Name: "a new one", From: Selector{Source: "corp", Everyone: true}, Grant: []string{"Contractors"}})
	now := mustCompile(t, spec)
	edits := func(remembered []Wording) (all []string) {
		for _, e := range now.Map(Input{At: noon(), Wordings: remembered}).Desired.Edits {
			all = append(all, e.Text)
		}
		return all
	}
	if got := edits(nil); got != nil {
		t.Errorf("at first: %q", got)
	}
	if got := edits(now.Wordings()); got != nil {
		t.Errorf("unchanged: %q", got)
	}
	want := "rule a new one is new in the file|rule hq changed in the file: grant HQ Staff → Contractors"
	if got := strings.Join(edits(was.Wordings()), "|"); got != want {
		t.Errorf("%s, want %s", got, want)
	}
	said := was.Wordings()
	back := append(now.Wordings(), said...) // it said now's before, and says it again
	for i := range len(now.Wordings()) {
		back[i].InUse = false
	}
	if got := strings.Join(edits(back), "|"); got != want {
		t.Errorf("said before: %s", got)
	}
}
