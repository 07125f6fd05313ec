package mapping

import (
	"testing"
	"time"

	"github.com/kisi-sync/kisi-sync/internal/access"
)

// The marks of rules are kept in the ledger for years. Were they made otherwise in a later version, every loss after the update would
// look as if the file had changed.
func TestTheMarksOfRulesAreTheSameInEveryVersion(t *testing.T) {
	s := twoSources()
	s.Rules[0].Role = access.GroupManager
	s.Rules[1].Begin = &Date{Attribute: "starts", Missing: Open}
	s.Rules[1].Where = `person.department == "IT" and has(person.teams)`
	s.Rules = append(s.Rules, Rule{Name: "dated", From: Selector{Source: "corp", Group: "g-17"}, Grant: []string{"HQ Staff", "Contractors"},
		Until: &Date{Fixed: "2030-12-31"}})
	s.Zone = time.UTC
	r := mustCompile(t, s)
	m := &mapper{Rules: r}
	for _, c := range []struct {
		rules []string
		mark  uint64
	}{
		{[]string{"hq"}, 0x1226ed53fc3e91a},
		{[]string{"servers"}, 0x86a3f85cd06a6d04},
		{[]string{"contractors"}, 0x8d679fa917f7c6f2},
		{[]string{"dated"}, 0x3b50c5d62463e93},
		{[]string{"hq", "dated"}, 0x5afb073072afbff0},
	} {
		var numbers []uint32
		for _, name := range c.rules {
			i, ok := r.ruleNamed(name)
			if !ok {
				t.Fatal(name)
			}
			numbers = append(numbers, uint32(i))
		}
		if got := m.mark(numbers); got != c.mark {
			t.Errorf("%v: %#x, want %#x", c.rules, got, c.mark)
		}
	}
}

func TestBlanksOfAnExpressionThatMeanNothingDoNotCount(t *testing.T) {
	for text, want := range map[string]string{
		` a  ==  "x  y" `: `a=="x  y"`, "a and\n\tb": "a and b", `a in ["b", 'c d' ]`: `a in["b",'c d']`, `x == "\" y"  and z`: `x=="\" y"and z`,
		`x == "\\"  and  y`: `x=="\\"and y`, "x == `\\`  or  y": "x==`\\`or y", "": "",
	} {
		if got := withoutBlanks(text); got != want {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
}
