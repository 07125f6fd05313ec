package access

import "sort"

// Holders is who may open the doors of some groups, as Kisi shows it, with whose hand unasked: users, and beside them guests, teams, access
// links and those whose role opens doors without any group. It is for people to read; nothing is decided by it.
type Holders struct {
	At     Instant
	Rights []HeldRight  // by Group, then Kind and Assignee
	People []Person     // users who hold one, are in a team that does, or hold a role; by ID
	Teams  []TeamPeople // that hold a right or a role; by ID
	Links  []DoorLink   // by Group, then ID
	Roles  []RoleHolder // roles that open doors in the places that were asked for, or in the organization; by Place, then Kind and Assignee
	// Uncounted says what could not be read, and why. Rights and People are always whole.
	Uncounted []string
}

// HoldersOf says which groups, and in which places roles open the same doors.
type HoldersOf struct{ Groups, Places []RemoteID }

// AssigneeKind is who may hold a right.
type AssigneeKind uint8

// The kinds of assignees (kisi-api §4.3).
const (
	ToUser AssigneeKind = iota
	ToTeam
	ToGuest
)

// HeldRight is a right in a group as Kisi shows it.
type HeldRight struct {
	Grant
	Kind        AssigneeKind
	Assignee    RemoteID
	Name, Email string  // of the assignee, as far as Kisi says
	Made        Instant // when it was given, by Kisi's clock; 0: it does not say
}

// Person is a Kisi user with what says whether somebody really uses the access.
type Person struct {
	ID          RemoteID
	Name, Email string
	Enabled     bool    // and not blocked by SCIM: the person's rights open doors
	LastUsed    Instant // when the person last unlocked something (kisi-api §3.1); 0: never, or Kisi does not say
}

// TeamPeople is a team with those who are in it.
type TeamPeople struct {
	ID     RemoteID
	Name   string
	Users  []RemoteID
	Guests int
	Unread bool // who is in it could not be read
}

// DoorLink is an access link, with which anybody opens the doors of a group.
type DoorLink struct {
	ID, Group RemoteID
	Name      string
	Until     Instant
}

// RoleHolder is somebody whose role opens doors without a group.
type RoleHolder struct {
	Kind        AssigneeKind
	Assignee    RemoteID
	Name, Email string
	Role        string   // as Kisi's pages call it
	Place       RemoteID // 0: in the organization
}

// Person returns the user with an id.
func (h *Holders) Person(id RemoteID) (*Person, bool) {
	i := sort.Search(len(h.People), func(i int) bool { return h.People[i].ID >= id })
	if i < len(h.People) && h.People[i].ID == id {
		return &h.People[i], true
	}
	return nil, false
}

// Team returns the team with an id.
func (h *Holders) Team(id RemoteID) (*TeamPeople, bool) {
	for i := range h.Teams {
		if h.Teams[i].ID == id {
			return &h.Teams[i], true
		}
	}
	return nil, false
}
