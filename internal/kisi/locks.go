package kisi

import (
	"cmp"
	"context"
)

// Lock is a door (§6.2).
type Lock struct {
	ID      int64  `json:"id"`
	Name    string `json:"name"`
	PlaceID int64  `json:"place_id"`
}

func (l Lock) key() int64 { return l.ID }

// flaw: a door without a name or a place would be another one than the file names.
func (l Lock) flaw() string {
	return cmp.Or(lacks("id", l.ID == 0), lacks("name", l.Name == ""), lacks("place_id", l.PlaceID == 0))
}

// Locks reads all doors.
func (c *Client) Locks(ctx context.Context) ([]Lock, error) {
	return listLong[Lock](ctx, c, listing{path: "/locks", sort: "name", limit: 250})
}
