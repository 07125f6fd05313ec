package mapping

import (
	"fmt"
	"slices"
	"strings"

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
	shadowed        // a disabled record whose address another record of its source has now
)

// correlate finds out which records are one human: those with the same folded address, one of each source. Records without a
// usable address are by themselves. So a source can claim nobody outside the domains that it may speak for.
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
			address := email.Fold(m.view.Person(i).Email())
			if m.state[i] = addressState(address, domains); m.state[i] != usable {
				continue
			}
			h, taken := heads[address]
			if !taken {
				heads[address], last[i] = uint32(i), uint32(i)
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

// regroup looks at the records that share an address. Of each source one may be the human's: the active one. Two active ones
// cannot be told apart; then nobody with this address is touched.
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
	m.chain(chain)
	for _, i := range shadows {
		// Its head stays the human with the address, whose Kisi user it may be; it is none of that human's records.
		m.head[i], m.next[i], m.state[i] = chain[0], none, shadowed
	}
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

func (m *mapper) chain(records []uint32) {
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
	m.conflict(m.about(first, DuplicateEmail, "give one of them another address, or disable the one that is not used any more",
		fmt.Sprintf("%d active people have this address: %s; none of them is changed", len(ids), strings.Join(ids, ", "))))
}
