package kisi

import "context"

// Login is the login that the key is (§7.10).
type Login struct {
	ID     int64  `json:"id"`
	Type   string `json:"type"` // "api" for an API key
	Name   string `json:"name"`
	Expire bool   `json:"expire"`
	UserID int64  `json:"user_id"`
}

func (l Login) flaw() string { return lacks("user_id", l.UserID == 0) }

// Login reads the login that the key is.
func (c *Client) Login(ctx context.Context) (Login, error) {
	return getWhole[Login](ctx, c, "/login")
}

// Self is the user as whom the key acts (§3.6).
type Self struct {
	ID             int64  `json:"id"`
	Name           string `json:"name"`
	Email          string `json:"email"`
	OrganizationID int64  `json:"organization_id"`
}

func (s Self) flaw() string { return lacks("id", s.ID == 0) }

// Self reads the user as whom the key acts.
func (c *Client) Self(ctx context.Context) (Self, error) {
	return getWhole[Self](ctx, c, "/user")
}
