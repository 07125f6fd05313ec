package list

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
			d := &written{t: t, path: filepath.Join(t.TempDir(), "list.yaml")}
			d.save()
			return d
		},
	})
}

// written is a list that is written anew after each change, ids and all, as its keeper would.
type written struct {
	t      *testing.T
	path   string
	people []writtenPerson
	groups []writtenGroup
	ids    int
}

type writtenPerson struct {
	id, name, value string
	disabled        bool
}

type writtenGroup struct {
	id, name string
	members  []string
}

func (w *written) save() {
	w.t.Helper()
	var b strings.Builder
	b.WriteString("attributes: [company]\npeople:")
	if len(w.people) == 0 {
		b.WriteString(" []")
	}
	b.WriteString("\n")
	for _, p := range w.people {
		fmt.Fprintf(&b, "  - {id: %s, email: %s@example.com, name: The %s", p.id, p.name, p.name)
		if p.value != "" {
			fmt.Fprintf(&b, ", company: %q", p.value)
		}
		if p.disabled {
			b.WriteString(", active: false")
		}
		b.WriteString("}\n")
	}
	if len(w.groups) > 0 {
		b.WriteString("groups:\n")
	}
	for _, g := range w.groups {
		var people, groups []string
		for _, m := range g.members {
			if i := w.person(m); i >= 0 {
				people = append(people, w.people[i].id)
			} else {
				groups = append(groups, m)
			}
		}
		fmt.Fprintf(&b, "  - {id: %s, name: %s, members: [%s], groups: [%s]}\n", g.id, g.name, strings.Join(people, ", "), strings.Join(groups, ", "))
	}
	write(w.t, w.path, b.String())
}

func (w *written) person(name string) int {
	return slices.IndexFunc(w.people, func(p writtenPerson) bool { return p.name == name })
}

func (w *written) group(name string) int {
	return slices.IndexFunc(w.groups, func(g writtenGroup) bool { return g.name == name })
}

func (w *written) next() string {
	w.ids++
	return fmt.Sprint("id", w.ids)
}

func (w *written) Open(attributes ...string) connectors.Source {
	return open(w.t, w.path, attributes...)
}

func (w *written) AddPerson(name, value string) {
	w.people = append(w.people, writtenPerson{id: w.next(), name: name, value: value})
	w.save()
}

func (w *written) AddGroup(name string, members ...string) {
	w.groups = append(w.groups, writtenGroup{w.next(), name, members})
	w.save()
}

func (w *written) SetMembers(group string, members ...string) {
	w.groups[w.group(group)].members = members
	w.save()
}

func (w *written) RenamePerson(name, to string) {
	w.people[w.person(name)].name = to
	w.rename(name, to)
}

func (w *written) RenameGroup(name, to string) {
	w.groups[w.group(name)].name = to
	w.rename(name, to)
}

func (w *written) rename(name, to string) {
	for _, g := range w.groups {
		if i := slices.Index(g.members, name); i >= 0 {
			g.members[i] = to
		}
	}
	w.save()
}

func (w *written) SetValue(person, value string) {
	w.people[w.person(person)].value = value
	w.save()
}

func (w *written) Disable(person string) {
	w.people[w.person(person)].disabled = true
	w.save()
}

func (w *written) Remove(name string) {
	w.people = slices.DeleteFunc(w.people, func(p writtenPerson) bool { return p.name == name })
	w.groups = slices.DeleteFunc(w.groups, func(g writtenGroup) bool { return g.name == name })
	for i := range w.groups {
		w.groups[i].members = slices.DeleteFunc(w.groups[i].members, func(m string) bool { return m == name })
	}
	w.save()
}
