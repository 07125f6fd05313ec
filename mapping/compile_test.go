package mapping

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kisi-sync/kisi-sync/internal/access"
)

// twoSources is a Spec in which everything is good; tests break it.
func twoSources() Spec {
	return Spec{
		Installation: "test-1",
		Sources: []Source{
			{Name: "corp", ID: "corp", Domains: []string{"example.com"}, Attributes: []Attribute{
				{Name: "department", From: "departmentNumber"}, {Name: "contract_end", From: "kisiContractEnd"},
				{Name: "starts", From: "kisiStart"}, {Name: "teams", From: "ou", List: true}}},
			{Name: "contractors", ID: "con", MayGrant: []string{"Contractors"}, Attributes: []Attribute{{Name: "until", From: "until"}}},
		},
		Precedence: []string{"corp", "contractors"},
		Leavers:    Leavers{Vanished: 24 * time.Hour},
		Groups: []Group{
			{Name: "Contractors", Members: true},
			{Name: "HQ Staff", Members: true},
			{Name: "Server Room", Members: true, Sensitive: true},
		},
		Rules: []Rule{
			{Name: "hq", From: Selector{Source: "corp", Group: "CN=Staff,OU=Groups,DC=example,DC=com"}, Grant: []string{"HQ Staff"}},
			{Name: "servers", From: Selector{Source: "corp", Group: "CN=SysAdmins,DC=x"}, Where: `person.department == "IT"`, Grant: []string{"Server Room"}},
			{Name: "contractors", From: Selector{Source: "contractors", Everyone: true}, Grant: []string{"Contractors"},
				Until: &Date{Attribute: "until"}, Notify: true},
		},
		Zone: time.UTC,
	}
}

func mustCompile(t testing.TB, s Spec) *Rules {
	t.Helper()
	r, problems := Compile(s)
	if len(problems) > 0 {
		t.Fatalf("problems: %+v", problems)
	}
	return r
}

func TestEveryMistakeInTheFileIsNamedWithItsPlaceAndAHint(t *testing.T) {
	for _, c := range []struct {
		name             string
		break_           func(*Spec)
		path, text, hint string
	}{
		{"a rule without a name", func(s *Spec) { s.Rules[1].Name = " " }, "rules[1].name", "the rule has no name", "reports"},
		{"two rules of one name", func(s *Spec) { s.Rules[1].Name = "hq" }, "rules[1].name", `there are two rules named "hq"`, ""},
		{"a name with a comma", func(s *Spec) { s.Rules[1].Name = "a, b" }, "rules[1].name", "comma", ""},
		{"a misspelt source", func(s *Spec) { s.Rules[0].From.Source = "crop" }, "rules[0].from.source", `there is no source "crop"`, `did you mean "corp"?`},
		{"no source", func(s *Spec) { s.Rules[0].From.Source = "" }, "rules[0].from.source", "says no source", ""},
		{"no selector", func(s *Spec) { s.Rules[0].From.Group = "" }, "rules[0].from", "neither a group nor everyone", "everyone: true"},
		{"both selectors", func(s *Spec) { s.Rules[0].From.Everyone = true }, "rules[0].from", "both a group and everyone", ""},
		{"nothing granted", func(s *Spec) { s.Rules[0].Grant = nil }, "rules[0].grant", "grants nothing", ""},
		{"a misspelt group", func(s *Spec) { s.Rules[0].Grant = []string{"HQ Staf"} }, "rules[0].grant[0]", `declares no group "HQ Staf"`, `did you mean "HQ Staff"?`},
		{"a group far from all", func(s *Spec) { s.Rules[0].Grant = []string{"Moon"} }, "rules[0].grant[0]", `declares no group "Moon"`, "there is "},
		{"a group twice", func(s *Spec) { s.Rules[0].Grant = []string{"HQ Staff", "HQ Staff"} }, "rules[0].grant[1]", "granted twice", ""},
		{"a group that the source may not grant", func(s *Spec) { s.Rules[2].Grant = []string{"HQ Staff"} }, "rules[2].grant[0]", "may not grant", "may_grant of contractors"},
		{"an unknown group in may_grant", func(s *Spec) { s.Sources[1].MayGrant = []string{"Contractors", "x"} }, "sources.contractors.may_grant[1]", `no group "x"`, ""},
		{"a sensitive group for everyone", func(s *Spec) { s.Rules[1].Where, s.Rules[1].From = "", Selector{Source: "corp", Everyone: true} },
			"rules[1].grant[0]", "sensitive", "name a group"},
		{"a misspelt attribute", func(s *Spec) { s.Rules[1].Where = `person.departmnt == "IT"` }, "rules[1].where", "declares no attribute departmnt", `did you mean "department"?`},
		{"a forgotten person", func(s *Spec) { s.Rules[1].Where = `department == "IT"` }, "rules[1].where", "unknown name department", "did you mean person.department?"},
		{"a date of an unknown attribute", func(s *Spec) { s.Rules[2].Until.Attribute = "untill" }, "rules[2].until.attribute", "declares no attribute untill", `did you mean "until"?`},
		{"a date of a list", func(s *Spec) { s.Rules[0].Begin = &Date{Attribute: "teams"} }, "rules[0].from_date.attribute", "is a list", ""},
		{"a bad fixed date", func(s *Spec) { s.Rules[0].Until = &Date{Fixed: "31.03.2026"} }, "rules[0].until", `"31.03.2026" is not a date`, "2026-03-31"},
		{"an attribute and a date", func(s *Spec) { s.Rules[0].Until = &Date{Fixed: "2026-03-31", Attribute: "starts"} }, "rules[0].until", "both an attribute and a date", ""},
		{"an end before its beginning", func(s *Spec) {
			s.Rules[0].Until, s.Rules[0].Begin = &Date{Fixed: "2026-03-30"}, &Date{Fixed: "2026-03-31"}
		},
			"rules[0].until", "before the beginning", ""},
		{"an unknown source in precedence", func(s *Spec) { s.Precedence[1] = "contractor" }, "people.attributes_from[1]", `no source "contractor"`, `did you mean "contractors"?`},
		{"several sources without precedence", func(s *Spec) { s.Precedence = nil }, "people.attributes_from", "not named, and there are several", "authoritative"},
		{"a source twice in precedence", func(s *Spec) { s.Precedence = []string{"corp", "contractors", "corp"} }, "people.attributes_from[2]", "named twice", ""},
		{"two sources with one id", func(s *Spec) { s.Sources[1].ID = "corp" }, "sources.contractors.id", `two sources have the id "corp"`, ""},
		{"an old name that is another source", func(s *Spec) { s.Sources[0].Was = []string{"con"} }, "sources.corp.was", `"con" is the source contractors`, "still there"},
		{"an old name that is the present one", func(s *Spec) { s.Sources[0].Was = []string{"corp"} }, "sources.corp.was", "what the source is called now", "leave it out"},
		{"an old name of two sources", func(s *Spec) { s.Sources[0].Was, s.Sources[1].Was = []string{"old"}, []string{"old"} }, "sources.contractors.was", `became the source corp, too`, ""},
		{"an old name that cannot be one", func(s *Spec) { s.Sources[0].Was = []string{"a:b"} }, "sources.corp.was", "colon", ""},
		{"an attribute for who is who that no source declares", func(s *Spec) { s.SamePersonBy = "untill" }, "people.same_person_by.attribute", "no source declares an attribute untill", `did you mean "until"?`},
		{"a list for who is who", func(s *Spec) { s.SamePersonBy = "teams" }, "people.same_person_by.attribute", "teams is a list in source corp", "one value"},
		{"a colon in an id", func(s *Spec) { s.Sources[1].ID = "a:b" }, "sources.contractors.id", "colon", ""},
		{"an attribute twice", func(s *Spec) {
			s.Sources[1].Attributes = append(s.Sources[1].Attributes, Attribute{Name: "until", From: "x"})
		},
			"sources.contractors.attributes.until", "declared twice", ""},
		{"an attribute that everybody has", func(s *Spec) { s.Sources[1].Attributes[0].Name = "email" }, "sources.contractors.attributes.email", "every person has email", ""},
		{"an attribute that cannot be written", func(s *Spec) { s.Sources[1].Attributes[0].Name = "end-date" }, "sources.contractors.attributes.end-date", "cannot be the name", ""},
		{"two groups that differ in case", func(s *Spec) { s.Groups = append(s.Groups, Group{Name: "hq staff"}) }, "groups.hq staff", "would be one group", ""},
		{"two groups with one id", func(s *Spec) { s.Groups[0].ID, s.Groups[1].ID = 7, 7 }, "groups.HQ Staff.id", "are one group in Kisi", ""},
	} {
		s := twoSources()
		c.break_(&s)
		rules, problems := Compile(s)
		if rules != nil || !slices.ContainsFunc(problems, func(p Problem) bool {
			return p.Path == c.path && strings.Contains(p.Text, c.text) && strings.Contains(p.Hint, c.hint)
		}) {
			t.Errorf("%s: want %s: %s (%s), got %+v", c.name, c.path, c.text, c.hint, problems)
		}
	}
}

func TestAllMistakesAreReportedAtOnce(t *testing.T) {
	s := twoSources()
	s.Rules[0].From.Source, s.Rules[1].Where, s.Rules[2].Grant = "x", "(", []string{"y"}
	if _, problems := Compile(s); len(problems) != 3 {
		t.Errorf("%+v", problems)
	}
}

func TestAMistakeInAnExpressionIsPointedAt(t *testing.T) {
	s := twoSources()
	s.Rules[1].Where = `person.starts startsWith "2" and person.departmnt == "IT"`
	_, problems := Compile(s)
	want := `source corp declares no attribute departmnt
 | person.starts startsWith "2" and person.departmnt == "IT"
 | ........................................^`
	if len(problems) != 1 || problems[0].Text != want {
		t.Errorf("got\n%s", problems[0].Text)
	}
}

func TestWhatIsNotListedIsRefusedInExpressions(t *testing.T) {
	for _, text := range []string{
		`now() > date("2026-01-01")`, `person`, `person == nil`, `person.department == nil`, `person?.department == "x"`, `person["dep" + "artment"] == "x"`,
		`let x = person.department; x == "IT"`, `person.department; true`, `keys({"a": 1}) == ["a"]`, `{"a": 1} == {"a": 1}`,
		`groupBy(person.teams, #) == 1`, `sort(person.teams)[0] == "a"`, `sortBy(person.teams, #) == []`, `map(person.teams, #) == []`,
		`reduce(person.teams, #acc + #, "") == ""`, `find(person.teams, # == "a") == "a"`, `len(1..1000000) > 3`, `person.department + "x" == "ITx"`,
		`any(person.teams, any(person.teams, # == "a"))`, `any(person.teams, any(["a", "b"], # == "a"))`, `any(person.teams, # in person.teams)`, `person.department matches person.starts`,
		`person.department matches "("`, fmt.Sprintf(`person.department matches "%s"`, strings.Repeat("a", 501)), `$env == 1`, `__text("a", "b") == ""`,
		`person.teams[0] == "a"`, `person.department[0:2] == "IT"`, `date("2026-01-01", "2006-01-02") < today`, `date(5) < today`, `date("31.3.2026") < today`,
		`person.department`, `1`, `today`, `person.teams == "a"`, `person.department == 5`, `"a" in person.department`, `has(1)`, `has(person.x)`, `has(person.teams, 1)`,
		`string(today) == "x"`, `today.Unix() > 0`, `duration("1h") > duration("2h")`, `toJSON(person.teams) == ""`, `fromBase64("YQ==") == "a"`, `#`,
		`all(person.teams, {# == "a"; true})`, `person.department ?? "x" == "x"`, `2 ** 3 == 8`, `if true { true } else { false }.x`, strings.Repeat("(", 5000),
		strings.Repeat("true and ", 400) + "true", `get(person, "department") == "IT"`, `type(person.department) == "string"`, `any(person.teams, #index > 0)`,
	} {
		if _, _, err := compileExpression(text, exampleScope()); err == nil {
			t.Errorf("%s: was taken", text[:min(len(text), 80)])
		}
	}
}

func exampleScope() *scope {
	return &scope{source: "corp", attributes: twoSources().Sources[0].Attributes, zone: time.UTC, sources: []string{"corp", "contractors"}, refs: &refs{}}
}

func TestAttributesAreTheDirectorysNamesThatRulesRead(t *testing.T) {
	s := twoSources()
	s.Rules = append(s.Rules, Rule{Name: "x", From: Selector{Source: "corp", Everyone: true}, Where: `any(person.teams, # == "a") or has(person.department) and person.email endsWith "x"`,
		Grant: []string{"HQ Staff"}, Begin: &Date{Attribute: "starts"}})
	r := mustCompile(t, s)
	if got := r.Attributes("corp"); !slices.Equal(got, []string{"departmentNumber", "kisiStart", "ou"}) {
		t.Error(got)
	}
	if got := r.Attributes("contractors"); !slices.Equal(got, []string{"until"}) {
		t.Error(got)
	}
}

func TestTheMarkOfARuleChangesWithItsMeaningOnly(t *testing.T) {
	base := mustCompile(t, twoSources())
	mark := func(change func(*Spec)) uint64 {
		s := twoSources()
		change(&s)
		r := mustCompile(t, s)
		i, _ := r.ruleNamed("servers")
		return r.rules[i].mark
	}
	i, _ := base.ruleNamed("servers")
	for name, change := range map[string]func(*Spec){
		"another place in the file": func(s *Spec) { slices.Reverse(s.Rules) },
		"spaces in the expression":  func(s *Spec) { s.Rules[1].Where = ` person.department  ==  "IT" ` },
		"no spaces in it":           func(s *Spec) { s.Rules[1].Where = `person.department=="IT"` },
		"another attribute":         func(s *Spec) { s.Sources[0].Attributes[1].From = "x" },
		"the role said":             func(s *Spec) { s.Rules[1].Role = access.DoorAccess },
	} {
		if mark(change) != base.rules[i].mark {
			t.Errorf("%s: the mark changed", name)
		}
	}
	for name, change := range map[string]func(*Spec){
		"another space":     func(s *Spec) { s.Rules[1].Where = `person.department == "I T"` },
		"another value":     func(s *Spec) { s.Rules[1].Where = `person.department == "HR"` },
		"another role":      func(s *Spec) { s.Rules[1].Role = access.GroupManager },
		"another attribute": func(s *Spec) { s.Sources[0].Attributes[0].From = "x" },
		"another group":     func(s *Spec) { s.Rules[1].From.Group = "Admins" },
		"an end":            func(s *Spec) { s.Rules[1].Until = &Date{Fixed: "2027-01-01"} },
		"a beginning":       func(s *Spec) { s.Rules[1].Begin = &Date{Fixed: "2027-01-01"} },
		"more is granted":   func(s *Spec) { s.Rules[1].Grant = []string{"Server Room", "HQ Staff"} },
	} {
		if mark(change) == base.rules[i].mark {
			t.Errorf("%s: the mark did not change", name)
		}
	}
}
