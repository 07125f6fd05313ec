package mapping

import (
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kisi-sync/kisi-sync/internal/access"
	"github.com/kisi-sync/kisi-sync/internal/directory"
)

func TestAGroupThatWeKnowAndCannotFindUnderItsNameKeepsWhatItGave(t *testing.T) {
	_, _, out := scene{
		corp:    records(person("1", "ana@example.com"), staff(), admins()),
		catalog: func(c *access.Catalog) { c.Groups = c.Groups[1:] },
		groups:  []access.GroupAccount{{ID: 101, Name: "HQ Staff"}},
		accounts: func(r *Rules) []access.Account {
			return []access.Account{account(7, "ana@example.com", "corp:1", owned(r, 101, "a rule of old"))}
		},
	}.play(t)
	if diff := cmp.Diff([]string{"7 ana@example.com [corp:1] keep"}, tell(out.Desired)); diff != "" {
		t.Error(diff)
	}
}

func TestAPersonOfAnotherSourceHasNoneOfTheAttributesThatARuleDeclares(t *testing.T) {
	// The contractors' list has a group that names a person of corp by address. Its attributes say nothing about her.
	crew := append(group("g-crew", "Crew"), directory.Record{Kind: directory.MemberIs, ID: "g-crew", Member: directory.Ref{Kind: directory.ByMail, Value: "ana@example.com"}})
	s := scene{
		spec: func(s *Spec) {
			s.Rules[2].From = Selector{Source: "contractors", Group: "Crew"}
			s.Rules[2].Until.Missing = Open
		},
		corp: records(person("1", "ana@example.com", "until", "2026-03-31"), staff(), admins()), con: records(crew),
	}
	_, _, out := s.play(t)
	if len(out.Desired.Wishes) != 0 || kinds(out.Conflicts) != MissingAttribute {
		t.Errorf("%v %+v", tell(out.Desired), out.Conflicts)
	}
	s.con = records(crew, person("9", "ana@example.com", "until", "2026-03-20"))
	_, _, out = s.play(t)
	if diff := cmp.Diff([]string{"0 ana@example.com [corp:1 con:9] keep +Contractors until 2026-03-20T23:59:59Z [contractors]"}, tell(out.Desired)); diff != "" {
		t.Errorf("the record of the list's own must count: %s", diff)
	}
	s.con = records(crew)
	s.spec = func(s *Spec) {
		s.Rules[2].From, s.Rules[2].Until = Selector{Source: "contractors", Group: "Crew"}, nil
	}
	_, _, out = s.play(t)
	if diff := cmp.Diff([]string{"0 ana@example.com [corp:1] keep +Contractors [contractors]"}, tell(out.Desired)); diff != "" {
		t.Error(diff)
	}
}

func TestALossOfSeveralRulesTellsAChangedPersonFromAChangedFile(t *testing.T) {
	two := func(where string) func(*Spec) {
		return func(s *Spec) {
			s.Rules = append(s.Rules, Rule{Name: "more", From: Selector{Source: "corp", Group: "CN=SysAdmins,DC=x"}, Where: where, Grant: []string{"Server Room"}})
		}
	}
	ana := person("1", "ana@example.com", "departmentNumber", "IT")
	_, _, first := scene{spec: two(`person.department != "HR"`), corp: records(ana, staff(), admins("1"))}.play(t)
	d := first.Desired
	if diff := cmp.Diff([]string{"0 ana@example.com [corp:1] keep +Server Room [more, servers]"}, tell(d)); diff != "" {
		t.Fatal(diff)
	}
	cause := d.Causes[d.Wishes[0].Grants[0].Cause]
	holds := func(*Rules) []access.Account {
		return []access.Account{account(7, "ana@example.com", "corp:1", access.OwnedGrant{Group: 102, Level: access.Created, Role: access.DoorAccess, Cause: &cause})}
	}
	for where, want := range map[string]string{
		`person.department != "HR"`: "(left_group: no longer a member of SysAdmins)",
		`person.department != "PR"`: "(file: rule more, servers changed in the file)",
	} {
		_, _, out := scene{spec: two(where), corp: records(ana, staff(), admins()), accounts: holds}.play(t)
		if got := tell(out.Desired); len(got) != 1 || !strings.HasSuffix(got[0], want) {
			t.Errorf("%s: %v", where, got)
		}
	}
}

func TestARightWithoutAKnownCauseIsLostWhenNoRuleGivesIt(t *testing.T) {
	holds := func(group access.RemoteID) func(*Rules) []access.Account {
		return func(*Rules) []access.Account {
			return []access.Account{account(7, "ana@example.com", "corp:1", access.OwnedGrant{Group: group, Level: access.Satisfied})}
		}
	}
	for group, want := range map[access.RemoteID]string{
		102: "-102 (left_group: no rule gives it)", // a rule does, but not to her
		555: "-555 (file: no rule gives it)",
	} {
		_, _, out := scene{corp: records(person("1", "ana@example.com"), staff(), admins()), accounts: holds(group)}.play(t)
		if got := tell(out.Desired); len(got) != 1 || !strings.HasSuffix(got[0], want) {
			t.Errorf("%d: %v", group, got)
		}
	}
}

func TestExplainFindsAnOldRecordOfAPersonMadeAgain(t *testing.T) {
	rules, in, _ := scene{corp: records(disabled(person("1", "ana@example.com")), person("2", "ana@example.com"), staff("2"), admins())}.play(t)
	got, err := rules.Explain(in, "corp:1")
	if err != nil || len(got.Records) != 1 || got.Records[0].ID != "1" || got.Wish != nil {
		t.Errorf("%+v %v", got, err)
	}
}

func TestMapDoesNotMindCompany(t *testing.T) {
	rules, in, want := scene{corp: records(person("1", "ana@example.com", "departmentNumber", "IT"), staff("1"), admins("1"))}.play(t)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 20 {
				if diff := cmp.Diff(want, rules.Map(in)); diff != "" {
					t.Error(diff)
				}
			}
		})
	}
	wg.Wait()
}

func TestNothingAtAllIsAnAnswerToo(t *testing.T) {
	out := mustCompile(t, Spec{}).Map(Input{At: noon()})
	if len(out.Desired.Wishes)+len(out.Desired.Groups)+len(out.Conflicts) != 0 {
		t.Errorf("%+v", out)
	}
}

func TestALinkToAnIDThatIsEmptyOrForeignMatchesNobody(t *testing.T) {
	_, _, out := scene{corp: records(person("1", "ana@example.com"), staff("1"), admins()), spec: staffByDN,
		accounts: func(*Rules) []access.Account {
			return []access.Account{account(7, "x@example.com", "corp:"), account(8, "y@example.com", "")}
		}}.play(t)
	for _, w := range out.Desired.Wishes {
		if w.Member != 0 && w.Email == "ana@example.com" {
			t.Errorf("%v", tell(out.Desired))
		}
	}
}

func TestEverySetOfRulesIsACauseOfItsOwn(t *testing.T) {
	everyone := func(name, where string) Rule {
		return Rule{Name: name, From: Selector{Source: "corp", Everyone: true}, Where: where, Grant: []string{"HQ Staff"}}
	}
	_, _, out := scene{
		spec: func(s *Spec) {
			s.Rules = []Rule{everyone("a", ""), everyone("b", `person.department == "IT"`), everyone("c", `person.department == "HR"`)}
		},
		corp: records(person("1", "ana@example.com", "departmentNumber", "IT"), person("2", "bo@example.com", "departmentNumber", "HR"), person("3", "cy@example.com", "departmentNumber", "IT")),
	}.play(t)
	want := []string{"0 ana@example.com [corp:1] keep +HQ Staff [a, b]", "0 bo@example.com [corp:2] keep +HQ Staff [a, c]", "0 cy@example.com [corp:3] keep +HQ Staff [a, b]"}
	if diff := cmp.Diff(want, tell(out.Desired)); diff != "" {
		t.Error(diff)
	}
	if n := len(out.Desired.Causes); n != 3 { // none, and two sets
		t.Errorf("%d causes", n)
	}
}

func TestWhatASourceThatCannotBeReadHadGivenIsNotNarrowedByAnother(t *testing.T) {
	spec := func(s *Spec) {
		s.Sources[1].MayGrant = nil
		s.Rules = []Rule{
			{Name: "bosses", From: Selector{Source: "contractors", Everyone: true}, Grant: []string{"HQ Staff"}, Role: access.GroupManager},
			{Name: "hq", From: Selector{Source: "corp", Everyone: true}, Grant: []string{"HQ Staff"}, Until: &Date{Fixed: "2026-12-31"}},
		}
	}
	ana, nine := person("1", "ana@example.com"), person("9", "ana@example.com")
	holds := func(r *Rules) []access.Account {
		g := owned(r, 101, "hq")
		g.Role, g.Cause = access.GroupManager, &access.Cause{Kind: access.ByRule, Rule: "bosses, hq"}
		a := account(7, "ana@example.com", "corp:1", g)
		a.Link.Anchors = append(a.Link.Anchors, "con:9")
		return []access.Account{a}
	}
	for _, c := range []struct {
		name  string
		scene scene
		want  string
	}{
		{"all read", scene{con: records(nine)}, "7 ana@example.com [corp:1 con:9] keep +HQ Staff as group_manager [bosses, hq]"},
		{"not read", scene{withoutCon: true}, "7 ana@example.com [corp:1 con:9] keep +HQ Staff as group_manager [hq]"},
		{"read, and the record is disabled", scene{con: records(disabled(nine))}, "7 ana@example.com [corp:1 con:9] keep +HQ Staff until 2026-12-31T23:59:59Z [hq]"},
	} {
		c.scene.spec, c.scene.corp, c.scene.accounts = spec, records(ana), holds
		_, _, out := c.scene.play(t)
		if diff := cmp.Diff([]string{c.want}, tell(out.Desired)); diff != "" {
			t.Errorf("%s: %s", c.name, diff)
		}
	}
}

func TestADisabledStrangerWithTheOldAddressDoesNotDisableALinkedRecord(t *testing.T) {
	// Ana was one person in both sources. Her address in corp changed; the list still has the old one, which a disabled record of
	// corp has too. Who she is in the list cannot be said, so nothing is taken.
	_, _, out := scene{
		spec: func(s *Spec) { s.Rules[2].Until = nil },
		corp: records(person("1", "new@example.com"), disabled(person("2", "ana@example.com")), staff(), admins()),
		con:  records(person("9", "ana@example.com")),
		accounts: func(r *Rules) []access.Account {
			a := account(7, "ana@example.com", "corp:1", owned(r, 103, "contractors"))
			a.Link.Anchors = append(a.Link.Anchors, "con:9")
			return []access.Account{a}
		},
	}.play(t)
	w := out.Desired.Wishes
	if len(w) != 1 || w[0].Standing != access.Leave || len(w[0].Losses) != 0 || !strings.Contains(kinds(out.Conflicts), TwoPeopleOneUser) {
		t.Errorf("%v %+v", tell(out.Desired), out.Conflicts)
	}
}
