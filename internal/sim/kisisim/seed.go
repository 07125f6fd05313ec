package kisisim

import (
	"fmt"
	"time"
)

// The methods of this file furnish the organization. What they make counts as made by hand, hence as foreign to every
// client: see Adopt. They panic when an id does not exist, for that is a mistake in the test.

// AddPlace adds a place and returns its id.
func (s *Sim) AddPlace(name string) int64 {
	defer s.lock()()
	p := &place{dates: s.st.born(), id: s.st.newID(), name: name, zone: "Europe/Berlin"}
	s.st.places.put(p.id, p)
	return p.id
}

// AddFloor adds a floor to a place and returns its id.
func (s *Sim) AddFloor(placeID int64, number int) int64 {
	defer s.lock()()
	must(&s.st.places, placeID, "place")
	f := &floor{dates: s.st.born(), id: s.st.newID(), place: placeID, name: fmt.Sprintf("Floor %d", number), number: number}
	s.st.floors.put(f.id, f)
	return f.id
}

// AddDoor adds a lock to a place and returns its id.
func (s *Sim) AddDoor(placeID int64, name string) int64 {
	defer s.lock()()
	must(&s.st.places, placeID, "place")
	l := &lock{dates: s.st.born(), id: s.st.newID(), place: placeID, name: name}
	s.st.locks.put(l.id, l)
	return l.id
}

// AddElevator adds an elevator to a place and returns its id.
func (s *Sim) AddElevator(placeID int64, name string) int64 {
	defer s.lock()()
	must(&s.st.places, placeID, "place")
	e := &elevator{dates: s.st.born(), id: s.st.newID(), place: placeID, name: name}
	s.st.elevators.put(e.id, e)
	return e.id
}

// AddStop lets an elevator stop at a floor and returns the id of the stop, which is named after the floor.
func (s *Sim) AddStop(elevatorID, floorID int64) int64 {
	defer s.lock()()
	must(&s.st.elevators, elevatorID, "elevator")
	f := must(&s.st.floors, floorID, "floor")
	stop := &elevatorStop{dates: s.st.born(), id: s.st.newID(), elevator: elevatorID, floor: floorID, name: f.name}
	s.st.stops.put(stop.id, stop)
	return stop.id
}

// GroupSpec describes a group made by hand.
type GroupSpec struct {
	Name, Description string
	Place             int64 // 0 for an organization group
	Doors, Stops      []int64
}

// AddGroup adds a group with its doors and stops and returns its id.
func (s *Sim) AddGroup(spec GroupSpec) int64 {
	defer s.lock()()
	if spec.Place != 0 {
		must(&s.st.places, spec.Place, "place")
	}
	g := &group{origin: byHand(), name: spec.Name, description: optional(spec.Description), place: spec.Place, flags: groupFlags{LoginIsEnabled: true}}
	s.st.putGroup(g)
	for _, door := range spec.Doors {
		must(&s.st.locks, door, "door")
		s.st.putGroupLock(&groupLock{origin: byHand(), group: g.id, lock: door})
	}
	for _, stop := range spec.Stops {
		must(&s.st.stops, stop, "elevator stop")
		s.st.putGroupStop(&groupStop{origin: byHand(), group: g.id, stop: stop})
	}
	return g.id
}

// UserSpec describes a user made by hand; the zero value of each flag is the ordinary case.
type UserSpec struct {
	Email, Name   string
	Notes         string
	Metadata      map[string]any
	Managed       bool // created without mail, confirmed at once
	Suspended     bool // by a person in the dashboard
	ScimSuspended bool // by Kisi's SCIM, which REST cannot undo
	LastAccess    time.Time
}

// AddUser adds a user and returns the id. Two users may share an address only if EmailCaseMatters tells them apart.
func (s *Sim) AddUser(spec UserSpec) int64 {
	defer s.lock()()
	if s.st.emailTaken(spec.Email) {
		panic("kisisim: the address is taken: " + spec.Email)
	}
	u := &user{
		origin: byHand(), email: spec.Email, name: spec.Name, notes: optional(spec.Notes), metadata: spec.Metadata,
		access: !spec.Suspended, suspendedByHand: spec.Suspended, scimAccess: !spec.ScimSuspended,
		managed: spec.Managed, confirm: spec.Managed, passwordFlow: !spec.Managed,
	}
	if u.metadata == nil {
		u.metadata = map[string]any{}
	}
	if !spec.LastAccess.IsZero() {
		u.lastAccess = &spec.LastAccess
	}
	s.st.putUser(u)
	return u.id
}

// SetOwner makes a user the owner of the organization.
func (s *Sim) SetOwner(userID int64) {
	s.SetOrganizationRole(userID, Owner)
	defer s.lock()()
	s.st.org.owner = userID
}

// SetOrganizationRole gives a user a role on the organization instead of the one held before; "" leaves none.
func (s *Sim) SetOrganizationRole(userID int64, role string) {
	defer s.lock()()
	must(&s.st.users, userID, "user")
	for _, a := range s.st.assignments.pick(s.st.byAssignee[User(userID)]) {
		if a.on.Kind == KindOrganization {
			s.st.dropAssignment(a)
		}
	}
	if role == "" && s.st.assume.BasicRows {
		role = Basic
	}
	if role != "" {
		s.st.grant(GrantSpec{To: User(userID), On: s.st.orgRef(), Role: role})
	}
}

// AddKey gives a user an API key with this secret. It acts as that user (§1.2).
func (s *Sim) AddKey(userID int64, secret string) {
	defer s.lock()()
	must(&s.st.users, userID, "user")
	s.st.keys[secret] = &apiKey{dates: s.st.born(), id: s.st.newID(), secret: secret, user: userID}
}

// GrantSpec describes a right given by hand.
type GrantSpec struct {
	To, On      Ref
	Role        string    // one of the constants; "" means the plain role of On.Kind
	From, Until time.Time // zero for open; groups only
	By          int64     // the user who is named as having given it; 0 for nobody
}

// AddGrant gives a right by hand and returns the id of its role assignment. No rule about duplicates or dates applies.
func (s *Sim) AddGrant(spec GrantSpec) int64 {
	defer s.lock()()
	return s.st.grant(spec)
}

func (s *state) grant(spec GrantSpec) int64 {
	for _, r := range []Ref{spec.To, spec.On} {
		if _, exists := s.nameOf(r); !exists {
			panic(fmt.Sprintf("kisisim: no %s %d", r.Kind, r.ID))
		}
	}
	plain := map[string]string{KindGroup: GroupBasic, KindPlace: PlaceBasic, KindOrganization: Basic}
	r := s.roleNamed(orElse(spec.Role, plain[spec.On.Kind]))
	if r == nil || r.appliesTo != spec.On.Kind {
		panic(fmt.Sprintf("kisisim: role %q does not fit a %s", spec.Role, spec.On.Kind))
	}
	a := &assignment{origin: byHand(), role: r.id, to: spec.To, on: spec.On, createdBy: spec.By}
	a.from, a.until = moment(spec.From), moment(spec.Until)
	s.putAssignment(a)
	return a.id
}

func moment(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC().Truncate(time.Second)
	return &t
}

// AddTeam adds a team of users and guests and returns its id.
func (s *Sim) AddTeam(name string, members ...Ref) int64 {
	defer s.lock()()
	t := &team{dates: s.st.born(), id: s.st.newID(), name: name}
	s.st.teams.put(t.id, t)
	for _, m := range members {
		s.st.putMembership(&teamMembership{team: t.id, member: m})
	}
	return t.id
}

// AddGuest adds a visitor and returns the id. email may be empty.
func (s *Sim) AddGuest(name, email string) int64 {
	defer s.lock()()
	g := &guest{id: s.st.newID(), name: name, email: email}
	s.st.guests.put(g.id, g)
	return g.id
}

// AddGroupLink adds an access link to a group by hand and returns its id; a zero until is none.
func (s *Sim) AddGroupLink(groupID int64, name string, until time.Time) int64 {
	defer s.lock()()
	must(&s.st.groups, groupID, "group")
	l := &groupLink{dates: s.st.born(), id: s.st.newID(), group: groupID, name: name, until: moment(until)}
	s.st.links.put(l.id, l)
	return l.id
}

// AddImport adds a directory import of Kisi's own (§9) that feeds a group, or only creates users if groupID is 0.
func (s *Sim) AddImport(name string, groupID int64) int64 {
	defer s.lock()()
	i := &integration{dates: s.st.born(), id: s.st.newID(), name: name, kind: "active_directory_user_import", enabled: true, group: groupID}
	s.st.integrations.put(i.id, i)
	return i.id
}

// SwitchImports switches all directory imports of Kisi's own on or off, as somebody does under Integrations. What they gave stays.
func (s *Sim) SwitchImports(on bool) {
	defer s.lock()()
	for _, i := range s.st.integrations.all() {
		i.enabled = on
	}
}

// SetScim tells what GET /organization and its settings say about Kisi's SCIM.
func (s *Sim) SetScim(enabled, configured bool) {
	defer s.lock()()
	s.st.org.scimEnabled, s.st.org.scimConfigured = enabled, configured
}

func byHand() origin { return origin{byHand: true} }

// must finds a row that the test says exists.
func must[T any](t *table[T], id int64, what string) *T {
	row := t.get(id)
	if row == nil {
		panic(fmt.Sprintf("kisisim: no %s %d", what, id))
	}
	return row
}
