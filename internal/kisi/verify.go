package kisi

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// Verification is what can be learned about a key and its organization
// without changing anything (§1.3).
type Verification struct {
	Login        Login
	Self         Self
	Organization Organization
	Settings     *Settings  // nil if the key may not read them
	Dashboard    *Dashboard // nil if the key may not read it
	Integrations []Integration
	Roles        []string // ids of the roles that the key's user holds on the organization
	Missing      []string // permissions that those roles lack; sorted
	Uncounted    []string // those that only counting wants; sorted
	Users        int      // that the key can see
	Blocked      int      // of them, that SCIM has suspended
	Sunsets      []Sunset
}

// Finding is something that an admin should know. Fatal ones make a sync
// impossible or unsafe.
type Finding struct {
	Fatal         bool
	Problem, Hint string
}

// needed are the permissions without which nothing works (§14).
func needed() []string {
	return []string{"users_read", "users_write", "role_assignments_read", "role_assignments_write", "groups_read", "places_read"}
}

// shaping are those that creating groups and filling them with doors wants.
func shaping() []string {
	return []string{"groups_write", "group_locks_write", "group_elevator_stops_write", "locks_read", "elevator_stops_read"}
}

// counted are those without which Kisi may show nothing to be counted beside
// the members of groups, and not say so.
func counted() []string { return []string{"group_links_read", "guests_read", "team_memberships_read"} }

// Verify reads everything that check reports about Kisi. An error means that
// nothing can be said; what the key may not read is left out.
func (c *Client) Verify(ctx context.Context) (*Verification, error) {
	v := &Verification{}
	var err error
	if v.Login, err = c.Login(ctx); err != nil {
		return nil, err
	}
	if v.Self, err = c.Self(ctx); err != nil {
		return nil, err
	}
	if v.Organization, err = c.Organization(ctx); err != nil {
		return nil, err
	}
	if err := c.verifyRoles(ctx, v); err != nil {
		return nil, err
	}
	if d, err := c.Dashboard(ctx); err == nil { // before the users, of whom a run beside may make more meanwhile
		v.Dashboard = &d
	}
	users, err := c.Users(ctx)
	if err != nil {
		return nil, err
	}
	v.Users = len(users)
	for _, u := range users {
		if u.SCIMBlocked() {
			v.Blocked++
		}
	}
	c.verifySurroundings(ctx, v)
	v.Sunsets = c.Sunsets()
	return v, ctx.Err()
}

// verifyRoles finds out what the key's user may do. The owner may do all, and
// need not show among the assignments (§12.10).
func (c *Client) verifyRoles(ctx context.Context, v *Verification) error {
	roles, err := c.Roles(ctx)
	if err != nil {
		return err
	}
	if v.Self.ID == v.Organization.OwnerID {
		v.Roles = []string{"owner"}
		return nil
	}
	rows, err := c.RoleAssignments(ctx, AssignmentFilter{AssigneeType: typeUser, AssigneeID: v.Self.ID, AppliesToType: typeOrganization})
	if err != nil {
		return err
	}
	granted := map[string]bool{}
	for _, row := range rows {
		v.Roles = append(v.Roles, row.RoleID)
		for _, r := range roles {
			if r.ID == row.RoleID {
				for name, has := range r.Permissions.Names {
					granted[name] = granted[name] || has
				}
			}
		}
	}
	for _, name := range slices.Concat(needed(), shaping()) {
		if !granted[name] {
			v.Missing = append(v.Missing, name)
		}
	}
	slices.Sort(v.Missing)
	v.Uncounted = slices.DeleteFunc(counted(), func(name string) bool { return granted[name] })
	return nil
}

// verifySurroundings reads what is good to know; a key that may not is no
// reason to stop.
func (c *Client) verifySurroundings(ctx context.Context, v *Verification) {
	if s, err := c.Settings(ctx); err == nil {
		v.Settings = &s
	}
	if all, err := c.Integrations(ctx); err == nil {
		v.Integrations = all
	}
}

// Findings judges a Verification. managed are the groups that the configuration
// manages, names by ids, shapes says that it creates groups or fills them with
// doors.
func (v *Verification) Findings(managed map[int64]string, shapes bool) []Finding {
	var all []Finding
	add := func(fatal bool, hint, format string, args ...any) {
		all = append(all, Finding{Fatal: fatal, Problem: fmt.Sprintf(format, args...), Hint: hint})
	}
	if lacking := v.lacking(shapes); len(lacking) > 0 {
		add(true, "make the key under an account that is organization administrator or owner", "the API key lacks the permissions %s", strings.Join(lacking, ", "))
	}
	if len(v.Uncounted) > 0 {
		add(false, "make the key under an account that is organization administrator or owner, or do not rely on these counts",
			"the API key lacks the permissions %s: audit who may count fewer guests, access links and members of teams than there are", strings.Join(v.Uncounted, ", "))
	}
	if v.Login.Type != "" && v.Login.Type != "api" {
		add(false, "make an API key under My account, API", "the key is a %q login, not an API key", v.Login.Type)
	}
	if v.Login.Expire {
		add(false, "make a key that does not expire; an expired one stops the sync", "the API key expires when it is not used for some time")
	}
	if v.Dashboard != nil && v.Dashboard.Users > v.Users {
		add(true, "use a key with a role on the whole organization, not on one place", "the key sees %d users, Kisi counts %d", v.Users, v.Dashboard.Users)
	}
	if v.Settings != nil && v.Settings.SCIMConfigured {
		add(false, "let one of the two manage each person; what SCIM suspends cannot be restored from here", "SCIM is in use in this organization (%d users are suspended by it)", v.Blocked)
	}
	for _, i := range v.Integrations {
		if name, ours := managed[i.GroupID]; ours && (i.Enabled == nil || *i.Enabled) {
			add(true, "point it at another group, or switch it off in Kisi; docs/leaving-kisi-imports.md says how nobody loses a door by that",
				"the integration %q (%s) also fills the group %s", i.Name, i.Type, name)
		}
	}
	for _, s := range v.Sunsets {
		add(false, "update kisi-sync before that", "Kisi announces the end of %s (%s)", s.Call, strings.TrimSpace(s.Deprecation+" "+s.Sunset))
	}
	return all
}

func (v *Verification) lacking(shapes bool) []string {
	return slices.DeleteFunc(slices.Clone(v.Missing), func(name string) bool {
		return !shapes && slices.Contains(shaping(), name)
	})
}
