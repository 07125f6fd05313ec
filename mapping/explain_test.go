package mapping

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kisi-sync/kisi-sync/internal/access"
)

// explained is a world in which a trail has something to tell.
func explained(t *testing.T) (*Rules, Input) {
	rules, in, _ := scene{
		spec: staffByDN,
		corp: records(person("1", "ana@example.com", "departmentNumber", "HR"), person("2", "bo@example.com"), disabled(person("3", "cy@example.com")),
			staff("g-sub"), group("g-sub", "Sub", "1"), admins("1", "2")),
		con: records(person("9", "ana@example.com", "until", "2026-03-20")),
		accounts: func(r *Rules) []access.Account {
			return []access.Account{account(7, "ana@example.com", "corp:1", owned(r, 102, "servers")), account(8, "gone@example.com", "corp:x")}
		},
	}.play(t)
	return rules, in
}

func TestExplainTellsRecordsRulesAndWish(t *testing.T) {
	rules, in := explained(t)
	got, err := rules.Explain(in, "ANA@example.com")
	if err != nil {
		t.Fatal(err)
	}
	want := Trail{
		Asked: "ANA@example.com",
		Records: []TrailRecord{
			{Source: "corp", ID: "1", Email: "ana@example.com", Name: "Name of ana", Active: "yes", Attributes: []TrailAttribute{{"department", []string{"HR"}}}},
			{Source: "contractors", ID: "9", Email: "ana@example.com", Name: "Name of ana", Active: "yes", Attributes: []TrailAttribute{{"until", []string{"2026-03-20"}}}},
		},
		Rules: []TrailRule{
			{Rule: "contractors", Selects: true, Outcome: "gives", Text: "everyone in contractors", Until: "2026-03-20T23:59:59Z", Grants: []string{"Contractors"}, DaysLeft: 5},
			{Rule: "hq", Outcome: "not_selected", Text: "not a member of Staff", Grants: []string{"HQ Staff"}},
			{Rule: "servers", Selects: true, Through: []string{"SysAdmins"}, Outcome: "condition_failed", Clause: `person.department == "IT"`, Text: "member of SysAdmins", Grants: []string{"Server Room"}},
		},
		Wish: &TrailWish{Member: 7, Email: "ana@example.com", Standing: "keep",
			Grants: []TrailGrant{{Group: "Contractors", Role: "door_access", Until: "2026-03-20T23:59:59Z", Cause: "rule contractors: everyone in contractors"}, {Group: "HQ Staff", Role: "door_access", Cause: "rule hq: member of Staff"}},
			Losses: []TrailLoss{{Group: 102, Name: "Server Room", Kind: access.LeftGroup, Cause: `no longer so: person.department == "IT"`}}},
	}
	want.Rules[1] = TrailRule{Rule: "hq", Selects: true, Through: []string{"Staff", "Sub"}, Outcome: "gives", Text: "member of Staff", Grants: []string{"HQ Staff"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if text, err := json.Marshal(got); err != nil || !strings.Contains(string(text), `"kind":"left_group"`) {
		t.Errorf("%s %v", text, err)
	}
}

func TestExplainFindsPeopleByWhatTheyAreCalled(t *testing.T) {
	rules, in := explained(t)
	for who, want := range map[string]string{
		"ana@example.com": "1", "corp:1": "1", "con:9": "1", "9": "1", "name of bo": "2", "bo@": "2", "cy": "3", "gone@example.com": "", "corp:x": "", "gone": "",
	} {
		got, err := rules.Explain(in, who)
		switch {
		case err != nil:
			t.Errorf("%s: %v", who, err)
		case want == "" && (len(got.Records) != 0 || got.Wish == nil || got.Wish.Standing != "leave" || len(got.Conflicts) != 1):
			t.Errorf("%s: %+v", who, got)
		case want != "" && got.Records[0].ID != want:
			t.Errorf("%s: %+v", who, got.Records)
		}
	}
	for who, want := range map[string]error{"nobody": ErrNobody, "example.com": ErrSeveral, "": ErrNobody, " ": ErrNobody} {
		if _, err := rules.Explain(in, who); !errors.Is(err, want) {
			t.Errorf("%s: %v", who, err)
		}
	}
}

func TestExplainSaysWhatMapSays(t *testing.T) {
	rules, in := explained(t)
	d := rules.Map(in).Desired
	for _, w := range d.Wishes {
		got, err := rules.Explain(in, string(w.Anchors[0]))
		if err != nil {
			t.Fatal(err)
		}
		if got.Wish == nil || len(got.Wish.Grants) != len(w.Grants) || len(got.Wish.Losses) != len(w.Losses) || got.Wish.Member != w.Member {
			t.Errorf("%s: %+v", w.Email, got.Wish)
		}
	}
	for _, who := range []string{"bo@example.com", "cy@example.com"} {
		if got, err := rules.Explain(in, who); err != nil || got.Wish != nil {
			t.Errorf("%s: %+v %v", who, got.Wish, err)
		}
	}
	if got, _ := rules.Explain(in, "bo@example.com"); len(got.Conflicts) != 1 || got.Conflicts[0].Kind != MissingAttribute || got.Rules[2].Text != "department is missing" {
		t.Errorf("%+v", got)
	}
}

func TestExplainSaysWhenARuleCannotBeAsked(t *testing.T) {
	rules, in := explained(t)
	in.Unread = []string{"con"}
	got, err := rules.Explain(in, "ana@example.com")
	if err != nil || got.Rules[0].Outcome != "undecided" || len(got.Records) != 1 {
		t.Errorf("%+v %v", got, err)
	}
}

func TestExplainSaysWhichRoleLostToAHigherOne(t *testing.T) {
	rules, in, _ := scene{
		spec: func(s *Spec) {
			from := Selector{Source: "corp", Everyone: true}
			s.Rules = []Rule{
				{Name: "doors", From: from, Grant: []string{"HQ Staff", "Contractors"}},
				{Name: "managers", From: from, Grant: []string{"HQ Staff"}, Role: access.GroupManager},
			}
		},
		corp: records(person("1", "ana@example.com")),
	}.play(t)
	got, err := rules.Explain(in, "ana@example.com")
	if err != nil {
		t.Fatal(err)
	}
	want := []TrailGrant{
		{Group: "Contractors", Role: "door_access", Cause: "rule doors: everyone in corp"},
		{Group: "HQ Staff", Role: "group_manager", Cause: "rule doors: everyone in corp; rule managers: everyone in corp", Covered: []TrailCovered{{"doors", "door_access"}}},
	}
	if diff := cmp.Diff(want, got.Wish.Grants); diff != "" {
		t.Error(diff)
	}
}

func TestExplainSaysAGroupThatTheFileNamesByIDByItsName(t *testing.T) {
	rules, in, out := scene{
		spec: func(s *Spec) { s.Rules[0].From.Group, s.Rules[1].From.Group = "g-staff", "g-admins" },
		corp: records(person("1", "ana@example.com", "departmentNumber", "HR"), staff("1"), admins()),
	}.play(t)
	got, err := rules.Explain(in, "ana@example.com")
	if err != nil {
		t.Fatal(err)
	}
	var texts []string
	for _, r := range got.Rules {
		texts = append(texts, r.Text)
	}
	if diff := cmp.Diff([]string{"not in contractors", "member of Staff", "not a member of SysAdmins", "rule hq: member of Staff"}, append(texts, got.Wish.Grants[0].Cause)); diff != "" {
		t.Error(diff)
	}
	x, err := rules.ExplainRule(in, "servers", false)
	if err != nil || len(x.Parts) != 1 || x.Parts[0].Text != "not a member of SysAdmins" {
		t.Errorf("%+v %v", x, err)
	}
	if text := out.Desired.Causes[out.Desired.Wishes[0].Grants[0].Cause].Text; text != "rule hq: member of g-staff" {
		t.Errorf("the cause is %q: a rename of the group would make another step", text)
	}
}
