package plan

import (
	"slices"

	"github.com/kisi-sync/kisi-sync/internal/access"
	"github.com/kisi-sync/kisi-sync/internal/email"
)

// letGo strikes a user whom an operator has released out of the ledger. In Kisi nothing changes.
func (p *person) letGo() {
	p.add(Step{Reason: Released, Change: access.Change{Kind: access.ReleaseMember, Cause: p.d.cause(p.wish.Release)}})
}

// mayReplace says that the person may get another user in place of the old one: not when somebody has suspended that by hand, since
// the new one would undo it.
func (p *person) mayReplace() bool {
	r := p.wish.Replaces
	if r == nil {
		return true
	}
	old := p.d.people.linked(r.Member)
	if old == nil {
		return true
	}
	seen := p.d.people.byID(old)
	switch {
	case seen == nil:
		return p.d.people.coversID(r.Member)
	case seen.SCIMBlocked, !seen.Enabled && old.Link.Suspended == nil:
		p.d.note(SuspendedByHand, email.Fold(seen.Email), "suspended in Kisi, not by kisi-sync: no new user is made for "+p.wish.Folded)
		return false
	}
	return true
}

// retire takes the doors of the user that makes room, once the new one holds every one of them: it is suspended, what it was given is
// removed, and then it is nobody's any more. What nobody wants any more is taken from it at once.
func (p *person) retire() {
	r := p.wish.Replaces
	if r == nil || !p.covered || p.wish.Standing != access.Keep {
		return
	}
	old, ok := p.predecessor(r)
	switch {
	case !ok:
		return
	case old.seen == nil:
		old.forget()
	default:
		old.losses(true)
		old.losses(false)
		old.makeRoom(p)
	}
	p.steps = old.steps
}

// predecessor returns the person as the one who has the old user. Its steps follow those of the new one.
func (p *person) predecessor(r *access.Replaced) (old person, ok bool) {
	account := p.d.people.linked(r.Member)
	if account == nil || len(account.Link.Anchors) == 0 {
		return person{}, false
	}
	wish := *p.wish
	wish.Member, wish.Folded, wish.Losses = r.Member, email.Fold(account.Known.Email), r.Losses
	old = person{d: p.d, wish: &wish, id: r.Member, account: account, seen: p.d.people.byID(account), maker: -1, steps: p.steps}
	return old, old.seen != nil || p.d.people.coversID(r.Member)
}

// makeRoom is retire for an old user who is there; next is the person with the new one.
func (old *person) makeRoom(next *person) {
	cause := old.d.cause(old.wish.Replaces.Cause)
	gone := !old.seen.Enabled
	switch {
	case next.account == nil && next.maker < 0: // no new one
		return
	case gone:
	case !next.letIn():
		old.waits("the new user is suspended")
		return
	default:
		if name, ok := old.heldBy(next); !ok {
			old.waits(name + " cannot be given for certain now")
			return
		}
	}
	needs := giving(old.steps)
	if !gone && old.account.Link.Level.Ours() && old.seen.Protected == access.Unprotected {
		n := old.add(Step{Reason: Replacement, Change: access.Change{Kind: access.DisableMember, Cause: cause,
			Before: &access.Fields{Enabled: true}, After: &access.Fields{Enabled: false}}})
		old.steps[n].Needs, gone, needs = needs, true, []int{n}
	}
	old.strip(cause, needs, gone)
	if len(old.account.Owned) == 0 && !old.seen.Enabled {
		old.add(Step{Reason: Replacement, Change: access.Change{Kind: access.ReleaseMember, Cause: cause}})
	}
}

func (old *person) waits(why string) {
	old.d.note(NotReplaced, old.name(), "makes room for another Kisi user of the same person, and keeps its doors until then: "+why)
}

// strip takes what we gave. gone says that nothing of it opens a door by then.
func (old *person) strip(cause access.Cause, needs []int, gone bool) {
	for i := range old.account.Owned {
		owned := &old.account.Owned[i]
		if slices.ContainsFunc(old.wish.Losses, func(l access.Loss) bool { return l.Group == owned.Group }) {
			continue
		}
		n := len(old.steps)
		old.take(owned, cause)
		s := &old.steps[n]
		if s.Change.Kind.LedgerOnly() {
			continue // it is written down before all calls
		}
		if s.Reason, s.Needs = Replacement, needs; gone {
			s.People = 0
		}
	}
}

// giving lists the steps upon which a new user holds what it should.
func giving(steps []Step) (needs []int) {
	for i := range steps {
		switch steps[i].Change.Kind {
		case access.CreateMember, access.LinkMember, access.EnableMember, access.CreateAssignment, access.UpdateAssignment, access.NoteSatisfied:
			needs = append(needs, i)
		}
	}
	return needs
}

// letIn says that the user is enabled, or will be.
func (p *person) letIn() bool {
	return p.seen == nil || p.seen.Enabled || slices.ContainsFunc(p.steps, func(s Step) bool { return s.Change.Kind == access.EnableMember })
}

// heldBy says that another user of the person holds all that this one was given and that is to stay, or gets it with this plan; else the
// name of a group that is in the way.
func (old *person) heldBy(next *person) (group string, ok bool) {
	for i := range old.account.Owned {
		owned := &old.account.Owned[i]
		_, there := byAssignment(old.seen.In(owned.Group), owned.Assignment)
		lost := slices.ContainsFunc(old.wish.Losses, func(l access.Loss) bool { return l.Group == owned.Group })
		if owned.Level.Ours() && there && !lost && !next.gets(owned.Group) {
			return old.d.groupName(owned.Group), false
		}
	}
	return "", true
}

// gets says that the person surely should have a right, and holds it or gets it with this plan.
func (p *person) gets(group access.RemoteID) bool {
	for i := range p.wish.Grants {
		w := &p.wish.Grants[i]
		if p.d.groups[w.Group].id != group || !p.d.givable(w) {
			continue
		}
		if p.seen != nil && slices.ContainsFunc(p.seen.In(group), func(g access.Grant) bool { return p.d.covers(g, w) }) {
			return true
		}
		return slices.ContainsFunc(p.steps, func(s Step) bool {
			k := s.Change.Kind
			return s.Change.Object.Group == group && (k == access.CreateAssignment || k == access.UpdateAssignment)
		})
	}
	return false
}
