// Package listed is what a list that is kept by hand says somebody is to have: one entry for each group, place or organization, with
// its role and its dates.
//
// A source hands entries to the rules as values of one attribute (Attribute), which a rule with grant_listed reads. The package promises
// that Parse gives back what Value wrote, and that equal entries have equal values. It must not know what there is in Kisi: whether a
// group exists and may be given is the rules' business.
package listed

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// Attribute is the attribute of a record whose values are entries.
const Attribute = "access"

// The roles of a group, as files and rules say them. Those of places and of the organization are what Kisi has.
const (
	DoorAccess   = "door_access"
	GroupManager = "group_manager"
)

// Entry is one thing that somebody is to have. Exactly one of Group, Place and Organization is said.
type Entry struct {
	Group        string `json:"group,omitempty"`
	Place        string `json:"place,omitempty"`
	Organization bool   `json:"organization,omitempty"`
	Role         string `json:"role,omitempty"` // "" is door access in a group
	From         string `json:"from,omitempty"` // as written: a day, or a moment with its zone
	Until        string `json:"until,omitempty"`
	Notify       bool   `json:"notify,omitempty"`
}

// Value returns the entry as the value of an attribute.
func (e Entry) Value() string {
	text, err := json.Marshal(e)
	if err != nil {
		panic("listed: " + err.Error()) // texts and booleans always can be written
	}
	return string(text)
}

// Parse reads what Value wrote.
func Parse(value string) (Entry, error) {
	var e Entry
	d := json.NewDecoder(strings.NewReader(value))
	d.DisallowUnknownFields()
	if err := d.Decode(&e); err != nil {
		return Entry{}, fmt.Errorf("read what a list says: %w", err)
	}
	if f := e.Check(); f != nil {
		return Entry{}, fmt.Errorf("read what a list says: %s %s", f.Field, f.Text)
	}
	return e, nil
}

// Fault is what is wrong with an entry.
type Fault struct{ Field, Text, Hint string }

// Check returns the first thing that is wrong with an entry, nil when nothing is.
func (e Entry) Check() *Fault {
	if f := e.checkScope(); f != nil {
		return f
	}
	switch {
	case !isDate(e.From):
		return dateFault("from", e.From)
	case !isDate(e.Until):
		return dateFault("until", e.Until)
	case reversed(e.From, e.Until):
		return &Fault{"until", fmt.Sprintf("%s is before from: %s", e.Until, e.From), "correct one of the dates"}
	}
	return nil
}

func (e Entry) checkScope() *Fault {
	said := 0
	for _, is := range []bool{e.Group != "", e.Place != "", e.Organization} {
		if is {
			said++
		}
	}
	switch {
	case said == 0:
		return &Fault{"group", "is missing", "write {group: NAME}, {place: NAME, role: ROLE} or {organization: true, role: ROLE}"}
	case said > 1:
		return &Fault{"group", "is said with another scope", "write one entry for each of group, place and organization"}
	case e.Group == "" && e.Role == "":
		return &Fault{"role", "is missing", "a place and the organization have roles only; kisi-sync roles lists them"}
	case e.Group == "" && e.From+e.Until != "":
		return &Fault{"until", "means nothing here", "in Kisi only access in groups has dates"}
	case e.Group != "" && e.Role != "" && e.Role != DoorAccess && e.Role != GroupManager:
		return &Fault{"role", fmt.Sprintf("%q is no role in a group", e.Role), "write " + DoorAccess + " or " + GroupManager}
	}
	return nil
}

// Same says that two entries are about the same group, place or organization, so that somebody has one of them only.
func (e Entry) Same(o Entry) bool {
	return strings.EqualFold(e.Group, o.Group) && strings.EqualFold(e.Place, o.Place) && e.Organization == o.Organization
}

// Scope says in words what an entry is about.
func (e Entry) Scope() string {
	switch {
	case e.Group != "":
		return e.Group
	case e.Place != "":
		return "place " + e.Place
	}
	return "the organization"
}

// DateForms is what is taken for a date, for people to read.
const DateForms = "2026-03-31, a day, or 2026-03-31T18:00:00+02:00"

func dateFault(field, text string) *Fault {
	return &Fault{field, fmt.Sprintf("%q is not a date", text), "write " + DateForms}
}

// isDate says that a text is a date in one of DateForms, or nothing.
func isDate(text string) bool {
	_, dayErr := time.Parse(time.DateOnly, text)
	_, momentErr := time.Parse(time.RFC3339, text)
	return text == "" || dayErr == nil || momentErr == nil
}

// reversed says that an end is before a beginning whatever zone its day is of. Of a day and a moment only the days are compared.
func reversed(from, until string) bool {
	begin, beginErr := time.Parse(time.RFC3339, from)
	end, endErr := time.Parse(time.RFC3339, until)
	switch {
	case from == "" || until == "":
		return false
	case beginErr == nil && endErr == nil:
		return end.Before(begin)
	}
	return until[:len(time.DateOnly)] < from[:len(time.DateOnly)]
}
