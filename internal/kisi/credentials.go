package kisi

import (
	"context"
	"net/url"
	"strconv"
)

// Credential is a card that is assigned to a user (§7.8), or a phone that is
// logged in as one (§7.10). It belongs to that user and no call moves it.
type Credential struct {
	ID   int64  `json:"id"`
	Name string `json:"name"` // of a phone; may be ""
}

func (c Credential) key() int64   { return c.ID }
func (c Credential) flaw() string { return lacks("id", c.ID == 0) }

// Cards reads the cards of a user. It tells how many there are, no numbers.
func (c *Client) Cards(ctx context.Context, user int64) ([]Credential, error) {
	q := url.Values{"assignee_type": {typeUser}, "assignee_id": {strconv.FormatInt(user, 10)}}
	return list[Credential](ctx, c, listing{path: "/card_assignments", query: q, limit: 250})
}

// Phones reads the logins of a user. Those of the API count too: they end
// likewise.
func (c *Client) Phones(ctx context.Context, user int64) ([]Credential, error) {
	q := url.Values{"user_id": {strconv.FormatInt(user, 10)}}
	return list[Credential](ctx, c, listing{path: "/logins", query: q, limit: 250})
}

// TeamsOf reads the teams that a user is in.
func (c *Client) TeamsOf(ctx context.Context, user int64) ([]TeamMembership, error) {
	q := url.Values{"member_type": {typeUser}, "member_id": {strconv.FormatInt(user, 10)}}
	return list[TeamMembership](ctx, c, listing{path: "/team_memberships", query: q, limit: 250})
}
