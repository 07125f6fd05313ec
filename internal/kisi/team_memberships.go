package kisi

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
)

// TeamMembership is somebody in a team (§5.6). Teams are not ours to manage;
// we read who is an administrator through one, and how many are in those that
// open doors.
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

// MembershipsOf reads who is in some teams: all memberships there are in one
// list, which nobody says is to be had (§5.6), or else team by team. What is
// in other teams may come with it.
func (c *Client) MembershipsOf(ctx context.Context, teams []int64) ([]TeamMembership, error) {
	all, err := list[TeamMembership](ctx, c, listing{path: "/team_memberships", limit: 250})
	if s := status(err); s != http.StatusBadRequest && s != http.StatusUnprocessableEntity {
		return all, err
	}
	for _, team := range teams {
		some, err := c.TeamMemberships(ctx, team)
		if err != nil {
			return nil, err
		}
		all = append(all, some...)
	}
	return all, nil
}
