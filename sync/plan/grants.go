package plan

import (
	"fmt"

	"github.com/kisi-sync/kisi-sync/internal/access"
)

// grants goes through what somebody should hold.
//
//	there?      in the ledger?   step
//	no          no               give
//	no          yes              somebody took it: held, unless repair
//	enough      no               note that it is satisfied by another's hand
//	less        no               nothing: it is not ours to change
//	as wanted   ours             nothing
//	otherwise   ours, as written change it
//	otherwise   ours, altered    somebody altered it: reported, unless repair
func (p *person) grants() {
	for i := range p.wish.Grants {
		w := &p.wish.Grants[i]
		g := &p.d.in.Desired.Groups[w.Group]
		if !p.d.givable(w) {
			continue
		}
		var there []access.Grant
		if p.seen != nil {
			there = p.seen.In(g.ID)
		}
		owned, ok := p.account.Grant(g.ID)
		if g.ID == 0 || !ok {
			owned = nil
		}
		p.grant(w, g, there, owned)
	}
}

// givable says that a rule was decided and that its group is there, or will be, and that its members are ours to manage.
func (d *decider) givable(w *access.WishedGrant) bool {
	g := &d.in.Desired.Groups[w.Group]
	return !w.Unsure && g.Members && g.Problem == "" && (g.ID != 0 || g.Create)
}

func (p *person) grant(w *access.WishedGrant, g *access.DesiredGroup, there []access.Grant, owned *access.OwnedGrant) {
	switch {
	case len(there) == 0:
		n := p.give(w, g)
		if owned != nil {
			p.d.undone(&p.steps[n], p.name(), "somebody took "+g.Name+" away in Kisi")
		}
	case owned != nil && owned.Level.Ours():
		p.ours(w, g, there, owned)
	default:
		p.theirs(w, g, there, owned)
	}
}

func (p *person) give(w *access.WishedGrant, g *access.DesiredGroup) int {
	return p.add(Step{Reason: New, Change: access.Change{Kind: access.CreateAssignment, Cause: p.d.cause(w.Cause),
		Object: access.ObjectKey{Group: g.ID, GroupName: g.Name},
		After:  &access.Fields{Role: w.Role, From: w.From, Until: w.Until, Notify: w.Notify}}})
}

// theirs meets a right that somebody else gave.
func (p *person) theirs(w *access.WishedGrant, g *access.DesiredGroup, there []access.Grant, owned *access.OwnedGrant) {
	best := there[0]
	for _, t := range there[1:] {
		if covers(t, w) && !covers(best, w) {
			best = t
		}
	}
	switch {
	case !covers(best, w):
		p.d.note(LessThanWanted, p.name(), fmt.Sprintf("holds %s by hand as %s; the rules would give more, and it is not ours to change",
			g.Name, validity(best.Role, best.From, best.Until)))
	case owned == nil || owned.Assignment != best.Assignment:
		p.add(Step{Reason: Satisfaction, Change: access.Change{Kind: access.NoteSatisfied, Cause: p.d.cause(w.Cause),
			Object: access.ObjectKey{Group: g.ID, GroupName: g.Name, Assignment: best.Assignment},
			After:  &access.Fields{Role: best.Role, From: best.From, Until: best.Until}}})
	}
}

// covers says that a right is at least what is wanted: it begins no later and ends no earlier.
func covers(have access.Grant, want *access.WishedGrant) bool {
	return have.Role.Covers(want.Role) && have.From <= want.From && !want.Until.EndsAfter(have.Until)
}

// ours meets a right that we gave or took over.
func (p *person) ours(w *access.WishedGrant, g *access.DesiredGroup, there []access.Grant, owned *access.OwnedGrant) {
	have, ok := byAssignment(there, owned.Assignment)
	if !ok {
		p.theirs(w, g, there, nil)
		return
	}
	if have.Role == w.Role && have.From == w.From && have.Until == w.Until {
		return
	}
	why := ChangedAtSource
	if have.Role != owned.Role || have.From != owned.From || have.Until != owned.Until {
		if !p.d.in.Policy.Repair {
			p.d.note(Drifted, p.name(), fmt.Sprintf("%s was changed in Kisi to %s; it stays so", g.Name,
				validity(have.Role, have.From, have.Until)))
			return
		}
		why = Repaired
	}
	p.add(Step{Reason: why, Change: access.Change{Kind: access.UpdateAssignment, Cause: p.d.cause(w.Cause),
		Object: access.ObjectKey{Group: g.ID, GroupName: g.Name, Assignment: have.Assignment},
		Before: &access.Fields{Role: have.Role, From: have.From, Until: have.Until},
		After:  &access.Fields{Role: w.Role, From: w.From, Until: w.Until, Notify: w.Notify}}})
}

func byAssignment(all []access.Grant, id access.RemoteID) (access.Grant, bool) {
	for _, g := range all {
		if g.Assignment == id {
			return g, true
		}
	}
	return access.Grant{}, false
}

// losses takes what nobody wants any more.
func (p *person) losses() {
	for _, l := range p.wish.Losses {
		owned, ok := p.account.Grant(l.Group)
		if !ok {
			continue
		}
		cause := p.d.cause(l.Cause)
		if cause.Kind == access.Disabled || cause.Kind == access.Vanished || cause.Kind == access.Blocked {
			p.rank = leavers
		}
		p.take(owned, cause)
	}
}

// take ends one owned right: it is removed when it is ours and there, otherwise only the ledger changes.
func (p *person) take(owned *access.OwnedGrant, cause access.Cause) {
	object := access.ObjectKey{Group: owned.Group, GroupName: p.d.groupName(owned.Group), Assignment: owned.Assignment}
	before := &access.Fields{Role: owned.Role, From: owned.From, Until: owned.Until}
	_, there := byAssignment(p.seen.In(owned.Group), owned.Assignment)
	s := Step{Reason: Left, Change: access.Change{Kind: access.RemoveAssignment, Object: object, Before: before, Cause: cause}}
	switch {
	case !there:
		s.Reason, s.Change.Kind = Forgotten, access.ForgetGrant
	case !owned.Level.Ours():
		s.Reason, s.Change.Kind = Released, access.ReleaseGrant
	}
	p.add(s)
}

// validity says a role with its dates.
func validity(role access.Role, from, until access.Instant) string {
	text := role.Words()
	if from != 0 {
		text += " from " + day(from)
	}
	if until != 0 {
		text += " until " + day(until)
	}
	return text
}

func day(i access.Instant) string { return i.Time().Format("2006-01-02 15:04 MST") }
