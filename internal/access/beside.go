package access

// Beside counts who else may open doors: by rights that are never followed, so that nothing is decided by them. It is as of At; what could not
// be counted is in Uncounted, with why, and its counts are zero.
type Beside struct {
	At        Instant
	Users     int           // who hold a role in a place or the organization, or are in a team that does
	Guests    int           // who hold one
	Groups    []BesideGroup // by Group; only those with somebody in them
	Uncounted []string
}

// BesideGroup counts who has a group's doors without being a member: guests, access links that have not ended, and teams.
type BesideGroup struct {
	Group         RemoteID
	Guests, Links int
	Teams         []Team // by name
}

// Team is a named set of users and guests that holds a right (kisi-api §5.5).
type Team struct {
	ID      RemoteID
	Name    string // "" when Kisi does not say
	Members int    // Unknown when they could not be counted
}

// Unknown is a number that could not be found out.
const Unknown = -1

// In returns who is beside the members of a group.
func (b *Beside) In(group RemoteID) BesideGroup {
	if b != nil {
		for _, g := range b.Groups {
			if g.Group == group {
				return g
			}
		}
	}
	return BesideGroup{Group: group}
}
