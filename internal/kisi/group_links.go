package kisi

import (
	"context"
	"time"
)

// GroupLink is an access link: whoever has it opens a group's doors, without
// being a user (Kisi's OpenAPI, "Group links"). Links are not ours to manage.
type GroupLink struct {
	ID         int64      `json:"id"`
	GroupID    int64      `json:"group_id"`
	Name       string     `json:"name"`
	ValidUntil *time.Time `json:"valid_until"` // nil is open
}

func (l GroupLink) key() int64 { return l.ID }

func (l GroupLink) flaw() string {
	if l.ID == 0 {
		return lacks("id", true)
	}
	return lacks("group_id", l.GroupID == 0)
}

// GroupLinks reads the access links of all groups.
func (c *Client) GroupLinks(ctx context.Context) ([]GroupLink, error) {
	return list[GroupLink](ctx, c, listing{path: "/group_links", sort: "name", limit: 250})
}
