package plan

import (
	"github.com/kisi-sync/kisi-sync/internal/access"
)

// erase deletes the Kisi user of somebody who left long ago. It cannot be undone, so it needs more than a suspension: a user that we
// made, bearing our stamp, suspended by us and still so, without a right by anybody else's hand. Whatever is in the way is said, and the
// user stays suspended. False: the person can still enter, and is to be suspended first.
func (p *person) erase() bool {
	if p.seen.Enabled {
		return false
	}
	p.address()
	if why := p.keptFor(); why != "" {
		p.d.note(KeptInKisi, p.name(), p.d.cause(p.wish.Cause).Text+", and not deleted: "+why)
		p.revoke()
		return true
	}
	p.rank = retired
	p.add(Step{Reason: Left, Change: access.Change{Kind: access.DeleteMember, Cause: p.d.cause(p.wish.Cause),
		Before: &access.Fields{Email: p.seen.Email, Name: p.seen.Name, Stamp: p.seen.Stamp}}})
	return true
}

// keptFor says what is in the way of deleting a user; "" for nothing.
func (p *person) keptFor() string {
	switch {
	case p.account.Link.Level != access.Created:
		return "the Kisi user was made by hand"
	case p.seen.Protected != access.Unprotected:
		return "is " + protectedAs(p.seen.Protected)
	case p.seen.SCIMBlocked:
		return "SCIM looks after this user too"
	case !p.seen.Stamp.Names(p.d.in.Policy.Installation, p.allAnchors()):
		return "the Kisi user does not bear this installation's stamp"
	}
	for _, g := range p.seen.Grants {
		if o, ok := p.account.Grant(g.Group); !ok || !o.Level.Ours() || o.Assignment != g.Assignment {
			return "it holds what somebody else gave"
		}
	}
	return ""
}

// leftBy returns why somebody is suspended: of whoever has come to be deleted and was let in again by hand, why it was at first.
func (p *person) leftBy() access.Cause {
	if p.wish.Standing == access.Remove && p.account.Link.Suspended != nil {
		return *p.account.Link.Suspended
	}
	return p.d.cause(p.wish.Cause)
}

// revoke takes what the suspended are not kept any longer, whether or not a rule would give it again on a return.
func (p *person) revoke() {
	for _, l := range p.wish.Losses {
		if owned, ok := p.account.Grant(l.Group); ok && p.d.cause(l.Cause).Kind == access.Retained {
			p.take(owned, p.d.cause(l.Cause))
		}
	}
}
