package config

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
