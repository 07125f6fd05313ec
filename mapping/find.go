package mapping

import (
	"slices"
	"strconv"
	"strings"

	"github.com/kisi-sync/kisi-sync/internal/access"
)

// Opening is a door or an elevator stop by the name that people say.
type Opening struct {
	ID, Place access.RemoteID
	Stop      bool
	Name      string // "HQ / Garage", "HQ / Lift A / Floor 3"
}

// FindOpenings returns the doors and elevator stops that a text names as it would under doors: of the file: by id, by full name, or by a name
// alone, whatever the case. near are names that may be meant when there is none.
func FindOpenings(c *access.Catalog, text string) (found []Opening, near string) {
	x := indexCatalog(c)
	text = strings.TrimSpace(text)
	for _, kind := range []struct {
		all  *openings
		stop bool
	}{{&x.doors, false}, {&x.stops, true}} {
		for _, o := range kind.all.called(text, 0) {
			found = append(found, Opening{ID: o.id, Place: o.place, Stop: kind.stop, Name: o.full})
		}
	}
	if found == nil {
		near = suggest(text, slices.Concat(x.doors.names, x.stops.names))
	}
	return found, near
}

// FindGroups returns the Kisi groups that a text names: by the name that the file has for one, by id, as "Place / Name", or by name alone,
// whatever the case. near are names that may be meant when there is none.
func FindGroups(c *access.Catalog, declared []access.DesiredGroup, text string) (found []access.Group, near string) {
	text = strings.TrimSpace(text)
	for i := range declared {
		if declared[i].Name == text && declared[i].ID != 0 {
			return groupsWhere(c, func(g *access.Group) bool { return g.ID == declared[i].ID }), ""
		}
	}
	full := func(g *access.Group) string {
		if g.Place == 0 {
			return g.Name
		}
		return c.PlaceName(g.Place) + " / " + g.Name
	}
	for _, is := range []func(g *access.Group) bool{
		func(g *access.Group) bool { return strconv.FormatInt(int64(g.ID), 10) == text },
		func(g *access.Group) bool { return full(g) == text },
		func(g *access.Group) bool { return g.Name == text },
		func(g *access.Group) bool { return fold(full(g)) == fold(text) || fold(g.Name) == fold(text) },
	} {
		if found = groupsWhere(c, is); len(found) > 0 {
			return found, ""
		}
	}
	var names []string
	for i := range c.Groups {
		names = append(names, full(&c.Groups[i]))
	}
	return nil, suggest(text, names)
}

func groupsWhere(c *access.Catalog, is func(*access.Group) bool) (found []access.Group) {
	for i := range c.Groups {
		if is(&c.Groups[i]) {
			found = append(found, c.Groups[i])
		}
	}
	return found
}
