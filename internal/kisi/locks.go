package kisi

import "context"

// Lock is a door (§6.2).
type Lock struct {
	ID      int64  `json:"id"`
	Name    string `json:"name"`
	PlaceID int64  `json:"place_id"`
}

func (l Lock) key() int64   { return l.ID }
func (l Lock) flaw() string { return lacks("id", l.ID == 0) }

// Locks reads all doors.
func (c *Client) Locks(ctx context.Context) ([]Lock, error) {
	return listLong[Lock](ctx, c, listing{path: "/locks", sort: "name", limit: 250})
}
