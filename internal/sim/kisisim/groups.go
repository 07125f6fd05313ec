package kisisim

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// groupJSON is the group object of §5.1.
type groupJSON struct {
	ID             int64     `json:"id"`
	ResourceType   string    `json:"resource_type"`
	Name           string    `json:"name"`
	Description    *string   `json:"description"`
	CreatedAt      time.Time `json:"created_at"`
	UpdatedAt      time.Time `json:"updated_at"`
	GeofenceRadius float64   `json:"geofence_restriction_radius"`
	groupFlags
	UsersCount        int     `json:"users_count"`
	LocksCount        int     `json:"locks_count"`
	ElevatorStopCount int     `json:"elevator_stops_count"`
	PlaceID           *int64  `json:"place_id"`
	Place             any     `json:"place,omitempty"`
	TimeZone          *string `json:"time_restriction_time_zone"`
	MembersCount      int     `json:"members_count"`
}

func (s *state) renderGroup(g *group) any {
	out := groupJSON{
		ID: g.id, ResourceType: KindGroup, Name: g.name, Description: g.description, CreatedAt: g.created, UpdatedAt: g.updated,
		GeofenceRadius: 100, groupFlags: g.flags, TimeZone: g.zone,
		UsersCount: len(s.usersIn(Group(g.id))), LocksCount: len(s.doorsByGroup[g.id]), ElevatorStopCount: len(s.stopsByGroup[g.id]),
	}
	out.MembersCount = out.UsersCount
	if g.place != 0 {
		out.PlaceID, out.Place = &g.place, s.brief(Place(g.place))
	}
	return out
}

func listGroups(x *exchange) response {
	q, st := x.query, x.st
	ids, question, scope := q.ids(), q.str("query"), q.oneOf("scope", "organization", "place")
	placeID, lockID, stopID := q.number("place_id"), q.number("lock_id"), q.number("elevator_stop_id")
	return page(x, listing[group]{
		rows: st.groups.all,
		keep: func(g *group) bool {
			return (ids == nil || slices.Contains(ids, g.id)) &&
				(question == "" || fuzzy(question, g.name)) &&
				(scope == "" || (scope == "place") == (g.place != 0)) &&
				(placeID == 0 || g.place == placeID) &&
				(lockID == 0 || st.groupDoor(g.id, lockID) != nil) &&
				(stopID == 0 || st.groupStop(g.id, stopID) != nil) &&
				x.seesGroup(g)
		},
		id:     func(g *group) int64 { return g.id },
		render: func(g *group) any { return st.renderGroup(g) },
		sorts: map[string]func(a, b *group) int{
			"name": func(a, b *group) int { return cmp.Compare(strings.ToLower(a.name), strings.ToLower(b.name)) },
		},
	})
}

// seesGroup: people without an administrative role still see the groups they are in.
func (x *exchange) seesGroup(g *group) bool {
	return x.viewer.seesPlace(g.place) || slices.Contains(x.st.usersIn(Group(g.id)), x.viewer.user)
}

func getGroup(x *exchange) response {
	if g := x.st.groups.get(x.id); g != nil && x.seesGroup(g) {
		return ok(x.st.renderGroup(g))
	}
	return notFound()
}

func createGroup(x *exchange) response {
	b, refusal := x.readBody("group")
	if refusal != nil {
		return *refusal
	}
	g := &group{flags: groupFlags{LoginIsEnabled: true}}
	b.need("name")
	g.place = b.number("place_id")
	b.readGroup(g)
	b.leftover()
	if g.place != 0 && x.st.places.get(g.place) == nil {
		b.errs.add("place", "must exist")
	}
	if !x.viewer.may("groups_write", g.place) {
		return x.forbidden()
	}
	if len(b.errs) > 0 {
		return unprocessable(b.errs)
	}
	x.st.putGroup(g)
	return ok(x.st.renderGroup(g))
}

// readGroup reads what POST and PATCH have in common; PATCH lacks place_id, for the scope cannot change (§5.3).
func (b *body) readGroup(g *group) {
	if b.has("name") {
		g.name = b.str("name")
	}
	if b.has("description") {
		g.description = b.text("description")
	}
	if b.has("time_restriction_time_zone") {
		g.zone = b.text("time_restriction_time_zone")
	}
	f := &g.flags
	for _, flag := range []struct {
		key  string
		into *bool
	}{
		{"login_enabled", &f.LoginIsEnabled}, {"geofence_restriction_enabled", &f.Geofence},
		{"primary_device_restriction_enabled", &f.PrimaryDevice}, {"managed_device_restriction_enabled", &f.ManagedDevice},
		{"reader_restriction_enabled", &f.Reader}, {"time_restriction_enabled", &f.Time},
		{"tap_to_access_restriction_enabled", &f.TapToAccess},
	} {
		*flag.into = b.flag(flag.key, *flag.into)
	}
	if len([]rune(g.name)) > maxName {
		b.errs.add("name", "is too long (maximum is 255 characters)")
	}
	if b.x.st.assume.UniqueGroupNames && b.x.st.groupNamed(g) {
		b.errs.add("name", "has already been taken")
	}
}

// groupNamed reports whether another group of the same scope has g's name.
func (s *state) groupNamed(g *group) bool {
	return slices.ContainsFunc(s.groups.all(), func(o *group) bool {
		return o.id != g.id && o.place == g.place && strings.EqualFold(o.name, g.name)
	})
}

func (x *exchange) groupToWrite(id int64, permission string) (*group, *response) {
	g := x.st.groups.get(id)
	switch {
	case g == nil || !x.seesGroup(g):
		return nil, refuse(notFound())
	case !x.viewer.may(permission, g.place):
		return nil, refuse(x.forbidden())
	}
	return g, nil
}

func patchGroup(x *exchange) response {
	g, refusal := x.groupToWrite(x.id, "groups_write")
	if refusal != nil {
		return *refusal
	}
	b, refusal := x.readBody("group")
	if refusal != nil {
		return *refusal
	}
	changed := *g
	b.readGroup(&changed)
	b.leftover()
	if b.has("name") && changed.name == "" {
		b.errs.add("name", "can't be blank or invalid")
	}
	x.guardRow(g.origin, "group", g.id, "changed")
	if len(b.errs) > 0 {
		return unprocessable(b.errs)
	}
	changed.updated = x.st.now()
	*g = changed
	x.st.changed()
	return done()
}

func deleteGroup(x *exchange) response {
	g, refusal := x.groupToWrite(x.id, "groups_write")
	if refusal != nil {
		return *refusal
	}
	x.guardRow(g.origin, "group", g.id, "deleted")
	for _, a := range x.st.assignments.pick(x.st.byTarget[Group(g.id)]) {
		x.guardRow(a.origin, "role assignment", a.id, "deleted with its group")
	}
	x.st.dropGroup(g.id)
	return done()
}
