package connectortest

import (
	"fmt"
	"slices"

	"github.com/kisi-sync/kisi-sync/connectors"
)

// A Roster is a Directory for connectors whose directory is a text that somebody writes anew, such as a file or an export: it does what
// the suite asks in memory, and then has everything written.
type Roster struct {
	// Write writes everything. It ends the test when it fails.
	Write func(r *Roster)
	// Source opens the connector on what was written.
	Source func(attributes ...string) connectors.Source

	People []RosterPerson
	Groups []RosterGroup
	ids    int
}

// RosterPerson is somebody whose ID never changes.
type RosterPerson struct {
	ID, Name, Value string
	Disabled        bool
}

// RosterGroup is a group whose ID never changes. Members are names of people and groups, also of some that are not there.
type RosterGroup struct {
	ID, Name string
	Members  []string
}

var _ Directory = (*Roster)(nil)

// Person is where a person stands in People, -1 for nobody.
func (r *Roster) Person(name string) int {
	return slices.IndexFunc(r.People, func(p RosterPerson) bool { return p.Name == name })
}

// Group is where a group stands in Groups, -1 for none.
func (r *Roster) Group(name string) int {
	return slices.IndexFunc(r.Groups, func(g RosterGroup) bool { return g.Name == name })
}

func (r *Roster) next() string {
	r.ids++
	return fmt.Sprint("id", r.ids)
}

// Open implements Directory.
func (r *Roster) Open(attributes ...string) connectors.Source { return r.Source(attributes...) }

// AddPerson implements Directory.
func (r *Roster) AddPerson(name, value string) {
	r.People = append(r.People, RosterPerson{ID: r.next(), Name: name, Value: value})
	r.Write(r)
}

// AddGroup implements Directory.
func (r *Roster) AddGroup(name string, members ...string) {
	r.Groups = append(r.Groups, RosterGroup{r.next(), name, members})
	r.Write(r)
}

// SetMembers implements Directory.
func (r *Roster) SetMembers(group string, members ...string) {
	r.Groups[r.Group(group)].Members = members
	r.Write(r)
}

// RenamePerson implements Directory.
func (r *Roster) RenamePerson(name, to string) {
	r.People[r.Person(name)].Name = to
	r.rename(name, to)
}

// RenameGroup implements Directory.
func (r *Roster) RenameGroup(name, to string) {
	r.Groups[r.Group(name)].Name = to
	r.rename(name, to)
}

func (r *Roster) rename(name, to string) {
	for _, g := range r.Groups {
		if i := slices.Index(g.Members, name); i >= 0 {
			g.Members[i] = to
		}
	}
	r.Write(r)
}

// SetValue implements Directory.
func (r *Roster) SetValue(person, value string) {
	r.People[r.Person(person)].Value = value
	r.Write(r)
}

// Disable implements Directory.
func (r *Roster) Disable(person string) {
	r.People[r.Person(person)].Disabled = true
	r.Write(r)
}

// Remove implements Directory. Whoever writes such a text takes the name out of the groups, too.
func (r *Roster) Remove(name string) {
	r.People = slices.DeleteFunc(r.People, func(p RosterPerson) bool { return p.Name == name })
	r.Groups = slices.DeleteFunc(r.Groups, func(g RosterGroup) bool { return g.Name == name })
	for i := range r.Groups {
		r.Groups[i].Members = slices.DeleteFunc(r.Groups[i].Members, func(m string) bool { return m == name })
	}
	r.Write(r)
}
