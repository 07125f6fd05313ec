package kisisim

import (
	"net/http"
)

// viewer is the user of the key with what that user may do and see.
type viewer struct {
	user   int64
	org    *role           // nil without a role on the organization
	places map[int64]*role // roles on single places
	rank   int
}

func (s *state) viewerOf(userID int64) viewer {
	v := viewer{user: userID, places: map[int64]*role{}, rank: s.rank(userID)}
	for _, a := range s.assignments.pick(s.byAssignee[User(userID)]) {
		r := s.roleByID(a.role)
		if r != nil && a.on.Kind == KindOrganization && (v.org == nil || r.rank > v.org.rank) {
			v.org = r
		}
		if r != nil && a.on.Kind == KindPlace {
			v.places[a.on.ID] = r
		}
	}
	if userID == s.org.owner {
		v.org = s.roleNamed(Owner)
	}
	return v
}

// may reports whether the viewer holds a permission, on the organization or on the place (0 for none).
func (v viewer) may(permission string, placeID int64) bool {
	if v.org != nil && v.org.permissions[permission] {
		return true
	}
	r := v.places[placeID]
	return r != nil && r.permissions[permission]
}

// seesAll is true for everyone with an administrative role on the organization. Others see a part, with status 200 and
// without a word (§12.20): that is why a client compares what it reads with what it read before.
func (v viewer) seesAll() bool { return v.org != nil && v.org.rank > 0 }

// seesPlace reports whether the viewer sees what belongs to a place; what belongs to none is for seesAll.
func (v viewer) seesPlace(placeID int64) bool {
	r := v.places[placeID]
	return v.seesAll() || r != nil && r.rank > 0
}

// placeOf returns the place that something belongs to, 0 for none.
func (s *state) placeOf(r Ref) int64 {
	switch r.Kind {
	case KindPlace:
		return r.ID
	case KindGroup:
		if g := s.groups.get(r.ID); g != nil {
			return g.place
		}
	}
	return 0
}

func (x *exchange) seesAssignment(a *assignment) bool {
	return x.viewer.seesAll() || a.to == User(x.viewer.user) || x.viewer.seesPlace(x.st.placeOf(a.on))
}

func (x *exchange) seesUser(u *user) bool {
	if x.viewer.seesAll() || u.id == x.viewer.user {
		return true
	}
	for _, a := range x.st.assignments.pick(x.st.byAssignee[User(u.id)]) {
		if x.viewer.seesPlace(x.st.placeOf(a.on)) {
			return true
		}
	}
	return false
}

// authenticate accepts the API key of §1.2 and nothing else.
func (x *exchange) authenticate() *response {
	key := x.st.keys[x.secret]
	if key == nil || key.revoked {
		return refuse(unauthorized(&x.st.assume))
	}
	owner := x.st.users.get(key.user)
	if owner == nil {
		return refuse(unauthorized(&x.st.assume))
	}
	if !owner.access || !owner.scimAccess {
		return refuse(problem(http.StatusForbidden, "Access disabled", "fcd8ff"))
	}
	used := x.st.now()
	key.used = &used
	x.viewer = x.st.viewerOf(key.user)
	return nil
}

// refuseRank is the answer to touching somebody, or a role, above the key's own.
func (x *exchange) refuseRank() response {
	if x.st.assume.RankUnprocessable {
		return invalid("base", "is above your own role")
	}
	return forbidden(&x.st.assume)
}

func (x *exchange) forbidden() response { return forbidden(&x.st.assume) }
