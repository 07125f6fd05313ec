package mapping

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/kisi-sync/kisi-sync/internal/access"
	"github.com/kisi-sync/kisi-sync/internal/email"
)

// Some sources know people by their address only. There a new address looks like somebody who left and somebody who came. Whether the two are
// one person only a person can say; until then the one who came is given nothing, and the one who left keeps everything.

// holdReaddressed finds humans without a Kisi user who may be somebody whose record is gone from the same source.
func (m *mapper) holdReaddressed() {
	if !slices.ContainsFunc(m.sources, func(s source) bool { return s.Mutable }) {
		return
	}
	left := m.leftUnderAddress()
	for _, p := range m.parts {
		if len(left[p.source]) == 0 {
			continue
		}
		for i := uint32(p.from); i < uint32(p.to); i++ {
			if m.head[i] != i || m.accounts[i] != none || m.state[i] != usable || m.disabled(i) {
				continue
			}
			if at := slices.IndexFunc(left[p.source], func(a uint32) bool { return m.mayBe(a, i) }); at >= 0 {
				m.readdress(left[p.source][at], i)
			}
		}
	}
}

// leftUnderAddress lists, by source, the accounts of people who are gone from one that knows them by address, unless they were suspended
// for it already.
func (m *mapper) leftUnderAddress() map[int][]uint32 {
	left := map[int][]uint32{}
	for a, h := range m.owner {
		account := &m.ledger()[a]
		if h != none || account.Link.Suspended != nil || account.Known.Email == "" {
			continue
		}
		for _, anchor := range account.Link.Anchors {
			id, _ := m.cut(anchor)
			s := m.sourceWithID(id)
			if s < 0 || !m.sources[s].Mutable {
				continue
			}
			if where := m.absence(anchor).whereabouts; where == graced || where == gone {
				left[s] = append(left[s], uint32(a))
				break
			}
		}
	}
	return left
}

// mayBe says that a human may be the person of an account under a new address: both are called alike, or only the domain has changed.
func (m *mapper) mayBe(account, human uint32) bool {
	a, o := &m.ledger()[account], m.view.Person(int(human))
	is, was, _ := strings.Cut(m.addressOf(human), "@")
	before, domain, _ := strings.Cut(email.Fold(a.Known.Email), "@")
	if is == before && was != domain {
		return true
	}
	name := cmp.Or(a.Link.Name, a.Known.Name)
	return name != "" && o.Name() != "" && likelyOne(name, o.Name())
}

// readdress links an account to the human, if an operator has said that they are one person; else both are held.
func (m *mapper) readdress(account, human uint32) {
	a := &m.ledger()[account]
	o := m.view.Person(int(human))
	said := slices.ContainsFunc(m.in.Pins, func(p access.Pin) bool {
		return p.Kind == access.Adopt && p.Member == a.Known.ID && p.Anchor != "" && m.keyOf(p.Anchor) == o.Key()
	})
	if said && m.owner[account] == none {
		m.owner[account], m.accounts[human] = human, account
		m.reportHeir(human, string(a.Link.Anchors[0]))
		return
	}
	m.state[human] = reused
	text := fmt.Sprintf("may be %s (%s) under a new address: %s knows people by their address, and the one is gone and the other came; nothing is given, and nothing is taken from %s",
		a.Known.Email, cmp.Or(a.Link.Name, a.Known.Name), m.sourceName(human), a.Known.Email)
	c := m.about(human, Readdressed, "if they are one person: kisi-sync adopt "+o.Key().String()+" --why TEXT; if "+a.Known.Email+" has left: kisi-sync block "+a.Known.Email+" --why TEXT", text)
	c.User = a.Known.ID
	m.conflict(c)
	if m.owner[account] == none {
		m.undecided(account, "may be "+o.Email()+" by now")
	}
}
