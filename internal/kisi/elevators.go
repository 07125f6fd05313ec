package kisi

import "context"

// Elevator is an elevator (§6.3).
type Elevator struct {
	ID      int64  `json:"id"`
	Name    string `json:"name"`
	PlaceID int64  `json:"place_id"`
}

func (e Elevator) key() int64   { return e.ID }
func (e Elevator) flaw() string { return lacks("id", e.ID == 0) }

// Elevators reads the elevators of a place. Live Kisi wants the place, whatever
// the specification says (§11.11).
func (c *Client) Elevators(ctx context.Context, place int64) ([]Elevator, error) {
	return list[Elevator](ctx, c, listing{path: "/elevators", query: byPlace(place), limit: 250})
}

// ElevatorStop is a floor at which an elevator stops (§6.3).
type ElevatorStop struct {
	ID         int64    `json:"id"`
	Name       string   `json:"name"`
	ElevatorID int64    `json:"elevator_id"`
	Elevator   Elevator `json:"elevator"` // may come without a name, or not at all
	PlaceID    int64    `json:"place_id"`
}

func (s ElevatorStop) key() int64   { return s.ID }
func (s ElevatorStop) flaw() string { return lacks("id", s.ID == 0) }

// ElevatorStops reads the elevator stops of a place.
func (c *Client) ElevatorStops(ctx context.Context, place int64) ([]ElevatorStop, error) {
	return list[ElevatorStop](ctx, c, listing{path: "/elevator_stops", query: byPlace(place), limit: 250})
}
