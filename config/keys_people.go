package config

import (
	"github.com/kisi-sync/kisi-sync/connectors"
	"github.com/kisi-sync/kisi-sync/mapping"
)

// sourceBlock is one source: what every source has, and below it, in the same mapping, the settings of its type.
type sourceBlock struct {
	common   sourceCommon
	settings connectors.Config // nil when the type is not known
	says     []mapping.Part    // of what it reads, as it is written
}

// sourceCommon is what every source has.
type sourceCommon struct {
	// What kind of directory this is.
	Type string `yaml:"type" jsonschema:"required"`
	// The name that kisi-sync remembers people by; the default is the source's name. Keep it when you rename the source.
	ID string `yaml:"id" jsonschema:"pattern=^[a-z0-9][a-z0-9_-]{0\\,31}$"`
	// What the source was called before, or a list of such names: the people who were known by them are still known.
	Was oneOrMore `yaml:"was,omitempty"`
	// The domains of the e-mail addresses that this source may speak for, or any.
	Emails emailDomains `yaml:"emails" jsonschema:"required"`
	// The groups that rules may grant to people of this source; the default is all.
	MayGrant grantList `yaml:"may_grant,omitempty"`
	// What rules may ask about people, by the name that rules use: contract_end: contractEndDate, or {from: memberships, list: true}
	// for one that has several values.
	Attributes table[attributeBlock] `yaml:"attributes,omitempty"`
	// A source that has not been read whole for so long is reported, and nothing is concluded from what is missing in it.
	StaleAfter span `yaml:"stale_after,omitempty"`
	// How often the daemon asks this source what changed; the default is schedule.changes, which suits most.
	ReadEvery span `yaml:"read_every,omitempty"`
}

// attributeBlock is an attribute of people for rules.
type attributeBlock struct {
	// What the directory calls it.
	From string `yaml:"from" jsonschema:"required"`
	// It may have several values; rules then see a list.
	List bool `yaml:"list,omitempty"`
	// How the directory says dates in it: auto, iso, generalized_time, filetime, epoch_seconds, epoch_milliseconds, or a pattern such as
	// DD.MM.YYYY or YYYY-MM-DD hh:mm.
	Format string `yaml:"format,omitempty"`
}

// peopleBlock is how people of several sources become one person.
type peopleBlock struct {
	// Sources in the order in which their name and address of a person win. Needed as soon as there are two sources.
	AttributesFrom []string `yaml:"attributes_from,omitempty"`
	// What one person has in all sources: email, or {attribute: NAME} for an attribute that the sources declare, such as the employee's
	// number. People without it are nobody else.
	SamePersonBy samePerson `yaml:"same_person_by"`
	// Create also those to whom no rule gives anything.
	CreateWithoutDoors bool `yaml:"create_without_doors"`
}

// joinBlock is an attribute that says who is who.
type joinBlock struct {
	// The attribute, as declared under the sources' attributes.
	Attribute string `yaml:"attribute" jsonschema:"required"`
}

// leaversBlock is what becomes of people who leave. Who returns is restored.
type leaversBlock struct {
	// Somebody whom the directory disables.
	Disabled suspendBlock `yaml:"disabled"`
	// Somebody of whom the directory says that he is deleted.
	Deleted patienceBlock `yaml:"deleted"`
	// Somebody whom complete reads of the directory do not bring any more.
	Vanished patienceBlock `yaml:"vanished"`
	// Somebody who is still in the directory, but with an address that the source may not speak for.
	LeftScope patienceBlock `yaml:"left_scope"`
	// Somebody who lost the last door, and whom nobody gave another one.
	NoDoors patienceBlock `yaml:"no_doors"`
	// How long after the suspension the rights that kisi-sync gave are taken; until then a return brings them back. A cause may have its own.
	Revoke patience `yaml:"revoke"`
	// How long after the suspension a user that kisi-sync made is deleted in Kisi, which cannot be undone. A cause may have its own.
	Delete patience `yaml:"delete"`
}

// suspendBlock is when somebody is suspended.
type suspendBlock struct {
	// How long after the cause the user is suspended in Kisi: at_once, or a duration.
	Suspend    delay `yaml:"suspend"`
	rungsBlock `yaml:",inline"`
}

// patienceBlock is when somebody is suspended, if ever.
type patienceBlock struct {
	// How long after the cause the user is suspended in Kisi: at_once, a duration, or never.
	Suspend    patience `yaml:"suspend"`
	rungsBlock `yaml:",inline"`
}

// rungsBlock is what becomes of somebody some time after the suspension.
type rungsBlock struct {
	// How long after the suspension the rights that kisi-sync gave are taken; without it, as leavers.revoke says.
	Revoke *patience `yaml:"revoke,omitempty"`
	// How long after the suspension a user that kisi-sync made is deleted in Kisi; without it, as leavers.delete says.
	Delete *patience `yaml:"delete,omitempty"`
}

// byHandBlock is what to do about changes that somebody made by hand in Kisi.
type byHandBlock struct {
	// A user suspended by hand stays suspended.
	Suspended keepOnly `yaml:"suspended"`
	// A right that kisi-sync gave and somebody took away: keep leaves it away, repair gives it again.
	AccessRemoved removed `yaml:"access_removed"`
	// A right that somebody gave by hand is reported and left alone.
	AccessAdded reportOnly `yaml:"access_added"`
}
