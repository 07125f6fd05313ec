package mapping

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kisi-sync/kisi-sync/internal/access"
	"github.com/kisi-sync/kisi-sync/internal/directory"
)

// asked is a Spec with one rule about everyone in corp, whose where is given.
func asked(where string) func(*Spec) {
	return func(s *Spec) {
		s.Rules = []Rule{{Name: "asked", From: Selector{Source: "corp", Everyone: true}, Where: where, Grant: []string{"HQ Staff"}}}
	}
}

func TestConditionsAskAboutGroupsAndDays(t *testing.T) {
	formats := func(where string, formats ...string) func(*Spec) {
		return func(s *Spec) {
			asked(where)(s)
			for i, f := range formats {
				s.Sources[0].Attributes[1+i].Format = f
			}
		}
	}
	named := func(where string, all ...Condition) func(*Spec) {
		return func(s *Spec) {
			asked(where)(s)
			s.Conditions = all
		}
	}
	it, start := []string{"departmentNumber", "IT"}, []string{"kisiStart", "2025-12-15"} // ninety days before noon()
	for _, c := range []struct {
		name      string
		spec      func(*Spec)
		ana       []string
		groups    []directory.Record
		gives     bool
		conflicts string
	}{
		{"a group of the same source", asked(`in_group("Staff")`), nil, staff("1"), true, ""},
		{"through another group", asked(`in_group("CN=Staff,DC=x")`), nil, records(staff("g-sub"), group("g-sub", "Sub", "1")), true, ""},
		{"not in the group", asked(`in_group("Staff")`), nil, staff("2"), false, ""},
		{"and not in it", asked(`not in_group("Staff")`), nil, staff("2"), true, ""},
		{"a group of another source", asked(`in_group("Partners", "contractors")`), nil, nil, true, ""},
		{"of one who is in no other source", asked(`not in_group("Others", "contractors")`), nil, nil, true, ""},
		{"a group that is not there gives to nobody", asked(`not in_group("Staf")`), nil, staff("2"), false, SelectorMatchesNothing},
		{"nor beside something that holds", asked(`in_group("Staf") or true`), nil, staff("2"), false, SelectorMatchesNothing},
		{"ninety days", asked(`days_since(person.starts) >= 90`), start, nil, true, ""},
		{"not yet", asked(`days_since(person.starts) > 90`), start, nil, false, ""},
		{"until a date of the rule", asked(`days_until(date("2026-03-20")) == 5`), nil, nil, true, ""},
		{"without the date", asked(`days_since(person.starts) > 1`), nil, nil, false, MissingAttribute},
		{"with what is none", asked(`days_since(person.starts) > 1`), []string{"kisiStart", "soon"}, nil, false, BadDate},
		{"a date with a format", formats(`date(person.contract_end) > today and days_until(person.starts) == -90`, "DD.MM.YYYY", "epoch_seconds"),
			[]string{"kisiContractEnd", "16.03.2026", "kisiStart", "1765756800"}, nil, true, ""},
		{"in another one", formats(`date(person.contract_end) > today`, "DD.MM.YYYY"), []string{"kisiContractEnd", "2026-03-16"}, nil, false, BadDate},
		{"never is later than today", formats(`date(person.contract_end) > today`, "filetime"), []string{"kisiContractEnd", "0"}, nil, true, ""},
		{"a named condition", named("it and not boss", Condition{"it", `person.department == "IT"`}, Condition{"boss", `in_group("Staff")`}), it, staff("2"), true, ""},
		{"one of others", named("x", Condition{"x", "y and z"}, Condition{"y", `z or person.department == "HR"`}, Condition{"z", `person.department == "IT"`}), it, nil, true, ""},
		{"one that is another's other name", named("x or x", Condition{"x", "y"}, Condition{"y", `not z`}, Condition{"z", `person.department == "IT"`}), it, nil, false, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			con := records(person("9", "ana@example.com", "until", "2026-04-01"), group("g-partners", "Partners", "9"), group("g-others", "Others"))
			_, _, out := scene{spec: c.spec, corp: records(person("1", "ana@example.com", c.ana...), person("2", "bo@example.com"), c.groups), con: con}.play(t)
			got := strings.Contains(strings.Join(tell(out.Desired), "\n"), "ana@example.com [corp:1 con:9] keep +HQ Staff")
			if got != c.gives {
				t.Errorf("gives %v: %q", got, tell(out.Desired))
			}
			for _, x := range out.Conflicts {
				if x.Kind == c.conflicts || x.Who == "bo@example.com" {
					continue
				}
				t.Errorf("%+v", x)
			}
			if told := strings.Contains(kindsOf(out.Conflicts), c.conflicts); !told {
				t.Errorf("no %s", c.conflicts)
			}
		})
	}
}

func kindsOf(all []Conflict) string {
	var words []string
	for _, c := range all {
		words = append(words, c.Kind)
	}
	return strings.Join(words, " ")
}

func TestAGroupThatCannotBeFoundTakesNothingAway(t *testing.T) {
	holds := func(r *Rules) []access.Account {
		return []access.Account{account(7, "ana@example.com", "corp:1", owned(r, 101, "asked"))}
	}
	for name, s := range map[string]scene{
		"a group that is gone":    {spec: asked(`in_group("Staff")`), corp: records(person("1", "ana@example.com"))},
		"a source that is unread": {spec: asked(`in_group("Partners", "contractors")`), corp: records(person("1", "ana@example.com")), withoutCon: true},
	} {
		s.accounts = holds
		_, _, out := s.play(t)
		if got := tell(out.Desired); strings.Contains(got[0], "-101") {
			t.Errorf("%s: %q", name, got)
		}
	}
}

// Somebody whose record is missing from the source of the group, which is not settled, is not taken for one who is not in it.
func TestAnAbsenceThatIsNotSettledIsNoMembershipAndNoLackOfIt(t *testing.T) {
	for _, where := range []string{`in_group("Partners", "contractors")`, `not in_group("Partners", "contractors")`} {
		before := read(t, "con", nil, noon().Add(-time.Hour), records(person("9", "ana@example.com"), group("g", "Partners", "9"))...)
		after := read(t, "con", before, noon(), group("g", "Partners")...)
		spec := twoSources()
		asked(where)(&spec)
		rules := mustCompile(t, spec)
		ana := account(7, "ana@example.com", "corp:1", owned(rules, 101, "asked"))
		ana.Link.Anchors = append(ana.Link.Anchors, "con:9")
		in := Input{People: directory.Join(read(t, "corp", nil, noon(), person("1", "ana@example.com")), after), Catalog: kisi(), Owned: ledger(ana), At: noon()}
		out := rules.Map(in)
		if got := tell(out.Desired); len(got) != 1 || !strings.Contains(got[0], "+HQ Staff unsure") || !strings.Contains(kindsOf(out.Conflicts), Unsettled) {
			t.Errorf("%s: %q %+v", where, got, out.Conflicts)
		}
	}
}

func TestAGroupThatIsAskedAboutIsBoundLikeASelector(t *testing.T) {
	spec := twoSources()
	asked(`in_group("Staff")`)(&spec)
	rules := mustCompile(t, spec)
	people := []directory.Record{person("1", "ana@example.com"), person("2", "eve@example.com")}
	first := read(t, "corp", nil, noon(), records(people[0], people[1], staff("1"))...)
	con := read(t, "con", nil, noon())
	bound := rules.Map(Input{People: directory.Join(first, con), Catalog: kisi(), At: noon()})
	remade := read(t, "corp", first, noon(), records(people[0], people[1], group("g-new", "Staff", "2"))...)
	in := Input{People: directory.Join(remade, con), Catalog: kisi(), At: noon(), Bindings: bound.Bindings}
	if out := rules.Map(in); len(out.Desired.Wishes) != 0 || !strings.Contains(kindsOf(out.Conflicts), SelectorRebound) {
		t.Fatalf("%q %+v", tell(out.Desired), out.Conflicts)
	}
	accepted, err := rules.Rebind(in, "Staff")
	if err != nil || !cmp.Equal(accepted.Rules, []string{"asked"}) {
		t.Fatal(accepted, err)
	}
	in.Bindings = accepted.All
	if got := tell(rules.Map(in).Desired); len(got) != 1 || !strings.HasPrefix(got[0], "0 eve@example.com") {
		t.Error(got)
	}
}

func TestASensitiveGroupIsNotGivenByAConditionOnAName(t *testing.T) {
	for where, gives := range map[string]bool{`in_group("Staff")`: false, `in_group("CN=Staff,DC=x")`: true, `in_group("g-staff")`: true} {
		_, _, out := scene{spec: func(s *Spec) {
			asked(where)(s)
			s.Rules[0].Grant = []string{"Server Room"}
		}, corp: records(person("1", "ana@example.com"), staff("1"))}.play(t)
		if got := len(tell(out.Desired)) == 1; got != gives || strings.Contains(kindsOf(out.Conflicts), SelectorNotExact) == gives {
			t.Errorf("%s: %v %+v", where, got, out.Conflicts)
		}
	}
}

func TestExceptionsAndExclusionsGoBeforeEveryGrant(t *testing.T) {
	except := func(all ...Exception) func(*Spec) {
		return func(s *Spec) {
			asked("")(s)
			s.Rules[0].Except = all
		}
	}
	exclude := func(r Rule) func(*Spec) {
		return func(s *Spec) {
			asked("")(s)
			r.Name, r.Exclude = "out", []string{"HQ Staff"}
			s.Rules = append(s.Rules, r)
		}
	}
	staffOut := Rule{From: Selector{Source: "corp", Group: "Staff"}}
	for _, c := range []struct {
		name      string
		spec      func(*Spec)
		ana       []string
		groups    []directory.Record
		want      string // of ana, who holds it
		conflicts string
	}{
		{"a group", except(Exception{Group: Selector{Group: "Staff"}}), nil, staff("1"), "-101 (left_group: excepted now: member of Staff)", ""},
		{"a group of another source", except(Exception{Group: Selector{Source: "contractors", Group: "Partners"}}), nil, nil, "-101 (left_group: excepted now: member of Partners)", ""},
		{"a person by address", except(Exception{People: []string{"Ana@Example.com"}}), nil, nil, "-101 (left_group: excepted now: Ana@Example.com)", ""},
		{"a person by key", except(Exception{People: []string{"con:9"}}), nil, nil, "-101 (left_group: excepted now: con:9)", ""},
		{"a condition", except(Exception{Where: `person.department == "IT"`}), []string{"departmentNumber", "IT"}, nil, `-101 (left_group: excepted now: person.department == "IT")`, ""},
		{"somebody else", except(Exception{People: []string{"bo@example.com"}}, Exception{Group: Selector{Group: "Staff"}}), nil, staff("2"), "+HQ Staff [asked]", ""},
		{"a condition that cannot be decided", except(Exception{Where: `person.department == "IT"`}), nil, nil, "+HQ Staff unsure [asked]", MissingAttribute},
		{"a group that is not there", except(Exception{Group: Selector{Group: "Staff"}}), nil, nil, "[corp:1 con:9] keep", SelectorMatchesNothing},
		{"a rule that excludes", exclude(staffOut), nil, staff("1"), "-101 (left_group: rule out excludes: member of Staff)", ""},
		{"not somebody else", exclude(staffOut), nil, staff("2"), "+HQ Staff [asked]", ""},
		{"one that cannot be decided", exclude(Rule{From: Selector{Source: "corp", Everyone: true}, Where: `person.department == "IT"`}), nil, nil, "+HQ Staff unsure [asked]", MissingAttribute},
		{"one whose group is gone", exclude(staffOut), nil, nil, "+HQ Staff unsure [asked]", SelectorMatchesNothing},
		{"one that asks about a group that is gone", exclude(Rule{From: Selector{Source: "corp", Everyone: true}, Where: `in_group("Staff")`}), nil, nil, "+HQ Staff unsure [asked]", SelectorMatchesNothing},
		{"one whose time has not come", exclude(Rule{From: staffOut.From, Begin: &Date{Fixed: "2026-03-16"}}), nil, staff("1"), "+HQ Staff [asked]", ""},
		{"one whose time is over", exclude(Rule{From: staffOut.From, Until: &Date{Fixed: "2026-03-14"}}), nil, staff("1"), "+HQ Staff [asked]", ""},
		{"one whose time has come", exclude(Rule{From: staffOut.From, Begin: &Date{Fixed: "2026-03-15"}, Until: &Date{Fixed: "2026-03-15"}}), nil, staff("1"), "-101 (left_group", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			con := records(person("9", "ana@example.com"), group("g-partners", "Partners", "9"))
			_, _, out := scene{spec: c.spec, corp: records(person("1", "ana@example.com", c.ana...), person("2", "bo@example.com", "departmentNumber", "HR"), c.groups), con: con,
				accounts: func(r *Rules) []access.Account {
					right := owned(r, 101, "asked")
					g, _ := r.groupNamed("HQ Staff")
					right.Cause.Mark = (&mapper{Rules: r}).markIn([]uint32{0}, uint32(g))
					return []access.Account{account(7, "ana@example.com", "corp:1", right)}
				}}.play(t)
			for _, line := range tell(out.Desired) {
				if strings.HasPrefix(line, "7 ") && !strings.Contains(line, c.want) {
					t.Errorf("%s, want %s", line, c.want)
				}
			}
			if told := strings.Contains(kindsOf(out.Conflicts), c.conflicts); !told {
				t.Errorf("no %s: %+v", c.conflicts, out.Conflicts)
			}
		})
	}
}

func TestAnExclusionThatIsNewInTheFileIsALossByTheFile(t *testing.T) {
	spec := twoSources()
	asked("")(&spec)
	before := mustCompile(t, spec)
	spec.Rules = append(spec.Rules, Rule{Name: "out", From: Selector{Source: "corp", Everyone: true}, Exclude: []string{"HQ Staff"}})
	now := mustCompile(t, spec)
	ana := account(7, "ana@example.com", "corp:1", owned(before, 101, "asked"))
	out := now.Map(Input{People: directory.Join(read(t, "corp", nil, noon(), person("1", "ana@example.com")), read(t, "con", nil, noon())), Catalog: kisi(), Owned: ledger(ana), Wordings: before.Wordings(), At: noon()})
	want := []string{"7 ana@example.com [corp:1] keep -101 (file: rule out is new in the file and excludes: source corp; everyone true; exclude HQ Staff)"}
	if diff := cmp.Diff(want, tell(out.Desired)); diff != "" {
		t.Error(diff)
	}
}

func TestACHangedConditionChangesTheRulesThatUseIt(t *testing.T) {
	spec := twoSources()
	asked("it")(&spec)
	spec.Conditions = []Condition{{"it", "x"}, {"x", `person.department == "IT"`}}
	before := mustCompile(t, spec)
	spec.Conditions = []Condition{{"it", "x"}, {"x", `person.department == "HR"`}}
	now := mustCompile(t, spec)
	ana := account(7, "ana@example.com", "corp:1", owned(before, 101, "asked"))
	in := Input{People: directory.Join(read(t, "corp", nil, noon(), person("1", "ana@example.com", "departmentNumber", "IT")), read(t, "con", nil, noon())),
		Catalog: kisi(), Owned: ledger(ana), Wordings: before.Wordings(), At: noon()}
	got := strings.Join(tell(now.Map(in).Desired), "\n")
	if want := `rule asked changed in the file: condition x person.department == "IT" → person.department == "HR"`; !strings.Contains(got, want) {
		t.Error(got)
	}
	trail, err := now.Explain(in, "ana@example.com")
	if err != nil || trail.Rules[0].Clause != `person.department == "HR" (condition it)` {
		t.Errorf("%+v %v", trail.Rules, err)
	}
}

func TestExplainSaysWhichRuleExcludes(t *testing.T) {
	rules, in, _ := scene{spec: func(s *Spec) {
		asked("")(s)
		s.Rules = append(s.Rules, Rule{Name: "out", From: Selector{Source: "corp", Group: "Staff"}, Exclude: []string{"HQ Staff"}},
			Rule{Name: "some", From: Selector{Source: "corp", Everyone: true}, Grant: []string{"HQ Staff"}, Except: []Exception{{People: []string{"ana@example.com"}}}})
	}, corp: records(person("1", "ana@example.com"), staff("1"))}.play(t)
	got, err := rules.Explain(in, "ana@example.com")
	if err != nil {
		t.Fatal(err)
	}
	want := []TrailRule{
		{Rule: "asked", Selects: true, Outcome: "gives", Text: "everyone in corp", Grants: []string{"HQ Staff"}, Excluded: []TrailExclusion{{Group: "HQ Staff", Rule: "out"}}},
		{Rule: "out", Selects: true, Through: []string{"Staff"}, Outcome: "excludes", Text: "member of Staff", Grants: []string{"HQ Staff"}},
		{Rule: "some", Selects: true, Outcome: "excepted", Text: "ana@example.com", Grants: []string{"HQ Staff"}},
	}
	if diff := cmp.Diff(want, got.Rules); diff != "" || got.Wish != nil {
		t.Errorf("%s %+v", diff, got.Wish)
	}
}
