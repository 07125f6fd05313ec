package mapping

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/kisi-sync/kisi-sync/internal/access"
	"github.com/kisi-sync/kisi-sync/internal/directory"
	"github.com/kisi-sync/kisi-sync/internal/email"
)

// What Explain may find instead of a person.
var (
	ErrNobody  = errors.New("nobody is known by this name")
	ErrSeveral = errors.New("several people are known by this name")
)

// Explain decides about one person as Map does, and tells how. who is an e-mail address, a key ("corp:9f1c…"), an id, a login name or
// another handle, a name, or a part of a name or an address that only one person has. The error wraps ErrNobody or ErrSeveral and
// says who was meant perhaps.
func (r *Rules) Explain(in Input, who string) (Trail, error) {
	m := r.begin(in)
	m.conflicts.whole, m.telling = true, true
	m.prepare()
	human, account, err := m.lookUp(who)
	if err != nil {
		return Trail{}, err
	}
	t := Trail{Asked: who}
	keys := map[directory.Key]bool{} // looked up only
	if human != none {
		for i := human; i != none; i = m.next[i] {
			t.Records = append(t.Records, m.trailRecord(i))
			keys[m.view.Person(int(i)).Key()] = true
		}
		m.quiet = true
		m.ask(human)
		for i := range m.rules {
			if x := m.trailRule(i, human); x.Selects || !m.sources[m.rules[i].source].Stated { // one rule for each entry: those of others say nothing
				t.Rules = append(t.Rules, x)
			}
		}
		m.quiet = false
	}
	t.Pins, t.Wish = m.trailPins(human, account), m.trailWish(human, account)
	for _, c := range m.conflicts.sorted() {
		if c.Key == (directory.Key{}) && !c.ofPin() || keys[c.Key] || account != none && m.linkedTo(account, c.Key) {
			t.Conflicts = append(t.Conflicts, c)
		}
	}
	return t, nil
}

func (m *mapper) linkedTo(account uint32, k directory.Key) bool {
	return slices.ContainsFunc(m.ledger()[account].Link.Anchors, func(a access.Anchor) bool { return m.keyOf(a) == k })
}

// lookUp finds the human, or the account of somebody who is in no source any more.
func (m *mapper) lookUp(who string) (human, account uint32, err error) {
	if fold(who) == "" {
		return none, none, fmt.Errorf("%w: %q", ErrNobody, who)
	}
	for _, is := range []func(name, who string) bool{func(a, b string) bool { return a == b }, strings.Contains} {
		humans, labels := m.peopleCalled(who, is)
		switch {
		case len(humans) == 1:
			return humans[0], m.accountOf(humans[0]), nil
		case len(humans) > 1:
			return none, none, fmt.Errorf("%w: %q may be %s", ErrSeveral, who, strings.Join(labels[:min(10, len(labels))], ", "))
		}
		for a := range m.ledger() {
			if m.owner[a] == none && accountCalled(&m.ledger()[a], who, is) {
				return none, uint32(a), nil
			}
		}
	}
	return none, none, fmt.Errorf("%w: %q", ErrNobody, who)
}

func accountCalled(a *access.Account, who string, is func(name, who string) bool) bool {
	if len(a.Link.Anchors) == 0 {
		return false
	}
	return is(email.Fold(a.Known.Email), email.Fold(who)) || is(fold(a.Known.Name), fold(who)) || slices.Contains(a.Link.Anchors, access.Anchor(who))
}

// accountOf returns the account whose owner a human is.
func (m *mapper) accountOf(human uint32) uint32 {
	if a := m.accounts[human]; a != none && m.owner[a] == human {
		return a
	}
	if i := slices.Index(m.owner, human); i >= 0 {
		return uint32(i)
	}
	return m.accounts[human]
}

func (m *mapper) peopleCalled(who string, is func(name, who string) bool) (humans []uint32, labels []string) {
	var handles []directory.Ref
	folded, spoken := email.Fold(who), fold(who)
	for _, p := range m.parts {
		for i := p.from; i < p.to; i++ {
			o := m.view.Person(i)
			handles = o.Handles(handles[:0])
			if !is(email.Fold(o.Email()), folded) && !is(fold(o.Name()), spoken) && o.ID() != who && o.Key().String() != who &&
				!slices.ContainsFunc(handles, func(h directory.Ref) bool { return h.Value == who || h.Value == spoken }) {
				continue
			}
			h := m.head[i]
			if m.state[i] == shadowed {
				h = uint32(i)
			}
			if !slices.Contains(humans, h) {
				humans = append(humans, h)
				labels = append(labels, fmt.Sprintf("%s (%s)", called(o), o.Key()))
			}
		}
	}
	return humans, labels
}
