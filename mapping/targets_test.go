package mapping

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kisi-sync/kisi-sync/internal/access"
	"github.com/kisi-sync/kisi-sync/internal/directory"
)

func TestGroupsDoorsAndStopsAreFoundInKisiOrTheProblemSaysWhatThereIs(t *testing.T) {
	for _, c := range []struct {
		name    string
		group   Group
		catalog func(*access.Catalog)
		ledger  *access.Ledger
		want    access.DesiredGroup // beside the name
		kind    string
		hint    string
	}{
		{"by name", Group{Name: "HQ Staff"}, nil, nil, access.DesiredGroup{ID: 101}, "", ""},
		{"by name in another case, when there is one", Group{Name: "hq  staff"}, nil, nil, access.DesiredGroup{ID: 101}, "", ""},
		{"by exact name, when others differ in case only", Group{Name: "HQ Staff"}, func(c *access.Catalog) {
			c.Groups = append(c.Groups, access.Group{ID: 200, Name: "hq staff"})
		}, nil, access.DesiredGroup{ID: 101}, "", ""},
		{"by id", Group{Name: "Whatever", ID: 102}, nil, nil, access.DesiredGroup{ID: 102}, "", ""},
		{"by id, in a place", Group{Name: "Whatever", ID: 104}, nil, nil, access.DesiredGroup{ID: 104, Place: 2}, "", ""},
		{"by name in a place", Group{Name: "Lab", Place: "Lab"}, nil, nil, access.DesiredGroup{ID: 104, Place: 2}, "", ""},
		{"not by name in another place", Group{Name: "Lab", Place: "HQ"}, nil, nil, access.DesiredGroup{Place: 1, Problem: `there is no group "Lab" in HQ`}, GroupMissing, `"Lab / Lab"`},
		{"not by name of a place's group in the organization", Group{Name: "Lab"}, nil, nil, access.DesiredGroup{Problem: `there is no group "Lab" in the organization`}, GroupMissing, `"Lab / Lab"`},
		{"missing", Group{Name: "HQ Stuff"}, nil, nil, access.DesiredGroup{Problem: `there is no group "HQ Stuff" in the organization`}, GroupMissing, `if_missing: create, or use one of "HQ Staff"`},
		{"missing and to be created", Group{Name: "New", Create: true}, nil, nil, access.DesiredGroup{Create: true}, "", ""},
		{"missing by id", Group{Name: "New", ID: 999, Create: true}, nil, nil, access.DesiredGroup{Create: true, Problem: "there is no group with the id 999 in Kisi"}, GroupMissing, ""},
		{"twice", Group{Name: "HQ Staff"}, func(c *access.Catalog) {
			c.Groups = append(c.Groups, access.Group{ID: 200, Name: "HQ Staff", Users: 3})
		}, nil, access.DesiredGroup{Problem: `there are 2 groups named "HQ Staff" in Kisi`}, GroupAmbiguous, "101 (0 users), 200 (3 users)"},
		{"renamed in Kisi, but known", Group{Name: "HQ People", Create: true}, nil, access.NewLedger(nil, []access.GroupAccount{{ID: 101, Name: "HQ People"}}),
			access.DesiredGroup{ID: 101, Create: true}, GroupRenamed, "new name"},
		{"of another scope than the one that we made", Group{Name: "Lab", Create: true}, nil, access.NewLedger(nil, []access.GroupAccount{{ID: 104, Name: "Lab", Level: access.Created}}),
			access.DesiredGroup{Create: true, Problem: "the file says in the organization, and the group 104 is one of Lab; the scope of a group cannot be changed"}, GroupScope, "scope: {place: Lab} again"},
		{"of another scope than the one in which we gave rights", Group{Name: "HQ Staff", Place: "HQ", Create: true}, nil, ledger(account(7, "ana@example.com", "corp:1", access.OwnedGrant{Group: 101, Level: access.Created})),
			access.DesiredGroup{Place: 1, Create: true, Problem: "the file says in HQ, and the group 101 is one of the organization; the scope of a group cannot be changed"}, GroupScope, "scope: organization again"},
		{"of another scope than one that is nobody's business", Group{Name: "HQ Staff", Place: "HQ", Create: true}, nil, nil, access.DesiredGroup{Place: 1, Create: true}, "", ""},
		{"by id, of the organization in so many words", Group{Name: "Lab", ID: 104, Everywhere: true}, nil, nil,
			access.DesiredGroup{Problem: "the group 104 is one of Lab, not of the organization"}, GroupScope, "scope: {place: Lab} again"},
		{"in an unknown place", Group{Name: "Lab", Place: "Labb"}, nil, nil, access.DesiredGroup{Problem: `there is no place "Labb"`}, UnknownPlace, `did you mean "Lab"?`},
		{"doors by full name, name and id; stops", Group{Name: "HQ Staff", Openings: true, Doors: []string{"HQ / Main entrance", "Garage", "22", "hq / garage"},
			Stops: []StopName{{"HQ", "Lift A", "Floor 3"}}}, nil, nil, access.DesiredGroup{ID: 101, Openings: true, Doors: []access.RemoteID{11, 12, 22}, Stops: []access.RemoteID{31}}, "", ""},
		{"doors that are not ours to manage are not looked up", Group{Name: "HQ Staff", Doors: []string{"x"}}, nil, nil, access.DesiredGroup{ID: 101}, "", ""},
		{"a door alone in its place", Group{Name: "Lab", Place: "Lab", Openings: true, Doors: []string{"Main entrance"}}, nil, nil, access.DesiredGroup{ID: 104, Place: 2, Openings: true, Doors: []access.RemoteID{21}}, "", ""},
		{"an ambiguous door", Group{Name: "HQ Staff", Openings: true, Doors: []string{"Main entrance"}}, nil, nil,
			access.DesiredGroup{ID: 101, Openings: true, Problem: `there are 2 doors named "Main entrance"`}, AmbiguousDoor, "11 (HQ / Main entrance), 21 (Lab / Main entrance)"},
		{"an unknown door", Group{Name: "HQ Staff", Openings: true, Doors: []string{"HQ / Main entrence"}}, nil, nil,
			access.DesiredGroup{ID: 101, Openings: true, Problem: `there is no door "HQ / Main entrence"`}, UnknownDoor, `did you mean "HQ / Main entrance"?`},
		{"a door of another place", Group{Name: "Lab", Place: "Lab", Openings: true, Doors: []string{"Garage"}}, nil, nil,
			access.DesiredGroup{ID: 104, Place: 2, Openings: true, Problem: `the door "HQ / Garage" is not in Lab, whose group this is`}, DoorElsewhere, ""},
		{"an unknown stop", Group{Name: "HQ Staff", Openings: true, Stops: []StopName{{"HQ", "Lift A", "Floor 4"}}}, nil, nil,
			access.DesiredGroup{ID: 101, Openings: true, Problem: `there is no elevator stop "HQ / Lift A / Floor 4"`}, UnknownStop, "HQ / Lift A / Floor 3"},
	} {
		t.Run(c.name, func(t *testing.T) {
			rules := mustCompile(t, Spec{Groups: []Group{c.group}})
			catalog := kisi()
			if c.catalog != nil {
				c.catalog(catalog)
			}
			out := rules.Map(Input{Catalog: catalog, Owned: c.ledger, At: noon()})
			c.want.Name = c.group.Name
			if diff := cmp.Diff([]access.DesiredGroup{c.want}, out.Desired.Groups); diff != "" {
				t.Error(diff)
			}
			if kinds(out.Conflicts) != c.kind || c.kind != "" && !strings.Contains(out.Conflicts[0].Hint, c.hint) {
				t.Errorf("%+v", out.Conflicts)
			}
		})
	}
}

func TestTwoGroupsOfTheFileThatAreOneInKisiAreBothRefused(t *testing.T) {
	rules := mustCompile(t, Spec{Groups: []Group{{Name: "HQ Staff"}, {Name: "People", ID: 101}}})
	out := rules.Map(Input{Catalog: kisi(), At: noon()})
	for _, g := range out.Desired.Groups {
		if g.Problem == "" {
			t.Errorf("%+v", g)
		}
	}
	if kinds(out.Conflicts) != GroupTwice {
		t.Errorf("%+v", out.Conflicts)
	}
}

func TestASelectorNamesAGroupByIDNameDNOrAddress(t *testing.T) {
	staff := records(person("1", "ana@example.com"), directory.Record{Kind: directory.GroupIs, ID: "g-1", Name: "Staff = all", Email: "Staff@example.com",
		Handles: []directory.Ref{{Kind: directory.ByDN, Value: `cn=doe\, staff,dc=x`}}},
		directory.Record{Kind: directory.MemberIs, ID: "g-1", Member: directory.Ref{Kind: directory.ByID, Value: "1"}},
		group("g-2", "Twin"), group("g-3", "Twin"))
	for text, want := range map[string]string{
		"g-1": "", "Staff = all": "", `CN=Doe\2C  Staff , DC=X`: "", "staff@EXAMPLE.com": "",
		"staff = all": SelectorMatchesNothing, "Twin": SelectorAmbiguous, "g-4": SelectorMatchesNothing, "cn=staff,dc=x": SelectorMatchesNothing, "x@example.com": SelectorMatchesNothing,
	} {
		spec := twoSources()
		spec.Rules = []Rule{{Name: "hq", From: Selector{Source: "corp", Group: text}, Grant: []string{"HQ Staff"}}}
		rules := mustCompile(t, spec)
		in := Input{People: directory.Join(read(t, "corp", nil, noon(), staff...)), Catalog: kisi(), At: noon(),
			Owned: ledger(account(7, "ana@example.com", "corp:1", owned(rules, 101, "hq")))}
		out := rules.Map(in)
		w := out.Desired.Wishes[0]
		if want == "" && (len(out.Conflicts) != 0 || len(w.Grants) != 1) {
			t.Errorf("%s: %v %+v", text, tell(out.Desired), out.Conflicts)
		}
		if want != "" && (len(out.Conflicts) != 1 || out.Conflicts[0].Kind != want || len(w.Grants)+len(w.Losses) != 0) {
			t.Errorf("%s: %v %+v", text, tell(out.Desired), out.Conflicts)
		}
	}
}
