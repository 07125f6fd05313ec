package config

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
