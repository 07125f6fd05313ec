package mapping

import (
	"fmt"
	"slices"
	"strings"

	"github.com/kisi-sync/kisi-sync/internal/access"
	"github.com/kisi-sync/kisi-sync/internal/directory"
	"github.com/kisi-sync/kisi-sync/internal/email"
)

// state says what is known of a record's address.
type state uint8

const (
	usable    state = iota
	noMail          // it has none
	badMail         // it cannot be used
	foreign         // the source may not speak for its domain
	ambiguous       // another active record of the source has the same
	shadowed        // a disabled record; another one of its source is the human now
	reused          // its address is that of somebody else: of a Kisi user whose person is gone or disabled, or in another source
)

// correlate finds out which records are one human: those with the same folded address, one of each source; or those with the same
// value of an attribute, if the file says so. Records without are by themselves. By address a source can claim nobody outside the
// domains that it may speak for.
func (m *mapper) correlate() {
	n := m.view.People()
	m.head, m.next, m.state = make([]uint32, n), make([]uint32, n), make([]state, n)
	for i := range m.head {
		m.head[i], m.next[i] = uint32(i), none
	}
	heads := make(map[string]uint32, n)
	last := make([]uint32, n)
	var several []uint32
	for _, p := range m.parts {
		domains := m.sources[p.source].Domains
		for i := p.from; i < p.to; i++ {
			key := email.Fold(m.view.Person(i).Email())
			m.state[i] = addressState(key, domains)
			if m.samePerson != "" {
				key = m.join.key(p.source, m.view.Person(i))
			} else if m.state[i] != usable {
				continue
			}
			h, taken := heads[key]
			if !taken || key == "" {
				heads[key], last[i] = uint32(i), uint32(i)
				continue
			}
			if m.next[h] == none {
				several = append(several, h)
			}
			m.next[last[h]], m.head[i] = uint32(i), h
			last[h] = uint32(i)
		}
	}
	for _, h := range several {
		m.regroup(h)
	}
}

// join is how records of several sources are found to be one human by an attribute.
type join struct {
	from []string // by index into Rules.sources: what the source calls the attribute; "" when it does not declare it
	buf  []string
}

// joinAttributes notes what each source calls the attribute.
func (m *mapper) joinAttributes() {
	for i := range m.sources {
		m.join.from = append(m.join.from, m.sources[i].calls(m.samePerson))
	}
}

// key returns the one value that a record has; "" when it has none, or several.
func (j *join) key(source int, o directory.Object) string {
	if j.from[source] == "" {
		return ""
	}
	j.buf = o.Values(j.from[source], j.buf[:0])
	if len(j.buf) != 1 {
		return ""
	}
	return strings.TrimSpace(j.buf[0])
}

// keyless says that a human has nothing by which it could be told to be the same as another.
func (m *mapper) keyless(human uint32) bool {
	if m.samePerson == "" {
		return m.state[human] == noMail
	}
	for i := human; i != none; i = m.next[i] {
		if m.join.key(m.rank(i), m.view.Person(int(i))) != "" {
			return false
		}
	}
	return true
}

// addressOf returns the folded address of a human: of its first record whose source may speak for it.
func (m *mapper) addressOf(human uint32) string {
	if m.samePerson == "" {
		return email.Fold(m.view.Person(int(human)).Email())
	}
	return m.person(human).Folded
}

// speaks says that a record's address is one that counts.
func (m *mapper) speaks(record uint32) bool {
	rank := m.rank(record)
	return rank < len(m.sources) && addressState(email.Fold(m.view.Person(int(record)).Email()), m.sources[rank].Domains) == usable
}

func addressState(folded string, domains []string) state {
	switch {
	case folded == "":
		return noMail
	case !plainAddress(folded) && email.Problem(folded) != "":
		return badMail
	case domains != nil && !slices.Contains(domains, email.Domain(folded)):
		return foreign
	}
	return usable
}

// plainAddress says that an address is surely good; most are, and reading them by the full grammar takes its time.
func plainAddress(folded string) bool {
	at, dot := -1, true // dot: the last byte cannot be followed by a dot
	for i := 0; i < len(folded); i++ {
		switch c := folded[i]; {
		case 'a' <= c && c <= 'z' || '0' <= c && c <= '9' || c == '-' || c == '_' || c == '+' && at < 0:
			dot = false
		case c == '.' && !dot:
			dot = true
		case c == '@' && at < 0 && !dot:
			at, dot = i, true
		default:
			return false
		}
	}
	return at > 0 && !dot && len(folded) <= email.MaxLength
}

// regroup looks at the records that share an address, or the attribute. Of each source one may be the human's: the active one. Two
// active ones cannot be told apart; then none of these records is touched.
func (m *mapper) regroup(h uint32) {
	var records []uint32
	for i := h; i != none; i = m.next[i] {
		records = append(records, i)
	}
	var chain, shadows []uint32
	unclear := false
	for len(records) > 0 {
		n := 1
		for n < len(records) && m.view.Person(int(records[n])).Source() == m.view.Person(int(records[0])).Source() {
			n++
		}
		best, active := m.best(records[:n])
		if active > 1 {
			unclear = true
			m.reportTwins(records[:n])
		}
		for _, i := range records[:n] {
			if i == best {
				chain = append(chain, i)
			} else {
				shadows = append(shadows, i)
			}
		}
		records = records[n:]
	}
	if unclear {
		for _, i := range slices.Concat(chain, shadows) {
			m.head[i], m.next[i], m.state[i] = i, none, ambiguous
		}
		return
	}
	chain = m.withoutStrangers(chain)
	m.chain(chain)
	for _, i := range shadows {
		// Its head is the human who has the address now, whose Kisi user it may be; it is none of that human's records.
		m.head[i], m.next[i], m.state[i] = chain[0], none, shadowed
	}
}

// withoutStrangers leaves out the records of an address that are not joined to the first one: they were not joined before, and the two
// are called otherwise. One of the two addresses may be wrong, or be used again.
func (m *mapper) withoutStrangers(records []uint32) []uint32 {
	if m.samePerson != "" {
		return records
	}
	first, kept := records[0], records[:1:1]
	for _, i := range records[1:] {
		if likelyOne(m.view.Person(int(first)).Name(), m.view.Person(int(i)).Name()) || m.joinedBefore(first, i) || m.saidToJoin(i) {
			kept = append(kept, i)
			continue
		}
		m.head[i], m.next[i], m.state[i] = i, none, reused
		m.reportStranger(first, i)
	}
	return kept
}

// joinedBefore says that two records are linked to one Kisi user.
func (m *mapper) joinedBefore(a, b uint32) bool {
	one, linked := m.accountAt(a)
	other, too := m.accountAt(b)
	return linked && too && one == other
}

// accountAt returns the account that a record is linked to.
func (m *mapper) accountAt(record uint32) (account int, ok bool) {
	source, id := &m.sources[m.rank(record)], m.view.Person(int(record)).ID()
	for _, spelling := range append([]string{source.ID}, source.Was...) {
		if account, ok = m.in.Owned.IndexByAnchor(access.Anchor(spelling + ":" + id)); ok {
			return account, true
		}
	}
	return 0, false
}

// saidToJoin says that an operator has adopted the Kisi user of a record's address for this record.
func (m *mapper) saidToJoin(record uint32) bool {
	o := m.view.Person(int(record))
	return slices.ContainsFunc(m.in.Pins, func(p access.Pin) bool {
		return p.Kind == access.Adopt && p.Anchor != "" && m.keyOf(p.Anchor) == o.Key() && email.Fold(p.Email) == email.Fold(o.Email())
	})
}

func (m *mapper) reportStranger(first, i uint32) {
	a, b := m.view.Person(int(first)), m.view.Person(int(i))
	m.conflict(m.about(i, JoinHeld, "if they are one person: kisi-sync adopt "+b.Key().String()+" --why TEXT; else correct the address of one of them",
		fmt.Sprintf("is the address of %s (%s) and of %s (%s), who are called otherwise; nothing is given for the second", a.Name(), a.Key(), b.Name(), b.Key())))
}

// best returns the record of one source that counts, and how many are active.
func (m *mapper) best(records []uint32) (best uint32, active int) {
	best = records[0]
	for _, i := range records {
		if m.view.Person(int(i)).Active() != directory.No {
			if active++; active == 1 {
				best = i
			}
		}
	}
	return best, active
}

// chain makes one human of some records. Its address is the first one that can be used.
func (m *mapper) chain(records []uint32) {
	if slices.ContainsFunc(records, func(i uint32) bool { return m.state[i] == usable }) {
		m.state[records[0]] = usable
	}
	for k, i := range records {
		m.head[i], m.next[i] = records[0], none
		if k > 0 {
			m.next[records[k-1]] = i
		}
	}
}

func (m *mapper) reportTwins(records []uint32) {
	var ids []string
	first := none
	for _, i := range records {
		if o := m.view.Person(int(i)); o.Active() != directory.No {
			ids = append(ids, o.Key().String())
			first = min(first, i)
		}
	}
	if m.samePerson != "" {
		m.conflict(m.about(first, DuplicatePerson, "correct "+m.samePerson+" of one of them, or disable the one that is not used any more",
			fmt.Sprintf("%d active people have the same %s: %s; none of them is changed", len(ids), m.samePerson, strings.Join(ids, ", "))))
		return
	}
	m.conflict(m.about(first, DuplicateEmail, "give one of them another address, or disable the one that is not used any more",
		fmt.Sprintf("%d active people have this address: %s; none of them is changed", len(ids), strings.Join(ids, ", "))))
}

// contestAddresses is about humans whom an attribute tells apart and who have one address nevertheless: Kisi can have only one user
// of it. It belongs to the one whose source goes first; of one source it cannot be said.
func (m *mapper) contestAddresses() {
	if m.samePerson == "" {
		return
	}
	first := map[string]uint32{}
	for _, p := range m.parts {
		for i := uint32(p.from); i < uint32(p.to); i++ {
			if m.head[i] != i || m.state[i] != usable || m.disabled(i) {
				continue
			}
			address := m.addressOf(i)
			other, taken := first[address]
			if !taken {
				first[address] = i
				continue
			}
			if m.state[i] = ambiguous; m.rank(other) == m.rank(i) {
				m.state[other] = ambiguous
			}
			m.conflict(m.about(i, DuplicateEmail, "give one of them another address, or the same "+m.samePerson+" if they are one person",
				fmt.Sprintf("has the address of %s, who is another person by %s; left as it is", m.view.Person(int(other)).Key(), m.samePerson)))
		}
	}
}
