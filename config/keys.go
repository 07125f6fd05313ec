package config

import (
	"github.com/kisi-sync/kisi-sync/connectors"
	"github.com/kisi-sync/kisi-sync/internal/secret"
	"github.com/kisi-sync/kisi-sync/mapping"
)

// The structs of this file are the configuration file: the decoder, `config show` and the JSON Schema all read them, and the
// comments of their fields are the descriptions in the schema (descriptions.json, written by go test -update).

// file is the whole configuration file of kisi-sync.
type file struct {
	// What may be done at all: observe plans and reports but writes nothing, add_only takes nothing away, full does everything.
	Mode mode `yaml:"mode" jsonschema:"required"`
	// The name of this installation. It is written into what kisi-sync creates in Kisi; two daemons never share one.
	Installation string `yaml:"installation" jsonschema:"required,pattern=^[a-z0-9]([a-z0-9-]{0\\,30}[a-z0-9])?$"`
	// The Kisi organization and how to talk to it.
	Kisi kisiBlock `yaml:"kisi" jsonschema:"required"`
	// The directories that are read, by name. Rules and messages use the name.
	Sources table[sourceBlock] `yaml:"sources" jsonschema:"required"`
	// When the daemon runs.
	Schedule scheduleBlock `yaml:"schedule"`
	// How people of several sources become one person, and who is created in Kisi.
	People peopleBlock `yaml:"people"`
	// What becomes of people who leave.
	Leavers leaversBlock `yaml:"leavers"`
	// What to do about changes that somebody made by hand in Kisi. All of them are reported.
	ByHand byHandBlock `yaml:"by_hand_in_kisi"`
	// What to do about Kisi users that somebody else made and whose address is a person's: manage_our_rights leaves the user as it
	// is and manages only the rights that kisi-sync gives; report leaves it alone and says so; adopt takes over the user, with those of
	// its rights that the rules give too.
	Existing existing `yaml:"existing_kisi_users"`
	// The Kisi groups that rules give, by name.
	Groups table[groupBlock] `yaml:"groups"`
	// Other files with rules, groups, conditions, sensitive_doors and expect, relative to this one. They may include others.
	Include oneOrMore `yaml:"include,omitempty"`
	// Conditions with a name, which where can use like a word: staff: person.type == "employee".
	Conditions table[string] `yaml:"conditions,omitempty"`
	// Who gets what. The order decides nothing; somebody whom several rules select gets everything that any of them gives.
	Rules []ruleBlock `yaml:"rules" jsonschema:"required"`
	// Whether rules may give roles on places and the organization (grant_roles). Each one waits for an approval all the same.
	AllowAdminRoles bool `yaml:"allow_admin_roles,omitempty"`
	// Doors to be careful with, as "Place / Door" or by number. Every group that opens one of them counts as sensitive.
	SensitiveDoors []string `yaml:"sensitive_doors,omitempty"`
	// How many people may lose or gain something before a person must approve it.
	Limits limitsBlock `yaml:"limits"`
	// Who may approve what is held.
	Approvals approvalsBlock `yaml:"approvals,omitempty"`
	// Tests of this file: what some people must have, and must not have. They are run by `check` and before a changed file is applied.
	Expect []expectBlock `yaml:"expect,omitempty"`
	// The file in which kisi-sync remembers what is its own. The default is kisi-sync.db in systemd's state directory, else beside this file.
	State string `yaml:"state"`
	// How the audit trail is made fast against those who can write the state file.
	Audit auditBlock `yaml:"audit,omitempty"`
	// How people of this machine reach a running daemon.
	Admin adminBlock `yaml:"admin,omitempty"`
	// Where identity providers push to sources of type scim.
	SCIM *scimBlock `yaml:"scim,omitempty"`
	// Where a monitoring system finds figures, and whether the daemon is alive and ready.
	Metrics metricsBlock `yaml:"metrics"`
	// Who is told what, and how.
	Notify notifyBlock `yaml:"notify"`
	// What the daemon writes about itself, on standard error and to syslog.
	Log logBlock `yaml:"log"`
}

// logBlock is how the daemon logs.
type logBlock struct {
	// text for people, json for programs that collect logs, journal for systemd: with the level as sd-daemon(3) wants it, without a time.
	// auto is journal where systemd's journal reads standard error, else text.
	Format logFormat `yaml:"format"`
	// How much: debug, info, warn or error. At info there is a line for each run and each change.
	Level logLevel `yaml:"level"`
	// A syslog server that gets the same lines, written as audit.syslog is. Without it none does.
	Syslog string `yaml:"syslog,omitempty"`
	// For tls://, the file of the authorities that vouch for the server, in PEM. The default is those of the system.
	CA string `yaml:"ca,omitempty"`
}

// kisiBlock is the Kisi organization and how to talk to it.
type kisiBlock struct {
	// Which organization the key must belong to, as `kisi-sync check` prints it. With another one kisi-sync refuses to run.
	Organization organizationBlock `yaml:"organization" jsonschema:"required"`
	// Where the API key is kept.
	APIKey secret.Ref `yaml:"api_key" jsonschema:"required"`
	// How users are created: managed users get no mail from Kisi and cannot be turned into invited ones later; invited users get Kisi's
	// invitation.
	NewUsers newUsers `yaml:"new_users" jsonschema:"required"`
	// The address of Kisi's API. Another host than the default must be on loopback, for tests.
	URL string `yaml:"url"`
	// Calls per second; Kisi takes 5 from all keys of one user together.
	Rate int `yaml:"rate" jsonschema:"minimum=1,maximum=5"`
	// What Kisi is told about this integration with every call.
	Integration integrationBlock `yaml:"integration,omitempty"`
}

// organizationBlock names a Kisi organization.
type organizationBlock struct {
	// The domain of the organization: acme for https://web.kisi.io/organizations/acme.
	Domain string `yaml:"domain" jsonschema:"required"`
}

func (organizationBlock) example() string { return "{domain: acme}" }

// integrationBlock is what Kisi asks integrations to say about themselves.
type integrationBlock struct {
	// A name for this integration, sent as X-Kisi-Integration-Identifier.
	Identifier string `yaml:"identifier,omitempty"`
	// An e-mail address that Kisi can write to, sent as X-Kisi-Integration-Contact.
	Contact string `yaml:"contact,omitempty"`
}

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

// scheduleBlock is when the daemon runs.
type scheduleBlock struct {
	// When to ask the sources what changed: five fields of cron, or @every with a duration.
	Changes string `yaml:"changes"`
	// When to read everything anew, sources and Kisi.
	Full string `yaml:"full"`
	// The zone of these times, and of days in rules for groups of the organization, as in Europe/Berlin. A place's groups go by its own.
	Zone string `yaml:"time_zone"`
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

// groupBlock is a Kisi group that rules give.
type groupBlock struct {
	// The group's number in Kisi. Without it the group is looked up by its name and scope.
	ID int64 `yaml:"id,omitempty" jsonschema:"minimum=1"`
	// Where the name has a placeholder, as in Team {{person.department}}: a list of the values that may stand there, each with a group of
	// its own; or any, for whatever values the people of the rules have.
	OneOf values `yaml:"one_of,omitempty"`
	// Whether it is a group of the organization, or of one place: {place: HQ}. Needed unless there is an id.
	Scope scope `yaml:"scope,omitempty"`
	// What to do when Kisi has no such group.
	IfMissing ifMissing `yaml:"if_missing"`
	// What of the group is ours to manage: members, doors (with elevator stops), or both.
	Manage []managed `yaml:"manage"`
	// The group's description in Kisi; without it, whatever Kisi has stays.
	Description *string `yaml:"description,omitempty"`
	// The doors that the group opens, as "Place / Door" or by number. Needs manage: [doors].
	Doors listed[string] `yaml:"doors,omitempty"`
	// The elevator stops that the group opens. Needs manage: [doors].
	ElevatorStops listed[stopBlock] `yaml:"elevator_stops,omitempty"`
	// What a door wants besides the group. What is not said stays as it is in Kisi. It is written of groups that kisi-sync made.
	Restrictions restrictionsBlock `yaml:"restrictions,omitempty"`
	// Whether the app opens the group's doors. Without it, whatever Kisi has stays. It is written of groups that kisi-sync made.
	AppAccess *bool `yaml:"app_access,omitempty"`
	// People who are given the group by name, besides those whom rules select: an address, or {email: ADDRESS, role: group_manager,
	// until: 2026-12-31}. Needs manage: [members].
	Members listed[memberBlock] `yaml:"members,omitempty"`
	// A group to be careful with: no rule may give it to everyone of a source without a condition, nor to a group that it names by name.
	// limits.sensitive counts who gains and loses it.
	Sensitive bool `yaml:"sensitive,omitempty"`
}

// restrictionsBlock is what a group demands of whoever opens a door by it. When, and how near, is said in Kisi's web interface.
type restrictionsBlock struct {
	// Only at the times that Kisi's web interface sets for the group.
	Time *bool `yaml:"time,omitempty"`
	// Only with a phone that is near the door.
	Geofence *bool `yaml:"geofence,omitempty"`
	// Only at the reader, with a card or a phone that is held against it.
	Reader *bool `yaml:"reader,omitempty"`
	// Only with the person's primary device.
	PrimaryDevice *bool `yaml:"primary_device,omitempty"`
	// Only with a device that the company manages.
	ManagedDevice *bool `yaml:"managed_device,omitempty"`
	// Only by tapping on the reader.
	TapToAccess *bool `yaml:"tap_to_access,omitempty"`
}

// IsZero makes omitempty leave out a block that says nothing.
func (r restrictionsBlock) IsZero() bool { return r == restrictionsBlock{} }

// memberBlock is somebody who is given a group by name.
type memberBlock struct {
	// The person's e-mail address.
	Email string `yaml:"email" jsonschema:"required"`
	// The person's name, for a Kisi user that is made. A directory that knows the address goes first.
	Name string `yaml:"name,omitempty"`
	// What the person may do in the group: open the doors, or also manage the members.
	Role role `yaml:"role"`
	// From when on: a day such as 2026-03-31, or a moment.
	FromDate string `yaml:"from_date,omitempty"`
	// Until when. The last day still counts.
	Until string `yaml:"until,omitempty"`
	// Let Kisi tell the person about it by mail.
	Notify bool `yaml:"notify,omitempty"`
}

// stopBlock names a stop of an elevator.
type stopBlock struct {
	// The place that the elevator is in.
	Place string `yaml:"place" jsonschema:"required"`
	// The elevator's name.
	Elevator string `yaml:"elevator" jsonschema:"required"`
	// The stop's name.
	Stop string `yaml:"stop" jsonschema:"required"`
}

// ruleBlock gives groups to people.
type ruleBlock struct {
	// A name for messages; it is there once.
	Name string `yaml:"name" jsonschema:"required"`
	// Whom the rule is about.
	From selector `yaml:"from" jsonschema:"required"`
	// A condition on the person: person.department == "IT" and days_since(person.start_date) >= 90. Without it, everyone selected.
	Where string `yaml:"where,omitempty"`
	// Whom the rule is not about, though it selects them: each entry is {group: GROUP}, {people: [ADDRESS]} or {where: CONDITION}.
	Except []exceptBlock `yaml:"except,omitempty"`
	// The groups that these people get, as named under groups; one, or a list.
	Grant groupNames `yaml:"grant,omitempty"`
	// Roles on places and the organization that these people get, by the names that Kisi shows: {role: Place administrator, scope: {place: HQ}}.
	// Needs allow_admin_roles: true, and each one waits for an approval.
	GrantRoles listed[roleGrantBlock] `yaml:"grant_roles,omitempty"`
	// Instead of grant: the groups that these people do not get, whatever other rules say.
	Exclude listed[string] `yaml:"exclude,omitempty"`
	// Instead of grant: these people get what a source of type list says for each of them under access, with a role and dates of its own.
	// may_grant of the source says what that can be, and grant_roles which roles on places and the organization.
	GrantListed bool `yaml:"grant_listed,omitempty"`
	// What they may do in the groups: open the doors, or also manage the members.
	Role role `yaml:"role"`
	// From when on: {attribute: contract_start}, 2w before person.first_day, or a date such as 2026-03-31.
	FromDate *date `yaml:"from_date,omitempty"`
	// Until when: {attribute: contract_end}, 30d after person.start_date, or a date. The day still counts.
	Until *date `yaml:"until,omitempty"`
	// Let Kisi tell the people about it by mail.
	Notify bool `yaml:"notify,omitempty"`
}

// roleGrantBlock is a role on a place or the organization.
type roleGrantBlock struct {
	// The role's name, as Kisi shows it, or its id; custom roles, too. `kisi-sync roles` lists them.
	Role string `yaml:"role" jsonschema:"required"`
	// What it is on: organization, or {place: HQ}.
	Scope scope `yaml:"scope" jsonschema:"required"`
}

// exceptBlock is whom a rule is not about.
type exceptBlock struct {
	// Everybody in this group of the directory, directly or through other groups.
	Group string `yaml:"group,omitempty"`
	// The source of the group, where it is not the rule's own.
	Source string `yaml:"source,omitempty"`
	// These people, by e-mail address.
	People []string `yaml:"people,omitempty"`
	// Everybody of whom this condition holds.
	Where string `yaml:"where,omitempty"`
}

// selector says whom a rule is about.
type selector struct {
	// The source whose people they are.
	Source string `yaml:"source" jsonschema:"required"`
	// The directory's group that they are in, directly or through other groups: its id, DN, address or name.
	Group string `yaml:"group,omitempty"`
	// Everybody of the source.
	Everyone bool `yaml:"everyone,omitempty"`
}

func (selector) example() string { return "{source: NAME, group: GROUP}" }

// attributeDate is a date that is read from an attribute.
type attributeDate struct {
	// The attribute, as declared under the source's attributes.
	Attribute string `yaml:"attribute" jsonschema:"required"`
	// So long after the attribute's date: 30d, 2w, 6mo or 1y.
	After calendarSpan `yaml:"after,omitempty"`
	// So long before it.
	Before calendarSpan `yaml:"before,omitempty"`
	// How the attribute says dates, where that is not as declared with the attribute.
	Format string `yaml:"format,omitempty"`
	// What somebody without this attribute gets: refuse gives nothing and reports it, open gives without a date.
	IfMissing missing `yaml:"if_missing"`
	// What somebody gets in whose attribute there is no date: refuse gives nothing, open gives without a date; either is reported.
	IfUnreadable missing `yaml:"if_unreadable"`
}

// limitsBlock is how many people may lose or gain something within the window. What goes beyond is held until a person
// approves it; everything else goes on.
type limitsBlock struct {
	// How far back people are counted.
	Window span `yaml:"window"`
	// People who are suspended because the directory disabled or deleted them.
	Disabled peopleLimit `yaml:"disabled"`
	// People who lose something for any other cause. Each cause and each group is counted by itself; whichever limit is reached first holds.
	Removals removalsBlock `yaml:"removals"`
	// People who gain something.
	Grants peopleLimit `yaml:"grants"`
	// People who gain, or lose, one sensitive group, apart from those who leave. Without it they are counted with all others only.
	Sensitive *peopleLimit `yaml:"sensitive,omitempty"`
}

// approvalsBlock is who may approve what is held.
type approvalsBlock struct {
	// The names of people as their accounts are called on this machine. Without it, whoever may run the command.
	By listed[string] `yaml:"by,omitempty"`
}

// peopleLimit is a number of people.
type peopleLimit struct {
	// How many people; 0 holds every one.
	People int `yaml:"people" jsonschema:"minimum=0,maximum=10000000"`
}

// removalsBlock limits people who lose something.
type removalsBlock struct {
	// How many people; 0 holds every one.
	People int `yaml:"people" jsonschema:"minimum=0,maximum=10000000"`
	// How many percent of those who hold a group.
	PercentOfGroup int `yaml:"percent_of_group" jsonschema:"minimum=0,maximum=100"`
	// The percentage counts only in groups of more people than this.
	GroupsAbove int `yaml:"groups_above" jsonschema:"minimum=0,maximum=10000000"`
}

// expectBlock is a test of this file: of one person, of everybody in a group of a directory, or of a Kisi group as a whole.
type expectBlock struct {
	// The e-mail address of the person whom it is about.
	Person string `yaml:"person,omitempty"`
	// Or everybody whom this selects in a directory, apart from those whom it disables: {source: NAME, group: GROUP}.
	MembersOf *selector `yaml:"members_of,omitempty"`
	// Groups that the rules must give to each of them.
	Has []string `yaml:"has,omitempty"`
	// Groups that the rules must not give to any of them.
	Lacks []string `yaml:"lacks,omitempty"`
	// Groups that the rules must give until a day, as in {Contractors: 2026-12-31}; any is whatever day, but not without an end.
	HasUntil table[lastDay] `yaml:"has_until,omitempty"`
	// As what they must have the groups under has and has_until.
	Role role `yaml:"role,omitempty"`
	// Or a Kisi group, by the name that it has under groups.
	Group string `yaml:"group,omitempty"`
	// How many people the rules must give the group.
	Count *countBlock `yaml:"count,omitempty"`
	// The sources of which everybody must be whom the rules give the group.
	OnlyFrom []string `yaml:"only_from,omitempty"`
}

// countBlock is how many people there must be.
type countBlock struct {
	// So many or more.
	AtLeast *int `yaml:"at_least,omitempty" jsonschema:"minimum=0,maximum=10000000"`
	// So many or fewer.
	AtMost *int `yaml:"at_most,omitempty" jsonschema:"minimum=0,maximum=10000000"`
}
