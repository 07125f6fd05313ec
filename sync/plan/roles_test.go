package plan

import (
	"testing"

	"github.com/kisi-sync/kisi-sync/internal/access"
)

func TestRolesOnPlacesAreApprovedEachTimeAndOnlyOursAreTaken(t *testing.T) {
	admin := access.RoleOn(access.RoleScope{ID: 3}, "place_administrator")
	manager := access.RoleOn(access.RoleScope{ID: 3}, "place_manager")
	elsewhere := access.RoleOn(access.RoleScope{Organization: true, ID: 3}, "observer")
	type do = []func(*scene)
	declared := func(s *scene) {
		s.in.Limits.Sensitive = -1
		s.desired.Groups = append(s.desired.Groups, access.DesiredGroup{ID: admin, Name: "role Place administrator of HQ", Members: true, Role: true, Sensitive: true})
	}
	wanted := func(s *scene) {
		s.ana().Grants = []access.WishedGrant{{Group: 1, Cause: byRule, Role: access.ScopedRole}}
	}
	has := func(ids ...access.RemoteID) func(*scene) {
		return func(s *scene) {
			s.user().Protected = access.Administrator
			for i, id := range ids {
				s.user().Grants = append(s.user().Grants, access.Grant{Assignment: 700 + access.RemoteID(i), Group: id, Role: access.ScopedRole})
			}
		}
	}
	ours := func(id access.RemoteID, n access.RemoteID) access.OwnedGrant {
		return access.OwnedGrant{Group: id, Assignment: 700 + n, Level: access.Created, Role: access.ScopedRole}
	}
	losesRole := func(id access.RemoteID) func(*scene) {
		return func(s *scene) { s.ana().Losses = []access.Loss{{Group: id, Cause: byFile}} }
	}
	approvedNow := func(s *scene) {
		for _, step := range s.plan().Steps {
			s.in.Holds = append(s.in.Holds, access.Hold{Step: step.ID, Verdict: access.Approved})
		}
	}
	as := func(why access.Protection) func(*scene) { return func(s *scene) { s.user().Protected = why } }
	for _, row := range []struct {
		name  string
		scene do
		want  string
	}{
		{"wanted", do{declared, link(access.Created), wanted}, "give access: new [held: limit]"},
		{"wanted and approved", do{declared, link(access.Created), wanted, approvedNow}, "give access: new"},
		{"there by us", do{declared, link(access.Created, ours(admin, 0)), wanted, has(admin)}, ""},
		{"there by another's hand", do{declared, link(access.Created), wanted, has(admin)}, "note access given by hand: satisfied by hand"},
		{"another one there by another's hand", do{declared, link(access.Created), wanted, has(manager)}, "(less_than_wanted)"},
		{"one elsewhere is in nobody's way", do{declared, link(access.Created), wanted, has(elsewhere)}, "give access: new [held: limit]"},
		{"another one of ours stays until this one is approved", do{declared, link(access.Created, ours(manager, 0)), wanted, has(manager), losesRole(manager)},
			"remove access: left [held: need], give access: new [held: limit]"},
		{"no longer wanted", do{declared, link(access.Created, ours(admin, 0)), has(admin), losesRole(admin)}, "remove access: left"},
		{"wanted of the owner", do{declared, link(access.Created), wanted, as(access.Owner)}, "(protected)"},
		{"wanted of the key's own user", do{declared, link(access.Created), wanted, as(access.OwnKey)}, "(protected)"},
		{"left, with ours alone", do{declared, link(access.Created, ours(admin, 0)), has(admin), suspend(disabled)}, "remove access: left, suspend user: left"},
		{"left, with another's too", do{declared, link(access.Created, ours(admin, 0)), has(admin, elsewhere), suspend(disabled)}, "remove access: left, (protected)"},
		{"left, and an administrator by others", do{declared, link(access.Created), has(elsewhere), suspend(disabled)}, "(protected)"},
		{"left, and an administrator through a team", do{declared, link(access.Created), as(access.Administrator), suspend(disabled)}, "(protected)"},
	} {
		t.Run(row.name, func(t *testing.T) {
			if got := tell(newScene(row.scene...).plan()); got != row.want {
				t.Errorf("%s\nwant %s", got, row.want)
			}
		})
	}
}

func TestARoleThatSomebodyHoldsIsNoGroupThatKisiLeavesOut(t *testing.T) {
	s := newScene()
	s.user().Grants = []access.Grant{{Assignment: 700, Group: access.RoleOn(access.RoleScope{Organization: true, ID: 3}, "observer"), Role: access.ScopedRole}}
	s.declared().ID, s.declared().Create, s.observed.Groups = 0, true, nil
	if got := tell(s.plan()); got != "create group: new" {
		t.Error(got)
	}
}

func TestASuspensionWaitsForTheRolesThatAreTakenFirst(t *testing.T) {
	admin := access.RoleOn(access.RoleScope{ID: 3}, "place_administrator")
	s := newScene(link(access.Created, access.OwnedGrant{Group: admin, Assignment: 700, Level: access.Created, Role: access.ScopedRole}), suspend(disabled))
	s.user().Protected = access.Administrator
	s.user().Grants = []access.Grant{{Assignment: 700, Group: admin, Role: access.ScopedRole}}
	p := s.plan()
	if len(p.Steps) != 2 || len(p.Steps[1].Needs) != 1 || p.Steps[1].Needs[0] != 0 {
		t.Fatalf("%s %+v", tell(p), p.Steps)
	}
}
