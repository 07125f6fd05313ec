package mapping

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kisi-sync/kisi-sync/internal/access"
	"github.com/kisi-sync/kisi-sync/internal/directory"
)

const team = "Team {{person.department}}"

// teams is a Spec in which everybody in corp gets the group of the department.
func teams(change func(*Group)) func(*Spec) {
	return func(s *Spec) {
		asked("")(s)
		g := Group{Name: team, Members: true, Create: true, OneOf: []string{"IT", "HR"}}
		if change != nil {
			change(&g)
		}
		s.Groups = append(s.Groups, g)
		s.Rules[0].Grant = []string{team}
	}
}

func open(g *Group) { g.OneOf, g.AnyOf = nil, true }

func TestAGroupIsMadeOfAnAttribute(t *testing.T) {
	at := func(department string) []directory.Record {
		return records(person("1", "ana@example.com", "departmentNumber", department), person("2", "bo@example.com", "departmentNumber", "HR"))
	}
	inIT := func(r *Rules) []access.Account {
		return []access.Account{account(7, "ana@example.com", "corp:1", owned(r, 105, "asked"))}
	}
	withIT := func(c *access.Catalog) { c.Groups = append(c.Groups, access.Group{ID: 105, Name: "Team IT"}) }
	for _, c := range []struct {
		name      string
		spec      func(*Spec)
		people    []directory.Record
		accounts  func(*Rules) []access.Account
		want      string // of ana
		conflicts string
	}{
		{"of the listed values", teams(nil), at("IT"), nil, "0 ana@example.com [corp:1] keep +Team IT [asked]", ""},
		{"whatever the case", teams(nil), at(" it "), nil, "0 ana@example.com [corp:1] keep +Team IT [asked]", ""},
		{"another value gives nothing", teams(nil), at("Sales"), nil, "", ValueUnlisted},
		{"a missing one neither", teams(nil), at("")[1:], nil, "", ""},
		{"an empty one neither", teams(nil), at(""), nil, "", MissingAttribute},
		{"another value takes nothing away", teams(nil), at("Sales"), inIT, "7 ana@example.com [corp:1] keep", ValueUnlisted},
		{"nor does a missing one", teams(nil), records(person("1", "ana@example.com")), inIT, "7 ana@example.com [corp:1] keep", MissingAttribute},
		{"nor one that left the list", teams(func(g *Group) { g.OneOf = []string{"HR"} }), at("IT"), inIT, "7 ana@example.com [corp:1] keep", ValueUnlisted},
		{"who moves loses one and gains one", teams(nil), at("HR"), inIT, "7 ana@example.com [corp:1] keep +Team HR [asked] -105 (left_group: no longer so: now department is HR)", ""},
		{"of any value", teams(open), at("R&D / {{person.department}}"), nil, "0 ana@example.com [corp:1] keep +Team R&D / {{person.department}} [asked]", ""},
		{"of any value, two that are one in Kisi", teams(open), at("hr"), nil, "", NameClash},
		{"one that is a group of the file", teams(func(g *Group) { open(g); g.Name = "{{person.department}} Staff" }), at("hq"), nil, "", NameClash},
		{"of any value that can be a name", teams(open), at("a\u200bb"), nil, "", ValueUnlisted},
		{"who moves to a new one", teams(open), at("New"), inIT, "7 ana@example.com [corp:1] keep +Team New [asked] -105 (left_group: no longer so: now department is New)", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			spec := c.spec
			if strings.Contains(c.name, "group of the file") {
				spec = func(s *Spec) {
					c.spec(s)
					s.Rules[0].Grant = []string{"{{person.department}} Staff"}
				}
			}
			_, _, out := scene{spec: spec, corp: c.people, accounts: c.accounts, catalog: withIT}.play(t)
			got := ""
			for _, line := range tell(out.Desired) {
				if strings.Contains(line, "ana@") {
					got = line
				}
			}
			if got != c.want {
				t.Errorf("%q, want %q", got, c.want)
			}
			if told := kindsOf(out.Conflicts); !strings.Contains(told, c.conflicts) || c.conflicts == "" && told != "" {
				t.Errorf("conflicts %s, want %s: %+v", told, c.conflicts, out.Conflicts)
			}
		})
	}
}

func TestGroupsOfValuesAreMadeForWhomTheyAreGivenOnly(t *testing.T) {
	_, _, out := scene{spec: func(s *Spec) {
		teams(func(g *Group) {
			open(g)
			g.Openings, g.Doors = true, []string{"HQ / {{person.department}}"}
			g.Description = new(string)
			*g.Description = "Of {{ person.department }}"
		})(s)
		s.Rules[0].Where = `person.department != "Lab"`
	}, corp: records(person("1", "ana@example.com", "departmentNumber", "Garage"), person("2", "bo@example.com", "departmentNumber", "Lab"),
		disabled(person("3", "cy@example.com", "departmentNumber", "Old")), person("4", "di@example.com", "departmentNumber", "Roof"))}.play(t)
	var got []string
	for _, g := range out.Desired.Groups[3:] {
		got = append(got, g.Name+" / "+*g.Description+" / "+g.Problem)
		if g.Name == "Team Garage" && !cmp.Equal(g.Doors, []access.RemoteID{12}) {
			t.Error(g.Doors)
		}
	}
	want := []string{"Team Garage / Of Garage / ", `Team Roof / Of Roof / there is no door "HQ / Roof"`}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if got := strings.Join(tell(out.Desired), "\n"); got != "0 ana@example.com [corp:1] keep +Team Garage [asked]" {
		t.Error(got)
	}
}

func TestAGroupThatWasMadeOfAValueStaysOursWhenNobodyHasTheValue(t *testing.T) {
	spec := twoSources()
	teams(open)(&spec)
	rules := mustCompile(t, spec)
	catalog := kisi()
	catalog.Groups = append(catalog.Groups, access.Group{ID: 105, Name: "Team Old"})
	in := Input{People: directory.Join(read(t, "corp", nil, noon()), read(t, "con", nil, noon())), Catalog: catalog, At: noon(),
		Owned: access.NewLedger(nil, []access.GroupAccount{{ID: 105, Name: "Team Old", Level: access.Created}})}
	groups := rules.Map(in).Desired.Groups
	if g := groups[len(groups)-1]; g.Name != "Team Old" || g.ID != 105 || !g.Members {
		t.Errorf("%+v", groups)
	}
}

func TestAnExclusionFromATemplateIsFromEachOfItsGroups(t *testing.T) {
	for name, change := range map[string]func(*Group){"listed": nil, "any": open} {
		rules, in, out := scene{spec: func(s *Spec) {
			teams(change)(s)
			s.Rules = append(s.Rules, Rule{Name: "out", From: Selector{Source: "corp", Group: "Staff"}, Exclude: []string{team}})
		}, corp: records(person("1", "ana@example.com", "departmentNumber", "IT"), person("2", "bo@example.com", "departmentNumber", "HR"), staff("1"))}.play(t)
		if got := tell(out.Desired); len(got) != 1 || got[0] != "0 bo@example.com [corp:2] keep +Team HR [asked]" {
			t.Errorf("%s: %q", name, got)
		}
		trail, err := rules.Explain(in, "ana@example.com")
		if err != nil || !cmp.Equal(trail.Rules[0].Grants, []string{"Team IT"}) || len(trail.Rules[0].Excluded) == 0 || trail.Rules[0].Excluded[0].Rule != "out" {
			t.Errorf("%s: %+v %v", name, trail.Rules, err)
		}
	}
}

func TestTwoSourcesMayNotBothSayWhichGroupsThereAre(t *testing.T) {
	spec := twoSources()
	teams(open)(&spec)
	spec.Sources[1].Attributes = append(spec.Sources[1].Attributes, Attribute{Name: "department", From: "dept"})
	spec.Sources[1].MayGrant = nil
	spec.Rules = append(spec.Rules, Rule{Name: "more", From: Selector{Source: "contractors", Everyone: true}, Grant: []string{team}})
	_, problems := Compile(spec)
	if len(problems) != 1 || problems[0].Path != "rules[1].grant[0]" || !strings.Contains(problems[0].Text, "two sources") {
		t.Errorf("%+v", problems)
	}
	spec.Groups[3].AnyOf, spec.Groups[3].OneOf = false, []string{"IT"}
	if _, problems := Compile(spec); len(problems) > 0 {
		t.Errorf("listed: %+v", problems)
	}
}

func TestAnAttributeWithTooManyValuesMakesNoGroups(t *testing.T) {
	spec := twoSources()
	teams(open)(&spec)
	var people []directory.Record
	for i := range mostValues + 1 {
		id := string(rune('a'+i%26)) + string(rune('a'+i/26%26)) + string(rune('a'+i/676))
		people = append(people, person(id, id+"@example.com", "departmentNumber", id))
	}
	out := mustCompile(t, spec).Map(Input{People: directory.Join(read(t, "corp", nil, noon(), people...), read(t, "con", nil, noon())), Catalog: kisi(), At: noon()})
	if got := len(tell(out.Desired)); got != mostValues || !strings.Contains(kindsOf(out.Conflicts), NameClash) {
		t.Errorf("%d wishes: %+v", got, out.Conflicts)
	}
}
