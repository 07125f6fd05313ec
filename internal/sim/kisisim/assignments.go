package kisisim

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// assignmentJSON holds the keys that all three variants of §4.3 share. The deprecated ones are there too: real answers
// carry them, and a client must not trip over them.
type assignmentJSON struct {
	ID             int64     `json:"id"`
	ResourceType   string    `json:"resource_type"`
	CreatedAt      time.Time `json:"created_at"`
	UpdatedAt      time.Time `json:"updated_at"`
	RoleID         string    `json:"role_id"`
	Notify         bool      `json:"notify"`
	AppliesToType  string    `json:"applies_to_type"`
	AppliesToID    int64     `json:"applies_to_id"`
	AppliesTo      any       `json:"applies_to"`
	AssigneeType   string    `json:"assignee_type"`
	AssigneeID     int64     `json:"assignee_id"`
	Assignee       any       `json:"assignee"`
	CreatedByType  *string   `json:"created_by_type"`
	CreatedByID    *int64    `json:"created_by_id"`
	IssuedByID     *int64    `json:"issued_by_id"`
	UserID         *int64    `json:"user_id"`
	AssigneeTeamID *int64    `json:"assignee_team_id"`
	GuestID        *int64    `json:"guest_id"`
	Type           string    `json:"type"`
	Scope          string    `json:"scope"`
	User           any       `json:"user,omitempty"`
	AssigneeTeam   any       `json:"assignee_team,omitempty"`
	Guest          any       `json:"guest,omitempty"`
}

type organizationAssignmentJSON struct {
	assignmentJSON
	OrganizationID int64 `json:"organization_id"`
	Organization   any   `json:"organization"`
}

type placeAssignmentJSON struct {
	assignmentJSON
	PlaceID int64 `json:"place_id"`
	Place   any   `json:"place"`
}

// groupAssignmentJSON is the only variant with dates (§4.9).
type groupAssignmentJSON struct {
	assignmentJSON
	GroupID    int64      `json:"group_id"`
	Group      any        `json:"group"`
	ValidFrom  *time.Time `json:"valid_from"`
	ValidUntil *time.Time `json:"valid_until"`
}

func (s *state) renderAssignment(a *assignment) any {
	out := assignmentJSON{
		ID: a.id, ResourceType: "RoleAssignment", CreatedAt: a.created, UpdatedAt: a.updated, RoleID: a.role, Notify: a.notify,
		AppliesToType: a.on.Kind, AppliesToID: a.on.ID, AppliesTo: s.brief(a.on),
		AssigneeType: a.to.Kind, AssigneeID: a.to.ID, Assignee: s.brief(a.to),
		Type: strings.ToLower(a.on.Kind), Scope: strings.ToLower(a.on.Kind),
	}
	if a.createdBy != 0 {
		kind := KindUser
		out.CreatedByType, out.CreatedByID, out.IssuedByID = &kind, &a.createdBy, &a.createdBy
	}
	switch a.to.Kind {
	case KindUser:
		out.UserID, out.User = &a.to.ID, out.Assignee
	case KindTeam:
		out.AssigneeTeamID, out.AssigneeTeam = &a.to.ID, out.Assignee
	case KindGuest:
		out.GuestID, out.Guest = &a.to.ID, out.Assignee
	}
	switch a.on.Kind {
	case KindOrganization:
		return organizationAssignmentJSON{out, a.on.ID, out.AppliesTo}
	case KindPlace:
		return placeAssignmentJSON{out, a.on.ID, out.AppliesTo}
	}
	return groupAssignmentJSON{out, a.on.ID, out.AppliesTo, a.from, a.until}
}

// briefJSON is an object as it is embedded in others.
type briefJSON struct {
	ID           int64   `json:"id"`
	ResourceType string  `json:"resource_type,omitempty"`
	Email        *string `json:"email,omitempty"`
	Name         string  `json:"name"`
	Domain       string  `json:"domain,omitempty"`
}

type guestJSON struct {
	briefJSON
	Email       *string `json:"email"`
	PhoneNumber *string `json:"phone_number"`
}

// brief renders what a Ref points to; null for what is gone, which only NoCascade leaves behind.
func (s *state) brief(r Ref) any {
	out := briefJSON{ID: r.ID, ResourceType: r.Kind}
	switch r.Kind {
	case KindUser:
		u := s.users.get(r.ID)
		if u == nil {
			return nil
		}
		out.Name, out.Email = u.name, &u.email
	case KindGuest:
		g := s.guests.get(r.ID)
		out.Name = g.name
		return guestJSON{briefJSON: out, Email: optional(g.email)}
	case KindOrganization:
		out.Name, out.Domain = s.org.name, s.org.domain
	default:
		name, found := s.nameOf(r)
		if !found {
			return nil
		}
		out.Name = name
	}
	return out
}

// nameOf returns the name of a thing, and whether it exists.
func (s *state) nameOf(r Ref) (string, bool) {
	switch r.Kind {
	case KindUser:
		if u := s.users.get(r.ID); u != nil {
			return u.name, true
		}
	case KindGroup:
		if g := s.groups.get(r.ID); g != nil {
			return g.name, true
		}
	case KindPlace:
		if p := s.places.get(r.ID); p != nil {
			return p.name, true
		}
	case KindTeam:
		if t := s.teams.get(r.ID); t != nil {
			return t.name, true
		}
	case KindGuest:
		if g := s.guests.get(r.ID); g != nil {
			return g.name, true
		}
	case KindOrganization:
		return s.org.name, r.ID == s.org.id
	}
	return "", false
}

func optional(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}

func listAssignments(x *exchange) response {
	keep := x.assignmentFilters()
	return page(x, listing[assignment]{
		rows:   x.assignmentCandidates,
		keep:   func(a *assignment) bool { return keep(a) && x.listed(a) && x.seesAssignment(a) },
		id:     func(a *assignment) int64 { return a.id },
		render: func(a *assignment) any { return x.st.renderAssignment(a) },
		sorts: map[string]func(a, b *assignment) int{
			"user.name": func(a, b *assignment) int { return cmp.Compare(x.st.sortName(a.to), x.st.sortName(b.to)) },
		},
	})
}

func (s *state) sortName(r Ref) string {
	name, _ := s.nameOf(r)
	return strings.ToLower(name)
}

// listed hides what the assumptions say Kisi hides.
func (x *exchange) listed(a *assignment) bool {
	st := x.st
	if st.assume.Expired == ExpiredHidden && st.expired(a) {
		return false
	}
	return !st.assume.OwnerWithoutRow || a.role != st.roleID(Owner)
}

func (x *exchange) assignmentCandidates() []*assignment {
	q, st := x.query, x.st
	assignee, target := x.assigneeParam(), x.targetParam()
	switch {
	case q.has("ids"):
		return st.assignments.pick(slices.Compact(slices.Sorted(slices.Values(q.ids()))))
	case assignee.ID != 0:
		return st.assignments.pick(st.byAssignee[assignee])
	case target.ID != 0:
		return st.assignments.pick(st.byTarget[target])
	}
	return st.assignments.all()
}

// assigneeParam and targetParam read the current parameters and their deprecated aliases (§4.4). A part that is not
// asked for is zero.
func (x *exchange) assigneeParam() Ref {
	if x.query.has("user_id") {
		return User(x.userParam("user_id"))
	}
	return x.refParam("assignee", KindUser, KindTeam, KindGuest)
}

func (x *exchange) targetParam() Ref {
	switch q := x.query; {
	case q.has("group_id"):
		return Group(q.number("group_id"))
	case q.has("place_id"):
		return Place(q.number("place_id"))
	}
	return x.refParam("applies_to", KindOrganization, KindPlace, KindGroup)
}

func (x *exchange) refParam(prefix string, kinds ...string) Ref {
	q := x.query
	r := Ref{q.oneOf(prefix+"_type", kinds...), q.number(prefix + "_id")}
	if r.ID != 0 && r.Kind == "" {
		q.errs.add(prefix+"_type", "is needed with "+prefix+"_id")
	}
	return r
}

func (r Ref) matches(other Ref) bool {
	return (r.Kind == "" || r.Kind == other.Kind) && (r.ID == 0 || r.ID == other.ID)
}

func (x *exchange) assignmentFilters() func(*assignment) bool {
	q, st := x.query, x.st
	ids, question := q.ids(), q.str("query")
	assignee, target, role := x.assigneeParam(), x.targetParam(), q.str("role_id")
	scope := q.oneOf("scope", "organization", "place", "group", "team")
	return func(a *assignment) bool {
		return (ids == nil || slices.Contains(ids, a.id)) &&
			assignee.matches(a.to) && target.matches(a.on) &&
			(role == "" || role == a.role) &&
			(scope == "" || scope == strings.ToLower(a.on.Kind) || scope == "team" && a.to.Kind == KindTeam) &&
			(question == "" || st.matchesPerson(a.to, question))
	}
}

func (s *state) matchesPerson(r Ref, question string) bool {
	if u := s.users.get(r.ID); u != nil && r.Kind == KindUser {
		return fuzzy(question, u.email, u.name)
	}
	return false
}

func getAssignment(x *exchange) response {
	if a := x.st.assignments.get(x.id); a != nil && x.listed(a) && x.seesAssignment(a) {
		return ok(x.st.renderAssignment(a))
	}
	return notFound()
}
