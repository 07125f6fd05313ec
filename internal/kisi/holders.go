package kisi

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"time"

	"github.com/kisi-sync/kisi-sync/internal/access"
)

// namedRight is a right with the names that Kisi shows beside it (§4.3).
type namedRight struct {
	RoleAssignment
	CreatedAt *time.Time `json:"created_at"`
	Assignee  struct {
		Name  string `json:"name"`
		Email string `json:"email"`
	} `json:"assignee"`
}

func (r namedRight) kind() (kind access.AssigneeKind, known bool) {
	switch r.AssigneeType {
	case typeUser:
		return access.ToUser, true
	case typeTeam:
		return access.ToTeam, true
	case typeGuest:
		return access.ToGuest, true
	}
	return 0, false
}

// gathering is Holders in the making.
type gathering struct {
	target *Target
	out    *access.Holders
	users  map[int64]bool // to be looked up
	teams  map[int64]string
}

// Holders tells who may open the doors of some groups. It takes a call for 250
// rights of each group and one for 100 people, and a few for who is beside
// them. What is beside them and cannot be read is said and is no error; only a
// bad key, a request to slow down and the end of ctx are.
func (t *Target) Holders(ctx context.Context, of access.HoldersOf) (*access.Holders, error) {
	g := &gathering{target: t, out: &access.Holders{At: access.At(t.client.options.Now())}, users: map[int64]bool{}, teams: map[int64]string{}}
	for _, group := range of.Groups {
		if err := g.rights(ctx, int64(group)); err != nil {
			return nil, err
		}
	}
	for _, part := range []struct {
		what string
		read func(context.Context, access.HoldersOf) error
	}{{"roles in a place or the organization", g.roles}, {"members of teams", g.members}, {"access links", g.links}} {
		if err := part.read(ctx, of); err != nil {
			if ctx.Err() != nil || status(err) == http.StatusUnauthorized || status(err) == http.StatusTooManyRequests {
				return nil, err
			}
			g.out.Uncounted = append(g.out.Uncounted, part.what+": "+tidy(err.Error()))
		}
	}
	if err := g.people(ctx); err != nil {
		return nil, err
	}
	g.sort()
	return g.out, nil
}

func (g *gathering) rights(ctx context.Context, group int64) error {
	rows, err := listLong[namedRight](ctx, g.target.client, AssignmentFilter{AppliesToType: typeGroup, AppliesToID: group}.list())
	if err != nil {
		return err
	}
	for _, row := range rows {
		kind, known := row.kind()
		if !known || row.AppliesToType != typeGroup || row.AppliesToID != group {
			continue
		}
		held := access.HeldRight{Grant: grantOf(row.RoleAssignment), Kind: kind, Assignee: access.RemoteID(row.AssigneeID),
			Name: tidy(row.Assignee.Name), Email: tidy(row.Assignee.Email)}
		if row.CreatedAt != nil {
			held.Made = access.At(*row.CreatedAt)
		}
		g.out.Rights = append(g.out.Rights, held)
		g.note(kind, row)
	}
	return nil
}

// note remembers whom to look up.
func (g *gathering) note(kind access.AssigneeKind, row namedRight) {
	switch kind {
	case access.ToUser:
		g.users[row.AssigneeID] = true
	case access.ToTeam:
		g.teams[row.AssigneeID] = tidy(row.Assignee.Name)
	}
}

// roles reads who may open the doors by a role in the organization or a place:
// one with the permission to unlock (§4.1), and every role that the list of
// roles does not tell of.
func (g *gathering) roles(ctx context.Context, of access.HoldersOf) error {
	opens, err := g.opening(ctx)
	if err != nil {
		return err
	}
	for _, scope := range []string{typeOrganization, typePlace} {
		rows, err := listLong[namedRight](ctx, g.target.client, AssignmentFilter{AppliesToType: scope}.list())
		if err != nil {
			return err
		}
		for _, row := range rows {
			kind, known := row.kind()
			role, listed := opens[row.RoleID]
			place := access.RemoteID(0)
			if scope == typePlace {
				place = access.RemoteID(row.AppliesToID)
			}
			if !known || listed && !role.unlocks || place != 0 && !slices.Contains(of.Places, place) {
				continue
			}
			g.out.Roles = append(g.out.Roles, access.RoleHolder{Kind: kind, Assignee: access.RemoteID(row.AssigneeID), Name: tidy(row.Assignee.Name),
				Email: tidy(row.Assignee.Email), Role: cmp.Or(role.name, tidy(row.RoleID)), Place: place})
			g.note(kind, row)
		}
	}
	return g.owner(ctx)
}

// owner adds the owner, who need not show among the assignments (§12.10).
func (g *gathering) owner(ctx context.Context) error {
	organization, err := g.target.client.Organization(ctx)
	if err != nil {
		return err
	}
	id := access.RemoteID(organization.OwnerID)
	there := func(r access.RoleHolder) bool { return r.Kind == access.ToUser && r.Assignee == id && r.Place == 0 }
	if id != 0 && !slices.ContainsFunc(g.out.Roles, there) {
		g.out.Roles = append(g.out.Roles, access.RoleHolder{Kind: access.ToUser, Assignee: id, Role: "Organization owner"})
		g.users[organization.OwnerID] = true
	}
	return nil
}

// openingRole is a role by its name, and whether it opens doors.
type openingRole struct {
	name    string
	unlocks bool
}

func (g *gathering) opening(ctx context.Context) (map[string]openingRole, error) {
	roles, err := g.target.client.Roles(ctx)
	if err != nil {
		return nil, err
	}
	all := make(map[string]openingRole, len(roles))
	for _, r := range roles {
		said, unlocks := false, false
		for name, has := range r.Permissions.Names {
			said = true
			unlocks = unlocks || name == "locks_unlock" && has
		}
		all[r.ID] = openingRole{tidy(r.Name), unlocks || !said && !harmless(r.ID)}
	}
	return all, nil
}

func (g *gathering) members(ctx context.Context, _ access.HoldersOf) error {
	ids := slices.Sorted(maps.Keys(g.teams))
	for _, id := range ids {
		g.out.Teams = append(g.out.Teams, access.TeamPeople{ID: access.RemoteID(id), Name: g.teams[id], Unread: true})
	}
	if len(ids) == 0 {
		return nil
	}
	rows, err := g.target.client.MembershipsOf(ctx, ids)
	if err != nil {
		return err
	}
	for i := range g.out.Teams {
		team := &g.out.Teams[i]
		team.Unread = false
		for _, row := range rows {
			switch {
			case row.TeamID != int64(team.ID):
			case row.MemberType == typeUser:
				team.Users = append(team.Users, access.RemoteID(row.MemberID))
				g.users[row.MemberID] = true
			default:
				team.Guests++
			}
		}
		slices.Sort(team.Users)
		team.Users = slices.Compact(team.Users)
	}
	return nil
}

func (g *gathering) links(ctx context.Context, of access.HoldersOf) error {
	rows, err := g.target.client.GroupLinks(ctx)
	for _, row := range rows {
		l := access.DoorLink{ID: access.RemoteID(row.ID), Group: access.RemoteID(row.GroupID), Name: tidy(row.Name)}
		if row.ValidUntil != nil {
			l.Until = max(access.At(*row.ValidUntil), 1)
		}
		if slices.Contains(of.Groups, l.Group) && (l.Until == 0 || l.Until > g.out.At) {
			g.out.Links = append(g.out.Links, l)
		}
	}
	return err
}

// people looks everybody up. Who is gone since is left out, and so are the
// rights: they open nothing any more.
func (g *gathering) people(ctx context.Context) error {
	ids := slices.Sorted(maps.Keys(g.users))
	users, err := g.target.client.UsersByID(ctx, ids)
	if err != nil {
		return err
	}
	if len(ids) > 0 && len(users) == 0 {
		return userList(nil).unreadable(fmt.Errorf("none of %d users could be read by id", len(ids)))
	}
	for _, u := range users {
		p := access.Person{ID: access.RemoteID(u.ID), Name: u.Name, Email: u.Email, Enabled: u.Enabled() && !u.SCIMBlocked()}
		if u.LastAccessedAt != nil {
			p.LastUsed = access.At(*u.LastAccessedAt)
		}
		g.out.People = append(g.out.People, p)
	}
	return nil
}

func (g *gathering) sort() {
	h := g.out
	slices.SortFunc(h.People, func(a, b access.Person) int { return cmp.Compare(a.ID, b.ID) })
	gone := func(kind access.AssigneeKind, id access.RemoteID) bool {
		_, there := h.Person(id)
		return kind == access.ToUser && !there
	}
	h.Rights = slices.DeleteFunc(h.Rights, func(r access.HeldRight) bool { return gone(r.Kind, r.Assignee) })
	h.Roles = slices.DeleteFunc(h.Roles, func(r access.RoleHolder) bool { return gone(r.Kind, r.Assignee) })
	slices.SortFunc(h.Rights, func(a, b access.HeldRight) int {
		return cmp.Or(cmp.Compare(a.Group, b.Group), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Assignee, b.Assignee), cmp.Compare(a.Assignment, b.Assignment))
	})
	slices.SortFunc(h.Links, func(a, b access.DoorLink) int { return cmp.Or(cmp.Compare(a.Group, b.Group), cmp.Compare(a.ID, b.ID)) })
	slices.SortFunc(h.Roles, func(a, b access.RoleHolder) int {
		return cmp.Or(cmp.Compare(a.Place, b.Place), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Assignee, b.Assignee), cmp.Compare(a.Role, b.Role))
	})
}
