package mapping

import (
	"fmt"
	"strings"
	"testing"

	"github.com/kisi-sync/kisi-sync/internal/access"
	"github.com/kisi-sync/kisi-sync/internal/directory"
)

// expecting is a world in which ana is of IT and a contractor too, bo is an administrator of the wrong department, cy is disabled, and di
// is in no group.
func expecting(t *testing.T) (*Rules, Input) {
	rules, in, _ := scene{
		spec: staffByDN,
		corp: records(person("1", "ana@example.com", "departmentNumber", "IT"), person("2", "bo@example.com", "departmentNumber", "HR"),
			disabled(person("3", "cy@example.com", "departmentNumber", "IT")), person("4", "di@example.com", "departmentNumber", "IT"),
			staff("1", "2", "3"), admins("1", "2", "3")),
		con: records(person("9", "ana@example.com", "until", "2026-03-20"), person("8", "zoe@partner.example", "until", "2026-12-31")),
	}.play(t)
	return rules, in
}

func TestExpectationsSayWhatIsOtherwiseAndWhy(t *testing.T) {
	two, three := 2, 3
	for name, c := range map[string]struct {
		e    Expectation
		want string
	}{
		"has and lacks": {Expectation{Person: "ana@example.com", Has: []string{"HQ Staff", "Server Room"}}, ""},
		"lacks for its condition": {Expectation{Person: "bo@example.com", Has: []string{"HQ Staff", "Server Room"}},
			`bo@example.com: lacks Server Room (rule servers: its condition does not hold: person.department == "IT")`},
		"lacks for its group": {Expectation{Person: "di@example.com", Has: []string{"HQ Staff"}}, "di@example.com: lacks HQ Staff (rule hq: not a member of Staff)"},
		"disabled":            {Expectation{Person: "cy@example.com", Has: []string{"HQ Staff"}}, "cy@example.com: lacks HQ Staff (disabled in corp)"},
		"nobody":              {Expectation{Person: "nil@example.com", Has: []string{"HQ Staff"}}, "nil@example.com: lacks HQ Staff (no source has anybody of this address)"},
		"nobody lacks it":     {Expectation{Person: "nil@example.com", Lacks: []string{"HQ Staff"}}, ""},
		"has too much":        {Expectation{Person: "ana@example.com", Lacks: []string{"HQ Staff"}}, "ana@example.com: has HQ Staff (rule hq: member of Staff)"},
		"ends that day":       {Expectation{Person: "ana@example.com", Until: []Ends{{"Contractors", "2026-03-20"}}}, ""},
		"ends some day":       {Expectation{Person: "ana@example.com", Until: []Ends{{"Contractors", ""}}}, ""},
		"ends another day": {Expectation{Person: "ana@example.com", Until: []Ends{{"Contractors", "2026-03-21"}}},
			"ana@example.com: has Contractors until 2026-03-20, not until 2026-03-21 (rule contractors: everyone in contractors)"},
		"never ends": {Expectation{Person: "ana@example.com", Until: []Ends{{"HQ Staff", ""}}},
			"ana@example.com: has HQ Staff without an end, not until some day (rule hq: member of Staff)"},
		"role": {Expectation{Person: "ana@example.com", Has: []string{"HQ Staff"}, Role: access.DoorAccess}, ""},
		"another role": {Expectation{Person: "ana@example.com", Has: []string{"HQ Staff"}, Role: access.GroupManager},
			"ana@example.com: has HQ Staff as door_access, not group_manager (rule hq: member of Staff)"},
		"members": {Expectation{MembersOf: &Selector{Source: "corp", Group: "Staff"}, Has: []string{"HQ Staff"}}, ""}, // of cy, whom it disables, nothing is expected
		"a member lacks it": {Expectation{MembersOf: &Selector{Source: "corp", Group: "SysAdmins"}, Has: []string{"Server Room"}},
			`bo@example.com: lacks Server Room (rule servers: its condition does not hold: person.department == "IT")`},
		"a member has it": {Expectation{MembersOf: &Selector{Source: "contractors", Everyone: true}, Lacks: []string{"HQ Staff"}},
			"ana@example.com: has HQ Staff (rule hq: member of Staff)"},
		"no such group of the directory": {Expectation{MembersOf: &Selector{Source: "corp", Group: "Interns"}, Lacks: []string{"HQ Staff"}},
			`open: source corp has 0 groups called "Interns"`},
		"enough people":   {Expectation{Group: "HQ Staff", AtLeast: &two, AtMost: &two}, ""},
		"too few people":  {Expectation{Group: "HQ Staff", AtLeast: &three}, "HQ Staff: 2 people are given it, expected at least 3 (rules that give it: hq (member of Staff))"},
		"too many people": {Expectation{Group: "HQ Staff", AtMost: new(int)}, "HQ Staff: 2 people are given it, expected at most 0 (rules that give it: hq (member of Staff))"},
		"all of a source": {Expectation{Group: "HQ Staff", OnlyFrom: []string{"corp"}}, ""},
		"somebody of no such source": {Expectation{Group: "Contractors", OnlyFrom: []string{"corp"}},
			"zoe@partner.example: has Contractors and is not in corp (rule contractors: everyone in contractors)"},
	} {
		t.Run(name, func(t *testing.T) {
			rules, in := expecting(t)
			if got := inOneLine(rules.Test(in, []Expectation{c.e})[0]); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

func inOneLine(t Tested) string {
	var all []string
	for _, u := range t.Wrong {
		all = append(all, fmt.Sprintf("%s: %s (%s)", u.Who, u.Text, u.Why))
	}
	if t.More > 0 {
		all = append(all, fmt.Sprintf("and %d more", t.More))
	}
	for _, o := range t.Open {
		all = append(all, "open: "+o)
	}
	return strings.Join(all, "; ")
}

func TestExpectationsOfManyPeopleNameAFew(t *testing.T) {
	var corp []any
	var ids []string
	for i := range 30 {
		id := fmt.Sprint(i)
		ids = append(ids, id)
		corp = append(corp, person(id, fmt.Sprintf("p%02d@example.com", i), "departmentNumber", "IT"))
	}
	rules, in, _ := scene{spec: staffByDN, corp: records(append(corp, staff(ids...), admins())...)}.play(t)
	got := rules.Test(in, []Expectation{{MembersOf: &Selector{Source: "corp", Group: "Staff"}, Lacks: []string{"HQ Staff"}}})[0]
	if len(got.Wrong) != mostUnmet || got.More != 30-mostUnmet || got.Wrong[0].Who != "p00@example.com" {
		t.Errorf("%+v", got)
	}
}

func TestExpectationsAreOpenWhileASourceWasNotRead(t *testing.T) {
	rules, in, _ := scene{spec: staffByDN, corp: []directory.Record{}, unread: []string{"corp"}}.play(t)
	one := 1
	for _, e := range []Expectation{
		{Person: "ana@example.com", Has: []string{"HQ Staff"}},
		{MembersOf: &Selector{Source: "corp", Everyone: true}, Lacks: []string{"HQ Staff"}},
		{Group: "HQ Staff", AtLeast: &one},
	} {
		if got := rules.Test(in, []Expectation{e})[0]; len(got.Wrong) > 0 || len(got.Open) != 1 {
			t.Errorf("%+v: %+v", e, got)
		}
	}
}
