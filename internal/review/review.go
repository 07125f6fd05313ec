// Package review writes down who may open a door, or the doors of a group, for its owner to go through and sign: as comma-separated values,
// and as one page that prints well.
//
// The same Review gives the same bytes. Nothing in it is taken for markup, and no cell for a formula; the page needs nothing from
// anywhere else. It must not decide anything, nor read a clock.
package review

import (
	"strings"
	"time"
)

// Review is what an owner is asked to confirm.
type Review struct {
	Of           string    // the door, or the group
	Kind         string    // door, group
	Organization string    // its name
	At           time.Time // when it was looked at, in the zone in which all times are told
	By           string    // whoever asked for it
	Version      string    // of kisi-sync
	Rows         []Row     // in the order in which they are told
	Roles        []Role    // who may open it without any group; they are told, not asked about
	Notes        []string  // what the review is worth, and what is not in it
}

// Row is one right of somebody, to be kept or removed.
type Row struct {
	Name, Address string
	Kind          string // person, person in a team, guest, team, access link
	User          int64  // in Kisi; 0: it is none
	Group         string
	GroupID       int64
	Role          string
	Opens         string // yes, or why not
	Source        string // the directory that has the person; "": none
	Why           string
	Since         time.Time // zero: not known
	Evidence      string    // who says since when
	Until         time.Time // zero: no end
	Used          time.Time // when the person last unlocked anything; zero: never
	Card          string    // yes, no, not known
	Next          string    // what the next run does about it
}

// Role is somebody who may open the door without a group.
type Role struct{ Who, Role, Where string }

// used says when somebody last unlocked anything.
func (r *Row) used(zone *time.Location) string {
	if r.User == 0 || !strings.HasPrefix(r.Kind, "person") {
		return "not known"
	}
	return day(r.Used, zone, "never")
}

// day writes a moment as a date, which is all that an owner needs.
func day(at time.Time, zone *time.Location, none string) string {
	if at.IsZero() {
		return none
	}
	return at.In(zone).Format(time.DateOnly)
}
