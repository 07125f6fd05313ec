package mapping

import (
	"slices"
	"strings"

	"github.com/kisi-sync/kisi-sync/internal/directory"
	"github.com/kisi-sync/kisi-sync/internal/dn"
	"github.com/kisi-sync/kisi-sync/internal/email"
)

// selection says which rules are about whom: the rules of person i, beside those about everyone in its source, are
// items[ends[i-1]:ends[i]], ascending.
type selection struct {
	items   []uint32
	ends    []uint32
	groups  []int    // by rule: the number of its group in the view; noGroup for everyone and for rules that cannot be asked
	lost    []bool   // by rule: it cannot be asked
	why     []string // by rule: why not
	anyLost bool
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
	s.groups, s.lost, s.why = make([]int, len(m.rules)), make([]bool, len(m.rules)), make([]string, len(m.rules))
	b := newBinder(m)
	s.ends = make([]uint32, m.view.People())
	members := map[int][]uint32{} // looked up only
	m.findMemberships(b)
	for i := range m.rules {
		g := m.findGroup(b, i)
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
	slices.SortFunc(b.bound, compareBindings)
	m.bindings = b.bound
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
func (m *mapper) findGroup(b *binder, i int) int {
	r := &m.rules[i]
	m.loseAsking(b, i)
	if r.From.Everyone {
		m.lose(i, m.unread[r.source], "the source was not read")
		return noGroup
	}
	found := b.exactOnly(r, b.find(r))
	m.lose(i, found.lost != "", found.lost)
	if found.tell != nil {
		c := *found.tell
		c.Who = "rule " + r.Name
		m.conflict(c)
	}
	return found.group
}

// loseAsking notes that a rule cannot be asked because a group that its conditions ask about cannot be found.
func (m *mapper) loseAsking(b *binder, i int) {
	r := &m.rules[i]
	why := m.lostIn(r.asks)
	m.lose(i, why != "", why)
	for _, ref := range r.asks {
		if s := b.exactOnly(m.refs.all[ref].asked(r, m.Rules), m.memberships[ref].found); s.lost != "" && why == "" {
			m.lose(i, true, s.lost)
			c := *s.tell
			c.Who = "rule " + r.Name
			m.conflict(c)
		}
	}
}

// lose notes that a rule cannot be asked, and why.
func (m *mapper) lose(rule int, lost bool, why string) {
	if lost {
		m.selection.lost[rule], m.selection.why[rule], m.selection.anyLost = true, why, true
	}
}

// naming is by what a selector names a group.
type naming uint8

const (
	byID naming = iota
	byDN
	byAddress
	byName
)

// groupsFor returns the groups of a source that a text names: by id, by distinguished name, by name, or by address.
func (m *mapper) groupsFor(source, text string) ([]directory.Object, naming) {
	if g, ok := m.view.FindGroup(source, directory.Ref{Kind: directory.ByID, Value: text}); ok {
		return []directory.Object{g}, byID
	}
	if canonical, err := dn.Canonical(text); err == nil && canonical != "" {
		if g, ok := m.view.FindGroup(source, directory.Ref{Kind: directory.ByDN, Value: canonical}); ok {
			return []directory.Object{g}, byDN
		}
	}
	if named := m.view.GroupsNamed(source, text); len(named) > 0 || !strings.Contains(text, "@") {
		return named, byName
	}
	return m.groupsWithAddress(source, email.Fold(text)), byAddress
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
