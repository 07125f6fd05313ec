package config

import (
	"fmt"
	"slices"
	"strings"

	"github.com/kisi-sync/kisi-sync/connectors/members"
	"github.com/kisi-sync/kisi-sync/internal/access"
	"github.com/kisi-sync/kisi-sync/internal/email"
	"github.com/kisi-sync/kisi-sync/mapping"
)

// People who are named under a group are a source like any other, the last in precedence, with one rule for each entry. So everything that
// holds for people of a directory holds for them: a directory that disables somebody, limits, dates, explain, the audit trail.

// named returns the entries of all groups, in the order of the file.
func (f *file) named() (all []members.Entry) {
	for _, g := range f.Groups {
		for _, m := range g.Value.Members {
			all = append(all, members.Entry{Group: g.Name, Email: m.Email, Name: m.Name})
		}
	}
	return all
}

// nameMembers adds the source of the named, and their rules.
func (f *file) nameMembers(spec *mapping.Spec) {
	if len(f.named()) == 0 {
		return
	}
	if len(spec.Sources) == 1 && len(spec.Precedence) == 0 {
		spec.Precedence = []string{spec.Sources[0].Name}
	}
	spec.Sources = append(spec.Sources, mapping.Source{Name: members.Name, ID: members.Name, Stated: true})
	if !slices.Contains(spec.Precedence, members.Name) { // which reserved reports
		spec.Precedence = append(spec.Precedence, members.Name)
	}
	for _, g := range f.Groups {
		for i, m := range g.Value.Members {
			spec.Rules = append(spec.Rules, m.rule(g.Name, index(join(join("groups", g.Name), "members"), i)))
		}
	}
}

// rule is the rule of one entry; path is where it stands.
func (m memberBlock) rule(group, path string) mapping.Rule {
	entry := members.Entry{Group: group, Email: m.Email}
	r := mapping.Rule{Name: "members of " + strings.ReplaceAll(group, ", ", " ") + ": " + email.Fold(m.Email), Path: path,
		From: mapping.Selector{Source: members.Name, Group: entry.ID()}, Grant: []string{group}, Role: m.Role.access(), Notify: m.Notify}
	if m.FromDate != "" {
		r.Begin = &mapping.Date{Fixed: m.FromDate}
	}
	if m.Until != "" {
		r.Until = &mapping.Date{Fixed: m.Until}
	}
	return r
}

// groupMembers checks who is named under a group.
func (c checker) groupMembers(path string, g groupBlock) {
	path = join(path, "members")
	if len(g.Members) > 0 && !g.manages("members") {
		c.add(path, "is not ours to manage", "add members to manage, or remove this key")
	}
	first := map[string]int{}
	for i, m := range g.Members {
		at := index(path, i)
		if problem := email.Problem(m.Email); problem != "" {
			c.add(at, fmt.Sprintf("%q: %s", shorten(m.Email), problem), "name the person by e-mail address")
			continue
		}
		if line, twice := first[email.Fold(m.Email)]; twice {
			c.add(at, fmt.Sprintf("%s is there twice; the first is in line %d", m.Email, line), "write one entry for a person; it has one role in a group")
			continue
		}
		first[email.Fold(m.Email)] = c.find(at).line
	}
}

// reserved refuses a source with the name by which the people are remembered whom the file names.
func (c checker) reserved() {
	if len(c.named()) == 0 {
		return
	}
	for _, s := range c.Sources {
		for _, at := range []struct{ path, name string }{{join("sources", s.Name), s.Name}, {join(join("sources", s.Name), "id"), s.Value.common.ID}} {
			if at.name == members.Name {
				c.add(at.path, "\""+members.Name+"\" is the name under which people of groups.*.members are remembered", "choose another name for this source, or list those people in it instead")
			}
		}
	}
	if i := slices.Index(c.People.AttributesFrom, members.Name); i >= 0 {
		c.add(index("people.attributes_from", i), "people of groups.*.members always go last", "remove it: a directory that knows somebody decides")
	}
}

// settings returns the settings that the file says of a group.
func (g groupBlock) settings() (out access.Settings) {
	r := g.Restrictions
	for _, at := range []struct {
		one access.Setting
		on  *bool
	}{{access.AppAccess, g.AppAccess}, {access.TimeRestricted, r.Time}, {access.Geofenced, r.Geofence}, {access.ReaderRestricted, r.Reader},
		{access.PrimaryDeviceOnly, r.PrimaryDevice}, {access.ManagedDeviceOnly, r.ManagedDevice}, {access.TapToAccess, r.TapToAccess}} {
		if at.on != nil {
			out = out.With(at.one, *at.on)
		}
	}
	return out
}
