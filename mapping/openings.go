package mapping

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/kisi-sync/kisi-sync/internal/access"
)

// catalogIndex finds groups, doors and elevator stops by what people call them. Its maps are looked up only.
type catalogIndex struct {
	groups       map[string][]access.Group // by folded name
	doors, stops openings
}

// openings are doors, or elevator stops.
type openings struct {
	what                  string
	unknown, ambiguous    string // kinds of conflict
	names                 []string
	byID, byFull, byShort map[string][]opening
	folded                map[string][]opening // by either name
}

// opening is a door or an elevator stop: full is "Place / Door", short the same without the place.
type opening struct {
	id, place   access.RemoteID
	full, short string
}

func indexCatalog(c *access.Catalog) *catalogIndex {
	x := &catalogIndex{
		groups: map[string][]access.Group{},
		doors:  newOpenings("door", UnknownDoor, AmbiguousDoor),
		stops:  newOpenings("elevator stop", UnknownStop, AmbiguousStop),
	}
	for _, g := range c.Groups {
		x.groups[fold(g.Name)] = append(x.groups[fold(g.Name)], g)
	}
	for _, d := range c.Doors {
		x.doors.add(opening{d.ID, d.Place, c.PlaceName(d.Place) + " / " + d.Name, d.Name})
	}
	for _, s := range c.Stops {
		short := s.ElevatorName + " / " + s.Name
		x.stops.add(opening{s.ID, s.Place, c.PlaceName(s.Place) + " / " + short, short})
	}
	return x
}

func newOpenings(what, unknown, ambiguous string) openings {
	return openings{what: what, unknown: unknown, ambiguous: ambiguous, byID: map[string][]opening{},
		byFull: map[string][]opening{}, byShort: map[string][]opening{}, folded: map[string][]opening{}}
}

func (x *openings) add(o opening) {
	id := strconv.FormatInt(int64(o.id), 10)
	x.names = append(x.names, o.full)
	x.byID[id] = append(x.byID[id], o)
	x.byFull[o.full] = append(x.byFull[o.full], o)
	x.byShort[o.short] = append(x.byShort[o.short], o)
	x.folded[fold(o.full)] = append(x.folded[fold(o.full)], o)
	if fold(o.short) != fold(o.full) {
		x.folded[fold(o.short)] = append(x.folded[fold(o.short)], o)
	}
}

// called finds what a text names: an id, a full name or a name alone; in a place's group, names in that place go first.
func (x *openings) called(text string, place access.RemoteID) []opening {
	for _, found := range [][]opening{x.byID[text], x.byFull[text], within(x.byShort[text], place), x.byShort[text],
		within(x.folded[fold(text)], place), x.folded[fold(text)]} {
		if len(found) > 0 {
			return found
		}
	}
	return nil
}

func within(all []opening, place access.RemoteID) []opening {
	var in []opening
	for _, o := range all {
		if o.place == place {
			in = append(in, o)
		}
	}
	return in
}

// text is how a stop is looked up: a stop without an elevator is an id.
func (s StopName) text() string {
	var parts []string
	for _, part := range []string{s.Place, s.Elevator, s.Stop} {
		if part != "" {
			parts = append(parts, part)
		}
	}
	return strings.Join(parts, " / ")
}

func (t *target) openings() {
	for _, text := range t.declared.Doors {
		t.out.Doors = t.add(t.out.Doors, text, &t.index.doors)
	}
	for _, s := range t.declared.Stops {
		t.out.Stops = t.add(t.out.Stops, s.text(), &t.index.stops)
	}
	slices.Sort(t.out.Doors)
	slices.Sort(t.out.Stops)
}

// add appends what a text names, unless it is there already or cannot be found for certain.
func (t *target) add(to []access.RemoteID, text string, x *openings) []access.RemoteID {
	switch found := x.called(text, t.out.Place); {
	case len(found) == 0:
		t.fail(x.unknown, suggest(text, x.names), "there is no %s %q", x.what, text)
	case len(found) > 1:
		var ids []string
		for _, o := range found {
			ids = append(ids, fmt.Sprintf("%d (%s)", o.id, o.full))
		}
		t.fail(x.ambiguous, "write one of these ids: "+strings.Join(ids, ", "), "there are %d %ss named %q", len(found), x.what, text)
	case t.out.Place != 0 && found[0].place != t.out.Place:
		t.fail(DoorElsewhere, "a group of the organization may hold it", "the %s %q is not in %s, whose group this is", x.what, found[0].full, t.declared.Place)
	case !slices.Contains(to, found[0].id):
		return append(to, found[0].id)
	}
	return to
}
