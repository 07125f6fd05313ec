package kisisim

import "time"

// The kinds of things a Ref points to, as Kisi spells them in assignee_type, applies_to_type and member_type.
const (
	KindUser         = "User"
	KindTeam         = "Team"
	KindGuest        = "Guest"
	KindOrganization = "Organization"
	KindPlace        = "Place"
	KindGroup        = "Group"
)

// Ref points to one thing of the organization.
type Ref struct {
	Kind string
	ID   int64
}

// User makes a Ref to a user.
func User(id int64) Ref { return Ref{KindUser, id} }

// Group makes a Ref to a group.
func Group(id int64) Ref { return Ref{KindGroup, id} }

// Place makes a Ref to a place.
func Place(id int64) Ref { return Ref{KindPlace, id} }

// Team makes a Ref to a team.
func Team(id int64) Ref { return Ref{KindTeam, id} }

// Guest makes a Ref to a guest.
func Guest(id int64) Ref { return Ref{KindGuest, id} }

// origin tells what was made by hand from what an API call made. What was made by hand is foreign to a client until the
// test declares it adopted; see Sim.Check.
type origin struct {
	byHand  bool
	adopted bool
}

func (o origin) foreign() bool { return o.byHand && !o.adopted }

// dates are the two that nearly every object carries.
type dates struct{ created, updated time.Time }

type user struct {
	origin
	dates
	id                         int64
	email, name                string
	image, notes               *string
	metadata                   map[string]any
	access, scimAccess         bool
	passwordFlow, otp, confirm bool
	managed                    bool // created with send_emails:false and confirm:true (§2)
	lastAccess                 *time.Time
	suspendedByHand            bool // by a person in the dashboard, so not the client's to lift
}

type group struct {
	origin
	dates
	id          int64
	name        string
	description *string
	place       int64 // 0 for an organization group
	flags       groupFlags
	zone        *string
	sealed      bool // ProtectGroup: nobody may be let in through the API
}

// groupFlags are the restrictions of a group, in the order and with the names of §5.1.
type groupFlags struct {
	Geofence       bool `json:"geofence_restriction_enabled"`
	PrimaryDevice  bool `json:"primary_device_restriction_enabled"`
	ManagedDevice  bool `json:"managed_device_restriction_enabled"`
	Reader         bool `json:"reader_restriction_enabled"`
	Time           bool `json:"time_restriction_enabled"`
	TapToAccess    bool `json:"tap_to_access_restriction_enabled"`
	LoginIsEnabled bool `json:"login_enabled"`
}

type assignment struct {
	origin
	dates
	id          int64
	role        string
	notify      bool
	to          Ref // assignee
	on          Ref // applies to
	from, until *time.Time
	createdBy   int64 // user of the key; 0 for rows made by hand
}

type groupLock struct {
	origin
	dates
	id, group, lock int64
}

type groupStop struct {
	origin
	dates
	id, group, stop int64
}

type place struct {
	dates
	id   int64
	name string
	zone string
}

type lock struct {
	dates
	id, place, floor int64
	name             string
}

type elevator struct {
	dates
	id, place int64
	name      string
}

type elevatorStop struct {
	dates
	id, elevator, floor int64
	name                string
}

type floor struct {
	dates
	id, place int64
	name      string
	number    int
}

type team struct {
	dates
	id   int64
	name string
}

type teamMembership struct {
	dates
	id, team int64
	member   Ref
}

type guest struct {
	id          int64
	name, email string
}

type groupLink struct {
	dates
	id, group int64
	name      string
	until     *time.Time
}

type integration struct {
	dates
	id         int64
	name, kind string
	enabled    bool
	group      int64 // 0 for none
}

// apiKey is a login of type api (§1.2). It acts as its user and dies with it.
type apiKey struct {
	dates
	id      int64
	secret  string
	user    int64
	revoked bool
	used    *time.Time
}

type organization struct {
	dates
	id             int64
	name, domain   string
	owner          int64
	scimEnabled    bool
	scimConfigured bool
}
