package mapping

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/kisi-sync/kisi-sync/internal/access"
)

// Compile makes a Spec ready. It returns every problem that it finds, in the order of the file; Rules is nil when there is one.
// The Spec must not be changed afterwards.
func Compile(spec Spec) (*Rules, []Problem) {
	c := &compiler{spec: spec, names: map[string]bool{}, makers: map[int]string{}, out: &Rules{create: spec.CreateWithoutDoors, leavers: spec.Leavers, zone: spec.Zone}}
	if c.out.zone == nil {
		c.out.zone = time.UTC
	}
	c.checkSources()
	c.checkPrecedence()
	c.checkSamePerson()
	c.checkGroups()
	c.checkConditions()
	for i := range spec.Rules {
		c.rule(i)
	}
	if len(spec.Sources) > 0 {
		c.checkUnused()
	}
	if len(c.problems) > 0 {
		return nil, c.problems
	}
	slices.SortFunc(c.out.rules, func(a, b rule) int { return compare(a.Name, b.Name) })
	for i := range c.out.rules {
		if r := &c.out.rules[i]; r.From.Everyone {
			s := &c.out.sources[r.source]
			s.everyone = append(s.everyone, uint32(i))
		}
	}
	c.listExcluders()
	return c.out, nil
}

// listExcluders notes for each group the rules that exclude from it.
func (c *compiler) listExcluders() {
	c.out.excluders = make([][]uint32, len(c.out.groups))
	for i := range c.out.rules {
		c.out.excluding = c.out.excluding || c.out.rules[i].Exclude != nil
		for _, g := range c.out.rules[i].excludes {
			c.out.excluders[g] = append(c.out.excluders[g], uint32(i))
		}
	}
}

// compiler collects problems on the way from a Spec to Rules.
type compiler struct {
	spec     Spec
	out      *Rules
	problems []Problem
	names    map[string]bool // of rules seen so far; looked up only

	conditions *conditions
	makers     map[int]string // by number of a template: the source by which a rule grants it; looked up only
}

func (c *compiler) problem(path, hint, format string, args ...any) {
	c.problems = append(c.problems, Problem{Path: path, Text: fmt.Sprintf(format, args...), Hint: hint})
}

// rule checks one rule and makes it ready.
func (c *compiler) rule(i int) {
	r := rule{Rule: c.spec.Rules[i], source: -1}
	path := cmp.Or(r.Path, fmt.Sprintf("rules[%d]", i))
	c.ruleName(path, r.Name)
	c.selector(path+".from", &r)
	switch {
	case r.Listed:
		c.listed(path, &r)
	case r.Exclude != nil:
		c.exclusion(path, &r)
	default:
		c.grants(path, &r)
	}
	if r.source >= 0 {
		s := c.scope(r.source)
		if e := c.expression(path+".where", r.Where, s, &r); e != nil {
			r.clauses = e.clauses
		}
		c.excepts(path+".except", s, &r)
		r.begin = c.bound(path+".from_date", s, &r, r.Begin)
		r.until = c.bound(path+".until", s, &r, r.Until)
		if b, u := r.begin, r.until; b != nil && u != nil && u.fixed != 0 && b.fixed > u.fixed {
			c.problem(path+".until", "", "the end is before the beginning")
		}
	}
	r.mark = r.digest()
	c.out.rules = append(c.out.rules, r)
}

func (c *compiler) ruleName(path, name string) {
	switch {
	case strings.TrimSpace(name) == "":
		c.problem(path+".name", "a name says in reports why somebody has a door", "the rule has no name")
	case strings.Contains(name, ", "):
		c.problem(path+".name", "", "the name of a rule must not contain a comma and a space")
	case c.names[name]:
		c.problem(path+".name", "", "there are two rules named %q", name)
	}
	c.names[name] = true
}

func (c *compiler) selector(path string, r *rule) {
	from := r.From
	r.source = slices.IndexFunc(c.out.sources, func(s source) bool { return s.Name == from.Source })
	switch {
	case from.Source == "":
		c.problem(path+".source", "name one of the sources", "the rule says no source")
	case r.source < 0:
		c.problem(path+".source", suggest(from.Source, c.sourceNames()), "there is no source %q", from.Source)
	}
	switch {
	case from.Group == "" && !from.Everyone:
		c.problem(path, "say group: or everyone: true", "the rule says neither a group nor everyone")
	case from.Group != "" && from.Everyone:
		c.problem(path, "leave one of them out", "the rule says both a group and everyone")
	}
}

func (c *compiler) grants(path string, r *rule) {
	if len(r.Grant)+len(r.Roles) == 0 {
		c.problem(path+".grant", "", "the rule grants nothing")
	}
	c.grantRoles(path, r)
	for k, name := range r.Grant {
		at := fmt.Sprintf("%s.grant[%d]", path, k)
		if c.grantTemplate(at, name, r) {
			continue
		}
		g, ok := c.out.groupNamed(name)
		if !ok {
			c.undeclared(at, name)
			continue
		}
		if slices.Contains(r.grants, uint32(g)) {
			c.problem(at, "", "the group %q is granted twice", name)
			continue
		}
		r.grants = append(r.grants, uint32(g))
		c.mayGrant(at, name, c.out.groups[g].Sensitive, r)
	}
	slices.Sort(r.grants)
}

// mayGrant reports a group that the rule's source may not grant, or not to everyone.
func (c *compiler) mayGrant(path, name string, sensitive bool, r *rule) {
	if r.source >= 0 && !c.out.sources[r.source].mayGrant(name) {
		c.problem(path, fmt.Sprintf("add it to may_grant of %s, or grant it from another source", r.From.Source),
			"the source %s may not grant %q", r.From.Source, name)
	}
	if sensitive && r.From.Everyone && strings.TrimSpace(r.Where) == "" {
		c.problem(path, "name a group, or add where", "%q is sensitive and cannot be granted to everyone of a source", name)
	}
}

func (s *source) mayGrant(group string) bool {
	return s.MayGrant == nil || slices.Contains(s.MayGrant, group)
}

// exclusion checks a rule with exclude and makes it ready.
func (c *compiler) exclusion(path string, r *rule) {
	for _, said := range []struct {
		is  bool
		key string
	}{{len(r.Grant) > 0, "grant"}, {r.Role > access.DoorAccess, "role"}, {r.Notify, "notify"}} {
		if said.is {
			c.problem(path+"."+said.key, "leave it out, or exclude", "a rule that excludes gives nothing")
		}
	}
	if len(r.Exclude) == 0 {
		c.problem(path+".exclude", "", "the rule excludes from nothing")
	}
	for k, name := range r.Exclude {
		at := fmt.Sprintf("%s.exclude[%d]", path, k)
		if n, is := c.out.templateNamed(name); is {
			if r.excludes = append(r.excludes, c.out.templates[n].numbers...); c.out.templates[n].open {
				r.bars = append(r.bars, n)
			}
			continue
		}
		g, ok := c.out.groupNamed(name)
		switch {
		case !ok:
			c.undeclared(at, name)
		case slices.Contains(r.excludes, uint32(g)):
			c.problem(at, "", "the group %q is named twice", name)
		default:
			r.excludes = append(r.excludes, uint32(g))
		}
	}
	slices.Sort(r.excludes)
}

// scope is what the expressions of a rule about a source may talk about.
func (c *compiler) scope(source int) *scope {
	s := &scope{zone: c.out.zone, sources: c.sourcesInOrder(), refs: &c.out.refs, conditions: c.conditions}
	if source >= 0 {
		s.source, s.attributes = c.out.sources[source].Name, c.out.sources[source].Attributes
	}
	return s
}

// sourcesInOrder returns the names of sources by their number.
func (c *compiler) sourcesInOrder() []string {
	var names []string
	for _, s := range c.out.sources {
		names = append(names, s.Name)
	}
	return names
}

// expression makes a condition of a rule ready, and notes what it reads; nil when there is none, or none that is good.
func (c *compiler) expression(path, text string, s *scope, r *rule) *expression {
	if strings.TrimSpace(text) == "" || c.conditions.broken {
		return nil
	}
	good := true
	for _, name := range s.named(text) {
		good = c.condition(name, s) && good
	}
	if !good {
		return nil
	}
	e, hint, err := compileExpression(text, s)
	if err != nil {
		message, snippet := place(err)
		c.problem(path, hint, "%s%s", message, snippet)
		return nil
	}
	for _, a := range e.reads {
		if !slices.Contains(r.reads, a) {
			r.reads = append(r.reads, a)
		}
	}
	r.asks = append(r.asks, e.groups...)
	c.named(r, e.named)
	c.out.today = c.out.today || e.today
	return e
}

func (c *compiler) bound(path string, s *scope, r *rule, d *Date) *bound {
	if d == nil {
		return nil
	}
	b := &bound{Date: *d, isEnd: d == r.Until}
	switch {
	case d.Attribute != "" && d.Fixed != "":
		c.problem(path, "leave one of them out", "both an attribute and a date")
	case d.Attribute != "":
		c.dateAttribute(path+".attribute", s, r, b)
	default:
		m, err := parseDate(d.Fixed, c.out.zone)
		if err != nil {
			c.problem(path, "write a date as "+dateForms, "%q is not a date", d.Fixed)
			return nil
		}
		if b.fixed = m.begin(); b.isEnd {
			b.fixed = m.end(c.out.zone)
		}
	}
	return b
}

func (c *compiler) dateAttribute(path string, s *scope, r *rule, b *bound) {
	i := slices.IndexFunc(s.attributes, func(a Attribute) bool { return a.Name == b.Attribute })
	switch {
	case i < 0:
		var names []string
		for _, a := range s.attributes {
			names = append(names, a.Name)
		}
		c.problem(path, suggest(b.Attribute, names), "source %s declares no attribute %s", s.source, b.Attribute)
	case s.attributes[i].List:
		c.problem(path, "", "%s is a list and cannot be a date", b.Attribute)
	default:
		b.from = s.attributes[i].From
		c.format(strings.TrimSuffix(path, "attribute"), s.attributes[i], b)
		if !slices.Contains(r.reads, s.attributes[i]) {
			r.reads = append(r.reads, s.attributes[i])
		}
	}
}

// format settles how the attribute of a date says dates.
func (c *compiler) format(path string, a Attribute, b *bound) {
	text := a.Format
	if b.Format != "" {
		text = b.Format
	}
	f, hint, err := parseFormat(text)
	if err != nil && b.Format != "" { // a bad one of the attribute itself is reported there
		c.problem(path+"format", hint, "%s", err)
	}
	b.format = f
}
