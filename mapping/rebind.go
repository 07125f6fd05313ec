package mapping

import (
	"errors"
	"fmt"
	"slices"

	"github.com/kisi-sync/kisi-sync/internal/directory"
)

// Rebinding is what it would mean to accept that a selector's group is another one now.
type Rebinding struct {
	Rules         []string // that name the group so, in the order of the file
	Source        string   // name
	Before, After Binding
	Members       []string  // people whom the group brings now, nesting closed, as people call them
	All           []Binding // what is to be remembered instead of all that was
}

// What Rebind may find instead.
var (
	ErrNoRule  = errors.New("no rule has this name, and none names a group so")
	ErrBoundTo = errors.New("its group is not in question")
)

// Rebind says what it would mean to accept the group that bears the name now which a rule's group bore. what is the name of a rule, or a
// group as rules name it. The error wraps ErrNoRule or ErrBoundTo, or says why it cannot be said which group is meant.
func (r *Rules) Rebind(in Input, what string) (Rebinding, error) {
	m := r.prepare(in)
	b := newBinder(m)
	var out Rebinding
	for i := range m.rules {
		rule := &m.rules[i]
		text := selectorText(rule.From.Group)
		if rule.From.Everyone || rule.Name != what && text != selectorText(what) {
			continue
		}
		if out.Rules = append(out.Rules, rule.Name); len(out.Rules) > 1 {
			continue
		}
		if err := b.rebind(rule, text, &out); err != nil {
			return Rebinding{}, err
		}
	}
	for _, ref := range m.refs.all {
		if text := selectorText(ref.text); len(out.Rules) == 0 && text == selectorText(what) {
			out.Rules = m.asking(ref)
			if err := b.rebind(ref.selector(r), text, &out); err != nil {
				return Rebinding{}, err
			}
		}
	}
	if len(out.Rules) == 0 {
		return Rebinding{}, fmt.Errorf("%q: %w", what, ErrNoRule)
	}
	for _, old := range m.bindings {
		if old.Source == out.After.Source && old.Text == out.After.Text {
			old = out.After
		}
		out.All = append(out.All, old)
	}
	return out, nil
}

// asking returns the names of the rules whose conditions ask about a group.
func (m *mapper) asking(ref groupRef) (names []string) {
	for i := range m.rules {
		if slices.ContainsFunc(m.rules[i].asks, func(n int) bool { return m.refs.all[n] == ref }) {
			names = append(names, m.rules[i].Name)
		}
	}
	return names
}

// rebind finds the group that would be bound instead of the one that is gone.
func (b *binder) rebind(r *rule, text string, out *Rebinding) error {
	s := &b.sources[r.source]
	binding, bound := b.known(s.ID, text)
	switch {
	case b.unread[r.source]:
		return fmt.Errorf("source %s was not read", s.Name)
	case !bound:
		return fmt.Errorf("rule %s: %w", r.Name, ErrBoundTo)
	}
	if _, alive := b.view.FindGroup(s.ID, directory.Ref{Kind: directory.ByID, Value: binding.GroupID}); alive {
		return fmt.Errorf("rule %s: %w: the group that it has known is there (%s)", r.Name, ErrBoundTo, binding.GroupID)
	}
	found, _ := b.groupsFor(s.ID, r.From.Group)
	if len(found) != 1 {
		return fmt.Errorf("source %s has %d groups that %q names; there must be one", s.Name, len(found), r.From.Group)
	}
	out.Source, out.Before, out.After = s.Name, binding, Binding{Source: s.ID, Text: text, GroupID: found[0].ID(), Name: groupWords(found[0]), Since: b.at}
	for _, p := range b.view.Members(found[0].Number) {
		out.Members = append(out.Members, called(b.view.Person(int(p))))
	}
	return nil
}
