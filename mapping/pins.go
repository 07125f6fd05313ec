package mapping

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/kisi-sync/kisi-sync/internal/access"
	"github.com/kisi-sync/kisi-sync/internal/email"
)

// pinned is what operators said about single people. A person is found by human, or by account once no source has a record. Its
// maps are looked up only; without pins they are nil.
type pinned struct {
	humans, accounts map[uint32]exception
}

// exception is what holds for one person.
type exception struct{ block, exempt, adopt, release *access.Pin }

// blocked returns the block of an account, or of the human whose it is; nil for none. Either may be none.
func (m *mapper) blocked(account, human uint32) *access.Pin {
	return cmp.Or(m.pinned.accounts[account].block, m.pinned.humans[human].block)
}

// exempt is blocked for exemptions.
func (m *mapper) exempt(account, human uint32) *access.Pin {
	return cmp.Or(m.pinned.accounts[account].exempt, m.pinned.humans[human].exempt)
}

// adopting returns the cause why the Kisi user of an account, or of a human, becomes ours; 0 for none. Either may be none.
func (m *mapper) adopting(account, human uint32) uint32 {
	p := cmp.Or(m.pinned.accounts[account].adopt, m.pinned.humans[human].adopt)
	if p == nil {
		return 0
	}
	return m.causes.number(access.Cause{Kind: access.Asked, Text: saidBy("adopted", p)})
}

// released returns the release of an account. A block goes before it: who is blocked is suspended first.
func (m *mapper) released(account uint32) *access.Pin {
	if m.blocked(account, none) != nil {
		return nil
	}
	return m.pinned.accounts[account].release
}

func releaseCause(p *access.Pin) access.Cause {
	return access.Cause{Kind: access.Asked, Text: saidBy("released", p)}
}

// reportReleased tells of a person whose Kisi user was released. That nobody suspends it is told for as long as the person is disabled.
func (m *mapper) reportReleased(human uint32, p *access.Pin) {
	text := saidBy("released", p) + ": the Kisi user is left as it is"
	if m.disabled(human) {
		text = m.disabledCause(human).Text + ", and the Kisi user stays as it is, because it was " + saidBy("released", p)
	}
	m.conflict(m.about(human, UserReleased, "kisi-sync adopt takes it back", text))
}

func blockCause(p *access.Pin) access.Cause {
	return access.Cause{Kind: access.Blocked, Text: saidBy("blocked", p)}
}

func saidBy(what string, p *access.Pin) string {
	if p.By != "" {
		what += " by " + p.By
	}
	if p.Why != "" {
		what += ": " + p.Why
	}
	return what
}

// pin finds out whom the pins are about. What has ended holds no more and is reported.
func (m *mapper) pin() {
	if len(m.in.Pins) == 0 {
		return
	}
	m.pinned = pinned{map[uint32]exception{}, map[uint32]exception{}}
	pins := slices.Clone(m.in.Pins)
	slices.SortFunc(pins, comparePins)
	mail := m.peopleByMail(pins)
	for i := range pins {
		p := &pins[i]
		if p.Kind == access.Rename {
			continue // see findReplaced
		}
		if p.Until != 0 {
			m.wake((p.Until + 1).Time())
		}
		found := m.pinnedBy(p, mail)
		switch {
		case p.Ended(m.at):
			m.ended = append(m.ended, *p)
			m.conflict(m.aboutPin(p, found, Conflict{Kind: ended(p), Text: fmt.Sprintf("the %s has ended (%s)", noun(p), saidBy("said", p))}))
		case found.nobody() && p.Kind == access.Release: // it stands for as long as the Kisi user may be there
		case found.nobody() && p.Kind == access.Adopt && !m.unreadAnchor(p.Anchor):
			m.ended = append(m.ended, *p)
		case found.nobody() && !m.unreadAnchor(p.Anchor):
			m.conflict(m.aboutPin(p, found, Conflict{Kind: PinMatchesNobody, Hint: "take it back, or say it for the person's present address",
				Text: fmt.Sprintf("the %s (%s) is about nobody whom a source knows, or a Kisi user that is linked to one", noun(p), saidBy("said", p))}))
		default:
			m.pinned.mark(found, p)
		}
	}
}

func noun(p *access.Pin) string {
	if p.Kind == access.Exempt {
		return "exemption"
	}
	return "block"
}

func ended(p *access.Pin) string {
	if p.Kind == access.Exempt {
		return ExemptionEnded
	}
	return BlockEnded
}

// comparePins brings pins into an order in which the first of several about one person is the one that counts: of exemptions the
// one that ends last.
func comparePins(a, b access.Pin) int {
	return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(b.Until-1, a.Until-1), cmp.Compare(a.Anchor, b.Anchor), cmp.Compare(a.Email, b.Email),
		cmp.Compare(a.Since, b.Since), cmp.Compare(a.By, b.By), cmp.Compare(a.Why, b.Why))
}

// who are the people that a pin is about.
type who struct{ humans, accounts []uint32 }

func (w who) nobody() bool { return len(w.humans)+len(w.accounts) == 0 }

func (x pinned) mark(found who, p *access.Pin) {
	set := func(of map[uint32]exception, n uint32) {
		e := of[n]
		switch {
		case p.Kind == access.Block && e.block == nil:
			e.block = p
		case p.Kind == access.Exempt && e.exempt == nil:
			e.exempt = p
		case p.Kind == access.Adopt && e.adopt == nil:
			e.adopt = p
		case p.Kind == access.Release && e.release == nil:
			e.release = p
		}
		of[n] = e
	}
	for _, h := range found.humans {
		set(x.humans, h)
	}
	for _, a := range found.accounts {
		set(x.accounts, a)
	}
}

// peopleByMail lists, for addresses that pins name, the humans and the accounts that have them.
func (m *mapper) peopleByMail(pins []access.Pin) map[string]who {
	asked := map[string]who{}
	for i := range pins {
		if p := &pins[i]; p.Email != "" && (p.Anchor == "" || p.Kind == access.Block) {
			asked[email.Fold(p.Email)] = who{}
		}
	}
	if len(asked) == 0 {
		return nil
	}
	note := func(address string, human, account uint32) {
		w, ok := asked[email.Fold(address)]
		if !ok {
			return
		}
		if human != none {
			w.humans = append(w.humans, human)
		}
		if account != none {
			w.accounts = append(w.accounts, account)
		}
		asked[email.Fold(address)] = w
	}
	for _, p := range m.parts {
		for i := p.from; i < p.to; i++ {
			note(m.view.Person(i).Email(), m.head[i], none)
		}
	}
	for a := range m.ledger() {
		if len(m.ledger()[a].Link.Anchors) > 0 {
			note(m.ledger()[a].Known.Email, none, uint32(a))
		}
	}
	return asked
}

// pinnedBy finds whom a pin is about. A block errs on the side of too many: it is about everybody who has the anchor or the address,
// in a source or in Kisi, and about those who took over the user of the one that it names. An exemption is about one person: by the
// anchor, else by the directory's address, else by Kisi's. A release is about one Kisi user, and about the person so long as that one
// has no other.
func (m *mapper) pinnedBy(p *access.Pin, mail map[string]who) (found who) {
	if p.Anchor != "" {
		found = m.anchored(p.Anchor)
	}
	if p.Kind == access.Release {
		found.accounts = nil
		if a, ok := m.accountOfMember(p.Member); ok {
			found.accounts = []uint32{a}
		}
		return found
	}
	by := mail[email.Fold(p.Email)]
	found.humans = append(found.humans, by.humans...)
	if p.Kind == access.Block || len(by.humans) == 0 {
		found.accounts = append(found.accounts, by.accounts...)
	}
	return found
}

// anchored finds the human with an anchor, and the accounts that are linked to it.
func (m *mapper) anchored(a access.Anchor) (found who) {
	o, present := m.view.FindPerson(m.keyOf(a))
	if present = present && m.sourceOf(o) >= 0; present {
		found.humans = append(found.humans, uint32(o.Number), m.head[o.Number])
	}
	source, id := m.cut(a)
	spellings := []string{source}
	if s := m.sourceWithID(source); s >= 0 {
		spellings = append(spellings, m.sources[s].Was...)
	}
	for _, spelling := range spellings {
		i, ok := m.in.Owned.IndexByAnchor(access.Anchor(spelling + ":" + id))
		if !ok {
			continue
		}
		found.accounts = append(found.accounts, uint32(i))
		if h := m.owner[i]; h != none && !present {
			found.humans = append(found.humans, h)
		}
	}
	return found
}

// unreadAnchor says that nobody can tell whether there is somebody with this anchor.
func (m *mapper) unreadAnchor(a access.Anchor) bool {
	source, _ := m.cut(a)
	s := m.sourceWithID(source)
	return s >= 0 && m.unread[s]
}

// aboutPin completes a conflict about a pin: it is named after the person.
func (m *mapper) aboutPin(p *access.Pin, found who, c Conflict) Conflict {
	c.Who = cmp.Or(p.Email, string(p.Anchor))
	if p.Anchor != "" {
		c.Key = m.keyOf(p.Anchor)
	}
	if len(found.humans) > 0 {
		o := m.view.Person(int(slices.MinFunc(found.humans, m.byPrecedence)))
		c.Who, c.Key = called(o), o.Key()
	} else if len(found.accounts) > 0 {
		account := &m.ledger()[found.accounts[0]]
		c.Who, c.Key = cmp.Or(account.Known.Email, c.Who), m.keyOf(account.Link.Anchors[0])
	}
	return c
}
