package plan

import (
	"fmt"
	"slices"

	"github.com/kisi-sync/kisi-sync/internal/access"
)

// Roles on places and the organization are rights like those in groups, but for this: somebody holds one of them on each place and on the
// organization; each one is approved before it is given; and who holds one is protected from being suspended, unless all are ours to take first.

// givesRole says that a change gives a role on a place or the organization.
func givesRole(c *access.Change) bool {
	return c.Kind == access.CreateAssignment && c.After != nil && c.After.Role == access.ScopedRole
}

// mayHold says that a role can be given to somebody, or is there: the owner and the key's own user are left as they are, and so is whoever holds
// another role on the same by another's hand. Another one of ours there makes room.
func (p *person) mayHold(w *access.WishedGrant, there []access.Grant) bool {
	id := p.d.groups[w.Group].id
	if len(there) > 0 || p.seen == nil {
		return true
	}
	if p.seen.Protected == access.Owner || p.seen.Protected == access.OwnKey {
		p.d.note(Protected, p.name(), fmt.Sprintf("should be %s, but is %s, whose roles are left as they are", p.d.groupName(id), protectedAs(p.seen.Protected)))
		return false
	}
	for i := range p.seen.Grants {
		g := &p.seen.Grants[i]
		if !g.Group.SameScope(id) {
			continue
		}
		owned, ok := p.account.Grant(g.Group)
		if !ok || !owned.Level.Ours() || owned.Assignment != g.Assignment {
			p.d.note(LessThanWanted, p.name(), fmt.Sprintf("should be %s, and holds another role there by another's hand, which is not ours to change", p.d.groupName(id)))
			return false
		}
	}
	return true
}

// roles returns what somebody holds by us on places and the organization, and whether that is all that he holds there.
func (p *person) roles() (ours []*access.OwnedGrant, all bool) {
	all = true
	for i := range p.seen.Grants {
		g := &p.seen.Grants[i]
		if !g.Group.IsRole() {
			continue
		}
		if owned, ok := p.account.Grant(g.Group); ok && owned.Level.Ours() && owned.Assignment == g.Assignment {
			ours = append(ours, owned)
		} else {
			all = false
		}
	}
	return ours, all
}

// demotable says that somebody may be suspended: no role protects him, or only roles that we gave and take first. Whether he holds one through a
// team is looked at again before he is suspended.
func (p *person) demotable() bool {
	if p.seen.Protected == access.Unprotected {
		return true
	}
	ours, all := p.roles()
	return p.seen.Protected == access.Administrator && all && len(ours) > 0
}

// demote takes the roles that we gave from somebody who is to be suspended, and returns the steps.
func (p *person) demote(cause access.Cause) (steps []int) {
	ours, _ := p.roles()
	for _, owned := range ours {
		steps = append(steps, len(p.steps))
		p.take(owned, cause)
	}
	return steps
}

// swapRoles takes the roles that we gave on a place or the organization where another one is wanted: somebody holds one at a time.
func (p *person) swapRoles() {
	for _, l := range p.wish.Losses {
		owned, ok := p.account.Grant(l.Group)
		if ok && l.Group.IsRole() && !p.wants(l.Group) && slices.ContainsFunc(p.wish.Grants, func(w access.WishedGrant) bool {
			return !w.Unsure && p.d.groups[w.Group].id.SameScope(l.Group)
		}) {
			p.take(owned, p.d.cause(l.Cause))
		}
	}
}

// roleLater has a step that gives a role wait for those that take another one on the same.
func (p *person) roleLater(n int) {
	for i := range p.steps[:n] {
		if c := &p.steps[i].Change; c.Kind == access.RemoveAssignment && c.Object.Group.SameScope(p.steps[n].Change.Object.Group) {
			p.steps[n].Needs = append(slices.Clip(p.steps[n].Needs), i)
		}
	}
}

// taken says that a step ends a role already.
func (p *person) taken(owned *access.OwnedGrant) bool {
	return owned.Group.IsRole() && slices.ContainsFunc(p.steps, func(s Step) bool {
		k := s.Change.Kind
		return s.Change.Object.Group == owned.Group && (k == access.RemoveAssignment || k == access.ReleaseGrant || k == access.ForgetGrant)
	})
}

// holdSwaps keeps the role that somebody has until the one that takes its place is approved.
func holdSwaps(steps []Step) {
	for i := range steps {
		s := &steps[i]
		if s.Hold == nil || !givesRole(&s.Change) {
			continue
		}
		for _, n := range s.Needs {
			if t := &steps[n]; t.Hold == nil && t.Change.Kind == access.RemoveAssignment && t.Change.Object.Group.SameScope(s.Change.Object.Group) {
				t.Hold = &access.HoldReason{Kind: access.HeldByNeed, Text: "waits for: " + s.Change.Kind.String() + " " + nameOf(s.Change.Object)}
			}
		}
	}
}
