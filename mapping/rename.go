package mapping

import (
	"fmt"
	"slices"
	"sort"

	"github.com/kisi-sync/kisi-sync/internal/access"
	"github.com/kisi-sync/kisi-sync/internal/email"
)

// Kisi cannot change the address of a user. Where an operator asks for it, a person whose address has changed gets a new user, which
// comes to hold what the old one holds; only then the old one goes. Until then the person is linked to both.

// findReplaced notes the accounts that make room for another one. What is about a user that is nobody's any more is done.
func (m *mapper) findReplaced() {
	for i := range m.in.Pins {
		p := &m.in.Pins[i]
		if p.Kind != access.Rename {
			continue
		}
		a, ok := m.accountOfMember(p.Member)
		if !ok || len(m.ledger()[a].Link.Anchors) == 0 {
			m.ended = append(m.ended, *p)
			continue
		}
		if m.replaced == nil {
			m.replaced = map[uint32]*access.Pin{}
		}
		m.replaced[a] = p
	}
}

// accountOfMember returns the number of the account of a Kisi user.
func (m *mapper) accountOfMember(id access.RemoteID) (uint32, bool) {
	all := m.ledger()
	i := sort.Search(len(all), func(i int) bool { return all[i].Known.ID >= id })
	return uint32(i), i < len(all) && all[i].Known.ID == id
}

// checkRenames lets go of those that are not begun and have lost their reason: somebody corrected the address in Kisi, or the directory says
// another one by now.
func (m *mapper) checkRenames() {
	for i := range m.in.Pins {
		p := &m.in.Pins[i]
		a, ok := m.accountOfMember(p.Member)
		if p.Kind != access.Rename || !ok || m.replaced[a] != p || m.owner[a] == none {
			continue
		}
		h := m.owner[a]
		if m.outgoing == nil {
			m.outgoing = map[uint32]uint32{}
		}
		if m.outgoing[h] = a; m.accounts[h] != a { // begun: there is a new user beside
			continue
		}
		now, known := m.addressOf(h), email.Fold(m.ledger()[a].Known.Email)
		switch {
		case known == email.Fold(p.Email):
		case m.state[h] != usable || now == email.Fold(p.Email):
			continue
		default:
			m.conflict(m.about(h, RenameVoid, "kisi-sync rename asks for it anew", fmt.Sprintf("%s says %s now; the replacement by a Kisi user for %s is called off",
				m.sourceName(h), now, p.Email)))
		}
		m.ended = append(m.ended, *p)
		delete(m.replaced, a)
		delete(m.outgoing, h)
	}
}

// replacing says that an account makes room now: nothing else is to become of its person.
func (m *mapper) replacing(a, h uint32) bool {
	return m.decide(a, h).standing == access.Keep
}

// makesRoom says that a human's account makes room for one that is not there yet.
func (m *mapper) makesRoom(human uint32) bool {
	a := m.accounts[human]
	return a != none && m.replaced[a] != nil && m.owner[a] == human && m.released(a) == nil && m.replacing(a, human)
}

// newcomerInPlaceOf makes the wish of a human whose account makes room for one that is not there yet.
func (m *mapper) newcomerInPlaceOf(a, human uint32, folded string) access.Wish {
	account := &m.ledger()[a]
	m.ask(human)
	w := m.person(human)
	w.Folded, w.Grants = folded, m.union(human, a)
	w.Create = m.create || slices.ContainsFunc(w.Grants, func(g access.WishedGrant) bool { return !g.Unsure })
	w.Anchors, w.Adopt = m.anchorsOf(human, account), m.adopting(a, human)
	w.Replaces = m.replacement(a, human, w.Grants)
	return w
}

// predecessor returns the account of a human that makes room for account a; nil for none.
func (m *mapper) predecessor(a, human uint32, wished []access.WishedGrant) *access.Replaced {
	old, ok := m.outgoing[human]
	if !ok || old == a || m.released(old) != nil || !m.replacing(old, human) {
		return nil
	}
	return m.replacement(old, human, wished)
}

func (m *mapper) replacement(a, human uint32, wished []access.WishedGrant) *access.Replaced {
	p := m.replaced[a]
	return &access.Replaced{Member: m.ledger()[a].Known.ID, Losses: m.lost(human, a, wished),
		Cause: m.causes.number(access.Cause{Kind: access.Asked, Text: "replaced by the Kisi user of " + p.Email + saidBy(", asked for", p)})}
}
