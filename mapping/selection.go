package mapping

import (
	"fmt"
	"slices"
	"strings"

	"github.com/kisi-sync/kisi-sync/internal/directory"
	"github.com/kisi-sync/kisi-sync/internal/dn"
	"github.com/kisi-sync/kisi-sync/internal/email"
)

// selection says which rules are about whom: the rules of person i, beside those about everyone in its source, are
// items[ends[i-1]:ends[i]], ascending.
type selection struct {
	items  []uint32
	ends   []uint32
	groups []int // by rule: the number of its group in the view; noGroup for everyone and for unreadable rules
	lost   []bool
}

const noGroup = -1

func (s *selection) of(person uint32) []uint32 {
	from := uint32(0)
	if person > 0 {
		from = s.ends[person-1]
	}
	return s.items[from:s.ends[person]]
}

// selectPeople finds the group of each rule and closes it over nesting. It counts first and fills then, so that the lists lie
// side by side.
func (m *mapper) selectPeople() {
	s := &m.selection
	s.groups, s.lost = make([]int, len(m.rules)), make([]bool, len(m.rules))
	s.ends = make([]uint32, m.view.People())
	members := map[int][]uint32{} // looked up only
	for i := range m.rules {
		g := m.findGroup(i)
		if s.groups[i] = g; g == noGroup {
			continue
		}
		if members[g] == nil {
			members[g] = m.view.Members(g)
		}
		for _, p := range members[g] {
			s.ends[p]++
		}
	}
	total := uint32(0)
	for p, n := range s.ends {
		s.ends[p] = total // for now, where the list of p begins
		total += n
	}
	s.items = make([]uint32, total)
	for i, g := range s.groups {
		if g == noGroup {
			continue
		}
		for _, p := range members[g] {
			s.items[s.ends[p]] = uint32(i)
			s.ends[p]++
		}
	}
}

// findGroup returns the number of the group that a rule is about. When there is none, that is a conflict, and what the rule gave
// stays.
func (m *mapper) findGroup(i int) int {
	r := &m.rules[i]
	if m.unread[r.source] {
		m.selection.lost[i] = true
		return noGroup
	}
	if r.From.Everyone {
		return noGroup
	}
	found := m.groupsFor(m.sources[r.source].ID, r.From.Group)
	if len(found) == 1 {
		return found[0].Number
	}
	m.selection.lost[i] = true
	c := Conflict{Kind: SelectorMatchesNothing, Who: "rule " + r.Name,
		Text: fmt.Sprintf("source %s has no group %q; what the rule gave stays", r.From.Source, r.From.Group),
		Hint: "if the group was renamed, write its new name, its distinguished name or its id"}
	if len(found) > 1 {
		var ids []string
		for _, g := range found {
			ids = append(ids, g.ID())
		}
		c = Conflict{Kind: SelectorAmbiguous, Who: "rule " + r.Name,
			Text: fmt.Sprintf("source %s has %d groups named %q; what the rule gave stays", r.From.Source, len(found), r.From.Group),
			Hint: "write one of these ids instead: " + strings.Join(ids, ", ")}
	}
	m.conflict(c)
	return noGroup
}

// groupsFor returns the groups of a source that a text names: by distinguished name, by address, by id, or by name.
func (m *mapper) groupsFor(source, text string) []directory.Object {
	refs := []directory.Ref{{Kind: directory.ByID, Value: text}}
	if canonical, err := dn.Canonical(text); err == nil && canonical != "" {
		refs = append(refs, directory.Ref{Kind: directory.ByDN, Value: canonical})
	}
	for _, ref := range refs {
		if g, ok := m.view.FindGroup(source, ref); ok {
			return []directory.Object{g}
		}
	}
	if named := m.view.GroupsNamed(source, text); len(named) > 0 || !strings.Contains(text, "@") {
		return named
	}
	return m.groupsWithAddress(source, email.Fold(text))
}

func (m *mapper) groupsWithAddress(source, folded string) []directory.Object {
	var found []directory.Object
	for i := range m.view.Groups() {
		if g := m.view.Group(i); g.Source() == source && email.Fold(g.Email()) == folded {
			found = append(found, g)
		}
	}
	return found
}

// selects says that a rule is about one of a human's records, and which.
func (m *mapper) selects(rule, human uint32) (record uint32, ok bool) {
	r := &m.rules[rule]
	for i := human; i != none; i = m.next[i] {
		if r.From.Everyone && m.view.Person(int(i)).Source() == m.sources[r.source].ID && !m.unread[r.source] {
			return i, true
		}
		if slices.Contains(m.selection.of(i), rule) {
			return i, true
		}
	}
	return none, false
}
