// Package mapping decides, purely, who should hold what: it correlates people of several sources, runs the rules of the file
// over them and returns the desired state, in which every grant and every loss names its cause.
//
// It is the one place that knows both directories and access. It reads no clock, disk or network: the time is an argument.
// What cannot be decided for one person is a conflict of that person and takes nothing away.
package mapping

import (
	"time"

	"github.com/kisi-sync/kisi-sync/internal/access"
)

// Spec is everything of the configuration file that decides who should hold what, in typed form. Package config makes it;
// Compile turns it into Rules and returns every problem at once.
type Spec struct {
	Installation       string
	Sources            []Source // as in the file, in the file's order
	Precedence         []string // people.attributes_from: source names; the first that has a value wins. It may be empty with one source
	SamePersonBy       string   // the attribute, as declared, that one human has in all sources; "": the e-mail address
	CreateWithoutDoors bool
	Leavers            Leavers
	Groups             []Group     // sorted by name
	Rules              []Rule      // in the file's order, which decides nothing
	Conditions         []Condition // named, for where
	AdminRoles         bool        // rules may give roles on places and the organization
	SensitiveDoors     []string    // "Place / Door", or an id; every group that opens one of them is sensitive
	Zone               *time.Location
}

// Source is what mapping must know of a source.
type Source struct {
	Name       string      // as rules name it
	ID         string      // as keys name it (the block's id:, default its name)
	Was        []string    // ids that it had before; people and groups who are remembered by them are its own
	Domains    []string    // lower-case e-mail domains that it may speak for; nil: any
	MayGrant   []string    // groups that rules may grant from it; nil: all
	Attributes []Attribute // declared for rules
	Says       []Part      // of what it reads, in the words of the file: emails, base, filters
	Lists      bool        // its people may come with what they are to have (package listed)
	Mutable    bool        // it knows people by their address, which may change
	Stated     bool        // its people stand in the file: whoever is missing was taken out of it, and there is nothing to wait for
}

// Attribute is a declared attribute: Name as rules say it (person.contract_end), From as the directory calls it.
type Attribute struct {
	Name, From string
	List       bool   // may have several values; rules see a list. Otherwise two values are an error for that person
	Format     string // how the directory writes dates in it: one of formatNames or a pattern; "" is auto
}

// Leavers says how long after each cause a person is suspended; 0 is at once.
type Leavers struct {
	Disabled  time.Duration  // the directory disables the person
	Deleted   time.Duration  // the directory says that the person is deleted; or Never
	Vanished  time.Duration  // complete reads do not bring the person; or Never
	LeftScope *time.Duration // the source may not speak for the person's address any more; nil: never, it is only reported
	NoDoors   *time.Duration // nothing that we gave is left, nor anything else that is known; nil: never
	// After says, by the cause of a suspension, what becomes of the suspended later. A cause that is missing: nothing, ever.
	After map[access.CauseKind]Rungs
}

// Rungs are the later steps of a leaver's ladder, counted from the suspension; Never: not at all.
type Rungs struct {
	Revoke time.Duration // the rights that we gave are taken, so that groups do not fill with the suspended
	Delete time.Duration // the Kisi user is deleted, if it is one that we made
}

// Never is later than every wait of Leavers.
const Never time.Duration = -1

// Group is a Kisi group that the file names.
type Group struct {
	Name        string
	ID          access.RemoteID // 0: look it up by name and scope
	Place       string          // "": organization group
	Everywhere  bool            // the file says in so many words that it is a group of the organization; with an ID it need not
	Create      bool            // if_missing: create; otherwise a missing one is a problem
	Members     bool            // manage: members
	Openings    bool            // manage: doors (and elevator stops)
	Description *string         // nil: not ours to say
	Settings    access.Settings // those that the file says
	Role        string          // it is no group, but this role, by name or id, on Place or on the organization: made by Compile of a rule's Roles
	Doors       []string        // "Place / Door", or an id
	Stops       []StopName
	Sensitive   bool
	// One of these is set where the name has a placeholder, "Team {{person.department}}": what may stand there, or that anything may.
	OneOf []string
	AnyOf bool
}

// StopName names an elevator stop as people do. Stop alone may be an id.
type StopName struct{ Place, Elevator, Stop string }

// Rule gives groups to people.
type Rule struct {
	Name   string
	Path   string // where it stands in the file; "": rules[i]
	From   Selector
	Where  string // an expression over person and today; "": everyone selected
	Grant  []string
	Listed bool // grant_listed: what the source lists for each person, with its own role and dates, instead of Grant, Role, Begin, Until and Notify
	// Exclude is what people do not get, whatever other rules say, instead of Grant, Role and Notify.
	Exclude []string
	Except  []Exception
	Roles   []RoleGrant // on places and the organization, beside Grant; only with Spec.AdminRoles
	Role    access.Role
	Begin   *Date // from_date
	Until   *Date
	Notify  bool
}

// Condition is an expression with a name, for the where of rules.
type Condition struct{ Name, Text string }

// Exception says whom a rule is not about: exactly one of its fields is set.
type Exception struct {
	Group  Selector // everybody in a group of a source, nesting closed
	People []string // e-mail addresses, or keys
	Where  string   // everybody of whom this holds
}

// RoleGrant is a role on a place or the organization that a rule gives, by the name that Kisi shows, or its id.
type RoleGrant struct{ Role, Place string } // Place: "" for the organization

// Selector says whom a rule is about.
type Selector struct {
	Source   string
	Group    string // an id, a DN, an e-mail address or a name of a group of that source; "" with Everyone
	Everyone bool
}

// Date is a date that a rule reads from an attribute, or a fixed one.
type Date struct {
	Attribute  string  // as declared; "" with Fixed
	Shift      Shift   // so long after the attribute's date
	Format     string  // how the attribute says dates; "": as it is declared
	Fixed      string  // "2026-03-31" or RFC 3339
	Missing    Missing // of somebody without the attribute
	Unreadable Missing // of somebody in whose attribute there is no date
}

// Missing says what a person gets whose date is not known.
type Missing uint8

// Refuse: nothing from this rule, and the person is reported. Open: no date on that side, which `explain` shows; of an unreadable one
// the person is reported as well.
const (
	Refuse Missing = iota
	Open
)

// Problem is something wrong with a Spec. Path is the YAML path ("rules[2].where").
type Problem struct{ Path, Text, Hint string }
