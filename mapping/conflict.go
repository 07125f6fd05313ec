package mapping

import (
	"slices"

	"github.com/kisi-sync/kisi-sync/internal/directory"
)

// Conflict is something about one person, group or rule that could not be decided, or that somebody should know. The rest went on,
// and nothing was taken away for it.
type Conflict struct {
	Kind string        `json:"kind"` // one of the words below
	Who  string        `json:"who"`  // person, group or rule, as people call it
	Text string        `json:"text"`
	Hint string        `json:"hint,omitempty"`
	Key  directory.Key `json:"key,omitzero"` // of the person; zero for groups and rules
}

// The kinds of Conflict. They are stable words for scripts.
const (
	NoEmail                = "no_email"                 // the person has no e-mail address
	BadEmail               = "bad_email"                // the address cannot be used
	ForeignDomain          = "foreign_domain"           // the source may not speak for the address's domain
	DuplicateEmail         = "duplicate_email"          // two active people of one source share an address
	AddressChanged         = "address_changed"          // the Kisi user has the person's old address
	RecreatedPerson        = "recreated_person"         // a new record took over the Kisi user of an old one with the same address
	TwoPeopleOneUser       = "two_people_one_user"      // one Kisi user is linked to people who are different now
	OnePersonTwoUsers      = "one_person_two_users"     // a person is linked to several Kisi users
	LostTrack              = "lost_track"               // a linked person is in no source, and nobody knows since when
	MissingAttribute       = "missing_attribute"        // an attribute that a rule reads has no value
	SeveralValues          = "several_values"           // an attribute that is declared with one value has several
	BadDate                = "bad_date"                 // an attribute holds no date
	DateOrder              = "date_order"               // the beginning is after the end
	BadExpression          = "bad_expression"           // an expression failed for one person in another way
	SelectorMatchesNothing = "selector_matches_nothing" // a rule's group is not in its source
	SelectorAmbiguous      = "selector_ambiguous"       // several groups bear the name that a rule says
	PinMatchesNobody       = "pin_matches_nobody"       // a block or an exemption is about nobody that is known
	ExemptionEnded         = "exemption_ended"          // the time of an exemption is over
	BlockEnded             = "block_ended"              // the time of a block is over
	SelectorRenamed        = "selector_renamed"         // the group that a rule has known is called otherwise now
	SelectorRebound        = "selector_rebound"         // the group that a rule has known is gone, and another one bears its name
	SelectorNotExact       = "selector_not_exact"       // a rule that gives a sensitive group names its group by name
	GroupMissing           = "group_missing"            // a group of the file is not in Kisi
	GroupAmbiguous         = "group_ambiguous"          // several groups in Kisi bear the name
	GroupTwice             = "group_twice"              // two groups of the file are one group in Kisi
	GroupRenamed           = "group_renamed"            // a group that we know was renamed in Kisi
	UnknownPlace           = "unknown_place"
	UnknownDoor            = "unknown_door"
	AmbiguousDoor          = "ambiguous_door"
	DoorElsewhere          = "door_elsewhere" // a place's group names a door of another place
	UnknownStop            = "unknown_stop"
	AmbiguousStop          = "ambiguous_stop"
)

// ofPin says that the conflict is about what an operator said of one person.
func (c *Conflict) ofPin() bool {
	return c.Kind == PinMatchesNobody || c.Kind == ExemptionEnded || c.Kind == BlockEnded
}

// sortConflicts brings conflicts into order and drops repetitions.
func sortConflicts(all []Conflict) []Conflict {
	slices.SortFunc(all, func(a, b Conflict) int {
		for _, d := range [...]int{
			compare(a.Kind, b.Kind), compare(a.Who, b.Who), compare(a.Text, b.Text), compare(a.Key.Source, b.Key.Source),
			compare(a.Key.ID, b.Key.ID), compare(a.Hint, b.Hint),
		} {
			if d != 0 {
				return d
			}
		}
		return 0
	})
	return slices.Compact(all)
}
