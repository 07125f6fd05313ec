package engine_test

import (
	"strings"
	"testing"
	"time"

	"github.com/kisi-sync/kisi-sync/internal/directory"
	"github.com/kisi-sync/kisi-sync/internal/sim/kisisim"
)

// cases.md 56, 60, 63: however a name or an address is written, there is one user, and nothing is updated twice.
func TestNamesAndAddressesOfEveryKindEndInOneUserAndAreQuiet(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ what, mail, name string }{
		{"another case", "ANA.Müller@Nordlicht.Example", "Ana Müller"},
		{"blanks around", "  ana@nordlicht.example\t", "  Ana  "},
		{"a plus-tag", "ana+doors@nordlicht.example", "Ana"},
		{"decomposed", "zoe\u0308@nordlicht.example", "Zoe\u0308 Garci\u0301a"},
		{"composed", "zoë@nordlicht.example", "Zoë García"},
		{"right to left", "layla@nordlicht.example", "ليلى \u200fשרה"},
		{"emoji", "ana@nordlicht.example", "Ana 👩🏽‍🚀 Ω"},
		{"a long name", "ana@nordlicht.example", strings.Repeat("Anastasia-", 40)},
		{"a long name of wide letters", "ana@nordlicht.example", strings.Repeat("é", 300)},
		{"no name", "ana@nordlicht.example", " "},
		{"control characters", "ana@nordlicht.example", "Ana\x00\nKovač"},
	} {
		for _, assume := range []kisisim.Assumptions{{}, {EmailsLowered: true}, {EmailCaseMatters: true}} {
			w := newWorld(t, assume)
			w.staff.groups = map[string]string{"ana": "staff"}
			w.staff.mail["ana"], w.staff.called["ana"] = c.mail, c.name
			before := len(w.kisi.World().Users)
			w.must(true)
			w.quiet()
			if made := len(w.kisi.World().Users) - before; made != 1 {
				t.Errorf("%s: %d users were made: %+v", c.what, made, w.last)
			}
			w.staff.called["ana"] = c.name + "!"
			w.pass(time.Hour)
			w.must(true)
			w.quiet()
			for _, p := range w.last.Problems {
				if p.Kind != "outsiders" { // of those there are some anyhow
					t.Errorf("%s: %+v", c.what, p)
				}
			}
			w.kisi.CheckT(t)
		}
	}
}

// cases.md 56: a hand-made user in another spelling is the same person.
func TestAHandMadeUserInAnotherSpellingIsTheSamePerson(t *testing.T) {
	t.Parallel()
	for _, assume := range []kisisim.Assumptions{{}, {EmailCaseMatters: true}, {PartialEmail: true}} {
		w := newWorld(t, assume)
		w.kisi.AddUser(kisisim.UserSpec{Email: "ANA@Nordlicht.Example", Name: "Ana by hand"})
		w.kisi.AddUser(kisisim.UserSpec{Email: "another.ana@nordlicht.example", Name: "Another"})
		for _, full := range []bool{false, true} {
			w.pass(time.Hour)
			w.must(full)
		}
		w.expect("ana", "Staff", true)
		if u := w.user("ana"); u.Name != "Ana by hand" || !u.ByHand {
			t.Errorf("%+v", u)
		}
		w.quiet()
		w.kisi.CheckT(t)
	}
}

// cases.md 60, 62: who cannot be known by address is counted and named, and keeps what he has.
func TestAnAddressThatCannotBeUsedIsReportedAndTakesNothing(t *testing.T) {
	t.Parallel()
	for mail, kind := range map[string]string{
		"-": "no_email", "ana": "bad_email", strings.Repeat("a", 300) + "@nordlicht.example": "bad_email", "ana@elsewhere.example": "foreign_domain",
	} {
		w := newWorld(t, kisisim.Assumptions{})
		w.must(true)
		w.staff.groups["gil"] = "staff"
		w.staff.mail["ana"], w.staff.mail["gil"] = mail, mail
		if mail != "-" && kind != "foreign_domain" {
			w.staff.mail["gil"] = "g" + mail
		}
		w.pass(time.Hour)
		w.must(true)
		w.expect("ana", "HQ / Server Room", true)
		if !w.told(kind, "", "") {
			t.Errorf("%.20s: %+v", mail, w.last.Problems)
		}
		w.staff.disabled["ana"] = true // says so, whatever the address
		w.pass(time.Hour)
		w.must(true)
		w.expect("ana", "Staff", false)
		w.kisi.CheckT(t)
	}
}

// cases.md 97: an id too long for Kisi's metadata is stored shortened and recognized all the same.
func TestAnIDThatIsTooLongForAStampIsStillRecognized(t *testing.T) {
	t.Parallel()
	w := newWorld(t, kisisim.Assumptions{})
	w.staff.ids["cem"], w.staff.ids["ana"] = strings.Repeat("c", 700), strings.Repeat("c", 699)+"a"
	w.kisi.Inject(kisisim.Fault{Method: "POST", Path: "/users", Count: 2, Do: kisisim.CutAfter()})
	_, _ = w.run(true)
	w.heal()
	w.expect("cem", "Staff", true)
	w.forget()
	w.must(true)
	w.staff.disabled["cem"] = true
	w.pass(time.Hour)
	w.must(true)
	w.expect("cem", "Staff", false)
	w.expect("ana", "Staff", true)
	w.kisi.CheckT(t)
}

// cases.md 54, 55: a new address is the same person: nothing is lost, no second user is made, and it is said.
func TestAnAddressThatChangesIsNotALeaverAndAJoiner(t *testing.T) {
	t.Parallel()
	w := newWorld(t, kisisim.Assumptions{})
	w.must(true)
	w.staff.mail["cem"] = "cem.new@nordlicht.example"
	for _, full := range []bool{false, true, true} {
		w.pass(25 * time.Hour)
		w.must(full)
		once := 0
		for _, p := range w.last.Problems {
			if strings.HasPrefix(p.Kind, "address_") {
				once++
			}
		}
		if once != 1 {
			t.Errorf("full: %v: told %d times: %+v", full, once, w.last.Problems)
		}
	}
	w.expect("cem", "Staff", true)
	w.expectTold("address_changed", "cem.new@", "still has cem@nordlicht.example")
	if _, ok := w.kisi.World().User("cem.new@nordlicht.example"); ok {
		t.Error("a second user was made")
	}
	w.staff.groups["cem"] = "staff lab"
	w.pass(time.Hour)
	w.must(true)
	w.expect("cem", "HQ / Lab", true)
	w.staff.disabled["cem"] = true
	w.pass(time.Hour)
	w.must(true)
	w.expect("cem", "Staff", false)
	w.kisi.CheckT(t)
}

// cases.md 57: two active people with one address: neither is changed, both are named, all others go on.
func TestTwoPeopleWithOneAddressAreNeitherChangedNorMade(t *testing.T) {
	t.Parallel()
	w := newWorld(t, kisisim.Assumptions{})
	w.must(true)
	w.staff.groups["double"] = "staff lab servers"
	w.staff.mail["double"] = "ANA@nordlicht.example"
	w.staff.groups["one"], w.staff.groups["two"] = "staff", "staff"
	w.staff.mail["one"], w.staff.mail["two"] = "same@nordlicht.example", "Same@nordlicht.example"
	w.staff.groups["bo"] = "staff servers"
	w.pass(time.Hour)
	w.must(true)
	w.expect("ana", "HQ / Server Room", true)
	w.expect("ana", "HQ / Lab", false)
	w.expect("bo", "HQ / Server Room", true)
	w.expectTold("duplicate_email", "nordlicht.example", "id-double")
	w.expectTold("duplicate_email", "nordlicht.example", "id-two")
	if _, ok := w.kisi.World().User("same@nordlicht.example"); ok {
		t.Error("somebody was made for an address of two people")
	}
	delete(w.staff.groups, "double")
	w.pass(time.Hour)
	w.must(true)
	w.expect("ana", "Staff", true)
	w.kisi.CheckT(t)
}

// cases.md 58: somebody who was deleted and made again is linked again, not made twice, and that is said.
func TestWhoIsMadeAgainUnderANewIDKeepsTheUser(t *testing.T) {
	t.Parallel()
	w := newWorld(t, kisisim.Assumptions{})
	w.must(true)
	w.staff.ids["cem"] = "another-id"
	w.pass(time.Hour)
	w.must(true)
	w.expectTold("recreated_person", "cem@", "corp:id-cem")
	w.expect("cem", "Staff", true)
	w.pass(48 * time.Hour)
	w.must(true)
	w.quiet()
	w.expect("cem", "Staff", true)
	w.staff.disabled["cem"] = true
	w.pass(time.Hour)
	w.must(true)
	w.expect("cem", "Staff", false)
	w.kisi.CheckT(t)
}

// cases.md 59
func TestARecordWithoutAnIDVoidsTheWholeRead(t *testing.T) {
	t.Parallel()
	w := newWorld(t, kisisim.Assumptions{})
	w.must(true)
	b := directory.Build("corp", nil)
	if err := b.Put(&directory.Record{Kind: directory.PersonIs, Email: "x@nordlicht.example"}); err == nil {
		t.Error("taken")
	}
}
