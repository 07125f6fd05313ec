package kisi

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	"github.com/kisi-sync/kisi-sync/internal/access"
)

// Role is what somebody may do on an organization, a place or a group (§4.1).
type Role struct {
	ID          string      `json:"id"`
	Name        string      `json:"name"`
	AppliesTo   string      `json:"applies_to"`
	Custom      bool        `json:"custom"`
	Permissions Permissions `json:"permissions"`
}

// Permissions are what a role may do, as Kisi wrote it: a few hundred words for each role, which are read only when somebody asks.
type Permissions json.RawMessage

// UnmarshalJSON keeps a copy of the text.
func (p *Permissions) UnmarshalJSON(text []byte) error {
	*p = slices.Clone(text)
	return nil
}

// Names calls yield with each permission and whether the role has it, in no order; with nothing when the text makes no sense.
func (p Permissions) Names(yield func(name string, has bool) bool) {
	var all map[string]bool
	if json.Unmarshal(p, &all) != nil {
		return
	}
	for name, has := range all {
		if !yield(name, has) {
			return
		}
	}
}

// Roles reads all roles. The list is not paged, so it is whole when it can be
// read and holds the role that everything here is about.
func (c *Client) Roles(ctx context.Context) ([]Role, error) {
	answer, err := c.call(ctx, request{method: http.MethodGet, path: "/roles"})
	if err != nil {
		return nil, err
	}
	var roles []Role
	if err := answer.array(&roles); err != nil {
		return nil, err
	}
	for _, r := range roles {
		if r.ID == access.DoorAccess.ID() {
			return roles, nil
		}
	}
	return nil, answer.misshapen("among %d roles there is no %q, which gives door access", len(roles), access.DoorAccess.ID())
}

// harmless says that a role on the organization or a place makes nobody an
// administrator: plain membership, or the doors of a place. Newer ids carry
// the scope in front (§4.2). Every other role, known or not, protects.
func harmless(role string) bool { return role == "basic" || strings.HasSuffix(role, "_basic") }
