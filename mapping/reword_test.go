package mapping

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestRewordTellsRulesThatTwoFilesDoNotSayAlike(t *testing.T) {
	before := twoSources()
	after := twoSources()
	after.Rules = append(after.Rules[1:2:2], Rule{Name: "all", From: Selector{Source: "corp", Everyone: true}, Grant: []string{"HQ Staff"}}, after.Rules[2])
	after.Rules[0].Where = `person.department == "Sales"`
	got := mustCompile(t, before).Reword(mustCompile(t, after))
	want := []Reworded{
		{Rule: "all", After: "source corp; everyone true; grant HQ Staff"},
		{Rule: "hq", Before: "source corp; group CN=Staff,OU=Groups,DC=example,DC=com; grant HQ Staff"},
		{Rule: "servers", Before: `source corp; group CN=SysAdmins,DC=x; where person.department == "IT"; grant Server Room; attribute department departmentNumber`,
			After:   `source corp; group CN=SysAdmins,DC=x; where person.department == "Sales"; grant Server Room; attribute department departmentNumber`,
			Differs: `where person.department == "IT" → person.department == "Sales"`},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if same := mustCompile(t, before).Reword(mustCompile(t, before)); same != nil {
		t.Error(same)
	}
}
