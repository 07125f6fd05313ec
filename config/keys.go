package config

import "github.com/kisi-sync/kisi-sync/internal/secret"

// The structs of this file and of keys_*.go and tell_keys.go beside it are the configuration file: the decoder, `config show` and the JSON Schema all read
// them, and the comments of their fields are the descriptions in the schema (descriptions.json, written by go test -update).

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

// scheduleBlock is when the daemon runs.
type scheduleBlock struct {
	// When to ask the sources what changed: five fields of cron, or @every with a duration.
	Changes string `yaml:"changes"`
	// When to read everything anew, sources and Kisi.
	Full string `yaml:"full"`
	// The zone of these times, and of days in rules for groups of the organization, as in Europe/Berlin. A place's groups go by its own.
	Zone string `yaml:"time_zone"`
}
