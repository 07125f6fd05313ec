package kisi

import "context"

// Integration is something else that writes into Kisi (§7.5).
type Integration struct {
	ID              int64  `json:"id"`
	Name            string `json:"name"`
	Type            string `json:"type"` // "active_directory_user_import", …
	Enabled         *bool  `json:"enabled"`
	GroupID         int64  `json:"group_id"` // the group it fills; 0 for none
	DisabledByError bool   `json:"disabled_due_to_error"`
}

func (i Integration) key() int64   { return i.ID }
func (i Integration) flaw() string { return lacks("id", i.ID == 0) }

// Integrations reads all integrations.
func (c *Client) Integrations(ctx context.Context) ([]Integration, error) {
	return list[Integration](ctx, c, listing{path: "/integrations", limit: 250})
}
