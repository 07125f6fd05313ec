package mapping

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/kisi-sync/kisi-sync/internal/access"
	"github.com/kisi-sync/kisi-sync/internal/listed"
)

// A rule with grant_listed gives what the list itself says for each person, entry by entry. The rule says that the list may; may_grant
// says what.

// listed checks a rule with grant_listed and makes it ready.
func (c *compiler) listed(path string, r *rule) {
	for _, said := range []struct {
		is  bool
		key string
	}{{len(r.Grant) > 0, "grant"}, {r.Exclude != nil, "exclude"}, {r.Role > access.DoorAccess, "role"}, {r.Begin != nil, "from_date"}, {r.Until != nil, "until"}, {r.Notify, "notify"}} {
		if said.is {
			c.problem(path+"."+said.key, "write two rules of the source: one with grant_listed and no "+said.key+", and one for what everybody in the list gets",
				"stands beside grant_listed: true, by which the list itself says for each person what, as what and until when")
		}
	}
	if r.Begin, r.Until = nil, nil; r.source < 0 {
		return
	}
	s := &c.out.sources[r.source]
	if !s.Lists {
		c.problem(path+".grant_listed", "sources of type list can; others get groups by grant:", "the source %s lists nothing that people are to have", s.Name)
		return
	}
	for i := range c.out.groups {
		if g := &c.out.groups[i]; g.Members && g.Role == "" && s.mayGrant(g.Name) {
			r.grants = append(r.grants, uint32(i))
		}
	}
	c.grantRoles(path, r)
	slices.Sort(r.grants)
	r.reads = append(r.reads, Attribute{Name: listed.Attribute, From: listed.Attribute, List: true})
}

// promise is what a list says about one group.
type promise struct {
	listed.Entry
	group uint32
	verdict
}

// promises reads what the list says of the row's person. What it cannot give is told as a fault with a kind; the rest counts. What cannot be
// read may be about any group that the rule gives.
func (m *mapper) promises(r *rule) (all []promise, faults []fault) {
	for _, value := range slices.Clone(m.row.values(listed.Attribute, listed.Attribute)) {
		e, err := listed.Parse(value)
		if err != nil {
			faults = append(faults, fault{kind: BadExpression, text: err.Error()})
			for _, g := range r.grants {
				all = append(all, promise{group: g, verdict: verdict{outcome: undecided}})
			}
			continue
		}
		g, f := m.promised(r, e)
		if f != nil {
			faults = append(faults, *f)
			continue
		}
		p := promise{Entry: e, group: g}
		p.verdict = m.listedDates(e, m.zones[g])
		if p.outcome == undecided {
			faults = append(faults, p.fault)
		}
		all = append(all, p)
	}
	return all, faults
}

// promised finds the group of an entry among those that the rule may give.
func (m *mapper) promised(r *rule, e listed.Entry) (uint32, *fault) {
	source := m.sources[r.source].Name
	if e.Group == "" {
		return m.promisedRole(r, e)
	}
	i, ok := m.groupNamed(e.Group)
	if !ok {
		i = slices.IndexFunc(m.groups, func(g access.DesiredGroup) bool { return fold(g.Name) == fold(e.Group) })
	}
	switch {
	case i < 0:
		var names []string
		for _, g := range m.groups {
			names = append(names, g.Name)
		}
		return 0, &fault{ListedUnknown, fmt.Sprintf("%s lists %q, and the file declares no such group", source, e.Group), suggest(e.Group, names)}
	case !slices.Contains(r.grants, uint32(i)):
		hint := "add it to may_grant of " + source + ", or remove it from the list"
		if !m.groups[i].Members {
			hint = "the group's members are not ours to manage: add members to its manage"
		}
		return 0, &fault{ListedForbidden, fmt.Sprintf("%s may not grant %q", source, m.groups[i].Name), hint}
	}
	return uint32(i), nil
}

// promisedRole finds the role on a place or the organization that an entry names among those that the rule may give (grant_roles).
func (m *mapper) promisedRole(r *rule, e listed.Entry) (uint32, *fault) {
	for _, i := range r.grants {
		if g := &m.Rules.groups[i]; g.Role != "" && fold(g.Role) == fold(e.Role) && fold(g.Place) == fold(e.Place) {
			return i, nil
		}
	}
	return 0, &fault{ListedForbidden, fmt.Sprintf("%s may not give %s", m.sources[r.source].Name, access.RoleWords(e.Role, e.Place)),
		"add the role to grant_roles of the rule, which says what roles the list may give, or remove it from the list"}
}

// listedDates works out the dates of an entry by the days of a zone.
func (m *mapper) listedDates(e listed.Entry, zone *time.Location) verdict {
	var v verdict
	if e.From != "" {
		d, err := parseDate(e.From, zone)
		if err != nil {
			return m.noDate("from", e.From)
		}
		v.from = d.begin()
	}
	if e.Until == "" {
		return v
	}
	d, err := parseDate(e.Until, zone)
	if err != nil {
		return m.noDate("until", e.Until)
	}
	if v.until = d.end(zone); v.until < m.at {
		v.outcome, v.date = expired, "until "+e.Until
	} else {
		m.wake((v.until + 1).Time())
	}
	return v
}

func (m *mapper) noDate(field, text string) verdict {
	_ = m.row.fail(BadDate, "write "+listed.DateForms, "%s is no date: %q", field, text)
	return verdict{outcome: undecided, fault: m.row.fault}
}

// role is what the entry gives in its group.
func (p *promise) role() access.Role {
	switch {
	case p.Group == "" && p.Role != "":
		return access.ScopedRole
	case p.Role == listed.GroupManager:
		return access.GroupManager
	}
	return access.DoorAccess
}

// giveListed puts what a list says about a record into m.given.
func (m *mapper) giveListed(number, record uint32) {
	r := &m.rules[number]
	all, faults := m.promises(r)
	for i := range all {
		if p := &all[i]; p.outcome != expired {
			m.given = append(m.given, given{group: p.group, rule: number, from: p.from, until: p.until, role: p.role(), unsure: p.outcome == undecided, notify: p.Notify})
		}
	}
	for _, f := range faults {
		if !m.quiet {
			m.conflict(m.aboutRule(r, record, f))
		}
	}
}

// whyUnlisted says why a list does not give a group any more to the row's person.
func (m *mapper) whyUnlisted(r *rule, group access.RemoteID) (access.CauseKind, string) {
	all, _ := m.promises(r)
	for i := range all {
		if p := &all[i]; m.groups[p.group].ID == group && p.outcome == expired {
			return access.Expired, p.date + " has passed"
		}
	}
	return access.LeftGroup, "no longer listed in " + r.From.Source
}

// trailListed says what a list gives to the row's person.
func (m *mapper) trailListed(t *TrailRule, r *rule) {
	grants, text := m.listing(r)
	t.Grants, t.Text = grants, t.Text+", which lists: "+text
}

// listing says what a list says of the row's person: the groups that it gives now, and all of it in words.
func (m *mapper) listing(r *rule) (grants []string, text string) {
	all, faults := m.promises(r)
	var texts []string
	for i := range all {
		p := &all[i]
		if p.Entry == (listed.Entry{}) { // one that could not be read
			continue
		}
		name := m.groups[p.group].Name
		if p.outcome == gives {
			grants = append(grants, name)
		}
		texts = append(texts, name+p.details())
	}
	for _, f := range faults {
		texts = append(texts, f.text)
	}
	if len(texts) == 0 {
		texts = []string{"nothing"}
	}
	return grants, strings.Join(texts, "; ")
}

// details says role and dates.
func (p *promise) details() string {
	text := ""
	if p.Role == listed.GroupManager {
		text += " as " + p.Role
	}
	if p.From != "" {
		text += " from " + p.From
	}
	if p.Until != "" {
		text += " until " + p.Until
	}
	if p.outcome == expired {
		text += ", which has passed"
	}
	return text
}
