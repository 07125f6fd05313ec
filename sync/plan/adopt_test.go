package plan

import (
	"slices"
	"testing"

	"github.com/kisi-sync/kisi-sync/internal/access"
)

func TestWhatTheFileSaysAboutUsersMadeByHandIsDone(t *testing.T) {
	adopt := func(s *scene) { s.in.Policy.Existing = Adopt }
	reportOnly := func(s *scene) { s.in.Policy.Existing = ReportOnly }
	calledOtherwise := func(s *scene) { s.user().Name = "Ana D." }
	extra := func(s *scene) {
		s.observed.Groups = append(s.observed.Groups, access.Group{ID: 8, Name: "Roof"})
		s.user().Grants = append(s.user().Grants, access.Grant{Assignment: 901, Group: 8, Role: access.DoorAccess})
	}
	managed := func(s *scene) {
		s.desired.Groups = append(s.desired.Groups, access.DesiredGroup{ID: 8, Name: "Roof", Members: true})
	}
	for _, row := range []struct {
		name string
		s    *scene
		want string
	}{
		{"known only: its rights stay others'", newScene(stranger, wants, holds), "link user: recognized, note access given by hand: satisfied by hand"},
		{"left alone", newScene(stranger, wants, holds, reportOnly), "(left_alone)"},
		{"adopted, with the right that the rules want", newScene(stranger, wants, holds, adopt), "link user: adopted, note access given by hand: adopted"},
		{"adopted, and given what is missing", newScene(stranger, wants, adopt), "link user: adopted, give access: new"},
		{"adopted, and called as in the directory", newScene(stranger, wants, holds, adopt, calledOtherwise), "link user: adopted, update user: changed at the source, note access given by hand: adopted"},
		{"an adopted right is as the rules say, in the same plan", newScene(stranger, wantsUntil(now+hour), holds, adopt), "link user: adopted, note access given by hand: adopted, change access: changed at the source"},
		{"so is one that was less", newScene(stranger, wants, holdsUntil(now+hour), adopt), "link user: adopted, note access given by hand: adopted, change access: changed at the source"},
		{"what no rule gives stays, and is others'", newScene(stranger, wants, holds, adopt, extra), "link user: adopted, note access given by hand: adopted"},
		{"in a managed group it is told", newScene(stranger, wants, holds, adopt, extra, managed), "link user: adopted, note access given by hand: adopted, (added_by_hand)"},
		{"a suspension by hand stays", newScene(stranger, wants, holds, adopt, off), "link user: adopted, note access given by hand: adopted, (suspended_by_hand)"},
		{"nobody is adopted of whom nothing is wanted, and what is held is told", newScene(stranger, holds, adopt), "(added_by_hand)"},
		{"nor somebody who leaves", newScene(stranger, suspend(disabled), holds, adopt), "(still_holds)"},
		{"whom we knew is adopted later", newScene(link(access.Linked, owned(access.Satisfied)), wants, holds, adopt), "link user: adopted, note access given by hand: adopted"},
		{"but not while leaving", newScene(link(access.Linked, owned(access.Created)), suspend(disabled), holds, adopt), "remove access: left, (still_holds)"},
		{"nor while nothing is wanted", newScene(link(access.Linked, owned(access.Created)), loses(leftGroup), holds, adopt), "remove access: left"},
		{"who is adopted stays so without a step", newScene(link(access.Adopted, owned(access.Adopted)), wants, holds, adopt), ""},
		{"and is suspended as a whole on leaving", newScene(link(access.Adopted, owned(access.Adopted)), suspend(disabled), holds, adopt), "suspend user: left"},
		{"a right given by hand to a user of our own stays others'", newScene(link(access.Created), wants, holds), "note access given by hand: satisfied by hand"},
		{"unless the file adopts: then it is ours, as that of a user who was adopted", newScene(link(access.Created), wants, holds, adopt), "note access given by hand: adopted"},
		{"also one that was noted as others' before", newScene(link(access.Created, owned(access.Satisfied)), wants, holds, adopt), "note access given by hand: adopted"},
		{"what no rule gives stays others' there, too", newScene(link(access.Created), holds, adopt), "(added_by_hand)"},
	} {
		t.Run(row.name, func(t *testing.T) {
			if got := tell(row.s.plan()); got != row.want {
				t.Errorf("got  %s\nwant %s", got, row.want)
			}
		})
	}
}

func TestARightIsChangedOnlyOnceItIsAdopted(t *testing.T) {
	p := newScene(stranger, wantsUntil(now+hour), holds, func(s *scene) { s.in.Policy.Existing = Adopt }).plan()
	if last := p.Steps[2]; last.Change.Kind != access.UpdateAssignment || !slices.Contains(last.Needs, 1) || !slices.Contains(last.Needs, 0) {
		t.Errorf("%s needs %v", last.Change.Kind, last.Needs)
	}
}

func TestAdoptingIsToldAsSuch(t *testing.T) {
	s := newScene(stranger, wants, holds, func(s *scene) { s.in.Policy.Existing = Adopt })
	var got []string
	for _, line := range s.plan().Summary(Words{Desired: &s.desired, Observed: &s.observed}) {
		got = append(got, line.Text)
	}
	want := []string{"ana@x.com is taken over: made by hand in Kisi, ours from now on (same e-mail address)", "ana@x.com has HQ Staff already, given by hand; it is taken over"}
	if len(got) != 2 || got[0] != want[0] || got[1] != want[1] {
		t.Errorf("%q", got)
	}
}
