package mapping

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/kisi-sync/kisi-sync/internal/access"
)

// resolveGroups finds the groups of the file in Kisi. One that is not found for certain has a Problem, and nothing is done about
// it or its grants.
func (m *mapper) resolveGroups() {
	m.byRemote = map[access.RemoteID]uint32{}
	m.groups = make([]access.DesiredGroup, len(m.Rules.groups))
	m.zones = make([]*time.Location, len(m.Rules.groups))
	index, zones := indexCatalog(m.in.Catalog), placeZones{mapper: m}
	m.resolveSensitive(&index.doors)
	for i := range m.Rules.groups {
		g := &m.Rules.groups[i]
		t := target{mapper: m, index: index, declared: g}
		t.out = access.DesiredGroup{ID: g.ID, Name: g.Name, Description: g.Description, Settings: g.Settings, Create: g.Create, Members: g.Members,
			Openings: g.Openings, Sensitive: g.Sensitive}
		if g.Role != "" {
			t.role()
		} else {
			t.resolve()
		}
		t.out.Sensitive = t.out.Sensitive || slices.ContainsFunc(t.out.Doors, m.isSensitive)
		m.zones[i] = zones.of(t.out.Place)
		t.out.Zone = access.Zone{Location: m.zones[i]}
		m.groups[i] = t.out
		if t.out.ID == 0 {
			continue
		}
		if other, twice := m.byRemote[t.out.ID]; twice {
			text := fmt.Sprintf("is the same group in Kisi as %q", m.groups[other].Name)
			m.conflict(Conflict{Kind: GroupTwice, Who: "group " + g.Name, Text: text, Hint: "leave one of them out of the file"})
			m.groups[i].Problem, m.groups[other].Problem = text, fmt.Sprintf("is the same group in Kisi as %q", g.Name)
			continue
		}
		m.byRemote[t.out.ID] = uint32(i)
	}
}

// resolveSensitive finds the doors that make every group which opens them sensitive.
func (m *mapper) resolveSensitive(doors *openings) {
	for _, text := range m.Rules.sensitive {
		switch found := doors.called(text, 0); len(found) {
		case 0:
			m.conflict(Conflict{Kind: UnknownDoor, Who: "sensitive_doors", Text: fmt.Sprintf("there is no door %q", text), Hint: suggest(text, doors.names)})
		case 1:
			m.sensitive = append(m.sensitive, found[0].id)
		default:
			m.conflict(Conflict{Kind: AmbiguousDoor, Who: "sensitive_doors", Text: fmt.Sprintf("there are %d doors named %q; all of them count as sensitive", len(found), text),
				Hint: "write \"Place / Door\" or the door's id"})
			for _, o := range found {
				m.sensitive = append(m.sensitive, o.id)
			}
		}
	}
	slices.Sort(m.sensitive)
	m.sensitive = slices.Compact(m.sensitive)
}

func (m *mapper) isSensitive(door access.RemoteID) bool {
	_, is := slices.BinarySearch(m.sensitive, door)
	return is
}

// target is one group of the file on its way to Kisi.
type target struct {
	*mapper
	index    *catalogIndex
	declared *Group
	out      access.DesiredGroup
}

// fail notes a problem of the group; the first one is what its grants are told.
func (t *target) fail(kind, hint, format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	t.conflict(Conflict{Kind: kind, Who: "group " + t.declared.Name, Text: text, Hint: hint})
	if t.out.Problem == "" {
		t.out.Problem = text
	}
}

func (t *target) resolve() {
	if t.clash(); t.out.Problem != "" {
		return
	}
	if t.declared.Place != "" && !t.place() {
		t.out.ID = 0
		return
	}
	t.find()
	if t.out.Problem == "" && t.declared.Openings {
		t.openings()
	}
}

func (t *target) place() bool {
	var names []string
	var found []access.Place
	for _, p := range t.in.Catalog.Places {
		names = append(names, p.Name)
		if p.Name == t.declared.Place || strconv.FormatInt(int64(p.ID), 10) == t.declared.Place {
			found = append(found, p)
		}
	}
	if len(found) == 0 {
		for _, p := range t.in.Catalog.Places {
			if fold(p.Name) == fold(t.declared.Place) {
				found = append(found, p)
			}
		}
	}
	switch len(found) {
	case 1:
		t.out.Place = found[0].ID
		return true
	case 0:
		t.fail(UnknownPlace, suggest(t.declared.Place, names), "there is no place %q", t.declared.Place)
	default:
		t.fail(UnknownPlace, "write the id of the place", "there are %d places named %q", len(found), t.declared.Place)
	}
	return false
}

// find looks the group up by id, or by name among the groups of its place (or of the organization).
func (t *target) find() {
	if t.declared.ID != 0 {
		t.findID(t.declared.ID)
		return
	}
	found := t.named(func(name string) bool { return name == t.declared.Name })
	if len(found) == 0 {
		found = t.named(func(string) bool { return true })
	}
	switch {
	case len(found) == 1:
		t.out.ID = found[0].ID
	case len(found) > 1:
		var ids []string
		for _, g := range found {
			ids = append(ids, fmt.Sprintf("%d (%d users)", g.ID, g.Users))
		}
		t.fail(GroupAmbiguous, "write one of these ids in the file: "+strings.Join(ids, ", "), "there are %d groups named %q in Kisi", len(found), t.declared.Name)
	case t.rescoped(), t.renamed(), t.deleted():
	case !t.declared.Create:
		t.fail(GroupMissing, t.whatThereIs(), "there is no group %q %s", t.declared.Name, t.scopeWords())
	}
}

func (t *target) named(is func(string) bool) []access.Group {
	var found []access.Group
	for _, g := range t.index.groups[fold(t.declared.Name)] {
		if g.Place == t.out.Place && is(g.Name) {
			found = append(found, g)
		}
	}
	return found
}

func (t *target) findID(id access.RemoteID) {
	for _, g := range t.in.Catalog.Groups {
		if g.ID != id {
			continue
		}
		if t.declared.Place != "" && g.Place != t.out.Place {
			t.fail(GroupScope, t.whereItIs(g), "the group %d is not in %s", id, t.declared.Place)
			t.out.ID = 0
			return
		}
		if t.declared.Everywhere && g.Place != 0 {
			t.fail(GroupScope, t.whereItIs(g), "the group %d is one of %s, not of the organization", id, t.in.Catalog.PlaceName(g.Place))
			t.out.ID = 0
			return
		}
		t.out.Place = g.Place
		return
	}
	t.out.ID = 0
	t.fail(GroupMissing, t.whatThereIs(), "there is no group with the id %d in Kisi", id)
}

// rescoped notices that the file has come to say another scope of a group of ours, or of one in which we gave rights. Kisi cannot move a group
// (kisi-api §5.3), and to make another one would take the first from everybody.
func (t *target) rescoped() bool {
	for _, g := range t.index.groups[fold(t.declared.Name)] {
		if g.Place != t.out.Place && t.isOurs(g.ID) {
			t.fail(GroupScope, t.whereItIs(g), "the file says %s, and the group %d is one of %s; the scope of a group cannot be changed", t.scopeWords(), g.ID, t.placeOf(g))
			return true
		}
	}
	return false
}

// isOurs says that we made a group or gave somebody a right in it.
func (t *target) isOurs(id access.RemoteID) bool {
	if account, known := t.in.Owned.Group(id); known && account.Level == access.Created {
		return true
	}
	return slices.ContainsFunc(t.ledger(), func(a access.Account) bool {
		owned, ok := a.Grant(id)
		return ok && owned.Level.Ours()
	})
}

func (t *target) placeOf(g access.Group) string {
	if g.Place == 0 {
		return "the organization"
	}
	return t.in.Catalog.PlaceName(g.Place)
}

// whereItIs is the way out for whoever changed the scope of a group.
func (t *target) whereItIs(g access.Group) string {
	scope := "organization"
	if g.Place != 0 {
		scope = "{place: " + t.in.Catalog.PlaceName(g.Place) + "}"
	}
	return "write scope: " + scope + " again; or declare a group of another name with the new scope, grant that, and delete the old one when nobody needs it (kisi-sync groups delete)"
}

// renamed looks for the group under the id that it had when it was last found under its name.
func (t *target) renamed() bool {
	if t.in.Owned == nil {
		return false
	}
	for _, ours := range t.in.Owned.Groups {
		if ours.Name != t.declared.Name {
			continue
		}
		for _, g := range t.in.Catalog.Groups {
			if g.ID == ours.ID && g.Place == t.out.Place {
				t.out.ID = g.ID
				t.conflict(Conflict{Kind: GroupRenamed, Who: "group " + t.declared.Name, Text: fmt.Sprintf("is called %q in Kisi now (%d)", g.Name, g.ID),
					Hint: "write the new name or the id in the file"})
				return true
			}
		}
	}
	return false
}

// deleted notices a group that we know and that Kisi does not show any more. It is not made again: somebody deleted it, or the
// catalog is not today's.
func (t *target) deleted() bool {
	if t.in.Owned == nil {
		return false
	}
	for _, ours := range t.in.Owned.Groups {
		if ours.Name == t.declared.Name {
			t.fail(GroupMissing, "make a group of that name in Kisi, or declare it under another name",
				"the group %q, made by kisi-sync (%d), is not in Kisi any more", t.declared.Name, ours.ID)
			return true
		}
	}
	return false
}

func (t *target) scopeWords() string {
	if t.declared.Place == "" {
		return "in the organization"
	}
	return "in " + t.declared.Place
}

// whatThereIs lists the groups in Kisi that come closest to the name.
func (t *target) whatThereIs() string {
	var names []string
	label := map[string]string{} // looked up only
	for _, g := range t.in.Catalog.Groups {
		name := g.Name
		if g.Place != 0 {
			name = t.in.Catalog.PlaceName(g.Place) + " / " + g.Name
		}
		if label[g.Name] == "" {
			label[g.Name] = name
		}
		names = append(names, g.Name)
	}
	if len(names) == 0 {
		return "Kisi has no groups; say if_missing: create"
	}
	near := similar(t.declared.Name, names, 10)
	for i, name := range near {
		near[i] = label[name]
	}
	return "say if_missing: create, or use one of " + quoteAll(near)
}
