package config

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
