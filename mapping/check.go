package mapping

import (
	"fmt"
	"slices"
	"strings"

	"github.com/kisi-sync/kisi-sync/internal/access"
)

func (c *compiler) sourceNames() []string {
	var names []string
	for _, s := range c.spec.Sources {
		names = append(names, s.Name)
	}
	return names
}

func (c *compiler) groupNames() []string {
	var names []string
	for _, g := range c.spec.Groups {
		names = append(names, g.Name)
	}
	return names
}

// undeclared reports a group that the file does not declare. One that it does, with a mistake of its own, is spoken of there alone.
func (c *compiler) undeclared(path, name string) {
	for i := range c.spec.Groups {
		g := &c.spec.Groups[i]
		if g.Name == name {
			return
		}
		if value, is := g.Lacks(name); is {
			c.problem(path, fmt.Sprintf("add %q to its one_of", value), "the group %q has no value %q", g.Name, value)
			return
		}
	}
	c.problem(path, suggest(name, c.groupNames()), "the file declares no group %q", name)
}

// checkSources puts the sources into Rules in order of precedence; those without a place in it come last, as in the file.
func (c *compiler) checkSources() {
	var ids []string
	for i, s := range c.spec.Sources {
		path := "sources." + s.Name
		switch {
		case s.Name == "":
			c.problem("sources", "", "a source has no name")
		case slices.Contains(c.sourceNames()[:i], s.Name):
			c.problem(path, "", "there are two sources named %q", s.Name)
		case s.ID == "" || strings.Contains(s.ID, ":"):
			c.problem(path+".id", "", "the id of a source must not be empty or contain a colon")
		case slices.Contains(ids, s.ID):
			c.problem(path+".id", "", "two sources have the id %q", s.ID)
		}
		ids = append(ids, s.ID)
		c.checkAttributes(path+".attributes", s.Attributes)
		for k, name := range s.MayGrant {
			if !slices.Contains(c.groupNames(), name) {
				c.undeclared(fmt.Sprintf("%s.may_grant[%d]", path, k), name)
			}
		}
		c.out.sources = append(c.out.sources, source{Source: s})
	}
	c.checkRenamed()
	rank := func(s source) int {
		if i := slices.Index(c.spec.Precedence, s.Name); i >= 0 {
			return i
		}
		return len(c.spec.Precedence)
	}
	slices.SortStableFunc(c.out.sources, func(a, b source) int { return rank(a) - rank(b) })
}

// checkRenamed notes the ids that sources had before. One that another source has, or had too, would make two people of one.
func (c *compiler) checkRenamed() {
	c.out.renamed = map[string]string{}
	for _, s := range c.spec.Sources {
		for _, old := range s.Was {
			path := "sources." + s.Name + ".was"
			other, taken := c.out.renamed[old]
			switch i := c.out.sourceWithID(old); {
			case old == "" || strings.Contains(old, ":"):
				c.problem(path, "", "the old name of a source must not be empty or contain a colon")
			case old == s.ID:
				c.problem(path, "leave it out", "%q is what the source is called now", old)
			case i >= 0:
				c.problem(path, "a source has either been renamed, or it is still there", "%q is the source %s", old, c.out.sources[i].Name)
			case taken:
				c.problem(path, "", "%q became the source %s, too", old, c.out.sources[c.out.sourceWithID(other)].Name)
			}
			c.out.renamed[old] = s.ID
		}
	}
}

func (c *compiler) checkAttributes(path string, all []Attribute) {
	var seen []string
	for _, a := range all {
		at := path + "." + a.Name
		switch {
		case !isName(a.Name):
			c.problem(at, "use letters, digits and _", "%q cannot be the name of an attribute", a.Name)
		case slices.Contains(builtinAttributes(), a.Name):
			c.problem(at, "choose another name", "every person has %s already", a.Name)
		case slices.Contains(seen, a.Name):
			c.problem(at, "", "the attribute %s is declared twice", a.Name)
		case a.From == "":
			c.problem(at, "", "the attribute %s does not say what the directory calls it", a.Name)
		}
		switch _, hint, err := parseFormat(a.Format); {
		case err != nil:
			c.problem(at+".format", hint, "%s", err)
		case a.Format != "" && a.List:
			c.problem(at+".format", "a date has one value", "%s is a list and cannot be a date", a.Name)
		}
		seen = append(seen, a.Name)
	}
}

// isName says that person.s can be written in an expression.
func isName(s string) bool {
	for i := range len(s) {
		if c := s[i]; !('a' <= c|0x20 && c|0x20 <= 'z' || c == '_' || i > 0 && '0' <= c && c <= '9') {
			return false
		}
	}
	return s != ""
}

func (c *compiler) checkSamePerson() {
	const path = "people.same_person_by.attribute"
	name := c.spec.SamePersonBy
	if name == "" {
		return
	}
	var names []string
	for _, s := range c.spec.Sources {
		for _, a := range s.Attributes {
			if a.Name == name && a.List {
				c.problem(path, "an attribute with one value says who somebody is", "%s is a list in source %s", name, s.Name)
			}
			names = append(names, a.Name)
		}
	}
	if !slices.Contains(names, name) {
		c.problem(path, suggest(name, names), "no source declares an attribute %s", name)
	}
	c.out.samePerson = name
}

func (c *compiler) checkPrecedence() {
	const path = "people.attributes_from"
	for i, name := range c.spec.Precedence {
		at := fmt.Sprintf("%s[%d]", path, i)
		switch {
		case !slices.Contains(c.sourceNames(), name):
			c.problem(at, suggest(name, c.sourceNames()), "there is no source %q", name)
		case slices.Contains(c.spec.Precedence[:i], name):
			c.problem(at, "", "the source %q is named twice", name)
		}
	}
	if len(c.spec.Sources) < 2 {
		return
	}
	for _, name := range c.sourceNames() {
		if !slices.Contains(c.spec.Precedence, name) {
			c.problem(path, "name every source, the authoritative one first", "the source %q is not named, and there are several", name)
		}
	}
}

// sensitiveDoor says that the file calls a door sensitive in the words of its group. What it calls otherwise is found once Kisi is seen.
func (c *compiler) sensitiveDoor(text string) bool {
	return slices.ContainsFunc(c.spec.SensitiveDoors, func(s string) bool { return fold(s) == fold(text) })
}

func (c *compiler) checkGroups() {
	names, ids, alike := map[string]bool{}, map[access.RemoteID]string{}, map[string]string{} // looked up only
	declared := c.expandGroups()
	for _, d := range declared {
		g, path := d.Group, d.path
		folded := g.Place + "\x00" + fold(g.Name)
		switch other := alike[folded]; {
		case strings.TrimSpace(g.Name) == "":
			c.problem("groups", "", "a group has no name")
		case names[g.Name]:
			c.problem(path, "", "there are two groups named %q", g.Name)
		case g.ID == 0 && other != "":
			c.problem(path, "", "%q and %q differ in case or spaces only and would be one group", other, g.Name)
		}
		if other := ids[g.ID]; g.ID != 0 && other != "" {
			c.problem(path+".id", "", "%q and %q are one group in Kisi", other, g.Name)
		}
		names[g.Name], ids[g.ID] = true, g.Name
		if g.ID == 0 {
			alike[folded] = g.Name
		}
	}
	for _, d := range declared {
		c.out.groups = append(c.out.groups, d.Group)
	}
	c.out.sensitive = slices.Clone(c.spec.SensitiveDoors)
	for i := range c.out.groups {
		g := &c.out.groups[i]
		g.Sensitive = g.Sensitive || slices.ContainsFunc(g.Doors, c.sensitiveDoor)
	}
	c.addRoles()
	slices.SortFunc(c.out.groups, func(a, b Group) int { return compare(a.Name, b.Name) })
	c.out.static = len(c.out.groups)
	c.numberTemplates()
}
