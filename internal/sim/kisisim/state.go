package kisisim

import (
	"slices"
	"strings"
	"time"
)

// state is everything the organization holds. It knows nothing of HTTP and checks nothing: handlers do. All methods are
// called with Sim.mu held.
type state struct {
	assume Assumptions
	clock  func() time.Time
	lastID int64
	org    organization
	roles  []*role

	users         table[user]
	groups        table[group]
	assignments   table[assignment]
	groupLocks    table[groupLock]
	groupStops    table[groupStop]
	places        table[place]
	locks         table[lock]
	elevators     table[elevator]
	stops         table[elevatorStop]
	floors        table[floor]
	teams         table[team]
	memberships   table[teamMembership]
	guests        table[guest]
	links         table[groupLink]
	cards         table[credential]
	phones        table[credential]
	integrations  table[integration]
	keys          map[string]*apiKey
	oldIDs        map[string]int64 // address to the id it had, for RecreatedKeepsID
	byEmail       index[string]    // lower-case address to user
	byAssignee    index[Ref]       // to assignments
	byTarget      index[Ref]       // to assignments
	byTeam        index[int64]     // to memberships
	byMember      index[Ref]       // to memberships
	doorsByGroup  index[int64]     // to group_locks
	stopsByGroup  index[int64]     // to group_elevator_stops
	sortedResults map[string]any   // whole sorted answers of lists, until the next change
}

func newState(o Options) *state {
	s := &state{
		assume:        o.Assume,
		clock:         o.Now,
		lastID:        1000,
		keys:          map[string]*apiKey{},
		oldIDs:        map[string]int64{},
		byEmail:       index[string]{},
		byAssignee:    index[Ref]{},
		byTarget:      index[Ref]{},
		byTeam:        index[int64]{},
		byMember:      index[Ref]{},
		doorsByGroup:  index[int64]{},
		stopsByGroup:  index[int64]{},
		sortedResults: map[string]any{},
	}
	s.org = organization{dates: s.born(), id: s.newID(), name: o.Organization, domain: o.Domain}
	s.roles = allRoles(o.Assume.PrefixedRoleIDs)
	return s
}

// newID never returns the same number for two things, whatever their kind, so that a client that mixes up the id of a
// user and of a group meets a 404 instead of a stranger.
func (s *state) newID() int64 {
	s.lastID += 7
	return s.lastID
}

// now has whole seconds, as Kisi's dates have in every sample (§1.8).
func (s *state) now() time.Time { return s.clock().UTC().Truncate(time.Second) }

func (s *state) born() dates {
	s.changed()
	now := s.now()
	return dates{now, now}
}

// changed must be called by whatever changes a row: lists that were sorted before are no longer true.
func (s *state) changed() { clear(s.sortedResults) }

func lower(email string) string { return strings.ToLower(strings.TrimSpace(email)) }

func (s *state) putUser(u *user) {
	if s.assume.EmailsLowered {
		u.email = lower(u.email)
	}
	if old := s.oldIDs[lower(u.email)]; old != 0 && s.assume.RecreatedKeepsID && s.users.get(old) == nil {
		u.id = old
	} else {
		u.id = s.newID()
	}
	u.dates = s.born()
	s.users.put(u.id, u)
	s.byEmail.add(lower(u.email), u.id)
	if s.assume.BasicRows {
		s.putAssignment(&assignment{origin: origin{byHand: true}, role: s.roleID(Basic), to: User(u.id), on: s.orgRef()})
	}
}

func (s *state) changeEmail(u *user, email string) {
	s.byEmail.remove(lower(u.email), u.id)
	u.email = email
	s.byEmail.add(lower(email), u.id)
}

// emailTaken reports whether another user has the address.
func (s *state) emailTaken(email string) bool {
	if !s.assume.EmailCaseMatters {
		return len(s.byEmail[lower(email)]) > 0
	}
	return slices.ContainsFunc(s.users.pick(s.byEmail[lower(email)]), func(u *user) bool { return u.email == email })
}

func (s *state) dropUser(id int64) {
	u := s.users.get(id)
	s.oldIDs[lower(u.email)] = id
	s.byEmail.remove(lower(u.email), id)
	s.users.drop(id)
	s.changed()
	for _, key := range s.keys {
		key.revoked = key.revoked || key.user == id
	}
	if s.assume.NoCascade {
		return
	}
	s.dropAssignments(s.byAssignee[User(id)])
	for _, m := range s.memberships.pick(s.byMember[User(id)]) {
		s.dropMembership(m)
	}
}

func (s *state) putAssignment(a *assignment) {
	a.id, a.dates = s.newID(), s.born()
	s.assignments.put(a.id, a)
	s.byAssignee.add(a.to, a.id)
	s.byTarget.add(a.on, a.id)
}

func (s *state) dropAssignment(a *assignment) {
	s.assignments.drop(a.id)
	s.byAssignee.remove(a.to, a.id)
	s.byTarget.remove(a.on, a.id)
	s.changed()
}

func (s *state) dropAssignments(ids []int64) {
	for _, a := range s.assignments.pick(ids) {
		s.dropAssignment(a)
	}
}

// dropExpired is Kisi's own housekeeping under ExpiredGone.
func (s *state) dropExpired() {
	if s.assume.Expired != ExpiredGone {
		return
	}
	for _, a := range s.assignments.all() {
		if s.expired(a) {
			s.dropAssignment(a)
		}
	}
}

func (s *state) expired(a *assignment) bool { return a.until != nil && !a.until.After(s.now()) }

func (s *state) putGroup(g *group) {
	g.id, g.dates = s.newID(), s.born()
	s.groups.put(g.id, g)
}

func (s *state) dropGroup(id int64) {
	s.groups.drop(id)
	s.changed()
	for _, l := range s.groupLocks.pick(s.doorsByGroup[id]) {
		s.dropGroupLock(l)
	}
	for _, l := range s.groupStops.pick(s.stopsByGroup[id]) {
		s.dropGroupStop(l)
	}
	for _, l := range s.links.all() {
		if l.group == id {
			s.links.drop(l.id)
		}
	}
	if !s.assume.NoCascade {
		s.dropAssignments(s.byTarget[Group(id)])
	}
}

func (s *state) putGroupLock(l *groupLock) {
	l.id, l.dates = s.newID(), s.born()
	s.groupLocks.put(l.id, l)
	s.doorsByGroup.add(l.group, l.id)
}

func (s *state) dropGroupLock(l *groupLock) {
	s.groupLocks.drop(l.id)
	s.doorsByGroup.remove(l.group, l.id)
	s.changed()
}

func (s *state) putGroupStop(l *groupStop) {
	l.id, l.dates = s.newID(), s.born()
	s.groupStops.put(l.id, l)
	s.stopsByGroup.add(l.group, l.id)
}

func (s *state) dropGroupStop(l *groupStop) {
	s.groupStops.drop(l.id)
	s.stopsByGroup.remove(l.group, l.id)
	s.changed()
}

func (s *state) putMembership(m *teamMembership) {
	m.id, m.dates = s.newID(), s.born()
	s.memberships.put(m.id, m)
	s.byTeam.add(m.team, m.id)
	s.byMember.add(m.member, m.id)
}

func (s *state) dropMembership(m *teamMembership) {
	s.memberships.drop(m.id)
	s.byTeam.remove(m.team, m.id)
	s.byMember.remove(m.member, m.id)
	s.changed()
}

func (s *state) orgRef() Ref { return Ref{KindOrganization, s.org.id} }

// usersIn returns the distinct users who hold a right on r, ascending by id.
func (s *state) usersIn(r Ref) []int64 {
	var ids []int64
	for _, a := range s.assignments.pick(s.byTarget[r]) {
		switch {
		case a.to.Kind == KindUser:
			ids = append(ids, a.to.ID)
		case a.to.Kind == KindTeam && s.assume.TeamsCounted:
			for _, m := range s.memberships.pick(s.byTeam[a.to.ID]) {
				if m.member.Kind == KindUser {
					ids = append(ids, m.member.ID)
				}
			}
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}
