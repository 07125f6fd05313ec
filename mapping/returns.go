package mapping

import (
	"slices"

	"github.com/kisi-sync/kisi-sync/internal/access"
)

// unproven lists the rights of a suspended user that stay as they are only because nobody can say now whether they are wanted: a rule or its
// source cannot be asked, or there is a problem with the group. As long as the user is suspended they open nothing. To let somebody in with
// them would be to open doors by a guess, so they go first; whatever turns out to be wanted is given again. Those of whoever is exempt stay
// by an operator's word. human is none for an account whose person the file no longer knows.
func (m *mapper) unproven(human, a uint32, w *access.Wish) []access.Loss {
	account := &m.ledger()[a]
	if account.Link.Suspended == nil || m.exempt(a, human) != nil {
		return nil
	}
	var all []access.Loss
	for i := range account.Owned {
		o := &account.Owned[i]
		if o.Level.Ours() && !m.settled(w, o.Group) && (human == none || !m.proven(o)) {
			all = append(all, access.Loss{Group: o.Group, Cause: m.causes.number(access.Cause{Kind: access.Conflict,
				Text: "comes back, and nobody can say now whether this is still wanted; given again once it is certain"})})
		}
	}
	return all
}

// settled says that a wish decides about an owned right, the one way or the other.
func (m *mapper) settled(w *access.Wish, id access.RemoteID) bool {
	return slices.ContainsFunc(w.Losses, func(l access.Loss) bool { return l.Group == id }) ||
		slices.ContainsFunc(w.Grants, func(g access.WishedGrant) bool { return !g.Unsure && m.groups[g.Group].ID == id })
}

// proven says that the rules give the person at hand for certain all of an owned right, though nothing can be done about its group.
func (m *mapper) proven(o *access.OwnedGrant) bool {
	group, ok := m.groupOf(o)
	if !ok {
		return false
	}
	var sure access.WishedGrant
	first := true
	for _, g := range m.given {
		if g.group == group && !g.unsure {
			widen(&sure, m.rules[g.rule].role(), g.from, g.until, first)
			first = false
		}
	}
	wide := sure
	widen(&wide, o.Role, o.From, o.Until, false)
	return !first && wide == sure
}

// groupOf returns the number of the file's group that an owned right is in: by its id, or by the name under which it was last found.
func (m *mapper) groupOf(o *access.OwnedGrant) (uint32, bool) {
	if group, ok := m.byRemote[o.Group]; ok {
		return group, true
	}
	ours, ok := m.in.Owned.Group(o.Group)
	if !ok {
		return 0, false
	}
	group, ok := m.groupNamed(ours.Name)
	return uint32(group), ok
}
