package mapping

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/kisi-sync/kisi-sync/internal/access"
	"github.com/kisi-sync/kisi-sync/internal/directory"
)

// template is a group of the file whose name holds an attribute, "Team {{person.department}}": one Kisi group for each value.
type template struct {
	declared      Group
	before, after string // of the name, around the value
	attribute     string
	open          bool              // the values are those that the directory has; otherwise those of the file
	values        map[string]uint32 // indexes into Rules.groups by value, as key makes it; looked up only
	numbers       []uint32          // the same indexes, ascending
}

// use is a template that a rule grants, with the attribute as the rule's source has it.
type use struct {
	template  int
	attribute Attribute
}

// mostValues bounds how many groups an open template makes: an attribute with more values is no team.
const mostValues = 500

// placeholder is where the value stands.
func placeholder() *regexp.Regexp {
	return regexp.MustCompile(`\{\{\s*person\.([A-Za-z_][A-Za-z0-9_]*)\s*\}\}`)
}

// key is what a value is found by: those of the file whatever their case, as Kisi's names are.
func (t *template) key(value string) string {
	if t.open {
		return strings.TrimSpace(value)
	}
	return fold(value)
}

// group is the group for a value, which stands wherever the declaration has the placeholder.
func (t *template) group(value string) Group {
	fill := func(text string) string {
		return placeholder().ReplaceAllLiteralString(text, value)
	}
	g := t.declared
	g.Name, g.Place, g.OneOf, g.AnyOf = t.before+value+t.after, fill(g.Place), nil, false
	if g.Description != nil {
		text := fill(*g.Description)
		g.Description = &text
	}
	g.Doors, g.Stops = slices.Clone(g.Doors), slices.Clone(g.Stops)
	for i := range g.Doors {
		g.Doors[i] = fill(g.Doors[i])
	}
	for i, s := range g.Stops {
		g.Stops[i] = StopName{fill(s.Place), fill(s.Elevator), fill(s.Stop)}
	}
	return g
}

// value returns the value that stands in a name that the template may have made.
func (t *template) value(name string) (string, bool) {
	rest, ok := strings.CutPrefix(name, t.before)
	if !ok {
		return "", false
	}
	return strings.CutSuffix(rest, t.after)
}

// Makes says that a Kisi group of a name may come of this one: it bears the name, or has a placeholder in its own.
func (g *Group) Makes(name string) bool {
	value, ok := g.valueIn(name)
	return g.Name == name || ok && (g.AnyOf || slices.Contains(g.OneOf, value))
}

// Lacks says that a name would be that of a Kisi group which comes of this one, if the value in it were among the values of this one.
func (g *Group) Lacks(name string) (value string, is bool) {
	value, ok := g.valueIn(name)
	return value, ok && !g.Makes(name)
}

// valueIn returns what stands in a name where this group has its placeholder; false where it has none, or another name around it.
func (g *Group) valueIn(name string) (string, bool) {
	at := placeholder().FindStringIndex(g.Name)
	if at == nil {
		return "", false
	}
	t := template{before: g.Name[:at[0]], after: g.Name[at[1]:]}
	value, ok := t.value(name)
	return value, ok && value != "" && !strings.Contains(value, "{{")
}

// valueProblem says why a value cannot be part of a name in Kisi.
func valueProblem(value string) string {
	switch {
	case strings.ContainsFunc(value, func(c rune) bool { return !unicode.IsPrint(c) }):
		return "has a character that cannot be seen"
	case utf8.RuneCountInString(value) > 200:
		return "is longer than 200 characters"
	}
	return ""
}

// declaredGroup is a group with where the file declares it.
type declaredGroup struct {
	Group
	path string
}

// expandGroups returns the groups of the file, with one for each listed value of a template.
func (c *compiler) expandGroups() (all []declaredGroup) {
	for _, g := range c.spec.Groups {
		path := "groups." + g.Name
		if !strings.Contains(g.Name, "{{") {
			if len(g.OneOf) > 0 || g.AnyOf {
				c.problem(path+".one_of", "write {{person.ATTRIBUTE}} where the value is to stand", "the name has no place for a value")
			}
			all = append(all, declaredGroup{g, path})
			continue
		}
		t := c.parseTemplate(path, g)
		if t == nil {
			continue
		}
		for i, value := range g.OneOf {
			if problem := valueProblem(value); problem != "" || strings.TrimSpace(value) != value || value == "" {
				c.problem(fmt.Sprintf("%s.one_of[%d]", path, i), "", "%q cannot be part of a name", value)
			}
			all = append(all, declaredGroup{t.group(value), fmt.Sprintf("%s.one_of[%d]", path, i)})
		}
		c.out.templates = append(c.out.templates, *t)
	}
	slices.SortFunc(c.out.templates, func(a, b template) int { return compare(a.declared.Name, b.declared.Name) })
	return all
}

func (c *compiler) parseTemplate(path string, g Group) *template {
	at := placeholder().FindAllStringSubmatchIndex(g.Name, -1)
	switch {
	case len(at) != 1 || strings.Count(g.Name, "{{") != 1:
		c.problem(path, "write one attribute, as in Team {{person.department}}", "%q has no place for one value", g.Name)
	case g.ID != 0:
		c.problem(path+".id", "leave it out; each value has a group of its own", "a group with an id has one name")
	case len(g.OneOf) == 0 && !g.AnyOf:
		c.problem(path+".one_of", "write one_of: [VALUE, VALUE], or one_of: any for whatever values the directory has", "the file does not say which values there are")
	default:
		i := at[0]
		return &template{declared: g, before: g.Name[:i[0]], after: g.Name[i[1]:], attribute: g.Name[i[2]:i[3]], open: g.AnyOf, values: map[string]uint32{}}
	}
	return nil
}

// numberTemplates finds the groups of listed values among the groups of the file, once they are in their order.
func (c *compiler) numberTemplates() {
	for i := range c.out.templates {
		t := &c.out.templates[i]
		for _, value := range t.declared.OneOf {
			if g, ok := c.out.groupNamed(t.before + value + t.after); ok {
				t.values[t.key(value)] = uint32(g)
				t.numbers = append(t.numbers, uint32(g))
			}
		}
		slices.Sort(t.numbers)
	}
}

// templateNamed returns the number of a template as the file names it.
func (r *Rules) templateNamed(name string) (int, bool) {
	i := slices.IndexFunc(r.templates, func(t template) bool { return t.declared.Name == name })
	return i, i >= 0
}

// grantTemplate checks a template that a rule grants; ok is false when the name is none.
func (c *compiler) grantTemplate(path, name string, r *rule) (ok bool) {
	n, ok := c.out.templateNamed(name)
	if !ok || r.source < 0 {
		return ok
	}
	t, s := &c.out.templates[n], &c.out.sources[r.source]
	i := slices.IndexFunc(s.Attributes, func(a Attribute) bool { return a.Name == t.attribute })
	switch {
	case i < 0:
		c.problem(path, suggest(t.attribute, (&scope{attributes: s.Attributes}).names()[len(builtinAttributes()):]), "source %s declares no attribute %s", s.Name, t.attribute)
		return true
	case s.Attributes[i].List:
		c.problem(path, "declare it with one value", "%s is a list in source %s and cannot be part of a name", t.attribute, s.Name)
		return true
	case slices.ContainsFunc(r.uses, func(u use) bool { return u.template == n }):
		c.problem(path, "", "the group %q is granted twice", name)
		return true
	}
	if r.uses = append(r.uses, use{n, s.Attributes[i]}); !slices.Contains(r.reads, s.Attributes[i]) {
		r.reads = append(r.reads, s.Attributes[i])
	}
	c.mayGrant(path, name, t.declared.Sensitive, r)
	if other := c.makers[n]; t.open && other != "" && other != s.Name {
		c.problem(path, "say its values with one_of: [VALUE, VALUE]", "what groups %q makes is said by source %s already; two sources cannot both say it", name, other)
	}
	c.makers[n] = s.Name
	return true
}

// derive returns rules with a group for each value that the directory has for an open template; the rules themselves when there is none.
func (r *Rules) derive(view *directory.View, owned *access.Ledger) *Rules {
	if !slices.ContainsFunc(r.templates, func(t template) bool { return t.open }) {
		return r
	}
	out := *r
	out.groups, out.excluders, out.templates = slices.Clone(r.groups), slices.Clone(r.excluders), slices.Clone(r.templates)
	out.clashes = map[string]string{}
	names := map[string]string{} // by folded name in its place: the name of the file's group or of the value's; looked up only
	for i := range r.groups {
		names[r.groups[i].Place+"\x00"+fold(r.groups[i].Name)] = r.groups[i].Name
	}
	for n := range out.templates {
		if t := &out.templates[n]; t.open {
			out.fill(n, r.valuesOf(n, view, owned), names)
		}
	}
	return &out
}

// fill makes the groups of an open template.
func (r *Rules) fill(n int, values []string, names map[string]string) {
	t := &r.templates[n]
	t.values, t.numbers = map[string]uint32{}, nil
	for i, value := range values {
		g, number := t.group(value), uint32(len(r.groups))
		folded := g.Place + "\x00" + fold(g.Name)
		if other, twice := names[folded]; twice {
			r.clashes[g.Name], r.clashes[other] = other, g.Name
		}
		if i >= mostValues {
			r.clashes[g.Name] = ""
		}
		names[folded] = g.Name
		t.values[t.key(value)], t.numbers = number, append(t.numbers, number)
		var by []uint32
		for i := range r.rules {
			if slices.Contains(r.rules[i].bars, n) {
				by = append(by, uint32(i))
			}
		}
		r.groups, r.excluders = append(r.groups, g), append(r.excluders, by)
	}
}

// valuesOf returns the values that active people have in the sources whose rules grant a template, and those of groups that it made before.
func (r *Rules) valuesOf(n int, view *directory.View, owned *access.Ledger) (values []string) {
	t := &r.templates[n]
	done := map[Attribute]bool{} // looked up only
	for i := range r.rules {
		for _, u := range r.rules[i].uses {
			if u.template == n && !done[u.attribute] {
				done[u.attribute] = true
				values = valuesIn(view, r.sources[r.rules[i].source].ID, u.attribute, values)
			}
		}
	}
	if owned != nil {
		for _, g := range owned.Groups {
			if value, ok := t.value(g.Name); ok && value != "" {
				values = append(values, value)
			}
		}
	}
	slices.Sort(values)
	return slices.Compact(values)
}

func valuesIn(view *directory.View, source string, a Attribute, to []string) []string {
	seen := map[string]bool{} // looked up only
	var buf []string
	from, end := view.Range(source)
	for i := from; i < end; i++ {
		o := view.Person(i)
		if o.Active() == directory.No {
			continue
		}
		if buf = o.Values(a.From, buf[:0]); len(buf) != 1 || seen[buf[0]] {
			continue
		}
		seen[buf[0]] = true
		if value := strings.TrimSpace(buf[0]); value != "" && valueProblem(value) == "" {
			to = append(to, value)
		}
	}
	return to
}
