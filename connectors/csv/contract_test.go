package csv

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/kisi-sync/kisi-sync/connectors"
	"github.com/kisi-sync/kisi-sync/connectors/connectortest"
)

func TestContract(t *testing.T) {
	connectortest.Run(t, connectortest.Harness{
		Attribute: "company",
		New: func(t *testing.T) connectortest.Directory {
			d := &exported{t: t, dir: t.TempDir()}
			d.save()
			return d
		},
	})
}

// exported is a personnel system that writes its three files anew after each change.
type exported struct {
	t      *testing.T
	dir    string
	people []exportedPerson
	groups []exportedGroup
	ids    int
}

type exportedPerson struct{ id, name, value, active string }

type exportedGroup struct {
	id, name string
	members  []string
}

func (x *exported) save() {
	x.t.Helper()
	var people, groups, members strings.Builder
	people.WriteString("id,email,name,company,active\n")
	groups.WriteString("id,name\n")
	members.WriteString("group,member,member_group\n")
	for _, p := range x.people {
		fmt.Fprintf(&people, "%s,%s@example.com,The %s,%s,%s\n", p.id, p.name, p.name, p.value, p.active)
	}
	for _, g := range x.groups {
		fmt.Fprintf(&groups, "%s,%s\n", g.id, g.name)
		for _, m := range g.members {
			if i := x.person(m); i >= 0 {
				fmt.Fprintf(&members, "%s,%s,\n", g.id, x.people[i].id)
			} else if i := x.group(m); i >= 0 {
				fmt.Fprintf(&members, "%s,,%s\n", g.id, x.groups[i].id)
			}
		}
	}
	for name, text := range map[string]string{"people.csv": people.String(), "groups.csv": groups.String(), "memberships.csv": members.String()} {
		write(x.t, filepath.Join(x.dir, name), text)
	}
}

func (x *exported) person(name string) int {
	return slices.IndexFunc(x.people, func(p exportedPerson) bool { return p.name == name })
}

func (x *exported) group(name string) int {
	return slices.IndexFunc(x.groups, func(g exportedGroup) bool { return g.name == name })
}

func (x *exported) next() string {
	x.ids++
	return fmt.Sprint(x.ids)
}

func (x *exported) Open(attributes ...string) connectors.Source {
	s := settings(x.dir)
	s.Files, s.MayBeEmpty = Files{Groups: "groups.csv", Memberships: "memberships.csv"}, true
	return open(x.t, s, attributes...)
}

func (x *exported) AddPerson(name, value string) {
	x.people = append(x.people, exportedPerson{id: x.next(), name: name, value: value})
	x.save()
}

func (x *exported) AddGroup(name string, members ...string) {
	x.groups = append(x.groups, exportedGroup{x.next(), name, members})
	x.save()
}

func (x *exported) SetMembers(group string, members ...string) {
	x.groups[x.group(group)].members = members
	x.save()
}

func (x *exported) RenamePerson(name, to string) {
	x.people[x.person(name)].name = to
	x.rename(name, to)
}

func (x *exported) RenameGroup(name, to string) {
	x.groups[x.group(name)].name = to
	x.rename(name, to)
}

func (x *exported) rename(name, to string) {
	for _, g := range x.groups {
		if i := slices.Index(g.members, name); i >= 0 {
			g.members[i] = to
		}
	}
	x.save()
}

func (x *exported) SetValue(person, value string) {
	x.people[x.person(person)].value = value
	x.save()
}

func (x *exported) Disable(person string) {
	x.people[x.person(person)].active = "no"
	x.save()
}

func (x *exported) Remove(name string) {
	x.people = slices.DeleteFunc(x.people, func(p exportedPerson) bool { return p.name == name })
	x.groups = slices.DeleteFunc(x.groups, func(g exportedGroup) bool { return g.name == name })
	x.save()
}
