package kisi

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/kisi-sync/kisi-sync/internal/access"
)

// FollowRoles has Catalog read the roles on places and the organization, and
// what of them the key may give. It is called before the first call.
func (t *Target) FollowRoles() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.follows = true
}

func (t *Target) followsRoles() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.follows
}

// scopeRoles judges the roles on places and the organization.
func (t *Target) scopeRoles(ctx context.Context, roles []Role, c *access.Catalog) ([]access.ScopeRole, error) {
	own, err := t.ownPermissions(ctx, roles, int64(c.Self), c.Organization.Owner == c.Self)
	if err != nil {
		return nil, err
	}
	var out []access.ScopeRole
	for _, r := range roles {
		if r.AppliesTo != typeOrganization && r.AppliesTo != typePlace {
			continue
		}
		s := access.ScopeRole{ID: r.ID, Name: r.Name, Organization: r.AppliesTo == typeOrganization, Refused: refusal(r, own)}
		for _, other := range roles {
			if other.AppliesTo == r.AppliesTo && other.ID != r.ID && r.covers(other) {
				s.Covers = append(s.Covers, other.ID)
			}
		}
		slices.Sort(s.Covers)
		out = append(out, s)
	}
	slices.SortFunc(out, func(a, b access.ScopeRole) int { return cmp.Compare(a.ID, b.ID) })
	return out, nil
}

// permissions are what a role may do. What makes no sense is nothing known.
func (r Role) permissions() (may map[string]bool, known bool) {
	may = map[string]bool{}
	for name, has := range r.Permissions.Names {
		known = true
		if has {
			may[name] = true
		}
	}
	return may, known
}

// covers says that r may do all that another role may do, and that this is
// known of both.
func (r Role) covers(other Role) bool {
	mine, known := r.permissions()
	theirs, too := other.permissions()
	if !known || !too {
		return false
	}
	for name := range theirs {
		if !mine[name] {
			return false
		}
	}
	return true
}

// isOwner: ownership is transferred, never given (§4.2).
func isOwner(role string) bool { return role == "owner" || strings.HasSuffix(role, "_owner") }

// refusal says why a role is not given by a key with these permissions.
func refusal(r Role, own map[string]bool) string {
	may, known := r.permissions()
	switch {
	case isOwner(r.ID):
		return "ownership is never given"
	case !known:
		return "Kisi does not say what it may do"
	}
	var above []string
	for name := range may {
		if own != nil && !own[name] {
			above = append(above, name)
		}
	}
	if len(above) == 0 {
		return ""
	}
	slices.Sort(above)
	text := strings.Join(above[:min(3, len(above))], ", ")
	if len(above) > 3 {
		text += fmt.Sprintf(" and %d more", len(above)-3)
	}
	return "it is above the API key's own role, which lacks " + text
}

// ownPermissions are what the key's user may do by its own role on the
// organization; nil is everything, as the owner may. What it may do through a
// team, or on one place, is not counted.
func (t *Target) ownPermissions(ctx context.Context, roles []Role, self int64, owner bool) (map[string]bool, error) {
	if owner {
		return nil, nil
	}
	rows, err := t.client.RoleAssignments(ctx, AssignmentFilter{AssigneeType: typeUser, AssigneeID: self, AppliesToType: typeOrganization})
	own := map[string]bool{}
	for _, row := range rows {
		for _, r := range roles {
			if r.ID == row.RoleID {
				may, _ := r.permissions()
				for name := range may {
					own[name] = true
				}
			}
		}
	}
	return own, err
}

// createRole gives a role on a place or the organization. Whatever a plan says,
// it is looked again that the role is not above the key's own.
func (t *Target) createRole(ctx context.Context, call access.Call) (access.Result, error) {
	user := int64(call.Member())
	if user == 0 {
		return access.Result{}, missingID("user")
	}
	on, mark := call.Group().Role()
	role, err := t.roleToGive(ctx, on, mark)
	if err != nil {
		return access.Result{}, err
	}
	scope := AssignmentFilter{typeUser, user, typePlace, int64(on.ID)}
	if on.Organization {
		scope.AppliesToType = typeOrganization
	}
	rows, err := t.client.RoleAssignments(ctx, scope)
	if err != nil {
		return access.Result{}, err
	}
	for _, row := range rows {
		switch {
		case row.RoleID == role.ID:
			return access.Result{ID: access.RemoteID(row.ID), Existed: true}, nil
		case !harmlessOrganization(row): // one role on each (§4.2): that of others is not replaced
			return access.Result{}, fmt.Errorf("%w: holds another role there already (%s)", access.ErrExists, row.RoleID)
		}
	}
	made, err := t.client.CreateScopeRole(ctx, scope, role.ID, call.Change.After.Notify)
	if len(rows) > 0 && perhapsDuplicate(err) {
		// To change the row of the membership would be to take it away with the role one day.
		return access.Result{}, fmt.Errorf("%w: Kisi counts plain membership as a role and gives no other beside it: give it in Kisi by hand: %w", access.ErrRefused, bare(err))
	}
	return access.Result{ID: access.RemoteID(made.ID)}, err
}

func (t *Target) roleToGive(ctx context.Context, on access.RoleScope, mark access.RemoteID) (Role, error) {
	roles, err := t.client.Roles(ctx)
	if err != nil {
		return Role{}, err
	}
	self, err := t.whoAmI(ctx, true)
	if err != nil {
		return Role{}, err
	}
	organization, err := t.client.Organization(ctx)
	if err != nil {
		return Role{}, err
	}
	own, err := t.ownPermissions(ctx, roles, self, organization.OwnerID == self)
	if err != nil {
		return Role{}, err
	}
	for _, r := range roles {
		if access.RoleMark(r.ID) != mark || (r.AppliesTo == typeOrganization) != on.Organization || r.AppliesTo == typeGroup {
			continue
		}
		if why := refusal(r, own); why != "" {
			return Role{}, fmt.Errorf("%w: the role %s: %s", access.ErrRefused, r.Name, why)
		}
		return r, nil
	}
	return Role{}, fmt.Errorf("%w: the role is not in Kisi any more", access.ErrRefused)
}

// mayDemote refuses to take a role from the owner and from the key's own user.
func (t *Target) mayDemote(ctx context.Context, user int64) error {
	organization, err := t.client.Organization(ctx)
	if err != nil {
		return err
	}
	self, err := t.whoAmI(ctx, true)
	if err != nil {
		return err
	}
	if user == organization.OwnerID || user == self {
		return fmt.Errorf("%w: user %d is the owner or the API key's own user and is never demoted", access.ErrRefused, user)
	}
	return nil
}

// forgetGuard has who is protected be read anew before anybody is suspended.
func (t *Target) forgetGuard() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.guard = nil
}
