package kisi

import (
	"cmp"
	"context"
	"net/url"
	"strconv"
)

// Place is a site (§6.1).
type Place struct {
	ID   int64  `json:"id"`
	Name string `json:"name"`
	Zone string `json:"time_zone"` // as in Europe/Berlin; "" where Kisi says null
}

func (p Place) key() int64 { return p.ID }

// flaw: a place without a name would be another one than the file names.
func (p Place) flaw() string { return cmp.Or(lacks("id", p.ID == 0), lacks("name", p.Name == "")) }

// Places reads all places.
func (c *Client) Places(ctx context.Context) ([]Place, error) {
	return listLong[Place](ctx, c, listing{path: "/places", sort: "name", limit: 250})
}

// byPlace is the filter of the lists that belong to a place.
func byPlace(place int64) url.Values {
	return url.Values{"place_id": {strconv.FormatInt(place, 10)}}
}
