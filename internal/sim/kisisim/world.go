package kisisim

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// World is a picture of the organization for comparing end states. It holds no ids and no creation dates, so two runs
// that led to the same rights give equal worlds.
type World struct {
	Users  []UserState  // by address
	Groups []GroupState // by name
	Others []GrantState // rights of teams and guests
}

// UserState is one user.
type UserState struct {
	Email, Name, Notes string
	Access, ScimAccess bool
	Managed            bool
	ByHand             bool
	Metadata           map[string]any
	Grants             []GrantState // by what they apply to
}

// GrantState is one role assignment.
type GrantState struct {
	To          string // "Team Facility"; empty inside UserState
	On          string // name of the group, "HQ / Server Room" for a place group; "Place HQ"; "Organization Acme"
	Role        string // as the constants
	From, Until time.Time
	ByHand      bool
}

// GroupState is one group.
type GroupState struct {
	Name         string // "HQ / Server Room" for a place group
	Description  string
	Doors, Stops []string // "HQ / Main entrance"; "HQ / Lift A / Floor 3"; sorted
	ByHand       bool
}

// World returns the present state.
func (s *Sim) World() World {
	defer s.lock()()
	w := World{}
	for _, u := range s.st.users.all() {
		w.Users = append(w.Users, s.st.userState(u))
	}
	for _, g := range s.st.groups.all() {
		w.Groups = append(w.Groups, s.st.groupState(g))
	}
	for _, a := range s.st.assignments.all() {
		if a.to.Kind != KindUser {
			row := s.st.grantState(a)
			name, _ := s.st.nameOf(a.to)
			row.To = a.to.Kind + " " + name
			w.Others = append(w.Others, row)
		}
	}
	slices.SortFunc(w.Users, func(a, b UserState) int { return cmp.Or(cmp.Compare(a.Email, b.Email), cmp.Compare(a.Name, b.Name)) })
	slices.SortFunc(w.Groups, func(a, b GroupState) int { return cmp.Compare(a.Name, b.Name) })
	slices.SortFunc(w.Others, compareGrants)
	return w
}

func (s *state) userState(u *user) UserState {
	out := UserState{
		Email: u.email, Name: u.name, Access: u.access, ScimAccess: u.scimAccess, Managed: u.managed, ByHand: u.byHand,
		Metadata: maps.Clone(u.metadata),
	}
	if u.notes != nil {
		out.Notes = *u.notes
	}
	for _, a := range s.assignments.pick(s.byAssignee[User(u.id)]) {
		out.Grants = append(out.Grants, s.grantState(a))
	}
	slices.SortFunc(out.Grants, compareGrants)
	return out
}

func compareGrants(a, b GrantState) int {
	return cmp.Or(cmp.Compare(a.To, b.To), cmp.Compare(a.On, b.On), cmp.Compare(a.Role, b.Role), a.From.Compare(b.From), a.Until.Compare(b.Until))
}

func (s *state) grantState(a *assignment) GrantState {
	out := GrantState{On: s.label(a.on), Role: s.roleByID(a.role).name, ByHand: a.byHand}
	if a.from != nil {
		out.From = *a.from
	}
	if a.until != nil {
		out.Until = *a.until
	}
	return out
}

// label names a thing as people do: a group of a place after its place, other kinds after their kind.
func (s *state) label(r Ref) string {
	name, _ := s.nameOf(r)
	if r.Kind != KindGroup {
		return r.Kind + " " + name
	}
	if placeID := s.placeOf(r); placeID != 0 {
		return s.places.get(placeID).name + " / " + name
	}
	return name
}

func (s *state) groupState(g *group) GroupState {
	out := GroupState{Name: s.label(Group(g.id)), ByHand: g.byHand}
	if g.description != nil {
		out.Description = *g.description
	}
	for _, l := range s.groupLocks.pick(s.doorsByGroup[g.id]) {
		door := s.locks.get(l.lock)
		out.Doors = append(out.Doors, s.places.get(door.place).name+" / "+door.name)
	}
	for _, l := range s.groupStops.pick(s.stopsByGroup[g.id]) {
		stop := s.stops.get(l.stop)
		lift := s.elevators.get(stop.elevator)
		out.Stops = append(out.Stops, s.places.get(lift.place).name+" / "+lift.name+" / "+stop.name)
	}
	slices.Sort(out.Doors)
	slices.Sort(out.Stops)
	return out
}

// User returns the user with an address, whatever its case; false if there is none.
func (w World) User(email string) (UserState, bool) {
	at := slices.IndexFunc(w.Users, func(u UserState) bool { return lower(u.Email) == lower(email) })
	if at < 0 {
		return UserState{}, false
	}
	return w.Users[at], true
}

// Holds reports whether a user holds a right on something, by its name in GrantState.
func (u UserState) Holds(on string) bool {
	return slices.ContainsFunc(u.Grants, func(g GrantState) bool { return g.On == on })
}

// String is a text of one line per user, group and right, fit for golden files.
func (w World) String() string {
	var b strings.Builder
	for _, g := range w.Groups {
		fmt.Fprintf(&b, "group %s%s\n", g.Name, hand(g.ByHand))
		for _, opens := range slices.Concat(g.Doors, g.Stops) {
			fmt.Fprintf(&b, "  opens %s\n", opens)
		}
	}
	for _, u := range w.Users {
		fmt.Fprintf(&b, "user %s %q%s%s\n", u.Email, u.Name, u.flags(), hand(u.ByHand))
		for _, g := range u.Grants {
			fmt.Fprintf(&b, "  %s\n", g)
		}
	}
	for _, g := range w.Others {
		fmt.Fprintf(&b, "%s: %s\n", g.To, g)
	}
	return b.String()
}

func (u UserState) flags() string {
	text := ""
	if !u.Access {
		text += " suspended"
	}
	if !u.ScimAccess {
		text += " suspended-by-scim"
	}
	return text
}

// String names the right, its role and its dates.
func (g GrantState) String() string {
	text := g.On + " as " + g.Role
	if !g.From.IsZero() {
		text += " from " + g.From.Format(time.RFC3339)
	}
	if !g.Until.IsZero() {
		text += " until " + g.Until.Format(time.RFC3339)
	}
	return text + hand(g.ByHand)
}

func hand(byHand bool) string {
	if byHand {
		return " (by hand)"
	}
	return ""
}
