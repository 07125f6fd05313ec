package kisi

import (
	"context"
	"net/url"
	"strconv"
)

// TeamMembership is somebody in a team (§5.6). Teams are not ours to manage;
// we read only who is an administrator through one.
type TeamMembership struct {
	ID         int64  `json:"id"`
	TeamID     int64  `json:"team_id"`
	MemberType string `json:"member_type"`
	MemberID   int64  `json:"member_id"` // the user's id, despite the name
}

func (m TeamMembership) key() int64 { return m.ID }

func (m TeamMembership) flaw() string {
	if m.ID == 0 {
		return lacks("id", true)
	}
	return lacks("member_id", m.MemberID == 0)
}

// TeamMemberships reads who is in a team.
func (c *Client) TeamMemberships(ctx context.Context, team int64) ([]TeamMembership, error) {
	q := url.Values{"team_id": {strconv.FormatInt(team, 10)}}
	return list[TeamMembership](ctx, c, listing{path: "/team_memberships", query: q, limit: 250})
}
