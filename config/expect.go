package config

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/invopop/jsonschema"
	"go.yaml.in/yaml/v4"

	"github.com/kisi-sync/kisi-sync/internal/email"
	"github.com/kisi-sync/kisi-sync/mapping"
)

// Expectation is a test of the file.
type Expectation struct {
	mapping.Expectation
	File string // where it stands
	Line int
}

// lastDay is the day until which somebody must have something, or any.
type lastDay string

const anyDay = "any"

func (l *lastDay) decodeNode(d *decoder, n *yaml.Node, path string) {
	const expected = "a day such as 2026-12-31, or any"
	text, ok := d.scalar(n, path, expected)
	if _, err := time.Parse(time.DateOnly, text); ok && err != nil && text != anyDay {
		d.add(path, fmt.Sprintf("expected %s, got %q", expected, shorten(text)), "the last day on which the right is still good")
	}
	*l = lastDay(text)
}

func (lastDay) schema(schemas) *jsonschema.Schema {
	return &jsonschema.Schema{Type: "string", Pattern: `^(any|\d{4}-\d{2}-\d{2})$`}
}

// expectations checks the tests of the file. That one fails is found out later, against the directories.
func (c checker) expectations() {
	first := map[string]int{}
	for i := range c.Expect {
		path := index("expect", i)
		if c.has(path) {
			continue
		}
		e := &c.Expect[i]
		c.about(path, e)
		c.person(path, e, first)
		c.members(join(path, "members_of"), e.MembersOf)
		c.expected(path, e)
		c.wholeGroup(path, e)
	}
}

// about wants one of the three that a test may be about.
func (c checker) about(path string, e *expectBlock) {
	n := 0
	for _, is := range []bool{e.Person != "" || c.written(join(path, "person")), e.MembersOf != nil, e.Group != "" || c.written(join(path, "group"))} {
		if is {
			n++
		}
	}
	switch {
	case n == 0:
		c.add(path, "is about nobody", "say person: ADDRESS, members_of: {source: NAME, group: GROUP}, or group: GROUP")
	case n > 1:
		c.add(path, "is about several", "keep one of person, members_of and group, and write another test for the other")
	}
}

func (c checker) person(path string, e *expectBlock, first map[string]int) {
	if e.Person == "" && !c.written(join(path, "person")) {
		return
	}
	if problem := email.Problem(e.Person); problem != "" {
		c.add(join(path, "person"), fmt.Sprintf("%q: %s", shorten(e.Person), problem), "name the person by e-mail address")
	} else if line, twice := first[email.Fold(e.Person)+" "+string(e.Role)]; twice {
		c.add(join(path, "person"), fmt.Sprintf("%s is there twice; the first is in line %d", e.Person, line), "write one entry for a person and a role")
	} else {
		first[email.Fold(e.Person)+" "+string(e.Role)] = c.find(join(path, "person")).line
	}
}

func (c checker) members(path string, s *selector) {
	switch {
	case s == nil:
	case s.Group == "" && !s.Everyone:
		c.add(path, "says neither a group nor everyone", "say group: or everyone: true")
	case s.Group != "" && s.Everyone:
		c.add(path, "says both a group and everyone", "leave one of them out")
	case s.Source != "":
		c.sourceName(join(path, "source"), s.Source)
	}
}

// sourceName reports a name that no source has.
func (c checker) sourceName(path, name string) {
	if !slices.Contains(c.Sources.names(), name) {
		c.add(path, fmt.Sprintf("there is no source %q", shorten(name)), hintFor(name, c.Sources.names()))
	}
}

// expected checks what people are expected to have.
func (c checker) expected(path string, e *expectBlock) {
	groups := map[string][]string{"has": e.Has, "lacks": e.Lacks, "has_until": e.HasUntil.names()}
	n := 0
	for _, key := range []string{"has", "lacks", "has_until"} {
		n += len(groups[key])
		if e.Group != "" && len(groups[key]) > 0 {
			c.add(join(path, key), "is about people, and this is about a group", "say person: or members_of: instead of group:")
		}
	}
	if e.Group == "" && n == 0 && (e.Person != "" || e.MembersOf != nil) {
		c.add(path, "expects nothing", "add has: [GROUP], lacks: [GROUP] or has_until: {GROUP: DAY}")
	}
	if e.Role != "" && len(e.Has)+len(e.HasUntil) == 0 {
		c.add(join(path, "role"), "is the role of nothing", "it is about the groups under has and has_until")
	}
	c.groupNames(join(path, "has"), e.Has)
	c.groupNames(join(path, "lacks"), e.Lacks)
	for _, r := range e.HasUntil {
		c.groupName(join(join(path, "has_until"), r.Name), r.Name)
	}
	for j, name := range e.Lacks {
		if slices.Contains(e.Has, name) || slices.Contains(e.HasUntil.names(), name) {
			c.add(index(join(path, "lacks"), j), fmt.Sprintf("%q is under has, too", name), "keep one of them")
		}
	}
}

// wholeGroup checks what is expected of all who are given a group.
func (c checker) wholeGroup(path string, e *expectBlock) {
	if e.Group == "" {
		for _, key := range []string{"count", "only_from"} {
			if c.written(join(path, key)) {
				c.add(join(path, key), "is about a group, and this is about people", "say group: GROUP")
			}
		}
		return
	}
	c.groupName(join(path, "group"), e.Group)
	if e.Count == nil && len(e.OnlyFrom) == 0 {
		c.add(path, "expects nothing", "add count: {at_least: NUMBER, at_most: NUMBER} or only_from: [SOURCE]")
	}
	if n := e.Count; n != nil {
		switch {
		case n.AtLeast == nil && n.AtMost == nil:
			c.add(join(path, "count"), "expects nothing", "add at_least: NUMBER or at_most: NUMBER")
		case n.AtLeast != nil && n.AtMost != nil && *n.AtLeast > *n.AtMost:
			c.add(join(path, "count"), fmt.Sprintf("no number is at least %d and at most %d", *n.AtLeast, *n.AtMost), "")
		}
		for key, limit := range map[string]*int{"at_least": n.AtLeast, "at_most": n.AtMost} {
			if limit != nil {
				c.between(join(join(path, "count"), key), *limit, 0, 10_000_000)
			}
		}
	}
	for i, name := range e.OnlyFrom {
		c.sourceName(index(join(path, "only_from"), i), name)
	}
	c.repeats(join(path, "only_from"), e.OnlyFrom)
}

// groupName reports a name that is not declared. Of a group whose values are not said at all, that is reported where it is declared.
func (c checker) groupName(path, name string) {
	if c.declares(name) || c.full() {
		return
	}
	for _, g := range c.Groups {
		made := making(g)
		value, lacks := made.Lacks(name)
		switch {
		case lacks && len(made.OneOf) == 0:
			return
		case lacks:
			c.add(path, fmt.Sprintf("the group %q has no value %q", shorten(g.Name), shorten(value)), fmt.Sprintf("add %q to its one_of", shorten(value)))
			return
		}
	}
	c.add(path, fmt.Sprintf("the file declares no group %q", shorten(name)), hintFor(name, c.Groups.names()))
}

// expectations makes the tests of the file what mapping asks.
func expectations(r *report, blocks []expectBlock) (all []Expectation) {
	for i, b := range blocks {
		e := mapping.Expectation{Person: email.Fold(b.Person), Has: b.Has, Lacks: b.Lacks, Group: b.Group, OnlyFrom: b.OnlyFrom}
		if b.MembersOf != nil {
			e.MembersOf = new(mapping.Selector(*b.MembersOf))
		}
		if b.Role != "" {
			e.Role = b.Role.access()
		}
		for _, ends := range b.HasUntil {
			day := string(ends.Value)
			if day == anyDay {
				day = ""
			}
			e.Until = append(e.Until, mapping.Ends{Group: ends.Name, Day: day})
		}
		if b.Count != nil {
			e.AtLeast, e.AtMost = b.Count.AtLeast, b.Count.AtMost
		}
		where := r.find(index("expect", i))
		all = append(all, Expectation{e, cmp.Or(where.file, r.file), where.line})
	}
	return all
}
