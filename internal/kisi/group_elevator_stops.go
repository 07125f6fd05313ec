package kisi

import "context"

// GroupElevatorStop is an elevator stop in a group (§5.4).
type GroupElevatorStop struct {
	ID             int64 `json:"id"`
	GroupID        int64 `json:"group_id"`
	ElevatorStopID int64 `json:"elevator_stop_id"`
}

func (g GroupElevatorStop) key() int64 { return g.ID }

func (g GroupElevatorStop) flaw() string {
	if g.ID == 0 {
		return lacks("id", true)
	}
	return lacks("elevator_stop_id", g.ElevatorStopID == 0)
}

// GroupElevatorStops reads the elevator stops of a group.
func (c *Client) GroupElevatorStops(ctx context.Context, group int64) ([]GroupElevatorStop, error) {
	return list[GroupElevatorStop](ctx, c, listing{path: "/group_elevator_stops", query: byGroup(group), limit: 250})
}

// CreateGroupElevatorStop puts a stop into a group, which for this call is
// named in the query.
func (c *Client) CreateGroupElevatorStop(ctx context.Context, group, stop int64) (GroupElevatorStop, error) {
	body := map[string]any{"group_elevator_stop": map[string]int64{"elevator_stop_id": stop}}
	return create[GroupElevatorStop](ctx, c, request{path: "/group_elevator_stops", query: byGroup(group), body: body})
}

// DeleteGroupElevatorStop takes a stop out of a group; id is the connection's.
// One that is gone already is fine.
func (c *Client) DeleteGroupElevatorStop(ctx context.Context, id int64) error {
	return c.remove(ctx, at("/group_elevator_stops", id))
}
