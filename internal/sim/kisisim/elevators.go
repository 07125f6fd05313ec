package kisisim

import (
	"slices"
	"time"
)

// elevatorJSON, elevatorStopJSON and floorJSON are the objects of §6.3.
type elevatorJSON struct {
	ID                 int64     `json:"id"`
	ResourceType       string    `json:"resource_type"`
	Name               string    `json:"name"`
	Description        *string   `json:"description"`
	CreatedAt          time.Time `json:"created_at"`
	UpdatedAt          time.Time `json:"updated_at"`
	PlaceID            int64     `json:"place_id"`
	IntegrationID      *int64    `json:"integration_id"`
	ElevatorStopsCount int       `json:"elevator_stops_count"`
}

type elevatorStopJSON struct {
	ID                int64      `json:"id"`
	ResourceType      string     `json:"resource_type"`
	CreatedAt         time.Time  `json:"created_at"`
	UpdatedAt         time.Time  `json:"updated_at"`
	Name              string     `json:"name"`
	LockedDown        bool       `json:"locked_down"`
	LockedDownSince   *time.Time `json:"locked_down_since"`
	OnScheduledPermit bool       `json:"on_scheduled_permit"`
	Permitted         bool       `json:"permitted"`
	TimeRestriction   *bool      `json:"time_restriction_enabled"`
	ElevatorID        int64      `json:"elevator_id"`
	Elevator          any        `json:"elevator"`
	FloorID           int64      `json:"floor_id"`
	Floor             any        `json:"floor"`
	PlaceID           int64      `json:"place_id"`
	Place             any        `json:"place"`
}

type floorJSON struct {
	ID           int64     `json:"id"`
	ResourceType string    `json:"resource_type"`
	Name         string    `json:"name"`
	Description  *string   `json:"description"`
	Number       int       `json:"number"`
	CreatedAt    time.Time `json:"created_at"`
	UpdatedAt    time.Time `json:"updated_at"`
	PlaceID      int64     `json:"place_id"`
}

// storeyJSON is a floor inside other objects.
type storeyJSON struct {
	briefJSON
	Number int `json:"number"`
}

func (e *elevator) brief() briefJSON {
	return briefJSON{ID: e.id, ResourceType: "Elevator", Name: e.name}
}

func (f *floor) brief() storeyJSON {
	return storeyJSON{briefJSON{ID: f.id, ResourceType: "Floor", Name: f.name}, f.number}
}

func (s *state) renderElevator(e *elevator) any {
	return elevatorJSON{
		ID: e.id, ResourceType: "Elevator", Name: e.name, CreatedAt: e.created, UpdatedAt: e.updated, PlaceID: e.place,
		ElevatorStopsCount: countIf(s.stops.all(), func(stop *elevatorStop) bool { return stop.elevator == e.id }),
	}
}

func (s *state) renderStop(stop *elevatorStop) any {
	lift := s.elevators.get(stop.elevator)
	return elevatorStopJSON{
		ID: stop.id, ResourceType: "ElevatorStop", CreatedAt: stop.created, UpdatedAt: stop.updated, Name: stop.name,
		ElevatorID: lift.id, Elevator: lift.brief(), FloorID: stop.floor, Floor: s.floors.get(stop.floor).brief(),
		PlaceID: lift.place, Place: s.brief(Place(lift.place)),
	}
}

func (f *floor) render() any {
	return floorJSON{
		ID: f.id, ResourceType: "Floor", Name: f.name, Number: f.number, CreatedAt: f.created, UpdatedAt: f.updated, PlaceID: f.place,
	}
}

func listElevators(x *exchange) response {
	placeID, exists := x.placeOfQuery()
	ids, question := x.query.ids(), x.query.str("query")
	if !exists {
		return notFound()
	}
	return page(x, listing[elevator]{
		rows: x.st.elevators.all,
		keep: func(e *elevator) bool {
			return (ids == nil || slices.Contains(ids, e.id)) && (placeID == 0 || e.place == placeID) &&
				(question == "" || fuzzy(question, e.name)) && x.viewer.seesPlace(e.place)
		},
		id:     func(e *elevator) int64 { return e.id },
		render: func(e *elevator) any { return x.st.renderElevator(e) },
	})
}

func getElevator(x *exchange) response {
	if e := x.st.elevators.get(x.id); e != nil && x.viewer.seesPlace(e.place) {
		return ok(x.st.renderElevator(e))
	}
	return notFound()
}

func listElevatorStops(x *exchange) response {
	placeID, exists := x.placeOfQuery()
	ids, liftID, floorID := x.query.ids(), x.query.number("elevator_id"), x.query.number("floor_id")
	if !exists {
		return notFound()
	}
	return page(x, listing[elevatorStop]{
		rows: x.st.stops.all,
		keep: func(s *elevatorStop) bool {
			return (ids == nil || slices.Contains(ids, s.id)) && x.st.elevators.get(s.elevator).place == placeID &&
				(liftID == 0 || s.elevator == liftID) && (floorID == 0 || s.floor == floorID)
		},
		id:     func(s *elevatorStop) int64 { return s.id },
		render: func(s *elevatorStop) any { return x.st.renderStop(s) },
	})
}

func getElevatorStop(x *exchange) response {
	if s := x.st.stops.get(x.id); s != nil && x.viewer.seesPlace(x.st.elevators.get(s.elevator).place) {
		return ok(x.st.renderStop(s))
	}
	return notFound()
}

func listFloors(x *exchange) response {
	placeID, exists := x.placeOfQuery()
	ids, question := x.query.ids(), x.query.str("query")
	if !exists {
		return notFound()
	}
	return page(x, listing[floor]{
		rows: x.st.floors.all,
		keep: func(f *floor) bool {
			return (ids == nil || slices.Contains(ids, f.id)) && f.place == placeID && (question == "" || fuzzy(question, f.name))
		},
		id:     func(f *floor) int64 { return f.id },
		render: func(f *floor) any { return f.render() },
	})
}

func getFloor(x *exchange) response {
	if f := x.st.floors.get(x.id); f != nil && x.viewer.seesPlace(f.place) {
		return ok(f.render())
	}
	return notFound()
}
