package mapping

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kisi-sync/kisi-sync/internal/access"
	"github.com/kisi-sync/kisi-sync/internal/directory"
	"github.com/kisi-sync/kisi-sync/internal/listed"
)

// byHand makes the second source one that lists what its people are to have.
func byHand(s *Spec) {
	s.Sources[1].Lists, s.Sources[1].MayGrant = true, []string{"Contractors", "HQ Staff"}
	s.Rules[2] = Rule{Name: "by hand", From: Selector{Source: "contractors", Everyone: true}, Listed: true}
}

// lists is a record of somebody who is listed for some entries.
func lists(id, mail string, entries ...listed.Entry) directory.Record {
	r := person(id, mail)
	if len(entries) > 0 {
		r.Attrs = []directory.Attr{{Name: listed.Attribute}}
	}
	for _, e := range entries {
		r.Attrs[0].Values = append(r.Attrs[0].Values, e.Value())
	}
	return r
}

func TestAListGivesEachPersonWhatItSaysWithItsRoleAndDates(t *testing.T) {
	holds := func(r *Rules) []access.Account {
		return []access.Account{account(7, "zoe@else.example", "con:z", owned(r, 103, "by hand"))}
	}
	until := func(day string) listed.Entry { return listed.Entry{Group: "Contractors", Until: day} }
	for _, c := range []struct {
		name      string
		scene     scene
		want      []string
		conflicts string
	}{
		{"role, dates and all", scene{con: records(lists("z", "zoe@else.example", listed.Entry{Group: "HQ Staff", Role: listed.GroupManager},
			listed.Entry{Group: "Contractors", From: "2026-03-16", Until: "2026-03-31"}))},
			[]string{"0 zoe@else.example [con:z] keep +Contractors from 2026-03-16T00:00:00Z until 2026-03-31T23:59:59Z [by hand] +HQ Staff as group_manager [by hand]"}, ""},
		{"whoever is listed for nothing gets nothing", scene{con: records(lists("z", "zoe@else.example"))}, nil, ""},
		{"a day that has passed takes the door, and is the reason", scene{con: records(lists("z", "zoe@else.example", until("2026-03-14"))), accounts: holds},
			[]string{"7 zoe@else.example [con:z] keep -103 (expired: until 2026-03-14 has passed)"}, ""},
		{"a day that has passed gives nothing", scene{con: records(lists("z", "zoe@else.example", until("2026-03-14")))}, nil, ""},
		{"an entry that is gone takes the door", scene{con: records(lists("z", "zoe@else.example")), accounts: holds},
			[]string{"7 zoe@else.example [con:z] keep -103 (left_group: no longer listed in contractors)"}, ""},
		{"a list that was not read takes nothing", scene{withoutCon: true, accounts: holds},
			[]string{"7 zoe@else.example [con:z] leave (conflict: source contractors was not read yet)"}, ""},
		{"what may_grant does not say is not given", scene{con: records(lists("z", "zoe@else.example", listed.Entry{Group: "Server Room"}, listed.Entry{Group: "contractors"}))},
			[]string{"0 zoe@else.example [con:z] keep +Contractors [by hand]"}, "listed_forbidden"},
		{"nor a group that the file does not declare", scene{con: records(lists("z", "zoe@else.example", listed.Entry{Group: "Contractor"}))}, nil, "listed_unknown"},
		{"what cannot be read takes nothing away", scene{con: records(person("z", "zoe@else.example", listed.Attribute, `{"group":"Contractors","until":"31.3.2026"}`)), accounts: holds},
			[]string{"7 zoe@else.example [con:z] keep +Contractors unsure [by hand] +HQ Staff unsure [by hand]"}, "bad_expression"},
		{"a condition of the rule holds for lists, too", scene{spec: func(s *Spec) { byHand(s); s.Rules[2].Where = `person.email endsWith "@example.com"` },
			con: records(lists("z", "zoe@else.example", until("2026-03-31")))}, nil, ""},
		{"somebody of the directory gets what a list says besides", scene{spec: func(s *Spec) { byHand(s); staffByDN(s) }, corp: records(person("1", "ana@example.com"), staff("1"), admins()),
			con: records(lists("a", "ana@example.com", until("2026-03-31")))},
			[]string{"0 ana@example.com [corp:1 con:a] keep +Contractors until 2026-03-31T23:59:59Z [by hand] +HQ Staff [hq]"}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.scene.spec == nil {
				c.scene.spec = byHand
			}
			_, _, got := c.scene.play(t)
			if d := cmp.Diff(c.want, tell(got.Desired)); d != "" {
				t.Errorf("(-want +got)\n%s", d)
			}
			if k := kinds(got.Conflicts); k != c.conflicts {
				t.Errorf("conflicts %q, want %q", k, c.conflicts)
			}
		})
	}
}

func TestAListGivesTheRolesThatItsRuleSays(t *testing.T) {
	spec := twoSources()
	byHand(&spec)
	spec.AdminRoles = true
	spec.Rules[2].Roles = []RoleGrant{{Role: "Observer"}, {Role: "Place manager", Place: "HQ"}}
	rules := mustCompile(t, spec)
	catalog := kisi()
	catalog.Organization.ID = 1
	catalog.ScopeRoles = []access.ScopeRole{{ID: "observer", Name: "Observer", Organization: true}, {ID: "place_manager", Name: "Place manager"}}
	got := rules.Map(Input{Catalog: catalog, At: noon(), People: directory.Join(read(t, "corp", nil, noon()), read(t, "con", nil, noon(), records(
		lists("z", "zoe@else.example", listed.Entry{Organization: true, Role: "observer"}, listed.Entry{Place: "HQ", Role: "Place manager"}),
		lists("y", "yan@else.example", listed.Entry{Organization: true, Role: "Administrator"}, listed.Entry{Place: "Lab", Role: "Place manager"}))...))})
	if len(got.Desired.Wishes) != 1 || len(got.Desired.Wishes[0].Grants) != 2 {
		t.Fatalf("wishes are %v", tell(got.Desired))
	}
	for _, g := range got.Desired.Wishes[0].Grants {
		if g.Role != access.ScopedRole || !got.Desired.Groups[g.Group].Role || g.Unsure {
			t.Errorf("%+v of %+v", g, got.Desired.Groups[g.Group])
		}
	}
	if k := kinds(got.Conflicts); k != "listed_forbidden listed_forbidden" {
		t.Errorf("conflicts %q: %+v", k, got.Conflicts)
	}
}

func TestAListWakesUsWhenItsDateHasPassed(t *testing.T) {
	_, _, got := scene{spec: byHand, con: records(lists("z", "zoe@else.example", listed.Entry{Group: "Contractors", Until: "2026-03-31"}))}.play(t)
	if want := access.At(time.Date(2026, 4, 1, 0, 0, 0, 0, time.UTC)); got.Desired.Due != want {
		t.Errorf("due %v, want %v", got.Desired.Due.Time(), want.Time())
	}
}

func TestExplainSaysWhatAListSays(t *testing.T) {
	rules, in, _ := scene{spec: byHand, con: records(lists("z", "zoe@else.example", listed.Entry{Group: "HQ Staff", Role: listed.GroupManager},
		listed.Entry{Group: "Contractors", Until: "2026-03-14"}))}.play(t)
	trail, err := rules.Explain(in, "zoe@else.example")
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range trail.Rules {
		if r.Rule == "by hand" && (!strings.Contains(r.Text, "HQ Staff as group_manager") || !strings.Contains(r.Text, "Contractors until 2026-03-14, which has passed")) {
			t.Errorf("the rule is explained by %q", r.Text)
		}
	}
}

func TestExplainOfARuleSaysWhatTheListSays(t *testing.T) {
	rules, in, _ := scene{spec: byHand, con: records(lists("z", "zoe@else.example", listed.Entry{Group: "Contractors", Until: "2026-03-31"}),
		lists("y", "yan@else.example", listed.Entry{Group: "Contractors", Until: "2026-03-14"}), lists("x", "xia@else.example"))}.play(t)
	trail, err := rules.ExplainRule(in, "by hand", true)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, o := range trail.Parts {
		for _, p := range o.People {
			got = append(got, o.Outcome+": "+p.Who+": "+o.Text)
		}
	}
	want := []string{"gives: zoe@else.example: Contractors until 2026-03-31",
		"not_selected: yan@else.example: the list gives nothing now: Contractors until 2026-03-14, which has passed",
		"not_selected: xia@else.example: the list gives nothing now: nothing"}
	slices.Sort(got)
	slices.Sort(want)
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
}

func TestTheMarksOfOtherRulesAreAsBefore(t *testing.T) {
	one, other := twoSources(), twoSources()
	byHand(&other)
	before, after := mustCompile(t, one), mustCompile(t, other)
	i, _ := before.ruleNamed("hq")
	k, _ := after.ruleNamed("hq")
	if before.rules[i].mark != after.rules[k].mark {
		t.Error("a rule that says the same has another mark")
	}
}
