package mapping

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/kisi-sync/kisi-sync/internal/access"
	"github.com/kisi-sync/kisi-sync/internal/email"
)

// decision is a standing with its cause.
type decision struct {
	standing access.Standing
	cause    access.Cause
}

// wishAll makes the wishes of everybody: first of people without a Kisi user, by address, then of the accounts in their order,
// which is the order that Desired promises.
//
// Of a million strangers usually nobody is to be given anything, so only those who are get a place and are sorted.
func (m *mapper) wishAll() {
	m.eachStranger(func(human uint32) {
		if w, ok := m.stranger(human, m.addressOf(human)); ok {
			m.wishes = append(m.wishes, w)
		}
	})
	slices.SortFunc(m.wishes, func(a, b access.Wish) int { return compare(a.Folded, b.Folded) })
	m.wishes = slices.Grow(m.wishes, len(m.ledger()))
	for a := range m.ledger() {
		if w, ok := m.held(uint32(a)); ok {
			m.wishes = append(m.wishes, w)
		}
	}
}

// eachStranger yields active people without a user whom a rule selects, everybody without one who is blocked, and those whose user makes room
// for another one. Those who cannot be given anything for their address are reported.
func (m *mapper) eachStranger(yield func(human uint32)) {
	for _, p := range m.parts {
		for i := uint32(p.from); i < uint32(p.to); i++ {
			if m.head[i] != i || m.accounts[i] != none && !m.makesRoom(i) {
				continue
			}
			if m.accounts[i] != none {
				yield(i)
				continue
			}
			if p := m.pinned.humans[i].release; p != nil && m.blocked(none, i) == nil {
				m.reportReleased(i, p)
				continue
			}
			blocked := m.blocked(none, i) != nil && m.state[i] == usable
			if !blocked && (m.state[i] == ambiguous || m.state[i] == reused || m.disabled(i) || !m.create && !m.selected(i)) {
				continue
			}
			if m.state[i] != usable {
				m.reportAddress(i)
				continue
			}
			yield(i)
		}
	}
}

// selected says that a rule is about one of a human's records.
func (m *mapper) selected(human uint32) bool {
	for i := human; i != none; i = m.next[i] {
		if len(m.selection.of(i)) > 0 {
			return true
		}
		if s := m.sourceOf(m.view.Person(int(i))); s >= 0 && len(m.sources[s].everyone) > 0 {
			return true
		}
	}
	return false
}

func (m *mapper) reportAddress(person uint32) {
	m.conflict(m.addressConflict(person))
}

func (m *mapper) addressConflict(person uint32) Conflict {
	o := m.view.Person(int(person))
	switch m.state[person] {
	case noMail:
		return m.about(person, NoEmail, "Kisi knows people by e-mail address; fill it in", "has no e-mail address in "+m.sourceName(person))
	case badMail:
		return m.about(person, BadEmail, "correct the address in the directory", fmt.Sprintf("%q: %s", o.Email(), email.Problem(o.Email())))
	}
	return m.about(person, ForeignDomain, fmt.Sprintf("add the domain to emails of %s, if that is meant", m.sourceName(person)),
		fmt.Sprintf("%s may not speak for addresses at %s", m.sourceName(person), email.Domain(email.Fold(o.Email()))))
}

func (m *mapper) sourceName(person uint32) string {
	if s := m.sourceOf(m.view.Person(int(person))); s >= 0 {
		return m.sources[s].Name
	}
	return m.view.Person(int(person)).Source()
}

// stranger makes the wish of a human without a user; ok is false when there is nothing to wish for.
func (m *mapper) stranger(human uint32, folded string) (w access.Wish, ok bool) {
	if p := m.blocked(none, human); p != nil {
		return m.blockedStranger(human, folded, p), true
	}
	if m.accounts[human] != none {
		return m.newcomerInPlaceOf(m.accounts[human], human, folded), true
	}
	m.ask(human)
	grants := m.union(human, none)
	sure := slices.ContainsFunc(grants, func(g access.WishedGrant) bool { return !g.Unsure })
	if !sure && !m.create {
		return access.Wish{}, false
	}
	w = m.person(human)
	w.Folded, w.Create, w.Grants = folded, true, grants
	w.Anchors, w.Adopt = m.anchorsOf(human, nil), m.adopting(none, human)
	return w, true
}

// blockedStranger is about somebody who is blocked and has no user of ours: none is made, and one that bears our stamp is suspended.
func (m *mapper) blockedStranger(human uint32, folded string, p *access.Pin) access.Wish {
	w := m.person(human)
	w.Folded, w.Standing, w.Anchors = folded, access.Suspend, m.anchorsOf(human, nil)
	w.Cause, w.Adopt = m.causes.number(blockCause(p)), m.adopting(none, human)
	return w
}

// person returns a wish with the address and the name of the first record that has one.
func (m *mapper) person(human uint32) access.Wish {
	var w access.Wish
	for i := human; i != none; i = m.next[i] {
		o := m.view.Person(int(i))
		if w.Email == "" && (m.samePerson == "" || m.speaks(i)) {
			w.Email = strings.TrimSpace(o.Email())
		}
		if w.Name == "" {
			w.Name = displayName(o.Name())
		}
	}
	w.Folded = email.Fold(w.Email)
	return w
}

// held makes the wish of an account; ok is false for accounts that are linked to nobody.
func (m *mapper) held(a uint32) (w access.Wish, ok bool) {
	account := &m.ledger()[a]
	if len(account.Link.Anchors) == 0 {
		return access.Wish{}, false
	}
	h := m.owner[a]
	switch {
	case m.released(a) != nil:
		return m.release(a, h), true
	case h == none:
		return m.orphan(a), true
	case m.replaced[a] != nil && m.replacing(a, h):
		return access.Wish{}, false // see Wish.Replaces of the other
	}
	d := m.decide(a, h)
	w = m.person(h)
	if w.Folded == "" {
		w.Email, w.Folded = account.Known.Email, email.Fold(account.Known.Email)
	}
	w.Member, w.Anchors = account.Known.ID, m.anchorsOf(h, account)
	m.reportAddressChange(h, account, w)
	if d.standing != access.Leave {
		m.quiet = d.standing == access.Suspend
		m.ask(h)
		m.quiet = false
		w.Grants = m.union(h, a)
	}
	if d.standing == access.Keep {
		w.Create = m.create || slices.ContainsFunc(w.Grants, func(g access.WishedGrant) bool { return !g.Unsure })
		w.Losses = m.lost(h, a, w.Grants)
		w.Unproven = m.unproven(h, a, &w)
		d = m.doorless(a, &w)
	}
	d = m.retire(a, h, &w, d)
	if w.Standing = d.standing; d.standing != access.Keep {
		w.Cause = m.causes.number(d.cause)
	}
	if w.Adopt = m.adopting(a, h); len(m.replaced) > 0 && d.standing == access.Keep {
		w.Replaces = m.predecessor(a, h, w.Grants)
	}
	return w, true
}

// release makes the wish of an account that an operator has released.
func (m *mapper) release(a, h uint32) access.Wish {
	account := &m.ledger()[a]
	known := &account.Known
	cause := m.causes.number(releaseCause(m.released(a)))
	if h != none {
		m.reportReleased(h, m.released(a))
	}
	return access.Wish{Member: known.ID, Email: known.Email, Name: known.Name, Folded: email.Fold(known.Email),
		Anchors: m.anchorsOf(none, account), Standing: access.Leave, Cause: cause, Release: cause}
}

// decide says what becomes of an account whose human is known. First comes what an operator said, then what a directory says in so
// many words, that somebody is disabled; both go before everything that is merely unclear.
func (m *mapper) decide(a, h uint32) decision {
	if p := m.blocked(a, h); p != nil {
		return decision{access.Suspend, blockCause(p)}
	}
	if d, ok := m.standing[a]; ok {
		return d
	}
	if m.disabled(h) {
		return m.disabledIn(a, h)
	}
	switch m.state[h] {
	case ambiguous:
		return decision{access.Leave, access.Cause{Kind: access.Conflict, Text: m.ambiguity()}}
	case foreign:
		return m.leftScope(a, h)
	case noMail, badMail:
		m.reportAddress(h)
		return decision{access.Leave, access.Cause{Kind: access.Conflict, Text: m.addressConflict(h).Text}}
	}
	return decision{standing: access.Keep}
}

func (m *mapper) ambiguity() string {
	if m.samePerson == "" {
		return "another active person has the same e-mail address"
	}
	return "another active person has the same " + m.samePerson + " or e-mail address"
}

// disabledIn is about a human whose first record is disabled. Above it may be a source that nobody has read yet.
func (m *mapper) disabledIn(a, h uint32) decision {
	for _, anchor := range m.ledger()[a].Link.Anchors {
		id, _ := m.cut(anchor)
		if s := m.sourceWithID(id); s >= 0 && m.unread[s] && s < m.rank(h) {
			return decision{access.Leave, access.Cause{Kind: access.Conflict,
				Text: fmt.Sprintf("disabled in %s, but %s goes before it and was not read yet", m.sourceName(h), m.sources[s].Name)}}
		}
	}
	if changed := m.view.Person(int(h)).Changed(); m.leavers.Disabled > 0 && !changed.IsZero() {
		if ends := changed.Add(m.leavers.Disabled); ends.After(m.in.At) {
			m.wakeAt(ends)
			m.reportGrace(&m.ledger()[a], m.disabledCause(h).Text, ends)
			return decision{standing: access.Keep}
		}
	}
	return decision{access.Suspend, m.disabledCause(h)}
}

func (m *mapper) disabledCause(person uint32) access.Cause {
	return access.Cause{Kind: access.Disabled, Text: "disabled in " + m.sourceName(person)}
}

// ceil rounds up to whole seconds, so that at that instant the moment has come.
func ceil(t time.Time) time.Time { return t.Add(time.Second - 1).Truncate(time.Second) }

func (m *mapper) reportAddressChange(h uint32, account *access.Account, w access.Wish) {
	old := account.Known.Email
	if old == "" || w.Folded == email.Fold(old) || m.state[h] == foreign { // whose address nobody may speak for is told of for that
		return
	}
	m.conflict(m.about(h, AddressChanged, "have the address corrected in Kisi, or ask for a new Kisi user: kisi-sync rename",
		fmt.Sprintf("has the address %s now; the Kisi user still has %s, and access goes on under it", w.Email, old)))
}

// anchorsOf returns who a human is: its records, then those of the account's anchors that are not settled to be gone. For none it
// is all of the account's anchors. Anchors of a source that was renamed bear its new id, so that the account comes to be linked to it.
func (m *mapper) anchorsOf(h uint32, account *access.Account) []access.Anchor {
	var buf [8]access.Anchor
	all := buf[:0]
	for i := h; i != none; i = m.next[i] {
		all = append(all, m.anchor(i, account))
	}
	if account != nil {
		for _, old := range account.Link.Anchors {
			if a := m.respelled(old); !slices.Contains(all, a) && (h == none || m.absence(a).open()) {
				all = append(all, a)
			}
		}
	}
	out := m.anchors.take(len(all))
	copy(out, all)
	return out
}

// respelled returns an anchor with the present id of its source.
func (m *mapper) respelled(a access.Anchor) access.Anchor {
	source, id := cutAnchor(a)
	if now := m.current(source); now != source {
		return access.Anchor(now + ":" + id)
	}
	return a
}

// anchor returns the anchor of a record; that of the account, when it has it, costs nothing.
func (m *mapper) anchor(person uint32, account *access.Account) access.Anchor {
	o := m.view.Person(int(person))
	source, id := o.Source(), o.ID()
	if account != nil {
		for _, a := range account.Link.Anchors {
			if s, key := cutAnchor(a); s == source && key == id {
				return a
			}
		}
	}
	return access.Anchor(source + ":" + id)
}
