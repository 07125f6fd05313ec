package kisi

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// Group is a Kisi group (§5.1).
type Group struct {
	ID          int64      `json:"id"`
	Name        string     `json:"name"`
	Description string     `json:"description"`
	PlaceID     int64      `json:"place_id"` // 0 for a group of the organization
	UsersCount  int        `json:"users_count"`
	CreatedAt   *time.Time `json:"created_at"`
}

func (g Group) key() int64 { return g.ID }

// flaw: a group without a name cannot be, and would have us make the one that we look for.
func (g Group) flaw() string { return cmp.Or(lacks("id", g.ID == 0), lacks("name", g.Name == "")) }

// Groups reads all groups, of the organization and of its places.
func (c *Client) Groups(ctx context.Context) ([]Group, error) {
	return listLong[Group](ctx, c, listing{path: "/groups", sort: "name", limit: 250})
}

// CreateGroup makes a group; place 0 makes one of the organization. Where a
// group belongs cannot be changed later (§5.3).
func (c *Client) CreateGroup(ctx context.Context, name, description string, place int64) (Group, error) {
	fields := map[string]any{"name": name, "description": description, "place_id": nil}
	if place != 0 {
		fields["place_id"] = place
	}
	return create[Group](ctx, c, request{path: "/groups", body: map[string]any{"group": fields}})
}

// DescribeGroup changes a group's description.
func (c *Client) DescribeGroup(ctx context.Context, id int64, description string) error {
	body := map[string]any{"group": map[string]string{"description": description}}
	return c.change(ctx, request{method: http.MethodPatch, path: at("/groups", id), body: body})
}

// byGroup is the filter without which the lists of a group's doors and stops
// are refused (§5.4).
func byGroup(group int64) url.Values {
	return url.Values{"group_id": {strconv.FormatInt(group, 10)}}
}
