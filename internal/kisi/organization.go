package kisi

import "context"

// Organization is the key's own organization (§6.4).
type Organization struct {
	ID          int64  `json:"id"`
	Name        string `json:"name"`
	Domain      string `json:"domain"`
	OwnerID     int64  `json:"user_id"` // 0 if it does not say
	SCIMEnabled bool   `json:"scim_enabled"`
}

func (o Organization) flaw() string { return lacks("id", o.ID == 0) }

// Organization reads the key's own organization.
func (c *Client) Organization(ctx context.Context) (Organization, error) {
	return getWhole[Organization](ctx, c, "/organization")
}

// Settings are parts of the organization's settings (§6.4).
type Settings struct {
	SSOConfigured  bool `json:"sso_configured"`
	SCIMConfigured bool `json:"scim_configured"` // SCIM has been in use
}

// Settings reads the organization's settings.
func (c *Client) Settings(ctx context.Context) (Settings, error) {
	return get[Settings](ctx, c, "/organization/settings")
}

// Dashboard counts what there is (§6.4).
type Dashboard struct {
	Users  int `json:"users"`
	Groups int `json:"groups"`
}

// Dashboard reads the organization's counts.
func (c *Client) Dashboard(ctx context.Context) (Dashboard, error) {
	return get[Dashboard](ctx, c, "/organization/dashboard")
}
