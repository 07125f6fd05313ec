package mapping

import (
	"fmt"
	"time"

	"github.com/kisi-sync/kisi-sync/internal/access"
)

// placeZones are the time zones of places. A day in a rule is one at the door that it opens.
type placeZones struct {
	*mapper
	known map[access.RemoteID]*time.Location // looked up only
}

// of returns the zone of a place: that of the file for none, and for one that Kisi gives no zone.
func (z *placeZones) of(place access.RemoteID) *time.Location {
	if place == 0 {
		return z.zone
	}
	if zone := z.known[place]; zone != nil {
		return zone
	}
	if z.known == nil {
		z.known = map[access.RemoteID]*time.Location{}
	}
	z.known[place] = z.find(place)
	return z.known[place]
}

// find looks into the table of zones, which is the same for everybody, like that of letters.
func (z *placeZones) find(place access.RemoteID) *time.Location {
	for _, p := range z.in.Catalog.Places {
		if p.ID != place || p.Zone == "" || p.Zone == z.zone.String() {
			continue
		}
		zone, err := time.LoadLocation(p.Zone)
		if err == nil && p.Zone != "Local" {
			return zone
		}
		z.conflict(Conflict{Kind: UnknownZone, Who: "place " + p.Name, Text: fmt.Sprintf("is in the time zone %q, which is not known here; its days are those of %s", p.Zone, z.zone),
			Hint: "choose another time zone for the place in Kisi"})
	}
	return z.zone
}
