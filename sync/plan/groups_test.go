package plan

import (
	"testing"

	"github.com/kisi-sync/kisi-sync/internal/access"
)

// the group of the scene, declared and observed
func (s *scene) declared() *access.DesiredGroup { return &s.desired.Groups[0] }
func (s *scene) group() *access.Group           { return &s.observed.Groups[0] }

// TestGroupsDoorsAndDescriptions is what is done about a group that the file declares. Nobody is in it but where it says so.
func TestGroupsDoorsAndDescriptions(t *testing.T) {
	type do = []func(*scene)
	missing := func(s *scene) {
		s.declared().ID, s.declared().Create = 0, true
		s.declared().Openings, s.declared().Doors, s.declared().Stops = true, []access.RemoteID{31}, []access.RemoteID{51}
		s.observed.Groups = nil
	}
	declares := func(doors ...access.RemoteID) func(*scene) {
		return func(s *scene) { s.declared().Openings, s.declared().Doors = true, doors; s.group().Opened = true }
	}
	opens := func(doors ...access.Opening) func(*scene) {
		return func(s *scene) { s.group().Opened, s.group().Doors = true, doors }
	}
	putIn := func(doors ...access.Opening) func(*scene) {
		return func(s *scene) {
			s.groups = []access.GroupAccount{{ID: hq, Name: "HQ Staff", Level: access.Created, Description: "as written", Doors: doors}}
		}
	}
	described := func(wanted, observed string) func(*scene) {
		return func(s *scene) { s.declared().Description = &wanted; s.group().Description = observed }
	}
	unread := func(s *scene) { s.group().Opened = false }
	sameName := func(s *scene) { s.observed.Groups = []access.Group{{ID: 9, Name: "hq staff"}} }
	elsewhere := func(s *scene) { s.observed.Groups = []access.Group{{ID: 9, Name: "HQ Staff", Place: 3}} }
	inPlace := func(s *scene) { s.declared().Place = 3 }
	placeless := func(s *scene) { s.observed.Groups = []access.Group{{ID: 9, Name: "HQ Staff"}} }
	named := func(s *scene) {
		s.desired.Groups = append(s.desired.Groups, access.DesiredGroup{ID: 9, Name: "HQ Staff"})
	}
	unlisted := func(s *scene) {
		s.user().Grants = []access.Grant{{Assignment: 901, Group: 77, Role: access.DoorAccess}}
	}
	holdsRole := func(s *scene) {
		s.user().Grants = []access.Grant{{Assignment: 902, Group: access.RoleOn(access.RoleScope{ID: 3}, "place_admin"), Role: access.ScopedRole}}
	}
	madeByUs := func(s *scene) { s.observed.Groups = []access.Group{{ID: hq, Name: "HQ Staff", Opened: true}} }
	problem := func(s *scene) { s.declared().Problem = "door HQ / Garage is not in Kisi" }
	deleted := func(s *scene) { s.observed.Groups = nil }
	notOurs := func(s *scene) { s.declared().Members = false }
	ours := link(access.Created, owned(access.Created))
	a, b := access.Opening{Row: 301, Thing: 31}, access.Opening{Row: 302, Thing: 32}

	for _, row := range []struct {
		name  string
		scene do
		want  string
	}{
		{"as it should be", do{declares(31), opens(a), putIn(a)}, ""},
		{"missing", do{missing}, "create group: new, add door: new, add elevator stop: new"},
		{"missing, and somebody should be in it", do{missing, link(access.Created), wants}, "create group: new, add door: new, add elevator stop: new, give access: new"},
		{"missing, and nobody is certain to be in it", do{missing, func(s *scene) { s.declared().Doubtful = true }}, ""},
		{"missing, but there by now under another case", do{missing, sameName, link(access.Created), wants}, "(group_problem)"},
		{"missing here, though there elsewhere", do{missing, elsewhere}, "create group: new, add door: new, add elevator stop: new"},
		{"missing in its place, though the organization has one of the name, which may be it without its place", do{missing, inPlace, placeless}, "(group_problem)"},
		{"unless the file names that one, too", do{missing, inPlace, placeless, named}, "create group: new, add door: new, add elevator stop: new"},
		{"missing, while somebody holds a group that is not shown", do{missing, unlisted, wants}, "(group_problem)"},
		{"a role that somebody holds is no group that is not shown", do{missing, holdsRole}, "create group: new, add door: new, add elevator stop: new"},
		{"made by us since the catalog was read", do{missing, madeByUs, putIn(a), link(access.Created), wants},
			"add door: repaired [held: by_hand], add elevator stop: new, give access: new, (removed_by_hand)"},
		{"made by us and deleted by hand", do{missing, putIn(), link(access.Created), wants},
			"create group: repaired [held: by_hand], add door: new [held: need], add elevator stop: new [held: need], give access: new [held: need], (removed_by_hand)"},
		{"deleted since the catalog was read", do{deleted, ours, wants}, "(group_problem)"},
		{"deleted, and its rights are no longer wanted", do{deleted, ours, loses(leftGroup)}, "forget access: forgotten, (group_problem)"},
		{"a problem", do{problem, link(access.Created), wants}, "(group_problem)"},
		{"a problem keeps what is there", do{problem, ours, holds, wants}, "(group_problem)"},
		{"its members are not ours to manage", do{notOurs, link(access.Created), wants}, ""},
		// doors
		{"a new door", do{declares(31, 32), opens(a), putIn(a)}, "add door: new"},
		{"a door there already", do{declares(31), opens(a)}, ""},
		{"our door is no longer declared", do{declares(31), opens(a, b), putIn(a, b)}, "remove door: left"},
		{"a door put in by hand", do{declares(31), opens(a, b), putIn(a)}, "(unmanaged_doors)"},
		{"a door of ours taken out and put in again by hand", do{declares(), opens(a), putIn(access.Opening{Row: 399, Thing: 31})}, "forget door: forgotten, (unmanaged_doors)"},
		{"a door of ours taken out by hand and no longer declared", do{declares(), opens(), putIn(a)}, "forget door: forgotten"},
		{"a door of ours taken out by hand", do{declares(31), opens(), putIn(a)}, "add door: repaired [held: by_hand], (removed_by_hand)"},
		{"doors that were not read", do{declares(31, 32), opens(a), putIn(a), unread}, ""},
		{"doors that are not ours to manage", do{opens(a, b), putIn(a, b)}, ""},
		// descriptions
		{"described otherwise", do{described("new", "as written"), putIn()}, "update group: changed at the source"},
		{"described otherwise by hand", do{described("new", "by hand"), putIn()}, "(drifted)"},
		{"described otherwise, not ours", do{described("new", "old")}, ""},
		{"renamed by hand", do{putIn(), func(s *scene) { s.group().Name = "Staff" }}, "(drifted)"},
		{"named otherwise, and not ours", do{func(s *scene) { s.group().Name = "Staff" }}, ""},
		{"described as it should be", do{described("new", "new"), putIn()}, ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			s := newScene(row.scene...)
			if got := tell(s.plan()); got != row.want {
				t.Errorf("got  %s\nwant %s", got, row.want)
			}
			s.observed = access.State{At: now}
			if got := s.plan(); len(got.Steps) > 0 {
				t.Errorf("nothing was observed, and yet: %s", tell(got))
			}
		})
	}
}

func TestAGroupMadeSinceTheCatalogWasReadIsNoSuspect(t *testing.T) {
	s := newScene(wants, link(access.Created, owned(access.Created)))
	s.accounts[0].Known.Grants = []access.Grant{grant(anaRow)}
	s.groups = []access.GroupAccount{{ID: hq, Name: "HQ Staff", Level: access.Created}}
	s.declared().ID, s.declared().Create = 0, true
	if scope := Suspects(s.input()); !scope.Empty() {
		t.Errorf("suspects: %+v", scope)
	}
}
