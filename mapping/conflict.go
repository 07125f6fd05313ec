package mapping

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/kisi-sync/kisi-sync/internal/access"
	"github.com/kisi-sync/kisi-sync/internal/directory"
)

// Conflict is something about one person, group or rule that could not be decided, or that somebody should know. The rest went on,
// and nothing was taken away for it.
type Conflict struct {
	Kind string        `json:"kind"` // one of the words below
	Who  string        `json:"who"`  // person, group or rule, as people call it
	Text string        `json:"text"`
	Hint string        `json:"hint,omitempty"`
	Rule string        `json:"rule,omitempty"` // by which a person could not be decided
	Key  directory.Key `json:"key,omitzero"`   // of the person; zero for groups and rules, and where several people are folded into one
	// Count is how many people are folded into this one; 0 for a single one. More than a few of one kind, rule and source are.
	Count int `json:"count,omitempty"`
	// User is the Kisi user that the conflict is about beside the person; 0 for none.
	User access.RemoteID `json:"user,omitempty"`
}

// The kinds of Conflict. They are stable words for scripts.
const (
	NoEmail                = "no_email"                 // the person has no e-mail address
	BadEmail               = "bad_email"                // the address cannot be used
	ForeignDomain          = "foreign_domain"           // the source may not speak for the address's domain
	DuplicateEmail         = "duplicate_email"          // two active people of one source share an address
	DuplicatePerson        = "duplicate_person"         // two active people of one source share the attribute that says who is who
	JoinHeld               = "join_held"                // records of two sources have one address and other names
	Readdressed            = "readdressed"              // somebody may be another one who is gone, under a new address
	AddressReused          = "address_reused"           // somebody has the address of a Kisi user who was another person's
	AddressChanged         = "address_changed"          // the Kisi user has the person's old address
	RecreatedPerson        = "recreated_person"         // a new record took over the Kisi user of an old one with the same address
	TwoPeopleOneUser       = "two_people_one_user"      // one Kisi user is linked to people who are different now
	OnePersonTwoUsers      = "one_person_two_users"     // a person is linked to several Kisi users
	GraceRuns              = "grace_runs"               // somebody left, and keeps everything until a moment that is told
	LostTrack              = "lost_track"               // a linked person is in no source, and nobody knows since when
	MissingAttribute       = "missing_attribute"        // an attribute that a rule reads has no value
	SeveralValues          = "several_values"           // an attribute that is declared with one value has several
	BadDate                = "bad_date"                 // an attribute holds no date
	DateOpened             = "date_opened"              // an attribute holds no date, and the file says to give without it
	DateOrder              = "date_order"               // the beginning is after the end
	UnknownZone            = "unknown_zone"             // a place is in a time zone that is not known here
	ValueUnlisted          = "value_unlisted"           // an attribute that names a group has a value that the file does not list
	NameClash              = "name_clash"               // two values, or a value and a group of the file, would be one group in Kisi
	Unsettled              = "unsettled"                // a record that a condition asks about is missing, which is not settled
	BadExpression          = "bad_expression"           // an expression failed for one person in another way
	ListedUnknown          = "listed_unknown"           // a list gives a group that the file does not declare
	ListedForbidden        = "listed_forbidden"         // a list gives what its source may not grant
	SelectorMatchesNothing = "selector_matches_nothing" // a rule's group is not in its source
	SelectorUnpushed       = "selector_unpushed"        // a rule's group has not come yet, of a source that is pushed to and was not accepted
	SelectorAmbiguous      = "selector_ambiguous"       // several groups bear the name that a rule says
	PinMatchesNobody       = "pin_matches_nobody"       // a block or an exemption is about nobody that is known
	ExemptionEnded         = "exemption_ended"          // the time of an exemption is over
	UserReleased           = "released"                 // the person's Kisi user was released, and is left as it is
	RenameVoid             = "rename_void"              // a Kisi user should be replaced, and the reason is gone
	BlockEnded             = "block_ended"              // the time of a block is over
	SelectorRenamed        = "selector_renamed"         // the group that a rule has known is called otherwise now
	SelectorRebound        = "selector_rebound"         // the group that a rule has known is gone, and another one bears its name
	SelectorNotExact       = "selector_not_exact"       // a rule that gives a sensitive group names its group by name
	GroupMissing           = "group_missing"            // a group of the file is not in Kisi
	GroupAmbiguous         = "group_ambiguous"          // several groups in Kisi bear the name
	GroupTwice             = "group_twice"              // two groups of the file are one group in Kisi
	RoleMissing            = "role_missing"             // a role of the file is not in Kisi
	RoleRefused            = "role_refused"             // a role is above the key's own, or nobody knows what it may do
	RoleCovered            = "role_covered"             // two rules give roles on the same place; the higher one wins
	RolesCollide           = "roles_collide"            // two rules give roles on the same place, and none is the higher one
	GroupScope             = "group_scope"              // the file says another scope of a group than Kisi does
	GroupRenamed           = "group_renamed"            // a group that we know was renamed in Kisi
	UnknownPlace           = "unknown_place"
	UnknownDoor            = "unknown_door"
	AmbiguousDoor          = "ambiguous_door"
	DoorElsewhere          = "door_elsewhere" // a place's group names a door of another place
	UnknownStop            = "unknown_stop"
	AmbiguousStop          = "ambiguous_stop"
)

// Informs says that nothing is undecided for the conflict: it is only worth knowing.
func (c *Conflict) Informs() bool {
	switch c.Kind {
	case SelectorRenamed, GroupRenamed, AddressChanged, RecreatedPerson, GraceRuns, DateOpened, UnknownZone:
		return true
	}
	return c.ofPin()
}

// ofPin says that the conflict is about what an operator said of one person.
func (c *Conflict) ofPin() bool {
	return c.Kind == PinMatchesNobody || c.Kind == ExemptionEnded || c.Kind == BlockEnded || c.Kind == UserReleased || c.Kind == RenameVoid
}

// mostAlike is how many conflicts of people that are alike are told one by one.
const mostAlike = 20

// collector keeps conflicts: all that are about groups and rules, and of people's only the first few of each kind, rule and source,
// with how many there are. A million people may lack one attribute.
type collector struct {
	whole  bool // keep everything
	all    []Conflict
	people map[likeness]*alike
}

type likeness struct{ kind, rule, source string }

// alike are conflicts of people: the first few in order, and how many there are.
type alike struct {
	first []Conflict
	count int
}

func (c *collector) add(x Conflict) {
	if c.whole || x.Key == (directory.Key{}) {
		c.all = append(c.all, x)
		return
	}
	like := likeness{x.Kind, x.Rule, x.Key.Source}
	a := c.people[like]
	if a == nil {
		if c.people == nil {
			c.people = map[likeness]*alike{}
		}
		a = &alike{}
		c.people[like] = a
	}
	a.add(x)
}

func (a *alike) add(x Conflict) {
	a.count++
	if len(a.first) == mostAlike && compareConflicts(x, a.first[mostAlike-1]) >= 0 {
		return
	}
	at, _ := slices.BinarySearchFunc(a.first, x, compareConflicts)
	a.first = slices.Insert(a.first, at, x)
	a.first = a.first[:min(len(a.first), mostAlike)]
}

// fold makes one conflict of many, with a few people as examples.
func (a *alike) fold() Conflict {
	const examples = 3
	out := a.first[0]
	same := !slices.ContainsFunc(a.first, func(x Conflict) bool { return x.Text != out.Text })
	var some []string
	for _, x := range a.first[:examples] {
		if same {
			some = append(some, x.Who)
			continue
		}
		some = append(some, x.Who+" ("+x.Text+")")
	}
	text := "such as " + strings.Join(some, ", ")
	if same {
		text = out.Text + "; " + text
	}
	return Conflict{Kind: out.Kind, Rule: out.Rule, Who: fmt.Sprintf("%d people of %s", a.count, out.Key.Source), Text: text, Hint: out.Hint, Count: a.count}
}

// sorted returns what was kept, in order and each once.
func (c *collector) sorted() []Conflict {
	all := slices.Clone(c.all)
	for _, a := range c.people {
		if a.count > mostAlike {
			all = append(all, a.fold())
			continue
		}
		all = append(all, a.first...)
	}
	slices.SortFunc(all, compareConflicts)
	return slices.Compact(all)
}

func compareConflicts(a, b Conflict) int {
	return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Who, b.Who), cmp.Compare(a.Text, b.Text), cmp.Compare(a.Key.Source, b.Key.Source),
		cmp.Compare(a.Key.ID, b.Key.ID), cmp.Compare(a.Hint, b.Hint), cmp.Compare(a.Rule, b.Rule))
}
