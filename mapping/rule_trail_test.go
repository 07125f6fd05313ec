package mapping

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kisi-sync/kisi-sync/internal/access"
)

// outlined says what a rule makes of people, a line for each kind.
func outlined(t RuleTrail) (lines []string) {
	for _, o := range t.Parts {
		var who []string
		for _, p := range o.People {
			who = append(who, strings.TrimSpace(p.Who+" "+p.Until))
		}
		lines = append(lines, fmt.Sprintf("%d %s (%s): %s", o.Count, o.Outcome, o.Text, strings.Join(who, ", ")))
	}
	return lines
}

func TestExplainRuleSortsEverybodyByWhatTheRuleSays(t *testing.T) {
	rules, in, _ := scene{
		spec: staffByDN,
		corp: records(person("1", "ana@example.com", "departmentNumber", "IT"), person("2", "bo@example.com", "departmentNumber", "HR"),
			disabled(person("3", "cy@example.com", "departmentNumber", "IT")), person("4", "di@example.com", "departmentNumber", "IT"),
			person("5", "ed@example.com"), person("6", "", "departmentNumber", "IT"), person("7", "fo@elsewhere.example", "departmentNumber", "IT"),
			staff("1"), admins("1", "2", "3", "5", "6", "7")),
		accounts: func(r *Rules) []access.Account {
			return []access.Account{account(7, "ana@example.com", "corp:1", owned(r, 102, "servers")), account(8, "bo@example.com", "corp:2", owned(r, 102, "servers"), owned(r, 101, "hq"))}
		},
	}.play(t)
	got, err := rules.ExplainRule(in, "servers", false)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"1 gives (): ana@example.com",
		"1 withheld (an address that cannot be used, or for which corp may not speak): fo@elsewhere.example",
		"1 withheld (disabled in corp): cy@example.com",
		"1 withheld (has no e-mail address in corp): Name of 6",
		"1 undecided (department is missing): ed@example.com",
		`1 condition_failed (person.department == "IT"): bo@example.com`,
		"1 not_selected (not a member of SysAdmins): di@example.com",
	}
	if diff := cmp.Diff(want, outlined(got)); diff != "" {
		t.Error(diff)
	}
	if got.People != 7 || got.Rights != 2 || got.Bound == nil || got.Bound.ID != "g-admins" || got.Bound.Since == 0 || got.Lost != "" {
		t.Errorf("%+v %+v", got, got.Bound)
	}
	if _, err := rules.ExplainRule(in, "server", false); !errors.Is(err, ErrUnknownRule) || !strings.Contains(err.Error(), `did you mean "servers"?`) {
		t.Error(err)
	}
}

func TestExplainRuleNamesAFewOrAll(t *testing.T) {
	var con []any
	for i := range 12 {
		con = append(con, person(fmt.Sprint(i), fmt.Sprintf("p%02d@x.example", i), "until", "2026-12-31"))
	}
	rules, in, _ := scene{spec: staffByDN, corp: records(person("1", "ana@example.com")), con: records(con...)}.play(t)
	for all, want := range map[bool]int{false: fewExamples, true: 12} {
		got, err := rules.ExplainRule(in, "contractors", all)
		if err != nil || len(got.Parts) != 1 || got.Parts[0].Count != 12 || len(got.Parts[0].People) != want || got.Parts[0].People[0].Until != "2026-12-31T23:59:59Z" {
			t.Errorf("%v %+v", err, got)
		}
	}
}

func TestExplainRuleSaysWhyARuleCannotBeAsked(t *testing.T) {
	rules, in, _ := scene{spec: staffByDN, corp: records(person("1", "ana@example.com"), staff("1"))}.play(t)
	got, err := rules.ExplainRule(in, "servers", false)
	if err != nil || got.Lost != "its source has no such group" || got.Bound != nil || len(got.Told) != 1 || got.Parts[0].Outcome != "undecided" {
		t.Errorf("%v %+v", err, got)
	}
}
