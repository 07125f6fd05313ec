package plan

import (
	"slices"

	"github.com/kisi-sync/kisi-sync/internal/access"
	"github.com/kisi-sync/kisi-sync/internal/email"
)

// members decides about everybody who has a wish.
func (d *decider) members() {
	for i := range d.in.Desired.Wishes {
		p := person{d: d, wish: &d.in.Desired.Wishes[i], rank: everyone, maker: -1, steps: d.scratch[:0]}
		p.find()
		p.decide()
		if len(p.steps) > 0 {
			d.personBundle(leavers, &p, 0, p.urgent)
			d.personBundle(p.rank, &p, p.urgent, len(p.steps))
			d.scratch = p.steps
		}
	}
}

// person is one wish held against what is there.
type person struct {
	d       *decider
	wish    *access.Wish
	id      access.RemoteID // the Kisi user that the steps are about; 0: not there yet
	account *access.Account // nil: not linked
	seen    *access.Member  // nil: not there, or not covered
	covered bool
	rank    rank
	maker   int   // index of the step that creates or links the member, -1 for none
	needs   []int // the maker, once there is one
	steps   []Step
	urgent  int // so many of the first steps are done with the leavers'
}

// find looks the person up in the ledger by link, and in what was observed by id, or by address while there is no link.
func (p *person) find() {
	all := &p.d.people
	if p.account = all.linked(p.wish.Member); p.account == nil {
		p.findByAddress()
		p.covered = p.seen != nil || all.coversAddress(p.wish.Folded)
		return
	}
	p.id = p.wish.Member
	p.seen = all.byID(p.account)
	p.covered = p.seen != nil || all.coversID(p.id)
}

func (p *person) findByAddress() {
	if p.wish.Folded == "" {
		return
	}
	if p.seen = p.d.people.byAddress(p.wish.Folded); p.seen != nil {
		p.id = p.seen.ID
	}
}

func (p *person) decide() {
	switch {
	case !p.covered:
	case p.wish.Release != 0 && p.account != nil:
		p.letGo()
	case p.wish.Standing == access.Leave:
		p.d.drifts.unsaid(p.name())
	case p.account == nil && !p.mayReplace():
	case p.account == nil && p.seen == nil:
		p.newcomer()
	case p.account == nil:
		p.stranger()
	case p.seen == nil:
		p.deletedByHand()
	default:
		p.keep()
	}
	p.retire()
}

// newcomer creates a member who is not there. Somebody who should have something, of which nothing can be given now, waits: a
// user without doors helps nobody.
func (p *person) newcomer() {
	if p.wish.Standing != access.Keep || !p.wish.Create || p.wish.Folded == "" || len(p.wish.Grants) > 0 && !p.wantsSomething() {
		return
	}
	p.create(New)
	p.grants()
}

func (p *person) create(why Reason) {
	w, policy := p.wish, p.d.in.Policy
	p.made(Step{Reason: why, Change: access.Change{Kind: access.CreateMember, Cause: p.why(), After: &access.Fields{
		Email: w.Email, Name: w.Name, Managed: policy.Managed, Enabled: true, Anchors: w.Anchors,
		Stamp: access.NewStamp(policy.Installation, w.Anchors[0])}}})
}

// why returns the cause of the first grant, for steps that exist for the sake of the grants.
func (p *person) why() access.Cause {
	for i := range p.wish.Grants {
		if g := &p.wish.Grants[i]; p.d.givable(g) {
			return p.d.cause(g.Cause)
		}
	}
	return access.Cause{Kind: access.ByRule, Text: "known to a source"}
}

// stranger meets a Kisi user of the person's address whom we do not know.
func (p *person) stranger() {
	ours := p.seen.Stamp.Names(p.d.in.Policy.Installation, p.wish.Anchors)
	switch other := p.d.people.linked(p.id); {
	case other != nil && len(other.Link.Anchors) > 0:
		p.d.note(LinkedElsewhere, p.name(), "the Kisi user of this address belongs to another person of a directory; it is left alone")
		return
	case slices.Contains(p.d.in.Released, p.id):
		p.d.note(LeftAlone, p.name(), "the Kisi user of this address was released, and is left as it is until it is adopted")
		return
	case ours:
		p.link(access.Created)
	case p.wish.Standing == access.Suspend && p.wish.Adopt == 0:
		if p.seen.Enabled {
			p.d.noteOther(p.name(), p.d.cause(p.wish.Cause).Text+", and has a Kisi user that is not ours")
		}
		return
	case !p.wantsSomething() && p.wish.Adopt == 0 && p.wish.Replaces == nil:
		p.added()
		return
	case p.d.in.Policy.Existing == ReportOnly && !p.adopting():
		p.d.note(LeftAlone, p.name(), "a Kisi user with this address exists; existing_kisi_users: report leaves it alone")
		if p.d.people.linked(p.id) == nil {
			p.d.met = append(p.d.met, p.id)
		}
		return
	case p.adopting():
		p.link(access.Adopted)
	default:
		p.link(access.Linked)
	}
	p.keep()
}

// link makes the person's account of a user whom we did not know.
func (p *person) link(level access.Level) {
	why, cause := Recognized, access.Cause{Kind: access.ByRule, Text: "same e-mail address"}
	if level == access.Adopted {
		why, cause = TakenOver, p.whyAdopted(cause.Text)
	}
	p.made(Step{Reason: why, Change: access.Change{Kind: access.LinkMember, Cause: cause,
		After: &access.Fields{Email: p.seen.Email, Name: p.seen.Name, Anchors: p.wish.Anchors, Level: level}}})
	p.account = &access.Account{Known: *p.seen, Link: access.Link{Anchors: p.wish.Anchors, Level: level, Name: p.seen.Name}}
}

// deletedByHand meets a linked member whose Kisi user is gone. Who should have nothing is forgotten. Who should have something is
// created again only when somebody agrees; a user made by hand under the same address takes the place at once.
func (p *person) deletedByHand() {
	nothing := len(p.wish.Grants) == 0 && !p.wish.Create
	switch {
	case p.wish.Standing == access.Suspend || p.wish.Standing == access.Remove || nothing:
		p.forget()
	case !p.d.people.coversAddress(p.wish.Folded) || len(p.wish.Grants) > 0 && !p.wantsSomething():
	default:
		p.again()
	}
}

// again gives a member a Kisi user after somebody deleted the one there was.
func (p *person) again() {
	deleted := p.id
	p.id, p.account = 0, nil
	if p.findByAddress(); p.seen != nil {
		p.forgetAs(deleted)
		p.stranger()
		return
	}
	if !p.wish.Create || p.wish.Folded == "" {
		p.d.drifted(access.Drift{Kind: string(RemovedByHand), Who: p.name(), Subject: "user", Expected: "has a Kisi user", Found: "deleted"},
			"somebody deleted this user in Kisi")
		return
	}
	p.create(Repaired)
	p.d.undone(&p.steps[p.maker], "somebody deleted this user in Kisi")
	p.forgetAs(deleted)
	p.grants()
}

// forget strikes the member out of the ledger.
func (p *person) forget() { p.forgetAs(p.id) }

func (p *person) forgetAs(id access.RemoteID) {
	n := p.add(Step{Reason: Forgotten, Change: access.Change{Kind: access.ForgetMember,
		Cause: access.Cause{Kind: access.ByHand, Text: "deleted in Kisi"}}})
	p.steps[n].Change.Object.Member = id
}

// wantsSomething says that at least one right could be given now.
func (p *person) wantsSomething() bool {
	for i := range p.wish.Grants {
		if p.d.givable(&p.wish.Grants[i]) {
			return true
		}
	}
	return false
}

// keep compares a member whom we know with what he should be.
func (p *person) keep() {
	if p.wish.Standing == access.Remove && p.erase() {
		return
	}
	if p.wish.Standing == access.Suspend || p.wish.Standing == access.Remove {
		if p.wish.Adopt != 0 {
			p.adopt()
		}
		p.anchors()
		p.address()
		p.suspend()
		return
	}
	if len(p.steps) == 0 { // who was only just linked has nothing of ours to lose
		p.losses(true)
		p.narrow()
		p.urgent = len(p.steps)
	}
	p.adopt()
	p.anchors()
	p.address()
	if !p.seen.Enabled && p.account.Link.Suspended != nil {
		p.comeBack()
	} else {
		p.enabled()
		p.rename()
		p.swapRoles()
		p.grants()
		p.losses(false)
	}
	p.added()
}

// comeBack restores somebody whom we suspended. Who has no access needs no new door before the old one goes: what is no longer wanted
// is taken first, and so is what nobody can say to be wanted; the user stays suspended until it is.
func (p *person) comeBack() {
	p.losses(false)
	p.unproven()
	p.rename()
	p.grants()
	var first []int
	for i := range p.steps {
		if c := &p.steps[i].Change; c.Kind == access.RemoveAssignment || c.Kind == access.UpdateAssignment && c.Effect() == access.Narrows {
			first = append(first, i)
		}
	}
	last := len(p.steps)
	p.enabled()
	if len(p.steps) > last {
		p.steps[last].Needs = append(slices.Clip(p.steps[last].Needs), first...)
	}
}

// address tells when the directory has come to say another address. Kisi cannot change one, so access goes on under the old one.
func (p *person) address() {
	w := p.wish
	if w.Folded == "" || w.Folded == p.seen.Email || w.Folded == email.Fold(p.seen.Email) {
		return
	}
	p.d.notes = append(p.d.notes, Note{Kind: AddressChanged, Who: w.Folded,
		Text: "has the address " + w.Email + " now; the Kisi user still has " + p.seen.Email + ", and access goes on under it",
		Hint: "have the address corrected in Kisi, or ask for a new Kisi user: kisi-sync rename"})
}

// suspend takes all access from somebody who left: the whole user if it is ours, otherwise what we gave.
func (p *person) suspend() {
	p.rank = leavers
	cause := p.leftBy()
	if p.account.Link.Level.Ours() && p.demotable() {
		first := p.demote(cause)
		if p.seen.Enabled {
			n := p.add(Step{Reason: Left, Change: access.Change{Kind: access.DisableMember, Cause: cause,
				Before: &access.Fields{Enabled: true}, After: &access.Fields{Enabled: false}}})
			if n > 0 && p.steps[0].Change.Kind == access.LinkMember { // ours only since this plan
				p.steps[n].Needs = []int{0}
			}
			p.steps[n].Needs = append(slices.Clip(p.steps[n].Needs), first...)
		}
		p.losses(true)
		p.losses(false)
		p.revoke()
		return
	}
	for i := range p.account.Owned {
		p.take(&p.account.Owned[i], cause)
	}
	p.stillHolds(cause)
}

// stillHolds says loudly what somebody who left keeps because it is not ours to take.
func (p *person) stillHolds(cause access.Cause) {
	if !p.seen.Enabled {
		return
	}
	if p.seen.Protected != access.Unprotected {
		p.d.note(Protected, p.name(), cause.Text+", but is "+protectedAs(p.seen.Protected)+": suspend this user by hand")
		return
	}
	others := 0
	for _, g := range p.seen.Grants {
		if o, ok := p.account.Grant(g.Group); !ok || !o.Level.Ours() {
			others++
		}
	}
	text := cause.Text + ", and the Kisi user was made by hand: it stays enabled"
	if others > 0 {
		text += ", and holds what others gave"
	}
	p.d.noteOther(p.name(), text)
}

func protectedAs(why access.Protection) string {
	switch why {
	case access.Owner:
		return "the owner of the organization"
	case access.Administrator:
		return "an administrator"
	}
	return why.String()
}

// enabled lifts a suspension of ours, and no other.
func (p *person) enabled() {
	if p.seen.SCIMBlocked {
		p.d.drifted(access.Drift{Kind: string(SuspendedBySCIM), Who: p.name(), Subject: "user", Expected: "enabled", Found: "suspended by SCIM"}, "SCIM has suspended this user; only SCIM can restore it")
	}
	switch {
	case p.seen.Enabled:
	case p.account.Link.Suspended == nil:
		p.d.drifted(access.Drift{Kind: string(SuspendedByHand), Who: p.name(), Subject: "user", Expected: "enabled", Found: "suspended"}, "suspended in Kisi, not by kisi-sync: it stays so")
	default:
		p.add(Step{Reason: Returned, Change: access.Change{Kind: access.EnableMember,
			Cause:  access.Cause{Kind: access.ByRule, Text: over(p.account.Link.Suspended)},
			Before: &access.Fields{Enabled: false}, After: &access.Fields{Enabled: true}}})
	}
}

// rename keeps the name of a user that is ours.
func (p *person) rename() {
	w, link := p.wish, &p.account.Link
	if !link.Level.Ours() || w.Name == "" || w.Name == p.seen.Name {
		return
	}
	if p.seen.Name != link.Name {
		p.d.drifted(access.Drift{Kind: string(Drifted), Who: p.name(), Subject: "name", Expected: link.Name, Found: p.seen.Name}, "the name was changed in Kisi to "+p.seen.Name+"; it stays as it is there")
		return
	}
	p.add(Step{Reason: ChangedAtSource, Change: access.Change{Kind: access.UpdateMember,
		Cause:  access.Cause{Kind: access.ByRule, Text: "renamed in the directory"},
		Before: &access.Fields{Name: p.seen.Name}, After: &access.Fields{Name: w.Name}}})
}

// over says that what somebody was suspended for is over.
func over(was *access.Cause) string {
	if was.Kind == access.LeftScope {
		return "it is over that " + was.Text
	}
	return "no longer " + was.Text
}

// name returns the address by which people know the person: the directory's, else Kisi's; in want of both, the anchor.
func (p *person) name() string {
	switch {
	case p.wish.Folded != "":
		return p.wish.Folded
	case p.seen != nil && p.seen.Email != "":
		return email.Fold(p.seen.Email)
	case p.account != nil && p.account.Known.Email != "":
		return email.Fold(p.account.Known.Email)
	}
	return string(p.wish.Anchors[0])
}

// made appends the step that creates or links the member. All later ones need it.
func (p *person) made(s Step) {
	p.maker = p.add(s)
	p.needs = []int{p.maker}
}

// add appends a step about this person and returns its index in the bundle.
func (p *person) add(s Step) int {
	o := &s.Change.Object
	o.Member, o.Email, o.Anchor = p.id, p.name(), p.wish.Anchors[0]
	if s.Change.Effect() != access.Neutral {
		s.People = 1
	}
	s.Needs = p.needs
	p.steps = append(p.steps, s)
	return len(p.steps) - 1
}
