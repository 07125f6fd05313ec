package mapping

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kisi-sync/kisi-sync/internal/access"
	"github.com/kisi-sync/kisi-sync/internal/directory"
)

func withName(r directory.Record, name string) directory.Record {
	r.Name = name
	return r
}

func TestAnAddressThatIsUsedAgainIsToldFromAPersonMadeAgain(t *testing.T) {
	holds := func(name string) func(*Rules) []access.Account {
		return func(r *Rules) []access.Account {
			a := account(7, "smith@example.com", "corp:1", owned(r, 101, "hq"))
			a.Link.Name, a.Known.Name = name, name
			return []access.Account{a}
		}
	}
	john, again := withName(person("1", "smith@example.com"), "John Smith"), withName(person("2", "smith@example.com"), "John Smith")
	jane := withName(again, "Jane Smith")
	const leaves = "7 smith@example.com [corp:1] leave (vanished: gone from corp since 2026-03-15; suspended when it stays so)"
	for _, c := range []struct {
		name      string
		scene     scene
		want      []string
		conflicts string
	}{
		{"the same name is the same person", scene{before: records(john), corp: records(again), accounts: holds("John Smith")},
			[]string{"7 smith@example.com [corp:2 corp:1] keep +HQ Staff [hq]"}, RecreatedPerson},
		{"so is the same name in another order, or a part of it", scene{before: records(john), corp: records(again), accounts: holds("SMITH, John A.")},
			[]string{"7 smith@example.com [corp:2 corp:1] keep +HQ Staff [hq]"}, RecreatedPerson},
		{"another name is another person, who gets nothing; the old one leaves", scene{before: records(john), corp: records(jane), accounts: holds("John Smith")},
			[]string{leaves}, AddressReused + " " + GraceRuns},
		{"also after the old one is suspended", scene{before: records(john), corp: records(jane), accounts: holds("John Smith"), at: nextDay()},
			[]string{"7 smith@example.com [corp:1] suspend (vanished: gone from corp since 2026-03-15)"}, AddressReused},
		{"also while the old record is only disabled", scene{corp: records(disabled(john), jane), accounts: holds("John Smith")},
			[]string{"7 smith@example.com [corp:1] suspend (disabled: disabled in corp)"}, AddressReused},
		{"of which nothing is told when the new one is disabled as well", scene{before: records(john), corp: records(disabled(jane)), accounts: holds("John Smith")},
			[]string{leaves}, GraceRuns},
		{"who has no name at all is the same person", scene{before: records(john), corp: records(withName(again, "")), accounts: holds("John Smith")},
			[]string{"7 smith@example.com [corp:2 corp:1] keep +HQ Staff [hq]"}, RecreatedPerson},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.scene.spec, c.scene.corp = hqForAll, append(c.scene.corp, admins()...)
			rules, in, out := c.scene.play(t)
			got := tell(out.Desired)
			for i := range got { // what they would have on their return is not the point
				got[i] = trimGrants(got[i], c.want)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
			if got := kinds(out.Conflicts); got != c.conflicts {
				t.Errorf("conflicts %q, want %q: %+v", got, c.conflicts, out.Conflicts)
			}
			if c.conflicts == AddressReused {
				if trail, err := rules.Explain(in, "corp:2"); err != nil || trail.Wish != nil || len(trail.Conflicts) == 0 {
					t.Errorf("%+v, %v", trail, err)
				}
			}
		})
	}
}

// Found by TestAPlanOfWhatTheFileSaysLeavesNothingToDo. A second source of the old person must not hand the user to the new one.
func TestAnAddressThatIsUsedAgainIsToldFromAPersonMadeAgainInTwoSources(t *testing.T) {
	john, con := disabled(withName(person("1", "smith@example.com"), "John Smith")), withName(person("c", "smith@example.com"), "John Smith")
	holds := func(r *Rules) []access.Account {
		a := account(7, "smith@example.com", "corp:1", owned(r, 101, "hq"))
		a.Link.Anchors = append(a.Link.Anchors, "con:c")
		a.Link.Name, a.Known.Name = "John Smith", "John Smith"
		return []access.Account{a}
	}
	for _, c := range []struct{ name, next, want, conflicts string }{
		{"another name", "Jane Miller", "7 smith@example.com [corp:1] suspend (disabled: disabled in corp)", AddressReused + " " + JoinHeld},
		{"the same name", "John Smith", "7 smith@example.com [corp:2 con:c] keep", ""},
	} {
		for _, con := range []directory.Record{con, disabled(con)} {
			s := scene{spec: hqForAll, corp: append(records(john, withName(person("2", "smith@example.com"), c.next)), admins()...), con: records(con), accounts: holds}
			_, _, out := s.play(t)
			if got := tell(out.Desired); len(got) != 1 || !strings.HasPrefix(got[0], c.want) || kinds(out.Conflicts) != c.conflicts {
				t.Errorf("%s, the other source %v: %q, conflicts %q", c.name, con.Active, got, kinds(out.Conflicts))
			}
		}
	}
}

// trimGrants takes the grants off a line of a suspended person.
func trimGrants(line string, want []string) string {
	for _, w := range want {
		if len(line) > len(w) && line[:len(w)] == w && line[len(w):] == " +HQ Staff [hq]" {
			return w
		}
	}
	return line
}

func TestPeopleAreJoinedByAnAttributeWhereTheFileSaysSo(t *testing.T) {
	spec := func(s *Spec) {
		hqForAll(s)
		s.SamePersonBy = "number"
		s.Sources[0].Attributes = append(s.Sources[0].Attributes, Attribute{Name: "number", From: "employeeNumber"})
		s.Sources[1].Attributes = append(s.Sources[1].Attributes, Attribute{Name: "number", From: "no"})
	}
	corp := func(id, mail, number string) directory.Record { return person(id, mail, "employeeNumber", number) }
	con := func(id, mail, number string) directory.Record { return person(id, mail, "no", number) }
	linked := func(anchors ...access.Anchor) func(*Rules) []access.Account {
		return func(r *Rules) []access.Account {
			a := account(7, "ana@example.com", "", owned(r, 101, "hq"), owned(r, 103, "contractors"))
			a.Link.Anchors = anchors
			return []access.Account{a}
		}
	}
	ana := corp("1", "ana@example.com", "17")
	const both = "[corp:1 con:9] keep +Contractors [contractors] +HQ Staff [hq]"
	for _, c := range []struct {
		name      string
		scene     scene
		want      []string
		conflicts string
	}{
		{"the same number is one person, whatever the addresses", scene{corp: records(ana), con: records(con("9", "a.doe@x.org", " 17 "))}, []string{"0 ana@example.com " + both}, ""},
		{"the same address is not", scene{corp: records(ana), con: records(con("9", "ana@example.com", "18"))},
			[]string{"0 ana@example.com [corp:1] keep +HQ Staff [hq]"}, DuplicateEmail},
		{"nor is a record without a number", scene{corp: records(ana), con: records(person("9", "ana@example.com"))},
			[]string{"0 ana@example.com [corp:1] keep +HQ Staff [hq]"}, DuplicateEmail},
		{"nor one with two", scene{corp: records(ana), con: records(person("9", "bo@example.com", "no", "17", "no", "18"))},
			[]string{"0 ana@example.com [corp:1] keep +HQ Staff [hq]", "0 bo@example.com [con:9] keep +Contractors [contractors]"}, ""},
		{"but a link that there is holds while the number is missing", scene{corp: records(ana), con: records(person("9", "ana@example.com")), accounts: linked("corp:1", "con:9")},
			[]string{"7 ana@example.com " + both}, ""},
		{"or while it is missing in the first source", scene{corp: records(person("1", "ana@example.com")), con: records(con("9", "x@x.org", "17")), accounts: linked("corp:1", "con:9")},
			[]string{"7 ana@example.com " + both}, ""},
		{"another number makes two people of a user, and nothing is changed", scene{corp: records(ana), con: records(con("9", "bo@x.org", "18")), accounts: linked("corp:1", "con:9")},
			[]string{"7 ana@example.com [corp:1] leave (conflict: Kisi user ana@example.com is linked to people who are different now: corp:1, con:9; nothing is changed for them)"}, TwoPeopleOneUser},
		{"two active people with one number are left alone", scene{corp: records(ana, corp("2", "ann@example.com", "17"), corp("3", "cy@example.com", "3")), accounts: linked("corp:1")},
			[]string{"0 cy@example.com [corp:3] keep +HQ Staff [hq]", "7 ana@example.com [corp:1] leave (conflict: another active person has the same number or e-mail address)"}, DuplicatePerson},
		{"two of one source with one address as well", scene{corp: records(ana, corp("2", "ana@example.com", "18")), accounts: linked("corp:1")},
			[]string{"7 ana@example.com [corp:1] leave (conflict: another active person has the same number or e-mail address)"}, DuplicateEmail},
		{"of an active and a disabled one the active one takes the user, though called otherwise", scene{corp: records(disabled(ana), withName(corp("2", "ann@example.com", "17"), "Ann Born")), accounts: func(r *Rules) []access.Account {
			all := linked("corp:1")(r)
			all[0].Link.Name, all[0].Known.Name = "Ana Doe", "Ana Doe"
			return all
		}},
			[]string{"7 ann@example.com [corp:2] keep +HQ Staff [hq] -103 (left_group: no longer in contractors)"}, AddressChanged + " " + RecreatedPerson},
		{"a disabled person's address is free for another number, but not the user", scene{corp: records(disabled(ana), corp("2", "ana@example.com", "18")), accounts: linked("corp:1")},
			[]string{"0 ana@example.com [corp:2] keep +HQ Staff [hq]", "7 ana@example.com [corp:1] suspend (disabled: disabled in corp) +HQ Staff [hq]"}, ""},
		{"an address that its source may not speak for is passed over", scene{corp: records(corp("1", "ana@elsewhere.org", "17")), con: records(con("9", "ana@x.org", "17"))}, []string{"0 ana@x.org " + both}, ""},
		{"disabled in the first source beats active in another", scene{corp: records(disabled(ana)), con: records(con("9", "ana@x.org", "17")), accounts: linked("corp:1", "con:9")},
			[]string{"7 ana@example.com [corp:1 con:9] suspend (disabled: disabled in corp) +Contractors [contractors] +HQ Staff [hq]"}, ""},
		{"a new join of two who each have a user is held, and names both", scene{corp: records(ana), con: records(con("9", "bo@x.org", "17")), accounts: func(*Rules) []access.Account {
			return []access.Account{account(7, "ana@example.com", "corp:1"), account(8, "bo@x.org", "con:9")}
		}}, []string{"7 ana@example.com [corp:1 con:9] leave (conflict: is linked to several Kisi users: ana@example.com (7), bo@x.org (8); none of them is changed)",
			"8 ana@example.com [corp:1 con:9] leave (conflict: is linked to several Kisi users: ana@example.com (7), bo@x.org (8); none of them is changed)"}, AddressChanged + " " + OnePersonTwoUsers},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.scene.spec, c.scene.corp = spec, append(c.scene.corp, admins()...)
			_, _, out := c.scene.play(t)
			if diff := cmp.Diff(c.want, tell(out.Desired)); diff != "" {
				t.Error(diff)
			}
			if got := kinds(out.Conflicts); got != c.conflicts {
				t.Errorf("conflicts %q, want %q: %+v", got, c.conflicts, out.Conflicts)
			}
		})
	}
}

func TestTheAttributeThatSaysWhoIsWhoIsFetchedAndShown(t *testing.T) {
	s := twoSources()
	s.SamePersonBy = "contract_end"
	rules := mustCompile(t, s)
	if got := rules.Attributes("corp"); !slices.Equal(got, []string{"departmentNumber", "kisiContractEnd"}) {
		t.Error(got)
	}
	one := person("1", "ana@example.com", "kisiContractEnd", "17")
	trail, err := rules.Explain(Input{People: directory.Join(read(t, "corp", nil, noon(), one)), Catalog: kisi(), At: noon()}, "corp:1")
	if err != nil || !slices.ContainsFunc(trail.Records[0].Attributes, func(a TrailAttribute) bool { return a.Name == "contract_end" && a.Values[0] == "17" }) {
		t.Errorf("%+v, %v", trail.Records, err)
	}
}

func TestNamesOfOnePerson(t *testing.T) {
	for _, c := range []struct {
		a, b string
		one  bool
	}{
		{"Ana Doe", "ana doe", true}, {"Doe, Ana", "Ana Doe", true}, {"Ana Maria Doe", "Ana Doe", true}, {"A. Doe", "Ana Doe", true}, {"", "Ana Doe", true},
		{"Mu\u0308ller", "Müller", true}, {"John Smith", "Jane Smith", false}, {"Ana Doe", "Ana Born", false}, {"Ana Ana", "Ana Doe", false},
	} {
		if likelyOne(c.a, c.b) != c.one || likelyOne(c.b, c.a) != c.one {
			t.Errorf("%q and %q: want %v", c.a, c.b, c.one)
		}
	}
}

func TestANewJoinOfTwoSourcesByOtherNamesWaitsForAWord(t *testing.T) {
	corp := read(t, "corp", nil, noon(), withName(person("1", "ana@example.com"), "Ana Reis"))
	other := func(name string) *directory.Snapshot {
		return read(t, "con", nil, noon(), withName(person("9", "ana@example.com"), name))
	}
	linked := func(anchors ...access.Anchor) *access.Ledger {
		return access.NewLedger([]access.Account{{Known: access.Member{ID: 7, Email: "ana@example.com", Enabled: true}, Link: access.Link{Anchors: anchors, Level: access.Created}}}, nil)
	}
	said := []access.Pin{{Kind: access.Adopt, Anchor: "con:9", Email: "ana@example.com"}}
	for name, c := range map[string]struct {
		name  string
		owned *access.Ledger
		pins  []access.Pin
		held  bool
	}{
		"other names":                {"Anton Reisner", linked("corp:1"), nil, true},
		"before there is a user":     {"Anton Reisner", nil, nil, true},
		"one name, in another order": {"REIS, Ana", linked("corp:1"), nil, false},
		"no name":                    {"", linked("corp:1"), nil, false},
		"joined before":              {"Ana Weber", linked("con:9", "corp:1"), nil, false},
		"an operator said so":        {"Ana Weber", linked("corp:1"), said, false},
	} {
		t.Run(name, func(t *testing.T) {
			got := mustCompile(t, twoSources()).Map(Input{People: directory.Join(corp, other(c.name)), Owned: c.owned, Pins: c.pins, At: noon()})
			held := slices.ContainsFunc(got.Conflicts, func(x Conflict) bool { return x.Kind == JoinHeld })
			joined := slices.ContainsFunc(got.Desired.Wishes, func(w access.Wish) bool { return slices.Contains(w.Anchors, "con:9") })
			if held != c.held || joined == c.held {
				t.Errorf("held %v, joined %v: %+v", held, joined, got.Conflicts)
			}
		})
	}
}

// Another human by what the file goes by, who was called the same and had the same address.
func TestADisabledRecordElsewhereSuspendsNobodyWhoseSourceWasNotRead(t *testing.T) {
	spec := twoSources()
	spec.SamePersonBy = "no"
	for i := range spec.Sources {
		spec.Sources[i].Attributes = append(spec.Sources[i].Attributes, Attribute{Name: "no", From: "n"})
	}
	corp := read(t, "corp", nil, noon(), disabled(person("1", "ana@example.com", "n", "2")))
	owned := access.NewLedger([]access.Account{{Known: access.Member{ID: 7, Email: "ana@example.com", Name: "Name of ana", Enabled: true},
		Link: access.Link{Anchors: []access.Anchor{"con:9"}, Level: access.Created, Name: "Name of ana"}}}, nil)
	got := mustCompile(t, spec).Map(Input{People: directory.Join(corp), Owned: owned, At: noon()})
	for _, w := range got.Desired.Wishes {
		if w.Standing != access.Leave {
			t.Errorf("%+v, %+v", w, got.Conflicts)
		}
	}
}
