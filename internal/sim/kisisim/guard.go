package kisisim

import "fmt"

// The guards watch what API calls touch. They refuse nothing: Kisi would not either.

func (x *exchange) violate(rule Rule, format string, args ...any) {
	x.sim.violations = append(x.sim.violations, Violation{
		Rule: rule, Request: x.serial, Method: x.method, Path: x.path, What: fmt.Sprintf(format, args...),
	})
}

// guardRow complains when a row that was made by hand is touched and nobody declared it adopted.
func (x *exchange) guardRow(o origin, what string, id int64, verb string) {
	if o.foreign() {
		x.violate(ForeignTouched, "%s %d was made by hand and is %s", what, id, verb)
	}
}

// guardUser complains about hand-made users, and about people who must never be suspended or deleted whoever made them.
func (x *exchange) guardUser(u *user, verb string) {
	x.guardRow(u.origin, "user", u.id, verb)
	if why := x.st.protection(u.id); why != "" {
		x.violate(ForeignTouched, "user %d is %s and is %s", u.id, why, verb)
	}
}

// protection says why a user is out of bounds for every client; "" for ordinary people.
func (s *state) protection(userID int64) string {
	if userID == s.org.owner {
		return "the owner"
	}
	for _, key := range s.keys {
		if key.user == userID {
			return "the user of a key"
		}
	}
	for _, a := range s.assignments.pick(s.byAssignee[User(userID)]) {
		if a.on.Kind != KindGroup && !s.plain(a.role) {
			return "the holder of a role on the organization or a place"
		}
	}
	return ""
}

// plain says that a role is no administrator's: membership of the organization, or the doors of a place (§4.2).
func (s *state) plain(role string) bool {
	return role == s.roleID(Basic) || role == s.roleID(PlaceBasic)
}

func (x *exchange) guardSuspension(u *user, access bool) {
	if access && !u.access && u.suspendedByHand && !u.adopted {
		x.violate(ForeignTouched, "user %d was suspended by hand and is let in again", u.id)
	}
}

// guardGrant complains about rights that no directory gives: on the organization or a place, to teams and guests, and
// into groups that the test sealed.
func (x *exchange) guardGrant(w wish) {
	if w.on.Kind != KindGroup {
		x.violate(RoleGiven, "a right on a whole %s is given", w.on.Kind)
	}
	if w.to.Kind != KindUser {
		x.violate(ForeignTouched, "a right is given to a %s", w.to.Kind)
	}
	if g := x.st.groups.get(w.on.ID); w.on.Kind == KindGroup && g.sealed {
		x.violate(ForeignTouched, "somebody is let into the protected group %d", g.id)
	}
}

// guardDoor complains when a door or stop that was given by hand is taken from a group that is not adopted.
func (x *exchange) guardDoor(o origin, g *group, what string, id int64) {
	if !g.adopted {
		x.guardRow(o, what, id, "deleted")
	}
}
