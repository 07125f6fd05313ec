package mapping

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kisi-sync/kisi-sync/internal/access"
)

// Found by the engine's TestSoak (seed 100281). What stays because nobody can say whether it is wanted stays with whoever has it, and lets
// nobody in who comes back.
func TestWhatNobodyCanSayToBeWantedIsNamedOfWhoeverComesBack(t *testing.T) {
	noDoor := func(s *Spec) { staffByDN(s); s.Groups[1].Openings, s.Groups[1].Doors = true, []string{"HQ / Nowhere"} }
	noDoorUntil := func(s *Spec) { noDoor(s); s.Rules[0].Until = &Date{Fixed: "2026-12-31"} }
	noGroup := func(c *access.Catalog) { c.Groups = c.Groups[1:] }
	ana := person("1", "ana@example.com")
	holds := func(name string, group access.RemoteID) func(r *Rules) []access.Account {
		return func(r *Rules) []access.Account {
			a := account(7, "ana@example.com", "corp:1", owned(r, group, name))
			a.Link.Anchors = append(a.Link.Anchors, "con:9")
			a.Link.Suspended = &access.Cause{Kind: access.Disabled, Text: "disabled in corp"}
			return []access.Account{a}
		}
	}
	byHand := func(r *Rules) []access.Account {
		all := holds("hq", 101)(r)
		all[0].Owned[0].Level = access.Satisfied
		return all
	}
	ours := []access.GroupAccount{{ID: 101, Name: "HQ Staff", Level: access.Created}}
	both := records(ana, staff("1"), admins())
	for _, c := range []struct {
		name  string
		scene scene
		want  string
	}{
		{"what the rules give is certain", scene{spec: staffByDN, corp: both, accounts: holds("hq", 101)}, "[]"},
		{"and what they do not give is lost", scene{spec: staffByDN, corp: records(ana, staff(), admins()), accounts: holds("hq", 101)}, "[]"},
		{"a group with a problem that no rule gives", scene{spec: noDoor, corp: records(ana, staff(), admins()), accounts: holds("hq", 101), groups: ours}, "[101]"},
		{"one that a rule gives is certain all the same", scene{spec: noDoor, corp: both, accounts: holds("hq", 101), groups: ours}, "[]"},
		{"unless what is there is more", scene{spec: noDoorUntil, corp: both, accounts: holds("hq", 101), groups: ours}, "[101]"},
		{"a group that is not found, which a rule gives", scene{spec: staffByDN, corp: both, catalog: noGroup, accounts: holds("hq", 101), groups: ours}, "[]"},
		{"and which none gives", scene{spec: staffByDN, corp: records(ana, staff(), admins()), catalog: noGroup, accounts: holds("hq", 101), groups: ours}, "[101]"},
		{"a right by another hand is not ours to take", scene{spec: noDoor, corp: records(ana, staff(), admins()), accounts: byHand, groups: ours}, "[]"},
		{"what a source gave that was not read yet", scene{corp: records(ana, admins()), withoutCon: true, accounts: holds("contractors", 103)}, "[103]"},
		{"what a rule gave that misses an attribute", scene{corp: records(ana, admins()), con: records(person("9", "ana@example.com")), accounts: holds("contractors", 103)}, "[103]"},
		{"an operator's word stands for whoever is exempt", scene{corp: records(ana, admins()), withoutCon: true, accounts: holds("contractors", 103),
			pins: []access.Pin{exempt("corp:1", "", noon().Add(time.Hour))}}, "[]"},
		{"whoever stays suspended comes back with nothing", scene{corp: records(disabled(ana), admins()), con: records(person("9", "ana@example.com")), accounts: holds("contractors", 103)}, "[]"},
		{"of whom no source is in the file any more", scene{spec: noDoor, corp: both, groups: ours, accounts: func(r *Rules) []access.Account {
			all := holds("hq", 101)(r)
			all[0].Known.Email = "old@example.com"
			all[0].Link = access.Link{Anchors: []access.Anchor{"gone:1"}, Level: access.Created, Suspended: &access.Cause{Kind: access.Blocked}}
			return all
		}}, "[101]"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, _, out := c.scene.play(t)
			if got := unproven(out.Desired); got != c.want {
				t.Errorf("unproven %s, want %s: %v", got, c.want, tell(out.Desired))
			}
			let := c.scene.accounts
			c.scene.accounts = func(r *Rules) []access.Account {
				all := let(r)
				all[0].Link.Suspended = nil
				return all
			}
			_, _, out = c.scene.play(t)
			if got := unproven(out.Desired); got != "[]" {
				t.Errorf("unproven of somebody who is let in: %s", got)
			}
		})
	}
}

func unproven(d *access.Desired) string {
	groups := []access.RemoteID{}
	for _, w := range d.Wishes {
		if w.Member == 7 {
			for _, l := range w.Unproven {
				groups = append(groups, l.Group)
			}
		}
	}
	return fmt.Sprint(groups)
}

// What another rule gave that cannot be asked keeps a right wide, but not for somebody who is let in again.
func TestWhoeverComesBackIsGivenNoMoreThanIsCertain(t *testing.T) {
	spec := func(s *Spec) {
		staffByDN(s)
		s.Rules[0].Until = &Date{Fixed: "2026-12-31"}
		s.Rules[2].Grant, s.Sources[1].MayGrant = []string{"HQ Staff"}, nil
	}
	for name, suspended := range map[string]*access.Cause{
		"let in":    nil,
		"suspended": {Kind: access.Disabled, Text: "disabled in corp"},
	} {
		s := scene{spec: spec, corp: records(person("1", "ana@example.com"), staff("1"), admins()), withoutCon: true, accounts: func(r *Rules) []access.Account {
			a := account(7, "ana@example.com", "corp:1", owned(r, 101, "contractors"))
			a.Link.Anchors, a.Link.Suspended = append(a.Link.Anchors, "con:9"), suspended
			return []access.Account{a}
		}}
		want := []string{"7 ana@example.com [corp:1 con:9] keep +HQ Staff [hq]"}
		if suspended != nil {
			want = []string{"7 ana@example.com [corp:1 con:9] keep +HQ Staff until 2026-12-31T23:59:59Z [hq]"}
		}
		_, _, out := s.play(t)
		if diff := cmp.Diff(want, tell(out.Desired)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

// What goes before somebody is let in is explained as lost, and not as what stays because it could not be decided.
func TestExplainSaysWhatWhoeverComesBackIsNotLetInWith(t *testing.T) {
	rules, in, _ := scene{corp: records(person("1", "ana@example.com"), admins()), con: records(person("9", "ana@example.com")), accounts: func(r *Rules) []access.Account {
		a := account(7, "ana@example.com", "corp:1", owned(r, 103, "contractors"))
		a.Link.Anchors, a.Link.Suspended = append(a.Link.Anchors, "con:9"), &access.Cause{Kind: access.Disabled}
		return []access.Account{a}
	}}.play(t)
	trail, err := rules.Explain(in, "ana@example.com")
	if err != nil {
		t.Fatal(err)
	}
	if len(trail.Wish.Grants) > 0 || len(trail.Wish.Losses) != 1 || trail.Wish.Losses[0].Name != "Contractors" {
		t.Errorf("got %+v", trail.Wish)
	}
}
