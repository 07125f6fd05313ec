package kisi

import (
	"cmp"
	"context"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/kisi-sync/kisi-sync/internal/access"
)

// countingTime is how long the counting may keep a run waiting.
const countingTime = 30 * time.Second

// counting is who else may open doors, being counted.
type counting struct {
	*observation
	out    *access.Beside
	groups map[int64]*access.BesideGroup
	teams  map[int64][]int64 // the groups that a team is in
	names  map[int64]string  // of teams
}

// beside counts who may open doors by rights that are never followed. Nothing
// is decided by it, so what cannot be counted is said and is no error; only a
// bad key and an end of ctx are, which concern everything else, too.
func (o *observation) beside(ctx context.Context, scope access.Scope) error {
	if !scope.Beside || !o.state.Covers.All {
		return nil
	}
	c := &counting{observation: o, out: &access.Beside{At: o.state.At}, groups: map[int64]*access.BesideGroup{},
		teams: map[int64][]int64{}, names: map[int64]string{}}
	for _, g := range o.state.Groups {
		c.groups[int64(g.ID)] = &access.BesideGroup{Group: g.ID}
	}
	short, cancel := context.WithTimeout(ctx, countingTime)
	defer cancel()
	for _, part := range []struct {
		what  string
		count func(context.Context) error
	}{{"guests", c.guests}, {"teams", c.inTeams}, {"members of teams", c.members}, {"access links", c.links}} {
		if err := part.count(short); err != nil {
			if ctx.Err() != nil || status(err) == http.StatusUnauthorized || status(err) == http.StatusTooManyRequests {
				return err
			}
			c.out.Uncounted = append(c.out.Uncounted, part.what+": "+tidy(err.Error()))
		}
	}
	o.state.Beside = c.sum()
	return nil
}

// ended says that a right gives nothing any more.
func (c *counting) ended(until *time.Time) bool {
	return until != nil && access.At(*until) <= c.state.At
}

func (c *counting) guests(ctx context.Context) error {
	rows, err := c.target.client.RoleAssignments(ctx, AssignmentFilter{AssigneeType: typeGuest, AppliesToType: typeGroup})
	seen := map[[2]int64]bool{}
	for _, row := range rows {
		g, who := c.groups[row.AppliesToID], [2]int64{row.AppliesToID, row.AssigneeID}
		if g != nil && !seen[who] && row.AssigneeType == typeGuest && !c.ended(row.ValidUntil) {
			seen[who] = true
			g.Guests++
		}
	}
	return err
}

func (c *counting) links(ctx context.Context) error {
	rows, err := c.target.client.GroupLinks(ctx)
	for _, row := range rows {
		if g := c.groups[row.GroupID]; g != nil && !c.ended(row.ValidUntil) {
			g.Links++
		}
	}
	return err
}

// teamRight is a right of a team, with the team's name.
type teamRight struct {
	RoleAssignment
	Assignee struct {
		Name string `json:"name"`
	} `json:"assignee"`
}

func (c *counting) inTeams(ctx context.Context) error {
	rows, err := listLong[teamRight](ctx, c.target.client, AssignmentFilter{AssigneeType: typeTeam, AppliesToType: typeGroup}.list())
	for _, row := range rows {
		team := row.AssigneeID
		if c.groups[row.AppliesToID] == nil || row.AssigneeType != typeTeam || c.ended(row.ValidUntil) || slices.Contains(c.teams[team], row.AppliesToID) {
			continue
		}
		c.teams[team] = append(c.teams[team], row.AppliesToID)
		c.names[team] = tidy(row.Assignee.Name)
	}
	return err
}

// members counts who is in the teams, those with a role in a place or the
// organization among them.
func (c *counting) members(ctx context.Context) error {
	wanted := slices.Collect(maps.Keys(c.teams))
	for who := range c.guard.holders {
		if who.kind == typeTeam && c.teams[who.id] == nil {
			wanted = append(wanted, who.id)
		}
	}
	in := map[int64]map[assignee]bool{}
	var err error
	if len(wanted) > 0 {
		slices.Sort(wanted)
		var rows []TeamMembership
		rows, err = c.target.client.MembershipsOf(ctx, wanted)
		for _, row := range rows {
			if in[row.TeamID] == nil {
				in[row.TeamID] = map[assignee]bool{}
			}
			in[row.TeamID][assignee{row.MemberType, row.MemberID}] = true
		}
	}
	c.holders(in)
	for team, groups := range c.teams {
		t := access.Team{ID: access.RemoteID(team), Name: c.names[team], Members: len(in[team])}
		if err != nil {
			t.Members = access.Unknown
		}
		for _, g := range groups {
			c.groups[g].Teams = append(c.groups[g].Teams, t)
		}
	}
	return err
}

// holders counts who holds a role in a place or the organization, by themselves
// or in a team. Users who have been deleted since are nobody.
func (c *counting) holders(in map[int64]map[assignee]bool) {
	all := map[assignee]bool{{typeUser, c.guard.owner}: true}
	for who := range c.guard.holders {
		all[who] = true
		if who.kind == typeTeam {
			maps.Copy(all, in[who.id])
		}
	}
	for user := range c.guard.admins { // whose teams were read before
		all[assignee{typeUser, user}] = true
	}
	for who := range all {
		_, there := c.place[who.id]
		switch {
		case who.kind == typeUser && there:
			c.out.Users++
		case who.kind == typeGuest:
			c.out.Guests++
		}
	}
}

// sum puts what was counted in order.
func (c *counting) sum() *access.Beside {
	for _, g := range c.groups {
		if g.Guests+g.Links+len(g.Teams) > 0 {
			slices.SortFunc(g.Teams, func(a, b access.Team) int { return cmp.Or(strings.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID)) })
			c.out.Groups = append(c.out.Groups, *g)
		}
	}
	slices.SortFunc(c.out.Groups, func(a, b access.BesideGroup) int { return cmp.Compare(a.Group, b.Group) })
	return c.out
}
