package list

import (
	"slices"
	"strings"

	"github.com/kisi-sync/kisi-sync/internal/directory"
	"github.com/kisi-sync/kisi-sync/internal/email"
	"github.com/kisi-sync/kisi-sync/internal/listed"
)

// check looks at the file as a whole: who is there twice, who is named and not there.
func (l *list) check(p *parser) {
	ids, addresses, names := map[string]int{}, map[string]int{}, map[string]int{}
	once := func(seen map[string]int, key string, at spot, what string) {
		if first, ok := seen[key]; ok {
			p.add(at, "", "%s %q is in line %d already", what, key, first)
		} else if key != "" {
			seen[key] = at.line
		}
	}
	for _, x := range l.people {
		if x.ID == "" {
			p.add(x.at, "give it an email or an id", "a person without email and id")
		}
		once(addresses, email.Fold(x.Email), x.at, "e-mail address")
		once(ids, x.ID, x.at, "id")
	}
	for _, g := range l.groups {
		if g.name == "" {
			p.add(g.at, "", "a group without a name")
		}
		once(names, strings.ToLower(g.name), g.at, "group")
		once(ids, g.id, g.at, "id")
	}
	l.checkReferences(p, ids, names)
	l.checkReach(p)
}

func (l *list) checkReferences(p *parser, ids, names map[string]int) {
	known := func(key string, all []text) {
		for _, inner := range all {
			if _, known := names[strings.ToLower(inner.value)]; !known {
				p.add(inner.spot, "list it under groups: of the file", "%s: there is no group %q", key, inner.value)
			}
		}
	}
	for _, x := range l.people {
		known("groups", x.groups)
	}
	for _, g := range l.groups {
		for _, m := range g.members {
			_, known := ids[m.value]
			if problem := email.Problem(m.value); !known && problem != "" {
				p.add(m.spot, "a member is an id from people, or an e-mail address", "members: nobody has the id %q", m.value)
			}
		}
		known("groups", g.groups)
	}
}

// checkReach refuses members to whom a group's access could not be given: a list says what its own people are to have.
func (l *list) checkReach(p *parser) {
	for _, g := range l.groups {
		for _, m := range g.members {
			if len(g.access) > 0 && l.named(m.value) < 0 && email.Problem(m.value) == "" {
				p.add(m.spot, "list the person under people, too", "members: what %q gives reaches people of this file only, and %s is not one", g.name, m.value)
			}
		}
	}
}

// named returns the index of the person whom a member names, -1 when it is none of the file.
func (l *list) named(member string) int {
	return slices.IndexFunc(l.people, func(x Person) bool { return x.is(member) })
}

// records puts everybody, with the attributes that were asked for.
func (l *list) records(asked []string, put func(*directory.Record) error) error {
	for i := range l.people {
		if err := put(l.record(&l.people[i], asked)); err != nil {
			return err
		}
	}
	x := l.index()
	for i := range l.groups {
		if err := l.groupRecords(&l.groups[i], x, put); err != nil {
			return err
		}
	}
	return nil
}

// index finds ids: whether there is one, and a group's by its name.
type index struct {
	ids    map[string]bool
	groups map[string]string
}

func (l *list) index() index {
	x := index{map[string]bool{}, map[string]string{}}
	for _, p := range l.people {
		x.ids[p.ID] = true
	}
	for _, g := range l.groups {
		x.ids[g.id], x.groups[strings.ToLower(g.name)] = true, g.id
	}
	return x
}

func (l *list) record(x *Person, asked []string) *directory.Record {
	r := &directory.Record{Kind: directory.PersonIs, ID: x.ID, Email: x.Email, Name: x.Name}
	switch {
	case x.Active == nil:
	case *x.Active:
		r.Active = directory.Yes
	default:
		r.Active = directory.No
	}
	for _, name := range asked {
		v := x.Attributes[name]
		if name == listed.Attribute {
			v = l.access(x)
		}
		if len(v) > 0 {
			r.Attrs = append(r.Attrs, directory.Attr{Name: name, Values: v})
		}
	}
	return r
}

// access returns what a person is to have: as the own entry says, and as the groups say that the person is in, directly or not.
func (l *list) access(x *Person) (values []string) {
	add := func(all []Access) {
		for _, a := range all {
			if v := a.Value(); !slices.Contains(values, v) {
				values = append(values, v)
			}
		}
	}
	add(x.Access)
	for i := range l.groups {
		if len(l.groups[i].access) > 0 && l.has(i, x, map[int]bool{}) {
			add(l.groups[i].access)
		}
	}
	return values
}

// has says that a person is in a group. Groups may be in each other.
func (l *list) has(number int, x *Person, seen map[int]bool) bool {
	g := &l.groups[number]
	seen[number] = true
	for _, m := range g.members {
		if x.is(m.value) {
			return true
		}
	}
	for _, own := range x.groups {
		if strings.EqualFold(own.value, g.name) {
			return true
		}
	}
	for i := range l.groups {
		inner := func(t text) bool { return strings.EqualFold(t.value, l.groups[i].name) }
		if !seen[i] && slices.ContainsFunc(g.groups, inner) && l.has(i, x, seen) {
			return true
		}
	}
	return false
}

// groupRecords puts a group with its members: those that it names, and the people who name it.
func (l *list) groupRecords(g *group, x index, put func(*directory.Record) error) error {
	r := directory.Record{Kind: directory.GroupIs, ID: g.id, Name: g.name}
	if err := put(&r); err != nil {
		return err
	}
	r = directory.Record{Kind: directory.MembersFrom, ID: g.id}
	if err := put(&r); err != nil {
		return err
	}
	r.Kind = directory.MemberIs
	for _, ref := range l.references(g, x) {
		r.Member = ref
		if err := put(&r); err != nil {
			return err
		}
	}
	return nil
}

func (l *list) references(g *group, x index) (all []directory.Ref) {
	for _, m := range g.members {
		ref := directory.Ref{Kind: directory.ByMail, Value: email.Fold(m.value)}
		if x.ids[m.value] {
			ref = directory.Ref{Kind: directory.ByID, Value: m.value}
		}
		all = append(all, ref)
	}
	for i := range l.people {
		p := &l.people[i]
		names := func(t text) bool { return strings.EqualFold(t.value, g.name) }
		if ref := (directory.Ref{Kind: directory.ByID, Value: p.ID}); slices.ContainsFunc(p.groups, names) && !slices.Contains(all, ref) {
			all = append(all, ref)
		}
	}
	for _, inner := range g.groups {
		all = append(all, directory.Ref{Kind: directory.ByID, Value: x.groups[strings.ToLower(inner.value)]})
	}
	return all
}
