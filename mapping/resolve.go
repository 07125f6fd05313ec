package mapping

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/kisi-sync/kisi-sync/internal/access"
)

// Resolve finds a group and what it opens in Kisi, exactly as Map does for the groups of the file. What cannot be found for certain is among the
// conflicts, with what there is.
func Resolve(g Group, c *access.Catalog, owned *access.Ledger) (access.DesiredGroup, []Conflict) {
	r := &Rules{groups: []Group{g}}
	m := r.begin(Input{Catalog: c, Owned: owned})
	m.conflicts.whole = true
	m.resolveGroups()
	return m.groups[0], m.conflicts.sorted()
}

// FindGroup returns the one group that a text names: an id, "Place / Name", or a name that only one group has, in any case. The error says what
// there is, the nearest first.
func FindGroup(c *access.Catalog, text string) (access.Group, error) {
	label := func(g access.Group) string {
		if g.Place == 0 {
			return g.Name
		}
		return c.PlaceName(g.Place) + " / " + g.Name
	}
	for _, is := range []func(access.Group) bool{
		func(g access.Group) bool { return strconv.FormatInt(int64(g.ID), 10) == text },
		func(g access.Group) bool { return label(g) == text },
		func(g access.Group) bool { return g.Name == text },
		func(g access.Group) bool { return fold(label(g)) == fold(text) || fold(g.Name) == fold(text) },
	} {
		var found []access.Group
		for _, g := range c.Groups {
			if is(g) {
				found = append(found, g)
			}
		}
		switch {
		case len(found) == 1:
			return found[0], nil
		case len(found) > 1:
			var ids []string
			for _, g := range found {
				ids = append(ids, fmt.Sprintf("%d (%s)", g.ID, label(g)))
			}
			slices.Sort(ids)
			return access.Group{}, fmt.Errorf("%q may be %s: write the number", text, strings.Join(ids, ", "))
		}
	}
	var names []string
	called := map[string]string{} // looked up only
	for _, g := range c.Groups {
		names = append(names, g.Name, label(g))
		called[g.Name], called[label(g)] = label(g), label(g)
	}
	if len(names) == 0 {
		return access.Group{}, fmt.Errorf("there is no group %q; Kisi has none", text)
	}
	var near []string
	for _, name := range similar(text, names, 20) {
		if !slices.Contains(near, called[name]) && len(near) < 10 {
			near = append(near, called[name])
		}
	}
	return access.Group{}, fmt.Errorf("there is no group %q; the nearest are %s", text, quoteAll(near))
}
