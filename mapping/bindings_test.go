package mapping

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kisi-sync/kisi-sync/internal/access"
	"github.com/kisi-sync/kisi-sync/internal/directory"
)

func TestASelectorIsBoundToTheGroupThatItFirstMatched(t *testing.T) {
	const since = access.Instant(1_700_000_000)
	bound := func(text, id string) []Binding { return []Binding{{"corp", text, id, "Staff", since}} }
	ana := person("1", "ana@example.com")
	holds := func(r *Rules) []access.Account {
		return []access.Account{account(7, "ana@example.com", "corp:1", owned(r, 101, "hq"))}
	}
	named := func(text string) func(*Spec) {
		return func(s *Spec) {
			s.Rules = s.Rules[:1]
			s.Rules[0].From.Group = text
		}
	}
	const gives, stays = "7 ana@example.com [corp:1] keep +HQ Staff [hq]", "7 ana@example.com [corp:1] keep"
	for _, c := range []struct {
		name      string
		scene     scene
		wish      string
		conflicts string
		bindings  []Binding
	}{
		{"a name is bound", scene{spec: named("Staff"), corp: records(ana, staff("1"))}, gives, "",
			[]Binding{{"corp", "Staff", "g-staff", "Staff", access.At(noon())}}},
		{"a distinguished name is bound, however it is spelled", scene{spec: named("CN=Staff, DC=x"), corp: records(ana, staff("1"))}, gives, "",
			[]Binding{{"corp", "cn=staff,dc=x", "g-staff", "Staff", access.At(noon())}}},
		{"an id needs no binding", scene{spec: named("g-staff"), corp: records(ana, staff("1"))}, gives, "", nil},
		{"nor keeps one", scene{spec: named("g-staff"), bindings: bound("g-staff", "g-staff"), corp: records(ana, staff("1"))}, gives, "", nil},
		{"a binding stays as it is", scene{spec: named("Staff"), bindings: bound("Staff", "g-staff"), corp: records(ana, staff("1"))}, gives, "", bound("Staff", "g-staff")},
		{"a group that is renamed is still the rule's", scene{spec: named("Staff"), bindings: bound("Staff", "g-staff"), corp: records(ana, group("g-staff", "Employees", "1"))},
			gives, SelectorRenamed, []Binding{{"corp", "Staff", "g-staff", "Employees", since}}},
		{"so is one that was moved", scene{spec: named("cn=staff,dc=x"), bindings: bound("cn=staff,dc=x", "g-staff"), corp: records(ana, group("g-staff", "Employees", "1"))},
			gives, SelectorRenamed, []Binding{{"corp", "cn=staff,dc=x", "g-staff", "Employees", since}}},
		{"even when another one has its name now", scene{spec: named("Staff"), bindings: bound("Staff", "g-staff"), corp: records(ana, group("g-staff", "Employees", "1"), group("g-new", "Staff"))},
			gives, SelectorRenamed, []Binding{{"corp", "Staff", "g-staff", "Employees", since}}},
		{"or has it too", scene{spec: named("Staff"), bindings: bound("Staff", "g-staff"), corp: records(ana, staff("1"), group("g-new", "Staff"))},
			gives, SelectorAmbiguous, bound("Staff", "g-staff")},
		{"a group that is gone while another has its name takes nothing away", scene{spec: named("Staff"), bindings: bound("Staff", "g-staff"), corp: records(ana, group("g-new", "Staff"))},
			stays, SelectorRebound, bound("Staff", "g-staff")},
		{"once the other one is accepted it counts", scene{spec: named("Staff"), bindings: bound("Staff", "g-new"), corp: records(ana, group("g-new", "Staff"))},
			"7 ana@example.com [corp:1] keep -101 (left_group: no longer a member of Staff)", "", bound("Staff", "g-new")},
		{"a group that is gone is remembered", scene{spec: named("Staff"), bindings: bound("Staff", "g-staff"), corp: records(ana)}, stays, SelectorMatchesNothing, bound("Staff", "g-staff")},
		{"so is one whose name has become two others'", scene{spec: named("Staff"), bindings: bound("Staff", "g-staff"), corp: records(ana, group("g-new", "Staff"), group("g-newer", "Staff"))},
			stays, SelectorAmbiguous, bound("Staff", "g-staff")},
		{"and one in a source that was not read", scene{spec: named("Staff"), unread: []string{"corp"}, bindings: bound("Staff", "g-staff"), corp: records(ana)},
			"7 ana@example.com [corp:1] leave (conflict: source corp was not read yet)", "", bound("Staff", "g-staff")},
		{"a binding that no rule has is forgotten", scene{spec: named("Staff"), bindings: bound("Sales", "g-sales"), corp: records(ana, staff("1"))}, gives, "",
			[]Binding{{"corp", "Staff", "g-staff", "Staff", access.At(noon())}}},
		{"bindings go with a source that is renamed", scene{spec: func(s *Spec) { named("Staff")(s); s.Sources[0].Was = []string{"old"} }, bindings: []Binding{{"old", "Staff", "g-staff", "Staff", since}},
			corp: records(ana, group("g-staff", "Employees", "1"))}, gives, SelectorRenamed, []Binding{{"corp", "Staff", "g-staff", "Employees", since}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.scene.accounts = holds
			_, _, out := c.scene.play(t)
			if diff := cmp.Diff([]string{c.wish}, tell(out.Desired)); diff != "" {
				t.Error(diff)
			}
			var kinds []string
			for _, c := range out.Conflicts {
				kinds = append(kinds, c.Kind)
			}
			if got := strings.Join(kinds, " "); got != c.conflicts {
				t.Errorf("conflicts %q, want %q: %+v", got, c.conflicts, out.Conflicts)
			}
			if diff := cmp.Diff(c.bindings, out.Bindings); diff != "" {
				t.Errorf("bindings: %s", diff)
			}
		})
	}
}

func TestAGroupMadeUnderTheNameOfOneThatIsGoneOpensNothing(t *testing.T) {
	s := scene{spec: func(s *Spec) { s.Rules = s.Rules[:1]; s.Rules[0].From.Group = "Staff" },
		corp: records(person("6", "mallory@example.com"), group("g-new", "Staff", "6")), bindings: []Binding{{Source: "corp", Text: "Staff", GroupID: "g-staff"}}}
	rules, in, out := s.play(t)
	if len(out.Desired.Wishes) != 0 {
		t.Errorf("%v", tell(out.Desired))
	}
	trail, err := rules.Explain(in, "mallory@example.com")
	if err != nil || trail.Rules[0].Text != "its group is gone, and another one bears the name; what the rule gave stays" {
		t.Errorf("%+v, %v", trail.Rules, err)
	}
}

func TestARuleThatGivesASensitiveGroupMustNameItsGroupExactly(t *testing.T) {
	byDoor := func(s *Spec) {
		s.SensitiveDoors = []string{"HQ / Garage"}
		s.Groups[1].Openings, s.Groups[1].Doors = true, []string{"12"}
	}
	for _, c := range []struct {
		name, text, conflict string
		spec                 func(*Spec)
	}{
		{"not by name", "SysAdmins", SelectorNotExact, nil},
		{"by distinguished name", "CN=SysAdmins, DC=x", "", nil},
		{"by id", "g-admins", "", nil},
		{"nor by address", "admins@example.com", SelectorNotExact, nil},
		{"nor where a sensitive door makes the group sensitive", "SysAdmins", SelectorNotExact, func(s *Spec) { byDoor(s); s.Rules[1].Grant = []string{"HQ Staff"} }},
		{"a group without one may be given by name", "SysAdmins", "", func(s *Spec) { s.Rules[1].Grant = []string{"HQ Staff"} }},
	} {
		t.Run(c.name, func(t *testing.T) {
			all := admins("1")
			all[0].Email = "admins@example.com"
			_, _, out := scene{corp: records(person("1", "ana@example.com"), all), spec: func(s *Spec) {
				s.Rules = s.Rules[:2]
				s.Rules[0].From.Group, s.Rules[1].From.Group, s.Rules[1].Where = "g-admins", c.text, ""
				s.Rules[0].Grant = []string{"Contractors"}
				s.Sources[1].MayGrant = nil
				if c.spec != nil {
					c.spec(s)
				}
			}}.play(t)
			gave := strings.Contains(strings.Join(tell(out.Desired), ""), "[servers]")
			told := len(out.Conflicts) > 0 && out.Conflicts[0].Kind == c.conflict
			if gave != (c.conflict == "") || told != (c.conflict != "") {
				t.Errorf("%v %+v", tell(out.Desired), out.Conflicts)
			}
		})
	}
}

func TestAGroupThatOpensASensitiveDoorIsSensitive(t *testing.T) {
	_, _, out := scene{corp: records(staff(), admins()), spec: func(s *Spec) {
		staffByDN(s)
		s.SensitiveDoors = []string{"HQ / Garage", "Lab / Clean rum"}
		s.Groups[1].Openings, s.Groups[1].Doors = true, []string{"12"}
		s.Groups[0].Openings, s.Groups[0].Doors = true, []string{"HQ / Main entrance"}
	}}.play(t)
	if d := out.Desired; !slices.Equal(d.Sensitive, []access.RemoteID{12}) || d.Groups[0].Sensitive || !d.Groups[1].Sensitive || !d.Groups[2].Sensitive {
		t.Errorf("doors %v, groups %+v", d.Sensitive, d.Groups)
	}
	if len(out.Conflicts) != 1 || out.Conflicts[0].Kind != UnknownDoor || out.Conflicts[0].Who != "sensitive_doors" {
		t.Errorf("%+v", out.Conflicts)
	}
	_, problems := Compile(Spec{SensitiveDoors: []string{"HQ / garage"}, Sources: []Source{{Name: "corp", ID: "corp"}},
		Groups: []Group{{Name: "Cars", Members: true, Openings: true, Doors: []string{"HQ / Garage"}}},
		Rules:  []Rule{{Name: "all", From: Selector{Source: "corp", Everyone: true}, Grant: []string{"Cars"}}}})
	if len(problems) != 1 || !strings.Contains(problems[0].Text, "is sensitive") {
		t.Errorf("%+v", problems)
	}
}

func TestASensitiveGroupIsGivenByAGroupThatIsKnownByItsDistinguishedNameThoughItWasRenamed(t *testing.T) {
	for text, gives := range map[string]bool{"cn=sysadmins,dc=x": true, "SysAdmins": false} {
		_, _, out := scene{corp: records(person("1", "ana@example.com", "departmentNumber", "IT"), group("g-admins", "Operators", "1")),
			spec:     func(s *Spec) { s.Rules, s.Rules[1].From.Group = s.Rules[1:2], text },
			bindings: []Binding{{Source: "corp", Text: text, GroupID: "g-admins"}}}.play(t)
		if got := len(out.Desired.Wishes) == 1; got != gives {
			t.Errorf("%s: %v %+v", text, tell(out.Desired), out.Conflicts)
		}
	}
}

func TestADoubtedGroupIsStillTheOneThatARuleNames(t *testing.T) {
	_, _, out := scene{spec: func(s *Spec) { s.Rules = s.Rules[:1]; s.Rules[0].From.Group = "Staff" }, corpDoubted: true,
		before: records(person("1", "ana@example.com"), staff("1")), corp: []directory.Record{person("1", "ana@example.com")},
		bindings: []Binding{{Source: "corp", Text: "Staff", GroupID: "g-staff"}}}.play(t)
	if got := tell(out.Desired); len(out.Conflicts) != 0 || len(got) != 1 || !strings.Contains(got[0], "+HQ Staff") {
		t.Errorf("%v %+v", got, out.Conflicts)
	}
}

func TestAGroupMadeAgainUnderTheNameIsAcceptedAsTheOneItIs(t *testing.T) {
	ana := person("1", "ana@example.com")
	old := []Binding{{"corp", "Staff", "g-staff", "Staff", 5}, {"corp", "Admins", "g-admins", "Admins", 6}}
	spec := func(s *Spec) {
		s.Rules[0].From.Group, s.Rules[1].From.Group = "Staff", "Admins"
		for i := range s.Groups {
			s.Groups[i].Sensitive = false
		}
	}
	input := func(t *testing.T, records []directory.Record) (*Rules, Input) {
		r, in, _ := scene{spec: spec, corp: records, bindings: old}.play(t)
		return r, in
	}
	r, in := input(t, records(ana, group("g-new", "Staff", "1"), group("g-admins", "Admins")))
	for _, what := range []string{"hq", "Staff"} {
		got, err := r.Rebind(in, what)
		if err != nil {
			t.Fatal(err)
		}
		if got.Before.GroupID != "g-staff" || got.After.GroupID != "g-new" || !slices.Equal(got.Members, []string{"ana@example.com"}) || !slices.Equal(got.Rules, []string{"hq"}) {
			t.Errorf("%+v", got)
		}
		in.Bindings = got.All
		if again := r.Map(in); len(again.Conflicts) > 0 || len(again.Bindings) != len(got.All) {
			t.Errorf("after it was accepted: %+v %+v", again.Conflicts, again.Bindings)
		}
		in.Bindings = old
	}
	for _, c := range []struct {
		what    string
		records []directory.Record
		want    string
	}{
		{"nobody", records(ana, group("g-new", "Staff")), ErrNoRule.Error()},
		{"hq", records(ana, staff("1"), group("g-new", "Staff")), ErrBoundTo.Error()},
		{"hq", records(ana), "has 0 groups"},
		{"hq", records(ana, group("g-new", "Staff"), group("g-newer", "Staff")), "has 2 groups"},
	} {
		r, in := input(t, c.records)
		if _, err := r.Rebind(in, c.what); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %s", c.what, err, c.want)
		}
	}
}
