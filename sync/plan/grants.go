package plan

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/kisi-sync/kisi-sync/internal/access"
)

// grants goes through what somebody should hold.
//
//	there?      in the ledger?   step
//	no          no               give
//	no          yes              somebody took it: held, unless repair
//	no          ours, ended      give anew
//	enough      no               note that it is satisfied by another's hand
//	less        no               nothing: it is not ours to change
//	any         no               ours from now on, where the file or an operator says adopt
//	as wanted   ours             nothing
//	otherwise   ours, as written change it
//	otherwise   ours, altered    somebody altered it: reported, unless repair
func (p *person) grants() {
	for i := range p.wish.Grants {
		w := &p.wish.Grants[i]
		if !p.d.givable(w) {
			p.d.drifts.unsaidOf(p.name(), p.groupKey(w, 0).GroupName)
			continue
		}
		there, owned := p.held(w)
		if p.urgent > 0 && owned != nil && p.narrowed(owned.Assignment) {
			continue
		}
		p.grant(w, there, owned)
	}
}

// held returns the rights that there are in the group of a wish, and what the ledger knows of ours.
func (p *person) held(w *access.WishedGrant) (there []access.Grant, owned *access.OwnedGrant) {
	id := p.d.groups[w.Group].id
	if p.seen != nil {
		there = p.seen.In(id)
	}
	owned, ok := p.account.Grant(id)
	if id == 0 || !ok {
		owned = nil
	}
	return there, owned
}

// narrow makes rights of ours shorter or smaller, before anybody gains anything: an end that was moved to an earlier day is somebody who
// leaves earlier.
func (p *person) narrow() {
	for i := range p.wish.Grants {
		w := &p.wish.Grants[i]
		owned, ok := p.account.Grant(p.d.groups[w.Group].id)
		if !ok || !owned.Level.Ours() || owned.Role == w.Role && owned.From == w.From && owned.Until == w.Until || !p.d.givable(w) {
			continue
		}
		there, _ := p.held(w)
		have, ok := byAssignment(there, owned.Assignment)
		if drifted := have.Role != owned.Role || have.From != owned.From || have.Until != owned.Until; !ok || drifted && !p.d.in.Policy.Repair {
			continue
		}
		change := access.Change{Kind: access.UpdateAssignment, Before: &access.Fields{Role: have.Role, From: have.From, Until: have.Until}, After: p.d.wanted(w)}
		if change.Effect() == access.Narrows {
			p.ours(w, there, owned)
		}
	}
}

// narrowed says that the change of a right stands among the urgent steps.
func (p *person) narrowed(assignment access.RemoteID) bool {
	return slices.ContainsFunc(p.steps[:p.urgent], func(s Step) bool {
		return s.Change.Kind == access.UpdateAssignment && s.Change.Object.Assignment == assignment
	})
}

// givable says that a rule was decided and that its group is there, or will be, and that its members are ours to manage.
func (d *decider) givable(w *access.WishedGrant) bool {
	g := &d.in.Desired.Groups[w.Group]
	return !w.Unsure && g.Members && d.groups[w.Group].problem == ""
}

// groupKey names a wished group in a step.
func (p *person) groupKey(w *access.WishedGrant, assignment access.RemoteID) access.ObjectKey {
	return access.ObjectKey{Group: p.d.groups[w.Group].id, GroupName: p.d.in.Desired.Groups[w.Group].Name, Assignment: assignment}
}

func (p *person) grant(w *access.WishedGrant, there []access.Grant, owned *access.OwnedGrant) {
	if p.d.in.Desired.Groups[w.Group].Role && !p.mayHold(w, there) {
		return
	}
	dropped := len(there) == 0 && owned != nil && p.lostAll() && !p.knownUndone(w)
	switch {
	case len(there) == 0 && owned != nil && owned.Level.Ours() && p.d.over(owned.Until):
		p.renew(w, owned)
	case dropped && owned.Level.Ours():
		// Forgotten before the first call: killed between two of them, what is still missing would look as if somebody had taken it.
		p.take(owned, access.Cause{Kind: access.ByHand, Text: "Kisi took it away with the suspension"})
		p.give(w)
	case len(there) == 0:
		n := p.give(w)
		if owned != nil && !dropped {
			p.d.undone(&p.steps[n], "somebody took "+p.groupKey(w, 0).GroupName+" away in Kisi")
		}
	case owned != nil && owned.Level.Ours():
		p.ours(w, there, owned)
	default:
		p.theirs(w, there, owned)
	}
}

// renew gives a right anew whose end has passed, so that Kisi does not show it any more. It may still be there and in the way.
func (p *person) renew(w *access.WishedGrant, owned *access.OwnedGrant) {
	old := len(p.steps)
	p.take(owned, access.Cause{Kind: access.Expired, Text: "ended " + day(owned.Until, p.zone(owned.Group))})
	n := p.give(w)
	p.steps[n].Needs = append(slices.Clip(p.steps[n].Needs), old)
}

// lostAll says that somebody whom we suspended holds no right of ours any more. That is not anybody's hand: Kisi may drop the
// rights of whoever is suspended (kisi-api §12.22), and drops them all then. What is there was given since.
func (p *person) lostAll() bool {
	ours := func(g access.Grant) bool {
		o, ok := p.account.Grant(g.Group)
		return ok && o.Assignment == g.Assignment
	}
	return p.account.Link.Suspended != nil && !p.seen.Enabled && !slices.ContainsFunc(p.seen.Grants, ours)
}

// knownUndone says that an earlier run wanted to give a right again that the ledger has: that it was missing while others were still there.
// Somebody took it, and that stays so when we take the last other one and are cut or held before the person is let in.
func (p *person) knownUndone(w *access.WishedGrant) bool {
	n := p.give(w)
	step := p.steps[n].Change.Digest()
	p.steps = p.steps[:n]
	return slices.ContainsFunc(p.d.in.Holds, func(h access.Hold) bool { return h.Step == step })
}

// over says that the end of a right has passed.
func (d *decider) over(until access.Instant) bool { return until != 0 && until <= d.in.At }

func (p *person) give(w *access.WishedGrant) int {
	n := p.add(Step{Reason: New, Change: access.Change{Kind: access.CreateAssignment, Cause: p.d.cause(w.Cause),
		Object: p.groupKey(w, 0), After: p.d.wanted(w)}})
	p.roleLater(n)
	return n
}

// wanted returns the fields of a right. Most rights of a plan are alike and share them.
func (d *decider) wanted(w *access.WishedGrant) *access.Fields {
	if r := d.right; r == nil || r.Role != w.Role || r.From != w.From || r.Until != w.Until || r.Notify != w.Notify {
		d.right = &access.Fields{Role: w.Role, From: w.From, Until: w.Until, Notify: w.Notify}
	}
	return d.right
}

// theirs meets a right that somebody else gave.
func (p *person) theirs(w *access.WishedGrant, there []access.Grant, owned *access.OwnedGrant) {
	best := there[0]
	for _, t := range there[1:] {
		if p.d.covers(t, w) && !p.d.covers(best, w) {
			best = t
		}
	}
	switch {
	case p.takesOver():
		p.takeOver(w, best)
	case !p.d.covers(best, w):
		p.d.note(LessThanWanted, p.name(), fmt.Sprintf("holds %s by hand as %s; the rules would give more, and it is not ours to change",
			p.groupKey(w, 0).GroupName, validity(best.Role, best.From, best.Until, p.zone(best.Group))))
	case owned == nil || owned.Assignment != best.Assignment:
		p.add(Step{Reason: Satisfaction, Change: access.Change{Kind: access.NoteSatisfied, Cause: p.d.cause(w.Cause),
			Object: p.groupKey(w, best.Assignment),
			After:  &access.Fields{Role: best.Role, From: best.From, Until: best.Until}}})
	}
}

// covers says that a right is at least what is wanted: it begins no later, or has begun, and ends no earlier.
func (d *decider) covers(have access.Grant, want *access.WishedGrant) bool {
	return have.Role.Covers(want.Role) && (have.From <= want.From || have.From <= d.in.At) && !want.Until.EndsAfter(have.Until)
}

// ours meets a right that we gave or took over.
func (p *person) ours(w *access.WishedGrant, there []access.Grant, owned *access.OwnedGrant) {
	have, ok := byAssignment(there, owned.Assignment)
	if !ok {
		p.theirs(w, there, nil)
		return
	}
	p.undouble(owned, p.d.wanted(w), p.d.cause(w.Cause))
	if have.Role == w.Role && have.From == w.From && have.Until == w.Until {
		return
	}
	why, zone := ChangedAtSource, p.zone(have.Group)
	if have.Role != owned.Role || have.From != owned.From || have.Until != owned.Until {
		if !p.d.in.Policy.Repair {
			p.d.drifted(access.Drift{Kind: string(Drifted), Who: p.name(), Subject: p.groupKey(w, 0).GroupName,
				Expected: validity(owned.Role, owned.From, owned.Until, access.Zone{}), Found: validity(have.Role, have.From, have.Until, access.Zone{})},
				fmt.Sprintf("%s was changed in Kisi (now%s); it stays so", p.groupKey(w, 0).GroupName,
					terms(access.Fields{Role: owned.Role, From: owned.From, Until: owned.Until},
						access.Fields{Role: have.Role, From: have.From, Until: have.Until}, zone)))
			return
		}
		why = Repaired
	}
	p.add(Step{Reason: why, Change: access.Change{Kind: access.UpdateAssignment, Cause: p.d.cause(w.Cause),
		Object: p.groupKey(w, have.Assignment),
		Before: &access.Fields{Role: have.Role, From: have.From, Until: have.Until},
		After:  p.d.wanted(w)}})
}

// undouble takes a right that was to replace an owned one and now stands beside it, unless that is still what is wanted: then the change, made
// again, finds it there. wanted is nil for nothing.
func (p *person) undouble(owned *access.OwnedGrant, wanted *access.Fields, cause access.Cause) {
	for i := range p.d.in.Halved {
		h := &p.d.in.Halved[i]
		c := &h.Call.Change
		made, there := byAssignment(p.seen.In(owned.Group), h.Made)
		if h.Call.Member() != p.seen.ID || c.Object.Assignment != owned.Assignment || !there || same(made, wanted) {
			continue
		}
		n := p.add(Step{Reason: Left, Change: access.Change{Kind: access.RemoveAssignment, Cause: cause,
			Object: access.ObjectKey{Group: owned.Group, GroupName: p.d.groupName(owned.Group), Assignment: h.Made},
			Before: &access.Fields{Role: made.Role, From: made.From, Until: made.Until}}})
		p.steps[n].People = 0 // the other one was weighed, or stays
	}
}

func (p *person) zone(group access.RemoteID) access.Zone { return zoneOf(p.d.in.Desired, group, "") }

func byAssignment(all []access.Grant, id access.RemoteID) (access.Grant, bool) {
	for _, g := range all {
		if g.Assignment == id {
			return g, true
		}
	}
	return access.Grant{}, false
}

// losses takes what nobody wants any more: what is urgent, or the rest. What is lost in a group by its id and wanted in the same group
// by its name stays: the catalog is older than the group.
func (p *person) losses(urgent bool) {
	for _, l := range p.wish.Losses {
		cause := p.d.cause(l.Cause)
		if owned, ok := p.account.Grant(l.Group); ok && cause.Kind != access.Retained && urgent == early(cause.Kind) && !p.wants(l.Group) && !p.taken(owned) {
			p.take(owned, cause)
		}
	}
}

// unproven takes what is there of what nobody can say to be wanted. What somebody took away by hand is not forgotten: it opens nothing.
func (p *person) unproven() {
	for _, l := range p.wish.Unproven {
		owned, ok := p.account.Grant(l.Group)
		if !ok {
			continue
		}
		if _, there := byAssignment(p.seen.In(owned.Group), owned.Assignment); there {
			p.take(owned, p.d.cause(l.Cause))
		}
	}
}

// added tells of rights in managed groups that no rule gives and that we did not give: somebody else did, or we did and have forgotten.
func (p *person) added() {
	for i := range p.seen.Grants {
		g := &p.seen.Grants[i]
		if _, known := p.account.Grant(g.Group); known || i > 0 && p.seen.Grants[i-1].Group == g.Group {
			continue
		}
		if p.d.managed(g.Group) && !p.wants(g.Group) {
			zone := p.zone(g.Group)
			p.d.drifted(access.Drift{Kind: string(AddedByHand), Who: p.name(), Subject: p.d.groupName(g.Group),
				Expected: "does not hold it", Found: "holds it as " + validity(g.Role, g.From, g.Until, access.Zone{})}, fmt.Sprintf("holds %s as %s, which no rule gives; not given by kisi-sync as far as it remembers, so it stays",
				p.d.groupName(g.Group), validity(g.Role, g.From, g.Until, zone)))
		}
	}
}

// managed says that the file gives the members of a group.
func (d *decider) managed(group access.RemoteID) bool {
	if d.ours == nil {
		d.ours = map[access.RemoteID]bool{}
		for i := range d.in.Desired.Groups {
			g := &d.in.Desired.Groups[i]
			d.ours[g.ID] = g.Members
		}
	}
	return d.ours[group]
}

// wants says that a right in a group is wished for, surely or not.
func (p *person) wants(id access.RemoteID) bool {
	return slices.ContainsFunc(p.wish.Grants, func(w access.WishedGrant) bool { return p.d.groups[w.Group].id == id })
}

// early says that a loss is done with the leavers'. Whose time is over is as good as gone, but is weighed like anybody's loss.
func early(k access.CauseKind) bool { return urgentCause(k) || k == access.Expired }

// urgentCause says that a loss is done with the leavers', before anybody gains anything.
func urgentCause(k access.CauseKind) bool {
	return k == access.Disabled || k == access.Deleted || k == access.Vanished || k == access.Blocked
}

// take ends one owned right: it is removed when it is ours and there, otherwise only the ledger changes. One of ours whose end has passed
// is removed even if Kisi does not show it: hidden, it would be in the way of the next.
func (p *person) take(owned *access.OwnedGrant, cause access.Cause) {
	object := access.ObjectKey{Group: owned.Group, GroupName: p.d.groupName(owned.Group), Assignment: owned.Assignment}
	before := &access.Fields{Role: owned.Role, From: owned.From, Until: owned.Until}
	have, there := byAssignment(p.seen.In(owned.Group), owned.Assignment)
	s := Step{Reason: Left, Change: access.Change{Kind: access.RemoveAssignment, Object: object, Before: before, Cause: cause}}
	switch {
	case !there && !(owned.Level.Ours() && p.d.over(owned.Until)):
		s.Reason, s.Change.Kind = Forgotten, access.ForgetGrant
	case !owned.Level.Ours():
		s.Reason, s.Change.Kind = Released, access.ReleaseGrant
	}
	n := p.add(s)
	if !p.seen.Enabled || !there || p.d.over(have.Until) {
		p.steps[n].People = 0 // what is suspended or has ended opens nothing that could be lost now
	}
	p.undouble(owned, nil, cause)
}

// validity says a role with its dates. What is kept and compared later has them in UTC (the zero Zone), whatever becomes of a place's zone.
func validity(role access.Role, from, until access.Instant, zone access.Zone) string {
	text := role.Words()
	if role == access.ScopedRole {
		return text
	}
	if from != 0 {
		text += " from " + day(from, zone)
	}
	if until != 0 {
		text += " until " + day(until, zone)
	}
	return text
}

// day says a moment by the clock of a zone.
func day(i access.Instant, zone access.Zone) string {
	return i.Time().In(cmp.Or(zone.Location, time.UTC)).Format("2006-01-02 15:04 MST")
}

// zoneOf is the zone in which the dates of a group are told, by its id or, of one that is still to be made, by its name.
func zoneOf(d *access.Desired, group access.RemoteID, name string) access.Zone {
	if d == nil {
		return access.Zone{}
	}
	for i := range d.Groups {
		if g := &d.Groups[i]; group != 0 && g.ID == group || group == 0 && g.Name == name {
			return g.Zone
		}
	}
	return access.Zone{}
}
