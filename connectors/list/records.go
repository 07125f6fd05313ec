package list

import (
	"strings"

	"github.com/kisi-sync/kisi-sync/internal/directory"
	"github.com/kisi-sync/kisi-sync/internal/email"
)

// check looks at the file as a whole: who is there twice, who is named and not there.
func (l *list) check(p *parser) {
	ids, addresses, names := map[string]int{}, map[string]int{}, map[string]int{}
	once := func(seen map[string]int, key string, line int, what string) {
		if first, ok := seen[key]; ok {
			p.add(line, "", "%s %q is in line %d already", what, key, first)
		} else if key != "" {
			seen[key] = line
		}
	}
	for _, x := range l.people {
		if x.id == "" {
			p.add(x.line, "give it an email or an id", "a person without email and id")
		}
		once(addresses, email.Fold(x.email), x.line, "e-mail address")
		once(ids, x.id, x.line, "id")
	}
	for _, g := range l.groups {
		if g.name == "" {
			p.add(g.line, "", "a group without a name")
		}
		once(names, strings.ToLower(g.name), g.line, "group")
		once(ids, g.id, g.line, "id")
	}
	l.checkReferences(p, ids, names)
}

func (l *list) checkReferences(p *parser, ids, names map[string]int) {
	for _, g := range l.groups {
		for _, m := range g.members {
			_, known := ids[m.value]
			if problem := email.Problem(m.value); !known && problem != "" {
				p.add(m.line, "a member is an id from people, or an e-mail address", "members: nobody has the id %q", m.value)
			}
		}
		for _, inner := range g.groups {
			if _, known := names[strings.ToLower(inner.value)]; !known {
				p.add(inner.line, "", "groups: there is no group %q", inner.value)
			}
		}
	}
}

// records puts everybody, with the attributes that were asked for.
func (l *list) records(asked []string, put func(*directory.Record) error) error {
	for _, x := range l.people {
		if err := put(x.record(asked)); err != nil {
			return err
		}
	}
	x := l.index()
	for _, g := range l.groups {
		if err := g.records(x, put); err != nil {
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
		x.ids[p.id] = true
	}
	for _, g := range l.groups {
		x.ids[g.id], x.groups[strings.ToLower(g.name)] = true, g.id
	}
	return x
}

func (x person) record(asked []string) *directory.Record {
	r := &directory.Record{Kind: directory.PersonIs, ID: x.id, Email: x.email, Name: x.name}
	switch {
	case x.active == nil:
	case *x.active:
		r.Active = directory.Yes
	default:
		r.Active = directory.No
	}
	for _, name := range asked {
		if v := x.attributes[name]; len(v) > 0 {
			r.Attrs = append(r.Attrs, directory.Attr{Name: name, Values: v})
		}
	}
	return r
}

func (g group) records(x index, put func(*directory.Record) error) error {
	r := directory.Record{Kind: directory.GroupIs, ID: g.id, Name: g.name}
	if err := put(&r); err != nil {
		return err
	}
	r = directory.Record{Kind: directory.MembersFrom, ID: g.id}
	if err := put(&r); err != nil {
		return err
	}
	r.Kind = directory.MemberIs
	for _, m := range g.members {
		r.Member = directory.Ref{Kind: directory.ByMail, Value: email.Fold(m.value)}
		if x.ids[m.value] {
			r.Member = directory.Ref{Kind: directory.ByID, Value: m.value}
		}
		if err := put(&r); err != nil {
			return err
		}
	}
	for _, inner := range g.groups {
		r.Member = directory.Ref{Kind: directory.ByID, Value: x.groups[strings.ToLower(inner.value)]}
		if err := put(&r); err != nil {
			return err
		}
	}
	return nil
}
