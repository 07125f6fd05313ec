package access

import (
	"fmt"
	"slices"
	"sort"

	"github.com/kisi-sync/kisi-sync/internal/email"
)

// State is Kisi as it was seen: observed now, or known from before. Rows are facts, whoever made them. It is immutable once
// made; Members and Groups are sorted by ID.
type State struct {
	Members []Member
	Groups  []Group
	Covers  Scope   // who and what was looked for: whom it does not cover is unseen, not absent
	At      Instant // when the observation began, by the host's clock
	// Organization is whose users these are; zero when that is not said.
	Organization Organization
	// ByOthers are the role assignments that somebody else is known to have given, ascending; of the others nobody knows, or we gave them.
	ByOthers []RemoteID
	// Made says when a role assignment was made, by Kisi's clock, where the scope asked for it and Kisi says it.
	Made map[RemoteID]Instant
	// Roles says what the roles on places and the organization are called that somebody holds, sorted by ID.
	Roles []RoleName
	// Beside is who else may open doors; nil when the scope did not ask for it.
	Beside *Beside
}

// Member is a Kisi user.
type Member struct {
	ID          RemoteID
	Email, Name string
	Enabled     bool // access_enabled
	SCIMBlocked bool // SCIM has taken the access; REST cannot give it back (kisi-api §2)
	Protected   Protection
	Stamp       Stamp
	Seen        Instant // when this row was last observed, or the second after it was last written
	Grants      []Grant // direct role assignments in groups, sorted by Group, then Assignment
}

// Protection says why a member must never be suspended, removed or demoted.
type Protection uint8

// The protections, by what is told to people first.
const (
	Unprotected   Protection = iota
	Owner                    // owns the organization
	Administrator            // holds a role in the organization or a place
	OwnKey                   // the API key acts as this user
)

func (p Protection) String() string {
	return [...]string{"", "organization owner", "administrator", "the API key's own user"}[p]
}

// Stamp is what we write into a user's metadata when we create it, so that it can be recognized for ours without any memory.
type Stamp struct {
	Installation string
	Anchor       Anchor
}

// Grant is a role assignment in a group.
type Grant struct {
	Assignment, Group RemoteID
	Role              Role
	From, Until       Instant
}

// Group is a Kisi group.
type Group struct {
	ID, Place    RemoteID // Place: 0 for an organization group
	Name         string
	Description  string
	Settings     Settings
	Users        int     // as Kisi counts them; a hint only
	Created      Instant // by Kisi's clock; 0: it does not say
	Opened       bool    // Doors and Stops were read
	Doors, Stops []Opening
}

// Opening is a door or an elevator stop in a group: Row is the id of the connection, which is what is deleted.
type Opening struct{ Row, Thing RemoteID }

// Scope says what to observe. Without All, only the named members (by id or by address) with all their grants, and the named
// groups. Groups are always listed whole; their doors only for the groups in Doors.
type Scope struct {
	All     bool
	Members []RemoteID
	Emails  []string   // folded
	Doors   []RemoteID // groups whose doors and stops are to be read
	Beside  bool       // with All: count who else may open doors, which takes a few calls more
	Roles   bool       // what people hold on places and the organization counts among their grants, too
	Made    bool       // when each role assignment was made is wanted
	Singly  bool       // ask for each of the named ones, even where a list of all would be cheaper
}

// Empty says that nothing is to be observed.
func (s Scope) Empty() bool { return !s.All && len(s.Members)+len(s.Emails)+len(s.Doors) == 0 }

// ByOther says that somebody else is known to have given a role assignment.
func (s *State) ByOther(assignment RemoteID) bool {
	_, found := slices.BinarySearch(s.ByOthers, assignment)
	return found
}

// Member returns the row with an id.
func (s *State) Member(id RemoteID) (*Member, bool) {
	if s == nil || id == 0 {
		return nil, false
	}
	i := sort.Search(len(s.Members), func(i int) bool { return s.Members[i].ID >= id })
	if i < len(s.Members) && s.Members[i].ID == id {
		return &s.Members[i], true
	}
	return nil, false
}

// Called returns what people call a group, or a role on a place or the organization.
func (s *State) Called(id RemoteID) string {
	if g, ok := s.Group(id); ok {
		return g.Name
	}
	if s != nil {
		for _, r := range s.Roles {
			if r.ID == id {
				return r.Name
			}
		}
	}
	if id.IsRole() {
		return "a role that Kisi does not know any more"
	}
	return fmt.Sprintf("group %d", id)
}

// Group returns the group with an id.
func (s *State) Group(id RemoteID) (*Group, bool) {
	if s == nil || id == 0 {
		return nil, false
	}
	i := sort.Search(len(s.Groups), func(i int) bool { return s.Groups[i].ID >= id })
	if i < len(s.Groups) && s.Groups[i].ID == id {
		return &s.Groups[i], true
	}
	return nil, false
}

// In returns the grants of a member in a group; usually none or one.
func (m *Member) In(group RemoteID) []Grant {
	from := sort.Search(len(m.Grants), func(i int) bool { return m.Grants[i].Group >= group })
	to := from
	for to < len(m.Grants) && m.Grants[to].Group == group {
		to++
	}
	return m.Grants[from:to]
}

// Sort brings rows into order. Whoever makes a State calls it once.
func (s *State) Sort() {
	slices.SortFunc(s.Members, func(a, b Member) int { return int(sign(a.ID, b.ID)) })
	for i := range s.Members {
		SortGrants(s.Members[i].Grants)
	}
	slices.Sort(s.ByOthers)
	slices.SortFunc(s.Groups, func(a, b Group) int { return int(sign(a.ID, b.ID)) })
}

// SortGrants sorts by group, then assignment.
func SortGrants(g []Grant) {
	slices.SortFunc(g, func(a, b Grant) int {
		if a.Group != b.Group {
			return int(sign(a.Group, b.Group))
		}
		return int(sign(a.Assignment, b.Assignment))
	})
}

func sign(a, b RemoteID) int8 {
	if a < b {
		return -1
	}
	if a > b {
		return 1
	}
	return 0
}

// MailIndex finds members by folded e-mail address.
type MailIndex struct {
	members []Member
	first   map[string]uint32
}

// ByMail makes an index over the members of s. Who asks for a few addresses only is better off looking at every member once.
func (s *State) ByMail() MailIndex {
	x := MailIndex{members: s.Members, first: make(map[string]uint32, len(s.Members))}
	for i := range s.Members {
		folded := email.Fold(s.Members[i].Email)
		if _, taken := x.first[folded]; !taken && folded != "" {
			x.first[folded] = uint32(i)
		}
	}
	return x
}

// Find returns the first member with an address; address must be folded.
func (x MailIndex) Find(address string) (*Member, bool) {
	i, ok := x.first[address]
	if !ok {
		return nil, false
	}
	return &x.members[i], true
}

// CoversMember says that a member's absence or presence in s is a fact.
func (s *State) CoversMember(id RemoteID, folded string) bool {
	if s == nil {
		return false
	}
	return s.Covers.All || slices.Contains(s.Covers.Members, id) && id != 0 || slices.Contains(s.Covers.Emails, folded)
}
