package mapping

import (
	"strconv"

	"github.com/kisi-sync/kisi-sync/internal/access"
)

// membership is who is in a group that an expression or an exception asks about.
type membership struct {
	name  string   // of the group, for people
	lost  string   // why nothing can be said; "": it can
	bits  []uint64 // by number of a person in the view
	found selected
}

// findMemberships finds the groups of groupRefs and closes them over nesting.
func (m *mapper) findMemberships(b *binder) {
	m.memberships = make([]membership, len(m.refs.all))
	for i, ref := range m.refs.all {
		in := &m.memberships[i]
		found := b.find(ref.selector(m.Rules))
		if in.name, in.found = shortGroup(ref.text), found; found.tell != nil {
			c := *found.tell
			c.Who = "group " + in.name
			m.conflict(c)
		}
		if in.lost = found.lost; found.group == noGroup {
			continue
		}
		in.bits = make([]uint64, (m.view.People()+63)/64)
		for _, p := range m.view.Members(found.group) {
			in.bits[p/64] |= 1 << (p % 64)
		}
	}
}

// selector is the reference as the selector of a rule.
func (g groupRef) selector(r *Rules) *rule {
	return &rule{Rule: Rule{Name: strconv.Quote(g.text), From: Selector{Source: r.sources[g.source].Name, Group: g.text}}, source: g.source}
}

// asked is the reference as if it were the selector of a rule that asks about it.
func (g groupRef) asked(by *rule, r *Rules) *rule {
	out := g.selector(r)
	out.grants, out.uses = by.grants, by.uses
	return out
}

// lostIn returns why a rule cannot be asked whose conditions ask about groups; "": it can.
func (m *mapper) lostIn(refs []int) string {
	for _, i := range refs {
		if why := m.memberships[i].lost; why != "" {
			return m.memberships[i].name + ": " + why
		}
	}
	return ""
}

// inGroup says that a record of a human is in a group. Somebody whose record in the group's source is missing, without it being settled
// that he is gone, is a fault of this person: his absence must neither give nor take.
func (m *mapper) inGroup(ref int, human uint32) (bool, error) {
	in, source := &m.memberships[ref], m.refs.all[ref].source
	if in.lost != "" {
		return false, m.row.fail(Unsettled, "", "whether in %s cannot be said: %s", in.name, in.lost)
	}
	known := false
	for i := human; i != none; i = m.next[i] {
		if m.view.Person(int(i)).Source() != m.sources[source].ID {
			continue
		}
		if known = true; in.bits[i/64]>>(i%64)&1 == 1 {
			return true, nil
		}
	}
	if m.gathering[source] {
		return false, m.row.fail(Unsettled, "kisi-sync accept "+m.sources[source].Name+" says that it has been told everything",
			"whether in %s cannot be said: %s has not been accepted yet", in.name, m.sources[source].Name)
	}
	if a := m.accountFor(human); !known && a != none && m.waitsFor(human, &m.ledger()[a], source) {
		return false, m.row.fail(Unsettled, "wait until it is settled, or accept what the source said",
			"whether in %s cannot be said: missing in %s, which is not settled yet", in.name, m.sources[source].Name)
	}
	return false, nil
}

// accountFor returns the account that a human is linked to; none, when there is none.
func (m *mapper) accountFor(human uint32) uint32 {
	if human == none || int(human) >= len(m.accounts) {
		return none
	}
	return m.accounts[human]
}

// excluded is a group from which a rule excludes somebody.
type excluded struct {
	group, rule uint32
	unsure      bool // it cannot be said whether; nothing is given then, and nothing taken
}

// exclude puts into m.excluded what a rule with exclude says about a human.
func (m *mapper) exclude(number uint32, v verdict) {
	switch {
	case v.outcome != gives && v.outcome != undecided:
		return
	case v.outcome == gives && v.from > m.at:
		m.wake(v.from.Time())
		return
	}
	r := &m.rules[number]
	for _, g := range r.excludes {
		m.excluded = append(m.excluded, excluded{g, number, v.outcome == undecided})
	}
	for _, n := range r.bars {
		for _, g := range m.templates[n].numbers {
			m.excluded = append(m.excluded, excluded{g, number, v.outcome == undecided})
		}
	}
}

// excludedFrom says whether anything excludes a human from a group for sure, and by which rule; or that it cannot be said.
func (m *mapper) excludedFrom(group, human uint32, account *access.Account) (by excluded, is bool) {
	for _, x := range m.excluded {
		if x.group == group && (!is || by.unsure && !x.unsure) {
			by, is = x, true
		}
	}
	if is && !by.unsure {
		return by, true
	}
	for _, r := range m.excluders[group] {
		if m.selection.lost[r] || account != nil && m.waitsFor(human, account, m.rules[r].source) || m.unpushed(r, human, account) {
			return excluded{group, r, true}, true
		}
	}
	return by, is
}

// applyExclusions takes out of m.given what a rule excludes the human from; exclusion goes before every grant.
func (m *mapper) applyExclusions(human, a uint32) {
	if !m.excluding {
		return
	}
	var account *access.Account
	if a != none {
		account = &m.ledger()[a]
	}
	kept := m.given[:0]
	for _, g := range m.given {
		by, is := m.excludedFrom(g.group, human, account)
		if is && !by.unsure {
			continue
		}
		g.unsure = g.unsure || is
		kept = append(kept, g)
	}
	m.given = kept
}

// excludedBy returns the rule that surely excludes somebody from a group in Kisi.
func (m *mapper) excludedBy(id access.RemoteID, human uint32, account *access.Account) (rule uint32, is bool) {
	group, known := m.byRemote[id]
	if !known || !m.excluding || human == none {
		return 0, false
	}
	by, is := m.excludedFrom(group, human, account)
	return by.rule, is && !by.unsure
}
