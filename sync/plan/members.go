package plan

import (
	"slices"

	"github.com/kisi-sync/kisi-sync/internal/access"
)

// members decides about everybody who has a wish.
func (d *decider) members() {
	for i := range d.in.Desired.Wishes {
		p := person{d: d, wish: &d.in.Desired.Wishes[i]}
		p.find()
		p.decide()
		if len(p.steps) > 0 {
			d.bundles = append(d.bundles, bundle{rank: p.rank, who: p.wish.Folded, steps: p.steps})
		}
	}
}

// person is one wish held against what is there.
type person struct {
	d       *decider
	wish    *access.Wish
	account *access.Account // nil: not linked
	seen    *access.Member  // nil: not there, or not covered
	covered bool
	rank    rank
	maker   int // index of the step that creates or links the member, -1 for none
	steps   []Step
}

// find looks the person up in the ledger by link, and in what was observed by id, or by address while there is no link.
func (p *person) find() {
	p.rank, p.maker = everyone, -1
	w, in := p.wish, p.d.in
	if account, ok := in.Owned.Account(w.Member); ok {
		p.account = account
	}
	if p.account != nil {
		p.seen, _ = in.Observed.Member(w.Member)
	} else if w.Folded != "" {
		p.seen, _ = p.d.mail.Find(w.Folded)
	}
	p.covered = p.seen != nil || in.Observed.CoversMember(w.Member, w.Folded)
}

func (p *person) decide() {
	switch {
	case !p.covered || p.wish.Standing == access.Leave:
	case p.account == nil && p.seen == nil:
		p.newcomer()
	case p.account == nil:
		p.stranger()
	case p.seen == nil:
		p.deletedByHand()
	default:
		p.keep()
	}
}

// newcomer creates a member who is not there.
func (p *person) newcomer() {
	if p.wish.Standing != access.Keep || !p.wish.Create || p.wish.Folded == "" {
		return
	}
	p.create(New)
}

func (p *person) create(why Reason) {
	w, policy := p.wish, p.d.in.Policy
	p.maker = p.add(Step{Reason: why, Change: access.Change{Kind: access.CreateMember, Cause: p.why(), After: &access.Fields{
		Email: w.Email, Name: w.Name, Managed: policy.Managed, Enabled: true, Anchors: w.Anchors,
		Stamp: access.Stamp{Installation: policy.Installation, Anchor: w.Anchors[0]}}}})
	p.grants()
}

// why returns the cause of the first grant, for steps that exist for the sake of the grants.
func (p *person) why() access.Cause {
	for _, g := range p.wish.Grants {
		if !g.Unsure {
			return p.d.cause(g.Cause)
		}
	}
	return access.Cause{Kind: access.ByRule, Text: "known to a source"}
}

// stranger meets a Kisi user of the person's address whom we do not know.
func (p *person) stranger() {
	ours := p.seen.Stamp.Installation == p.d.in.Policy.Installation && slices.Contains(p.wish.Anchors, p.seen.Stamp.Anchor) &&
		p.seen.Stamp.Anchor != ""
	switch {
	case ours:
		p.link(access.Created)
	case p.wish.Standing == access.Suspend:
		if p.seen.Enabled {
			p.d.note(StillHolds, p.wish.Folded, p.d.cause(p.wish.Cause).Text+", and has a Kisi user that is not ours")
		}
		return
	case p.d.in.Policy.Existing == ReportOnly:
		p.d.note(LeftAlone, p.wish.Folded, "a Kisi user with this address exists; existing_kisi_users: report leaves it alone")
		return
	case len(p.wish.Grants) == 0:
		return
	default:
		p.link(access.Linked)
	}
	p.account = &access.Account{Known: *p.seen, Link: access.Link{Anchors: p.wish.Anchors, Level: access.Linked, Name: p.seen.Name}}
	if ours {
		p.account.Link.Level = access.Created
	}
	p.keep()
}

func (p *person) link(level access.Level) {
	p.maker = p.add(Step{Reason: Recognized, Change: access.Change{Kind: access.LinkMember,
		Cause: access.Cause{Kind: access.ByRule, Text: "same e-mail address"},
		After: &access.Fields{Email: p.seen.Email, Name: p.seen.Name, Anchors: p.wish.Anchors, Level: level}}})
}

// deletedByHand meets a linked member whose Kisi user is gone.
func (p *person) deletedByHand() {
	if p.wish.Standing != access.Keep || !p.wish.Create || !p.wantsSomething() {
		return
	}
	p.account = nil
	from := len(p.steps)
	p.create(Repaired)
	p.d.undone(&p.steps[from], p.wish.Folded, "somebody deleted this user in Kisi")
}

func (p *person) wantsSomething() bool {
	return slices.ContainsFunc(p.wish.Grants, func(g access.WishedGrant) bool { return !g.Unsure })
}

// keep compares a member whom we know with what he should be.
func (p *person) keep() {
	p.anchors()
	if p.wish.Standing == access.Suspend {
		p.suspend()
		return
	}
	p.enabled()
	p.name()
	p.grants()
	p.losses()
}

// anchors links the member to sources that have come to know him.
func (p *person) anchors() {
	all := slices.Clone(p.account.Link.Anchors)
	for _, a := range p.wish.Anchors {
		if !slices.Contains(all, a) {
			all = append(all, a)
		}
	}
	if len(all) == len(p.account.Link.Anchors) || p.account.Link.Level == access.Foreign {
		return
	}
	p.add(Step{Reason: Recognized, Change: access.Change{Kind: access.LinkMember,
		Cause: access.Cause{Kind: access.ByRule, Text: "known to another source too"},
		After: &access.Fields{Email: p.seen.Email, Name: p.account.Link.Name, Anchors: all, Level: p.account.Link.Level}}})
}

// suspend takes all access from somebody who left: the whole user if it is ours, otherwise what we gave.
func (p *person) suspend() {
	p.rank = leavers
	cause := p.d.cause(p.wish.Cause)
	ours := p.account.Link.Level.Ours() && p.seen.Protected == access.Unprotected
	if ours {
		if p.seen.Enabled {
			p.add(Step{Reason: Left, Change: access.Change{Kind: access.DisableMember, Cause: cause,
				Before: &access.Fields{Enabled: true}, After: &access.Fields{Enabled: false}}})
		}
		p.losses()
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
		p.d.note(Protected, p.wish.Folded, cause.Text+", and is "+p.seen.Protected.String()+": suspend this user by hand")
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
	p.d.note(StillHolds, p.wish.Folded, text)
}

// enabled lifts a suspension of ours, and no other.
func (p *person) enabled() {
	if p.seen.SCIMBlocked {
		p.d.note(SuspendedBySCIM, p.wish.Folded, "SCIM has suspended this user; only SCIM can restore it")
	}
	switch {
	case p.seen.Enabled:
	case p.account.Link.Suspended == nil:
		p.d.note(SuspendedByHand, p.wish.Folded, "suspended in Kisi, not by kisi-sync: it stays so")
	default:
		p.add(Step{Reason: Returned, Change: access.Change{Kind: access.EnableMember,
			Cause:  access.Cause{Kind: access.ByRule, Text: "no longer " + p.account.Link.Suspended.Text},
			Before: &access.Fields{Enabled: false}, After: &access.Fields{Enabled: true}}})
	}
}

// name keeps the name of a user that is ours.
func (p *person) name() {
	w, link := p.wish, &p.account.Link
	if !link.Level.Ours() || w.Name == "" || w.Name == p.seen.Name {
		return
	}
	if p.seen.Name != link.Name {
		p.d.note(Drifted, w.Folded, "the name was changed in Kisi to "+p.seen.Name+"; it stays as it is there")
		return
	}
	p.add(Step{Reason: ChangedAtSource, Change: access.Change{Kind: access.UpdateMember,
		Cause:  access.Cause{Kind: access.ByRule, Text: "renamed in the directory"},
		Before: &access.Fields{Name: p.seen.Name}, After: &access.Fields{Name: w.Name}}})
}

// add appends a step about this person and returns its index in the bundle.
func (p *person) add(s Step) int {
	o := &s.Change.Object
	o.Member, o.Email, o.Anchor = p.wish.Member, p.wish.Folded, p.wish.Anchors[0]
	if p.seen != nil {
		o.Member = p.seen.ID
	}
	if s.Change.Effect() != access.Neutral {
		s.People = 1
	}
	if p.maker >= 0 {
		s.Needs = append(s.Needs, p.maker)
	}
	p.steps = append(p.steps, s)
	return len(p.steps) - 1
}
