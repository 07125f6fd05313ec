package kisi

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"maps"

	"github.com/kisi-sync/kisi-sync/internal/access"
)

// guard knows who must never be suspended, whatever a plan says.
type guard struct {
	organization Organization
	owner, self  int64
	admins       map[int64]bool    // by their own role or through a team
	holders      map[assignee]bool // of a role that opens doors without any group
	rows         []RoleAssignment  // of users on the organization and its places, where those were read
}

// assignee is who holds a right: a user, a team or a guest.
type assignee struct {
	kind string
	id   int64
}

// readGuard reads who is protected. With assignees "" it reads every role on
// the organization and its places; with typeTeam only what teams hold, which is
// enough where the users' own roles are read anyway. A leaver waits for that
// one, so it takes as few calls as it can.
func (t *Target) readGuard(ctx context.Context, assignees string) (*guard, error) {
	organization, err := t.client.Organization(ctx)
	if err != nil {
		return nil, err
	}
	self, err := t.whoAmI(ctx, assignees == typeTeam)
	if err != nil {
		return nil, err
	}
	g := &guard{organization: organization, owner: organization.OwnerID, self: self, admins: map[int64]bool{}, holders: map[assignee]bool{}}
	rows, err := t.roles(ctx, g, assignees)
	if err != nil {
		return nil, err
	}
	teams := map[int64]bool{}
	for _, row := range rows {
		g.note(row)
		if row.AssigneeType == typeUser && row.AppliesToType != typeGroup {
			g.rows = append(g.rows, row)
		}
		if row.AssigneeType == typeTeam && row.AppliesToType != typeGroup && !harmless(row.RoleID) {
			teams[row.AssigneeID] = true
		}
	}
	return g, t.addTeams(ctx, g, teams)
}

// whoAmI is the user as whom the key acts. It is the same for as long as the
// key is, so it may be remembered.
func (t *Target) whoAmI(ctx context.Context, remembered bool) (int64, error) {
	key, err := t.client.options.Key()
	if err != nil {
		return 0, fmt.Errorf("API key: %w", err)
	}
	digest := sha256.Sum256([]byte(key.Reveal()))
	t.mu.Lock()
	known := t.self[digest]
	t.mu.Unlock()
	if remembered && known != 0 {
		return known, nil
	}
	self, err := t.client.Self(ctx)
	if err != nil {
		return 0, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.self = map[[sha256.Size]byte]int64{digest: self.ID}
	return self.ID, nil
}

// roles reads the roles on the organization and its places, and perhaps on
// groups.
func (t *Target) roles(ctx context.Context, g *guard, assignees string) (rows []RoleAssignment, err error) {
	if all := (AssignmentFilter{AssigneeType: typeTeam}); assignees == typeTeam && t.client.onePage(all.list()) {
		return t.client.RoleAssignments(ctx, all) // with what teams hold in groups it is one call instead of two
	}
	for _, scope := range []string{typeOrganization, typePlace} {
		some, err := t.client.RoleAssignments(ctx, AssignmentFilter{AssigneeType: assignees, AppliesToType: scope})
		if err != nil {
			return nil, err
		}
		if scope == typeOrganization && assignees == "" && len(some) == 0 && g.self != g.owner {
			// At least the key's own role is there, or that of its team.
			return nil, AssignmentFilter{AppliesToType: scope}.list().unreadable(errors.New("nobody holds a role in the organization, not even the key's user"))
		}
		rows = append(rows, some...)
	}
	return rows, nil
}

// note remembers a user whose role on the organization or a place protects.
func (g *guard) note(row RoleAssignment) {
	if row.AssigneeType == typeUser && row.AppliesToType != typeGroup && !harmless(row.RoleID) {
		g.admins[row.AssigneeID] = true
	}
	if row.AppliesToType == typePlace || row.AppliesToType == typeOrganization && !harmless(row.RoleID) {
		g.holders[assignee{row.AssigneeType, row.AssigneeID}] = true
	}
}

// addTeams protects who is an administrator through a team; Kisi recommends
// teams for admin roles (§5.6).
func (t *Target) addTeams(ctx context.Context, g *guard, teams map[int64]bool) error {
	for team := range teams {
		rows, err := t.client.TeamMemberships(ctx, team)
		if err != nil {
			return err
		}
		for _, row := range rows {
			if row.MemberType == typeUser {
				g.admins[row.MemberID] = true
			}
		}
	}
	return nil
}

// protection says why a user is protected; the first reason counts.
func (g *guard) protection(user int64) access.Protection {
	switch {
	case user == g.owner:
		return access.Owner
	case g.admins[user]:
		return access.Administrator
	case user == g.self:
		return access.OwnKey
	}
	return access.Unprotected
}

// remember keeps what an observation found. One of some people only adds to
// what is known of the others.
func (t *Target) remember(g *guard, all bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.guard != nil && !all {
		maps.Copy(g.admins, t.guard.admins)
	}
	t.guard = g
}

// refuseProtected is the last line of defence behind the plan.
func (t *Target) refuseProtected(ctx context.Context, user int64) error {
	t.mu.Lock()
	g := t.guard
	t.mu.Unlock()
	if g == nil {
		var err error
		if g, err = t.readGuard(ctx, ""); err != nil {
			return fmt.Errorf("find out who is protected: %w", err)
		}
		t.remember(g, true)
	}
	if why := g.protection(user); why != access.Unprotected {
		return fmt.Errorf("%w: user %d is protected (%s) and never suspended", access.ErrRefused, user, why)
	}
	return nil
}
