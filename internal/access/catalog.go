package access

// Catalog is what there is in the organization to be granted, with the names that people use. All slices are sorted by ID.
type Catalog struct {
	Organization Organization
	Self         RemoteID // the API key's own user
	Places       []Place
	Doors        []Door
	Stops        []Stop
	Groups       []Group     // without doors and stops
	Roles        []string    // of groups, by id
	ScopeRoles   []ScopeRole // of places and the organization, by ID; read only for who gives them
}

// Organization is the organization that the key belongs to.
type Organization struct {
	ID           RemoteID
	Name, Domain string
	Owner        RemoteID // 0 if it does not say
}

// Place is a site.
type Place struct {
	ID   RemoteID
	Name string
	Zone string // its time zone as in Europe/Berlin; "" if it is not known
}

// Door is what Kisi's API calls a lock.
type Door struct {
	ID, Place RemoteID
	Name      string
}

// Stop is a floor at which an elevator stops.
type Stop struct {
	ID, Place, Elevator RemoteID
	Name, ElevatorName  string
}

// PlaceName returns the name of a place, "" when it is not known.
func (c *Catalog) PlaceName(id RemoteID) string {
	for _, p := range c.Places {
		if p.ID == id {
			return p.Name
		}
	}
	return ""
}

// DoorName returns "place / door", or "" when the door is not known.
func (c *Catalog) DoorName(id RemoteID) string {
	for _, d := range c.Doors {
		if d.ID == id {
			return c.PlaceName(d.Place) + " / " + d.Name
		}
	}
	return ""
}

// StopName returns "place / elevator / stop", or "" when the stop is not known.
func (c *Catalog) StopName(id RemoteID) string {
	for _, s := range c.Stops {
		if s.ID == id {
			return c.PlaceName(s.Place) + " / " + s.ElevatorName + " / " + s.Name
		}
	}
	return ""
}
