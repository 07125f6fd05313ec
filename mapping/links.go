package mapping

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/kisi-sync/kisi-sync/internal/access"
	"github.com/kisi-sync/kisi-sync/internal/directory"
	"github.com/kisi-sync/kisi-sync/internal/email"
)

// link finds out which Kisi users belong to which humans: by the anchors in the ledger, and for humans without a user by the
// address of users whose anchors are nobody's any more (people who were deleted and made again).
func (m *mapper) link() {
	n := m.view.People()
	m.accounts = fill(n, none)
	m.standing = map[uint32]decision{}
	claims := m.claim()
	m.owner = fill(len(m.ledger()), none)
	var old, several []uint32
	for a := range m.owner {
		switch records := claims.of(uint32(a)); {
		case len(records) == 0:
		case m.allShadowed(records):
			old = append(old, uint32(a))
		default:
			if several = m.settle(uint32(a), records, several); m.owner[a] == none {
				old = append(old, uint32(a))
			}
		}
	}
	for _, a := range old {
		m.inherit(a, claims.of(a)[0][1])
	}
	for _, h := range several {
		m.chooseUser(h)
	}
	m.contestAddresses()
	m.adopt()
	m.holdReaddressed()
}

func (m *mapper) ledger() []access.Account {
	if m.in.Owned == nil {
		return nil
	}
	return m.in.Owned.Accounts
}

// claims lists the records that each account is linked to, as (account, person) in ascending order.
type claims [][2]uint32

func (c claims) of(account uint32) claims {
	from, _ := slices.BinarySearchFunc(c, account, func(x [2]uint32, a uint32) int { return int(int64(x[0]) - int64(a)) })
	to := from
	for to < len(c) && c[to][0] == account {
		to++
	}
	return c[from:to]
}

// claim walks the anchors of the ledger beside the people of the sources; both are in order of id.
func (m *mapper) claim() claims {
	all := make(claims, 0, len(m.ledger()))
	var at part
	source, i := "", 0
	m.in.Owned.EachAnchor(func(a access.Anchor, account int) {
		s, id := cutAnchor(a)
		if s != source {
			source = s
			at = m.partOf(m.current(s))
			i = at.from
		}
		for i < at.to && m.view.Person(i).ID() < id {
			i++
		}
		if i < at.to && m.view.Person(i).ID() == id {
			all = append(all, [2]uint32{uint32(account), uint32(i)})
		}
	})
	slices.SortFunc(all, func(a, b [2]uint32) int {
		if a[0] != b[0] {
			return int(int64(a[0]) - int64(b[0]))
		}
		return m.byPrecedence(a[1], b[1])
	})
	return slices.Compact(all) // an account may have the anchors of a source's old and new id
}

// cut splits an anchor into the present id of its source and the id there.
func (m *mapper) cut(a access.Anchor) (source, id string) {
	source, id = cutAnchor(a)
	return m.current(source), id
}

// current returns the id that a source has now.
func (r *Rules) current(source string) string {
	if now, renamed := r.renamed[source]; renamed {
		return now
	}
	return source
}

func cutAnchor(a access.Anchor) (source, id string) {
	source, id, _ = strings.Cut(string(a), ":")
	return source, id
}

func (m *mapper) partOf(source string) part {
	for _, p := range m.parts {
		if m.sources[p.source].ID == source {
			return p
		}
	}
	return part{}
}

// rank returns the precedence of a record's source; less is more.
func (m *mapper) rank(person uint32) int {
	for _, p := range m.parts {
		if int(person) >= p.from && int(person) < p.to {
			return p.source
		}
	}
	return len(m.sources)
}

// byPrecedence orders records by source, then by id, whatever the order of sources in the view.
func (m *mapper) byPrecedence(a, b uint32) int {
	if x, y := m.rank(a), m.rank(b); x != y {
		return x - y
	}
	return int(int64(a) - int64(b))
}

func (m *mapper) allShadowed(records claims) bool {
	return !slices.ContainsFunc(records, func(c [2]uint32) bool { return m.state[c[1]] != shadowed })
}

// settle decides whose an account is. Usually its records are one human. Humans that turn out to have several accounts are
// appended to several. The owner stays none where the account goes by its first record, and inherit is to say whose that is.
func (m *mapper) settle(account uint32, records claims, several []uint32) []uint32 {
	var humans, linked []uint32 // linked: of each human, the first of the account's records
	for _, c := range records {
		if h := m.head[c[1]]; !slices.Contains(humans, h) {
			humans, linked = append(humans, h), append(linked, c[1])
		}
	}
	if len(humans) > 1 {
		humans = m.reunite(humans)
	}
	owner := humans[0]
	if len(humans) > 1 {
		owner = m.contest(account, linked)
	}
	m.owner[account] = owner
	if owner == none {
		humans = humans[1:] // the first one is the heir
	} else if a := m.accounts[owner]; a != none && !slices.Contains(several, owner) {
		several = append(several, owner)
	}
	for _, h := range humans { // the others cannot have another user under the address of this one
		if m.accounts[h] == none {
			m.accounts[h] = account
		}
	}
	return several
}

// inherit decides about an account that goes by a disabled record whose address another record of its source has now:
// the same person, made again, unless that one has a user already or another name.
func (m *mapper) inherit(account, old uint32) {
	heir := m.head[old]
	other := m.accounts[heir] == none && m.samePerson == "" && m.otherName(account, heir)
	if other {
		m.holdReused(account, heir)
	}
	if other || m.accounts[heir] != none {
		m.owner[account] = old
		m.standing[account] = decision{access.Suspend, m.disabledCause(old)}
		return
	}
	m.owner[account], m.accounts[heir] = heir, account
	m.reportHeir(heir, m.view.Person(int(old)).Key().String())
}

func (m *mapper) reportHeir(heir uint32, old string) {
	m.conflict(m.about(heir, RecreatedPerson, "", fmt.Sprintf("takes over the Kisi user of %s, who had the same address", old)))
}

// otherName says that an account is of somebody who is not called as the human is, and that nobody has said that they are one person.
func (m *mapper) otherName(account, human uint32) bool {
	if m.saidToBeOne(human) {
		return false
	}
	a, name := &m.ledger()[account], m.person(human).Name
	return !likelyOne(name, a.Link.Name) && !likelyOne(name, a.Known.Name)
}

// saidToBeOne says that an operator has adopted the Kisi user of a human's address for the human, whoever's it was.
func (m *mapper) saidToBeOne(human uint32) bool {
	return slices.ContainsFunc(m.in.Pins, func(p access.Pin) bool {
		if p.Kind != access.Adopt || p.Anchor == "" || email.Fold(p.Email) != m.addressOf(human) {
			return false
		}
		o, there := m.view.FindPerson(m.keyOf(p.Anchor))
		return there && m.sourceOf(o) >= 0 && m.head[o.Number] == human
	})
}

// holdReused gives nothing to a human with the address of a Kisi user who is somebody else's, as far as names tell. That user may
// have cards and a phone, and they would open this person's doors.
func (m *mapper) holdReused(account, human uint32) {
	a := &m.ledger()[account]
	m.state[human] = reused
	m.conflict(m.about(human, AddressReused, "if they are one person: kisi-sync adopt "+m.view.Person(int(human)).Email()+" --why TEXT; else have the user's address changed in Kisi, or the user deleted",
		fmt.Sprintf("has the address of the Kisi user %d of %s (%s), who is called otherwise; nothing is given", a.Known.ID, cmp.Or(a.Link.Name, a.Known.Name), a.Link.Anchors[0])))
}

// reunite makes one human of those that are linked to one account, when they differ only in that records of other sources have
// lost their address, or the attribute: then the link still says who they are.
func (m *mapper) reunite(humans []uint32) []uint32 {
	var records []uint32
	keyed := 0
	for _, h := range humans {
		if !m.keyless(h) {
			keyed++
		}
		switch s := m.state[h]; {
		case s == ambiguous:
			return humans
		case m.samePerson == "" && s != noMail && s != usable:
			return humans
		}
		for i := h; i != none; i = m.next[i] {
			if slices.ContainsFunc(records, func(r uint32) bool { return m.rank(r) == m.rank(i) }) {
				return humans
			}
			records = append(records, i)
		}
	}
	if keyed != 1 {
		return humans
	}
	slices.SortFunc(records, m.byPrecedence)
	m.chain(records)
	return records[:1]
}

// contest decides about an account whose records are several humans by now; linked are the first of each one's. A disabled record
// above all active ones means that the account's person is disabled; one active record among disabled ones is who it is; else it
// cannot be said. What other records have the same address says nothing about this account. None is for inherit to say.
func (m *mapper) contest(account uint32, linked []uint32) (owner uint32) {
	var active []uint32
	for _, i := range linked {
		if !m.disabled(i) {
			active = append(active, i)
		}
	}
	first := linked[0]
	switch {
	case len(active) == 1 && m.rank(active[0]) <= m.rank(first):
		return m.head[active[0]]
	case len(active) > 0 && (!m.disabled(first) || m.rank(first) >= m.rank(active[0])):
	case m.state[first] == shadowed:
		return none
	default:
		return m.head[first]
	}
	var who []string
	for _, i := range active {
		who = append(who, m.view.Person(int(i)).Key().String())
	}
	text := fmt.Sprintf("Kisi user %s is linked to people who are different now: %s; nothing is changed for them",
		m.ledger()[account].Known.Email, strings.Join(who, ", "))
	m.conflict(m.about(active[0], TwoPeopleOneUser, "release the user, then adopt it for the one whose it is", text))
	m.undecided(account, text)
	return m.head[first]
}

// undecided leaves an account as it is.
func (m *mapper) undecided(account uint32, text string) {
	m.standing[account] = decision{access.Leave, access.Cause{Kind: access.Conflict, Text: text}}
}

func (m *mapper) disabled(person uint32) bool {
	return m.view.Person(int(person)).Active() == directory.No
}

// chooseUser is about a human whose records are linked to different accounts: one that makes room for another does not count, nor one that
// an operator has released.
func (m *mapper) chooseUser(human uint32) {
	var all []uint32
	for a, h := range m.owner {
		if h == human && m.replaced[uint32(a)] == nil && !m.letGo(m.ledger()[a].Known.ID) {
			all = append(all, uint32(a))
		}
	}
	switch {
	case len(all) == 1:
		m.accounts[human] = all[0]
	case !m.disabled(human): // one whom the directory disables loses all of them
		m.twoUsers(human, all)
	}
}

// letGo says that an operator has released a Kisi user.
func (m *mapper) letGo(member access.RemoteID) bool {
	return slices.ContainsFunc(m.in.Pins, func(p access.Pin) bool { return p.Kind == access.Release && p.Member == member })
}

// twoUsers leaves several accounts of one human as they are.
func (m *mapper) twoUsers(human uint32, all []uint32) {
	var users []string
	for _, a := range all {
		known := &m.ledger()[a].Known
		users = append(users, fmt.Sprintf("%s (%d)", known.Email, known.ID))
	}
	text := "is linked to several Kisi users: " + strings.Join(users, ", ") + "; none of them is changed"
	m.conflict(m.about(human, OnePersonTwoUsers, "release all but one of them", text))
	for _, a := range all {
		m.undecided(a, text)
	}
}

// adopt gives accounts that are nobody's any more to humans without one who have the same address.
func (m *mapper) adopt() {
	orphans := map[string]uint32{}
	for a, h := range m.owner {
		account := &m.ledger()[a]
		if h != none || len(account.Link.Anchors) == 0 {
			continue
		}
		if folded := email.Fold(account.Known.Email); folded != "" {
			if _, twice := orphans[folded]; !twice {
				orphans[folded] = uint32(a)
			}
		}
	}
	if len(orphans) == 0 {
		return
	}
	for _, p := range m.parts {
		for i := p.from; i < p.to; i++ {
			if m.head[i] != uint32(i) || m.accounts[i] != none || m.state[i] != usable {
				continue
			}
			switch a, ok := orphans[m.addressOf(uint32(i))]; {
			case !ok, m.disabled(uint32(i)) && (m.otherName(a, uint32(i)) || m.unreadOwner(a)):
			case m.otherName(a, uint32(i)):
				m.holdReused(a, uint32(i))
			default:
				m.owner[a], m.accounts[i] = uint32(i), a
				m.reportHeir(uint32(i), string(m.ledger()[a].Link.Anchors[0]))
			}
		}
	}
}

// unreadOwner says that whose an account is may be known to a source that was not read: a disabled record of another source says nothing
// about that person then.
func (m *mapper) unreadOwner(account uint32) bool {
	return slices.ContainsFunc(m.ledger()[account].Link.Anchors, m.unreadAnchor)
}

func fill(n int, v uint32) []uint32 {
	s := make([]uint32, n)
	for i := range s {
		s[i] = v
	}
	return s
}
