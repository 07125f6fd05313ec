package kisisim

import (
	"slices"
	"time"
)

// groupStopJSON says that a group may ride to a stop (§5.4).
type groupStopJSON struct {
	ID             int64     `json:"id"`
	ResourceType   string    `json:"resource_type"`
	CreatedAt      time.Time `json:"created_at"`
	UpdatedAt      time.Time `json:"updated_at"`
	ElevatorID     int64     `json:"elevator_id"`
	Elevator       any       `json:"elevator"`
	ElevatorStopID int64     `json:"elevator_stop_id"`
	FloorID        int64     `json:"floor_id"`
	Floor          any       `json:"floor"`
	GroupID        int64     `json:"group_id"`
	Group          any       `json:"group"`
	PlaceID        int64     `json:"place_id"`
	Place          any       `json:"place"`
}

func (s *state) renderGroupStop(l *groupStop) any {
	stop := s.stops.get(l.stop)
	lift := s.elevators.get(stop.elevator)
	return groupStopJSON{
		ID: l.id, ResourceType: "GroupElevatorStop", CreatedAt: l.created, UpdatedAt: l.updated,
		ElevatorID: lift.id, Elevator: lift.brief(), ElevatorStopID: stop.id, FloorID: stop.floor, Floor: s.floors.get(stop.floor).brief(),
		GroupID: l.group, Group: s.brief(Group(l.group)), PlaceID: lift.place, Place: s.brief(Place(lift.place)),
	}
}

// groupStop finds the row that gives a group a stop; nil if there is none.
func (s *state) groupStop(groupID, stopID int64) *groupStop {
	for _, l := range s.groupStops.pick(s.stopsByGroup[groupID]) {
		if l.stop == stopID {
			return l
		}
	}
	return nil
}

func listGroupStops(x *exchange) response {
	q, st := x.query, x.st
	ids, groupID, stopID := q.ids(), q.number("group_id"), q.number("elevator_stop_id")
	if g := st.groups.get(groupID); len(q.errs) == 0 && (g == nil || !x.seesGroup(g)) {
		return notFound()
	}
	return page(x, listing[groupStop]{
		rows: func() []*groupStop { return st.groupStops.pick(st.stopsByGroup[groupID]) },
		keep: func(l *groupStop) bool {
			return (ids == nil || slices.Contains(ids, l.id)) && (stopID == 0 || l.stop == stopID)
		},
		id:     func(l *groupStop) int64 { return l.id },
		render: func(l *groupStop) any { return st.renderGroupStop(l) },
	})
}

// createGroupStop takes the group from the query and the stop from the body, which no other endpoint does. Its
// specification lists no 422 and no 404, so what is wrong with the stop is a 400; a group out of sight is 404 (§1.7).
func createGroupStop(x *exchange) response {
	g := x.st.groups.get(x.query.number("group_id"))
	if g == nil || !x.seesGroup(g) {
		return notFound()
	}
	if !x.viewer.may("group_elevator_stops_write", g.place) {
		return x.forbidden()
	}
	b, refusal := x.readBody("group_elevator_stop")
	if refusal != nil {
		return *refusal
	}
	l := &groupStop{group: g.id, stop: b.number("elevator_stop_id")}
	b.need("elevator_stop_id")
	b.leftover()
	stop := x.st.stops.get(l.stop)
	if len(b.errs) > 0 || stop == nil || g.place != 0 && g.place != x.st.elevators.get(stop.elevator).place {
		return badRequest("The elevator stop does not fit the group")
	}
	x.guardRow(g.origin, "group", g.id, "given an elevator stop")
	if x.st.groupStop(g.id, l.stop) != nil {
		return x.duplicate(x.st.assume.doorRefusal(), "elevator_stop_id")
	}
	x.st.putGroupStop(l)
	return ok(x.st.renderGroupStop(l))
}

func (x *exchange) groupStopOf() (*groupStop, *group) {
	l := x.st.groupStops.get(x.id)
	if l == nil {
		return nil, nil
	}
	g := x.st.groups.get(l.group)
	if !x.seesGroup(g) {
		return nil, nil
	}
	return l, g
}

func getGroupStop(x *exchange) response {
	if l, _ := x.groupStopOf(); l != nil {
		return ok(x.st.renderGroupStop(l))
	}
	return notFound()
}

func deleteGroupStop(x *exchange) response {
	l, g := x.groupStopOf()
	if l == nil {
		return notFound()
	}
	if !x.viewer.may("group_elevator_stops_write", g.place) {
		return x.forbidden()
	}
	x.guardDoor(l.origin, g, "group elevator stop", l.id)
	x.st.dropGroupStop(l)
	return done()
}
