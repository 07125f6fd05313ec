package mapping

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/kisi-sync/kisi-sync/internal/access"
)

// giveTemplates puts what the templates of a rule give the row's person into m.given. A value that is missing, or is none of those that there
// are, gives nothing; what the rule gave stays.
func (m *mapper) giveTemplates(number, record uint32, v verdict, zone *time.Location) {
	r := &m.rules[number]
	for _, u := range r.uses {
		g, err := m.valued(u)
		if err != nil {
			if m.doubtful = append(m.doubtful, number); !m.quiet {
				m.conflict(m.aboutRule(r, record, m.row.fault))
			}
			continue
		}
		if m.groups[g].Problem != "" {
			m.wanted = append(m.wanted, g)
		}
		m.giveGroup(number, g, v, zone)
	}
}

// valued returns the group that a template has for the row's person.
func (m *mapper) valued(u use) (group uint32, err error) {
	value, err := m.row.text(u.attribute.Name, u.attribute.From)
	if err != nil {
		return 0, err
	}
	t := &m.templates[u.template]
	if g, ok := t.values[t.key(value)]; ok && strings.TrimSpace(value) != "" {
		return g, nil
	}
	if t.open {
		return 0, m.row.fail(ValueUnlisted, "correct it in the directory", "%s is %q, which cannot be part of the name of a group", u.attribute.Name, value)
	}
	return 0, m.row.fail(ValueUnlisted, "correct it in the directory, or add it to one_of of "+t.declared.Name,
		"%s is %q, which is none of %s", u.attribute.Name, value, few(t.declared.OneOf))
}

// few lists some words.
func few(words []string) string {
	const some = 5
	if len(words) > some {
		return strings.Join(words[:some], ", ") + fmt.Sprintf(" and %d more", len(words)-some)
	}
	return strings.Join(words, ", ")
}

// templateWords says what a rule with templates gives a person instead of a group.
func (m *mapper) templateWords(r *rule) string {
	var all []string
	for _, u := range r.uses {
		if value, err := m.row.text(u.attribute.Name, u.attribute.From); err == nil {
			all = append(all, u.attribute.Name+" is "+value)
		}
	}
	return "no longer so: now " + strings.Join(all, ", ")
}

// mayGive says that a rule gives a group to whoever it is about, or to some of them.
func (m *mapper) mayGive(r *rule, group uint32) bool {
	return slices.Contains(r.grants, group) ||
		slices.ContainsFunc(r.uses, func(u use) bool { return slices.Contains(m.templates[u.template].numbers, group) })
}

// allGrants returns every group that a rule may give.
func (m *mapper) allGrants(r *rule) []uint32 {
	all := r.grants
	for _, u := range r.uses {
		all = append(slices.Clip(all), m.templates[u.template].numbers...)
	}
	return all
}

// clash notes that the name of a group could be that of another one, before anything is done about it.
func (t *target) clash() {
	other, is := t.clashes[t.declared.Name]
	switch {
	case !is:
	case other == "":
		t.fail(NameClash, "say the values with one_of: [VALUE, VALUE]", "more than %d values would each be a group", mostValues)
	default:
		t.fail(NameClash, "correct the values in the directory, or give the groups other names", "%q and %q would be one group in Kisi", t.declared.Name, other)
	}
}

// dropUnused takes out the groups of open templates that nobody is given and that are not there: none is made for nobody, nor for those of
// whom nothing is certain.
func (m *mapper) dropUnused(static int) {
	if len(m.groups) == static {
		return
	}
	used, sure := make([]bool, len(m.groups)), make([]bool, len(m.groups))
	for i := range m.wishes {
		for _, g := range m.wishes[i].Grants {
			used[g.Group], sure[g.Group] = true, sure[g.Group] || !g.Unsure
		}
	}
	for _, g := range m.wanted {
		used[g] = true // there is something wrong with it, which has to be told
	}
	to, kept := make([]uint32, len(m.groups)), m.groups[:0:0]
	for i, g := range m.groups {
		if to[i] = uint32(len(kept)); i < static || used[i] || g.ID != 0 {
			g.Doubtful = i >= static && used[i] && !sure[i]
			kept = append(kept, g)
			continue
		}
		m.conflicts.all = slices.DeleteFunc(m.conflicts.all, func(c Conflict) bool { return c.Who == "group "+g.Name })
	}
	m.groups = kept
	for i := range m.wishes {
		for k := range m.wishes[i].Grants {
			g := &m.wishes[i].Grants[k]
			g.Group = to[g.Group]
		}
	}
}

// trailTemplates says which groups the templates of a rule give the row's person.
func (m *mapper) trailTemplates(t *TrailRule, r *rule) {
	if len(r.uses) == 0 {
		return
	}
	t.Grants = t.Grants[:len(t.Grants)-len(r.uses)]
	for _, u := range r.uses {
		g, err := m.valued(u)
		if err != nil {
			t.Outcome, t.Text = undecided.String(), m.row.fault.text
			t.Grants = append(t.Grants, m.templates[u.template].declared.Name)
			continue
		}
		t.Grants = append(t.Grants, m.groups[g].Name)
	}
}

// undecidedNow says that a rule which gave a right cannot be decided for the person at hand.
func (m *mapper) undecidedNow(o *access.OwnedGrant) bool {
	if len(m.doubtful) == 0 {
		return false
	}
	gave := m.rulesOf(o)
	return slices.ContainsFunc(m.doubtful, func(r uint32) bool { return slices.Contains(gave, m.rules[r].Name) })
}
