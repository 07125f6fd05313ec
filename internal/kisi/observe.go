package kisi

import (
	"context"
	"errors"

	"github.com/kisi-sync/kisi-sync/internal/access"
)

// guessedWhole is what a whole observation is taken to cost, in calls, while
// none has been made yet.
const guessedWhole = 25

// observation is one State being made.
type observation struct {
	target *Target
	guard  *guard
	state  *access.State
	place  map[int64]int // index in state.Members by id
}

// Observe tells how things are in Kisi. The State covers at least the scope:
// where everybody can be read with fewer calls than those who were asked for,
// it covers all, unless the scope says not to. It fails rather than tell half.
func (t *Target) Observe(ctx context.Context, scope access.Scope) (*access.State, error) {
	if !scope.All && !scope.Singly && t.cost(scope) > t.wholeCost() {
		scope = access.Scope{All: true, Doors: scope.Doors, Roles: scope.Roles}
	}
	o := &observation{target: t, place: map[int64]int{}, state: &access.State{Covers: scope, At: access.At(t.client.options.Now())}}
	if scope.Made {
		o.state.Made = map[access.RemoteID]access.Instant{}
	}
	groups, err := t.client.Groups(ctx)
	if err != nil {
		return nil, err
	}
	if err := o.members(ctx, groups); err != nil {
		return nil, err
	}
	o.state.Organization = organizationOf(o.guard.organization)
	o.state.Groups = groupRows(groups)
	if err := o.openings(ctx); err != nil {
		return nil, err
	}
	if err := o.beside(ctx, scope); err != nil {
		return nil, err
	}
	o.protect()
	o.state.Sort()
	return o.state, nil
}

// cost is the number of calls for some people: one finds up to a hundred by
// id, one or two find one by address, and one reads what each holds.
func (t *Target) cost(s access.Scope) int {
	return (len(s.Members)+usersPerPage-1)/usersPerPage + len(s.Members) + 3*len(s.Emails)
}

// wholeCost is the number of calls for everybody, by the last time.
func (t *Target) wholeCost() int {
	c := t.client
	users, rights := userList(nil), usersInGroups().list()
	c.mu.Lock()
	defer c.mu.Unlock()
	n, m := c.totals[users.name()], c.totals[rights.name()]
	if n == 0 {
		return guessedWhole
	}
	return n/(users.limit-1) + m/(rights.limit-1) + 2
}

func (o *observation) members(ctx context.Context, groups []Group) (err error) {
	if o.state.Covers.All {
		if o.guard, err = o.target.readGuard(ctx, ""); err != nil {
			return err
		}
		return o.everybody(ctx, groups)
	}
	if o.guard, err = o.target.readGuard(ctx, typeTeam); err != nil {
		return err
	}
	return o.some(ctx)
}

func (o *observation) everybody(ctx context.Context, groups []Group) error {
	users, err := o.target.client.Users(ctx)
	if err != nil {
		return err
	}
	if len(users) == 0 {
		// The key's own user is always there.
		return userList(nil).unreadable(errors.New("the list of users is empty, even of the key's own"))
	}
	o.state.Members = make([]access.Member, 0, len(users))
	o.addUsers(users)
	rows, err := o.target.client.UserGroupAssignments(ctx, groups)
	if err != nil {
		return err
	}
	o.addRows(rows)
	o.addRows(o.guard.rows)
	return nil
}

func (o *observation) some(ctx context.Context) error {
	if err := o.byID(ctx); err != nil {
		return err
	}
	for _, address := range o.state.Covers.Emails {
		users, err := o.target.client.UsersByEmail(ctx, address)
		if err != nil {
			return err
		}
		o.addUsers(users)
	}
	for i := range o.state.Members {
		rows, err := o.target.client.RoleAssignments(ctx, AssignmentFilter{AssigneeType: typeUser, AssigneeID: int64(o.state.Members[i].ID)})
		if err != nil {
			return err
		}
		o.addRows(rows)
	}
	return nil
}

// byID finds the members that were asked for by id. That one is gone must be
// said of it alone: a filter over many that was misunderstood would look like
// an exodus.
func (o *observation) byID(ctx context.Context) error {
	ids := make([]int64, len(o.state.Covers.Members))
	for i, id := range o.state.Covers.Members {
		ids[i] = int64(id)
	}
	users, err := o.target.client.UsersByID(ctx, ids)
	if err != nil {
		return err
	}
	o.addUsers(users)
	for _, id := range ids {
		if _, found := o.place[id]; found {
			continue
		}
		user, err := o.target.client.User(ctx, id)
		if errors.Is(err, access.ErrGone) {
			continue
		}
		if err != nil {
			return err
		}
		o.addUsers([]User{user})
	}
	return nil
}

func (o *observation) addUsers(users []User) {
	for _, u := range users {
		if _, twice := o.place[u.ID]; twice {
			continue
		}
		o.place[u.ID] = len(o.state.Members)
		o.state.Members = append(o.state.Members, access.Member{
			ID: access.RemoteID(u.ID), Email: u.Email, Name: u.Name,
			Enabled: u.Enabled(), SCIMBlocked: u.SCIMBlocked(), Stamp: stampOf(u.Metadata), Seen: o.state.At,
		})
	}
}

// addRows sorts assignments to their members. Rows of teams, of guests and of
// users who have been deleted since are nobody's.
func (o *observation) addRows(rows []RoleAssignment) {
	for _, row := range rows {
		o.guard.note(row)
		i, known := o.place[row.AssigneeID]
		if known && row.AssigneeType == typeUser && (row.AppliesToType == typeGroup || o.state.Covers.Roles && !harmlessOrganization(row)) {
			g := grantOf(row)
			if g.Group == 0 {
				continue // on something with an id that no organization has
			}
			o.state.Members[i].Grants = append(o.state.Members[i].Grants, g)
			if o.byOther(row) {
				o.state.ByOthers = append(o.state.ByOthers, access.RemoteID(row.ID))
			}
			if o.state.Made != nil && row.CreatedAt != nil {
				o.state.Made[g.Assignment] = access.At(*row.CreatedAt)
			}
		}
	}
}

// byOther says that a right was given by another user than the one as whom the
// key acts. That Kisi names the key's user for what the key gives is likely
// (§12.14), so nothing is concluded from a row that names nobody, or an
// integration.
func (o *observation) byOther(row RoleAssignment) bool {
	return row.CreatedByType == typeUser && row.CreatedByID != 0 && o.guard.self != 0 && row.CreatedByID != o.guard.self
}

// harmlessOrganization says that a row is the plain membership of the organization, which Kisi may show of everybody (§13).
func harmlessOrganization(row RoleAssignment) bool {
	return row.AppliesToType == typeOrganization && harmless(row.RoleID)
}

func grantOf(row RoleAssignment) access.Grant {
	if row.AppliesToType != typeGroup {
		on := access.RoleScope{Organization: row.AppliesToType == typeOrganization, ID: access.RemoteID(row.AppliesToID)}
		return access.Grant{Assignment: access.RemoteID(row.ID), Group: access.RoleOn(on, row.RoleID), Role: access.ScopedRole}
	}
	g := access.Grant{Assignment: access.RemoteID(row.ID), Group: access.RemoteID(row.AppliesToID), Role: access.RoleOf(row.RoleID)}
	if row.ValidFrom != nil {
		g.From = access.At(*row.ValidFrom)
	}
	if row.ValidUntil != nil {
		// An end before 1970 must not read as none.
		g.Until = max(access.At(*row.ValidUntil), 1)
	}
	return g
}

func groupRows(groups []Group) []access.Group {
	rows := make([]access.Group, len(groups))
	for i, g := range groups {
		rows[i] = access.Group{
			ID: access.RemoteID(g.ID), Place: access.RemoteID(g.PlaceID),
			Name: g.Name, Description: g.Description, Users: g.UsersCount, Settings: g.settings(),
		}
		if g.CreatedAt != nil {
			rows[i].Created = access.At(*g.CreatedAt)
		}
	}
	return rows
}

// openings reads doors and stops of the groups whose are asked for. A group
// that is not there has none to be read.
func (o *observation) openings(ctx context.Context) error {
	wanted := map[access.RemoteID]bool{}
	for _, id := range o.state.Covers.Doors {
		wanted[id] = true
	}
	for i := range o.state.Groups {
		g := &o.state.Groups[i]
		if !wanted[g.ID] {
			continue
		}
		doors, err := o.target.client.GroupLocks(ctx, int64(g.ID))
		if err != nil {
			return err
		}
		stops, err := o.target.client.GroupElevatorStops(ctx, int64(g.ID))
		if err != nil {
			return err
		}
		for _, d := range doors {
			g.Doors = append(g.Doors, access.Opening{Row: access.RemoteID(d.ID), Thing: access.RemoteID(d.LockID)})
		}
		for _, s := range stops {
			g.Stops = append(g.Stops, access.Opening{Row: access.RemoteID(s.ID), Thing: access.RemoteID(s.ElevatorStopID)})
		}
		g.Opened = true
	}
	return nil
}

// protect marks who is protected, once all roles have been seen.
func (o *observation) protect() {
	for i := range o.state.Members {
		o.state.Members[i].Protected = o.guard.protection(int64(o.state.Members[i].ID))
	}
	o.target.remember(o.guard, o.state.Covers.All)
}
