package mapping

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/kisi-sync/kisi-sync/internal/access"
)

// A role on a place or the organization that some rule gives goes the way of a group: it is resolved in Kisi, given, taken and explained by the same
// code, under an id of its own (access.RoleOn).

// asGroup is the group that a role goes as. It is sensitive: nobody has it because of a group that is named by name only.
func (g RoleGrant) asGroup() Group {
	return Group{Name: access.RoleWords(g.Role, g.Place), Place: g.Place, Everywhere: g.Place == "", Members: true, Sensitive: true, Role: g.Role}
}

// sortedRoles returns what the rule gives on places and the organization, in an order of its own.
func (r *rule) sortedRoles() []RoleGrant {
	return slices.SortedFunc(slices.Values(r.Roles), func(a, b RoleGrant) int {
		return cmp.Or(cmp.Compare(a.Role, b.Role), cmp.Compare(a.Place, b.Place))
	})
}

// addRoles adds the roles that rules give to the groups, each once.
func (c *compiler) addRoles() {
	for _, r := range c.spec.Rules {
		for _, x := range r.Roles {
			if g := x.asGroup(); !slices.ContainsFunc(c.out.groups, func(o Group) bool { return o.Name == g.Name }) {
				c.out.groups = append(c.out.groups, g)
			}
		}
	}
}

// grantRoles checks the roles that a rule gives. Beside grant_listed they are those that the list may give, to whom it names.
func (c *compiler) grantRoles(path string, r *rule) {
	if len(r.Roles) == 0 {
		return
	}
	path += ".grant_roles"
	for _, p := range []struct {
		is         bool
		text, hint string
	}{
		{!c.spec.AdminRoles, "roles on places and the organization are not allowed in this file",
			"write allow_admin_roles: true at the top of the file, if that is really meant: each one still waits for an approval"},
		{r.Begin != nil || r.Until != nil, "in Kisi a role on a place or the organization has no dates", "give it by a rule without from_date and until, and end it by a condition"},
		{!r.Listed && r.From.Everyone && strings.TrimSpace(r.Where) == "", "a role is sensitive and cannot be granted to everyone of a source", "name a group, or add where"},
		{!r.Listed && r.source >= 0 && c.out.sources[r.source].MayGrant != nil, "the source " + r.From.Source + " may grant only what its may_grant names, and no roles", "grant it from another source"},
	} {
		if p.is {
			c.problem(path, p.hint, "%s", p.text)
		}
	}
	for i, x := range r.Roles {
		c.grantRole(fmt.Sprintf("%s[%d]", path, i), r, x)
	}
}

func (c *compiler) grantRole(path string, r *rule, x RoleGrant) {
	folded := fold(x.Role)
	switch g, ok := c.out.groupNamed(x.asGroup().Name); {
	case folded == "":
		c.problem(path+".role", "kisi-sync roles lists them", "the name of the role is empty")
	case folded == "owner" || strings.HasSuffix(folded, " owner") || strings.HasSuffix(folded, "_owner"):
		c.problem(path+".role", "transfer it in Kisi", "ownership is never given")
	case !ok:
	case slices.Contains(r.grants, uint32(g)):
		c.problem(path, "", "%s is granted twice", x.asGroup().Name)
	default:
		r.grants = append(r.grants, uint32(g))
	}
}

// roleIn is what a rule gives in a group.
func (m *mapper) roleIn(r *rule, group uint32) access.Role {
	if m.groups[group].Role {
		return access.ScopedRole
	}
	return r.role()
}

// role finds a role on a place or the organization in Kisi. What is not found for certain, or is above the key's own, has a Problem.
func (t *target) role() {
	t.out.Role, t.out.ID = true, 0
	if t.declared.Place != "" && !t.place() {
		return
	}
	found, names := t.rolesCalled(t.declared.Role)
	switch {
	case len(found) == 0 && len(names) == 0:
		t.fail(RoleMissing, "kisi-sync plan reads the roles of Kisi anew", "the roles of Kisi are not known yet")
	case len(found) == 0:
		t.fail(RoleMissing, suggest(t.declared.Role, names), "there is no role %q %s", t.declared.Role, t.scopeWords())
	case len(found) > 1:
		var ids []string
		for _, r := range found {
			ids = append(ids, r.ID)
		}
		t.fail(RoleMissing, "write one of these ids: "+strings.Join(ids, ", "), "there are %d roles named %q", len(found), t.declared.Role)
	case found[0].Refused != "":
		t.fail(RoleRefused, "take it out of the file, or give the API key's user a higher role", "is not given: %s", found[0].Refused)
	default:
		t.out.ID = access.RoleOn(access.RoleScope{Organization: t.declared.Place == "", ID: t.scopeID()}, found[0].ID)
	}
}

func (t *target) scopeID() access.RemoteID {
	if t.declared.Place == "" {
		return t.in.Catalog.Organization.ID
	}
	return t.out.Place
}

// rolesCalled returns the roles that a text names, by id, else by name, and the names of all there are of the kind.
func (t *target) rolesCalled(text string) (found []access.ScopeRole, names []string) {
	for _, is := range []func(access.ScopeRole) bool{
		func(r access.ScopeRole) bool { return r.ID == text }, func(r access.ScopeRole) bool { return r.Name == text },
		func(r access.ScopeRole) bool { return fold(r.Name) == fold(text) },
	} {
		names = nil
		for _, r := range t.in.Catalog.ScopeRoles {
			if r.Organization != (t.declared.Place == "") {
				continue
			}
			names = append(names, r.Name)
			if is(r) {
				found = append(found, r)
			}
		}
		if len(found) > 0 {
			return found, names
		}
	}
	return nil, names
}

// higherRoles leaves one role on each place and on the organization: the one that covers the others. Where none does, none of them is given and none is
// taken.
func (m *mapper) higherRoles(human uint32, grants []access.WishedGrant) []access.WishedGrant {
	several := func(w access.WishedGrant) bool {
		return m.groups[w.Group].Role && slices.ContainsFunc(grants, func(o access.WishedGrant) bool { return o.Group != w.Group && m.sameScope(o.Group, w.Group) })
	}
	if !slices.ContainsFunc(grants, several) {
		return grants
	}
	kept := grants[:0:0]
	for _, w := range grants {
		switch over := m.coveredBy(w, grants); {
		case !several(w), over == nil && m.coversAll(w, grants):
			kept = append(kept, w)
		case over != nil:
			m.conflict(m.about(human, RoleCovered, "", fmt.Sprintf("should have %s (%s), which %s covers: somebody has one role there, and the higher one wins",
				m.groups[w.Group].Name, m.causes.list[w.Cause].Text, m.groups[over.Group].Name)))
		default:
			m.conflict(m.about(human, RolesCollide, "let the rules give one of them", fmt.Sprintf("should have %s and another one there, of which neither covers the other; none is given and none is taken",
				m.groups[w.Group].Name)))
			w.Unsure = true
			kept = append(kept, w)
		}
	}
	return kept
}

func (m *mapper) sameScope(a, b uint32) bool { return m.groups[a].ID.SameScope(m.groups[b].ID) }

// coveredBy returns a role that is wished for on the same and may do all that w may, and more. Of two that may do the same the first one counts.
func (m *mapper) coveredBy(w access.WishedGrant, grants []access.WishedGrant) *access.WishedGrant {
	for i := range grants {
		o := &grants[i]
		if o.Group != w.Group && !o.Unsure && m.sameScope(o.Group, w.Group) && m.roleCovers(o.Group, w.Group) && (o.Group < w.Group || !m.roleCovers(w.Group, o.Group)) {
			return o
		}
	}
	return nil
}

func (m *mapper) coversAll(w access.WishedGrant, grants []access.WishedGrant) bool {
	return !slices.ContainsFunc(grants, func(o access.WishedGrant) bool {
		return o.Group != w.Group && m.sameScope(o.Group, w.Group) && !m.roleCovers(w.Group, o.Group)
	})
}

// roleCovers says that one role may do all that another may.
func (m *mapper) roleCovers(a, b uint32) bool {
	one, other := m.scopeRole(m.groups[a].ID), m.scopeRole(m.groups[b].ID)
	return one != nil && other != nil && slices.Contains(one.Covers, other.ID)
}

func (m *mapper) scopeRole(id access.RemoteID) *access.ScopeRole {
	on, mark := id.Role()
	for i := range m.in.Catalog.ScopeRoles {
		if r := &m.in.Catalog.ScopeRoles[i]; r.Organization == on.Organization && access.RoleMark(r.ID) == mark {
			return r
		}
	}
	return nil
}

// roleNames says what the roles are called that anybody holds by us.
func (m *mapper) roleNames() (all []access.RoleName) {
	known := map[access.RemoteID]bool{} // looked up only
	for i := range m.ledger() {
		owned := m.ledger()[i].Owned
		for k := len(owned) - 1; k >= 0 && owned[k].Group.IsRole(); k-- { // their ids are the largest
			if name := m.in.Catalog.RoleName(owned[k].Group); !known[owned[k].Group] && name != "" {
				known[owned[k].Group] = true
				all = append(all, access.RoleName{ID: owned[k].Group, Name: name})
			}
		}
	}
	slices.SortFunc(all, func(a, b access.RoleName) int { return cmp.Compare(a.ID, b.ID) })
	return all
}

// GivesRoles says that a rule gives roles on places or the organization, so that they must be looked at.
func (r *Rules) GivesRoles() bool {
	return slices.ContainsFunc(r.groups, func(g Group) bool { return g.Role != "" })
}
