package plan

import (
	"cmp"
	"slices"

	"github.com/kisi-sync/kisi-sync/internal/access"
	"github.com/kisi-sync/kisi-sync/internal/email"
)

// Recognize returns what the ledger should note of users who bear the stamp of this installation and whom it does not know: they were
// made by us, and the memory of it was lost, or is older than they are. So somebody who leaves is suspended although nothing but the
// stamp says whose the user is. Who or what is uncertain is not recognized here: a person who is linked to another user already, and a
// user who may have been made by a call that is not settled.
func Recognize(in Input) []access.Call {
	var calls []access.Call
	unsettled := unsettled(in.Open)
	var enabled map[access.Stamp]bool // of users with a stamp; nil until asked for
	for i := range in.Observed.Members {
		m := &in.Observed.Members[i]
		if !m.Stamp.Whole() || m.Stamp.Installation != access.FitValue(in.Policy.Installation) {
			continue
		}
		if a, ok := in.Owned.Account(m.ID); ok && len(a.Link.Anchors) > 0 || slices.Contains(in.Released, m.ID) {
			continue
		}
		if !m.Enabled {
			if enabled == nil {
				enabled = enabledStamps(in.Observed)
			}
			if enabled[m.Stamp] { // that one took the place of this one
				continue
			}
		}
		if _, linked := in.Owned.ByAnchor(m.Stamp.Anchor); linked {
			continue
		}
		if c := recognized(m); holdOf(unsettled, &c.Change) == nil {
			calls = append(calls, c)
		}
	}
	return calls
}

// enabledStamps returns the stamps that somebody bears who is enabled.
func enabledStamps(s *access.State) map[access.Stamp]bool {
	all := map[access.Stamp]bool{}
	for i := range s.Members {
		if m := &s.Members[i]; m.Enabled && m.Stamp != (access.Stamp{}) {
			all[m.Stamp] = true
		}
	}
	return all
}

// recognized links a user to the anchor that its stamp names.
func recognized(m *access.Member) access.Call {
	anchors := []access.Anchor{m.Stamp.Anchor}
	return access.Call{Change: access.Change{
		Kind:   access.LinkMember,
		Object: access.ObjectKey{Member: m.ID, Email: email.Fold(m.Email), Anchor: m.Stamp.Anchor},
		After:  &access.Fields{Email: m.Email, Name: m.Name, Anchors: anchors, Level: access.Created},
		Cause:  access.Cause{Kind: access.ByRule, Text: "bears the stamp of this installation"},
	}}
}

// Relink returns the ledger as it is once some links were noted.
func Relink(l *access.Ledger, links []access.Call, at access.Instant) *access.Ledger {
	accounts := slices.Clone(l.Accounts)
	for _, c := range links {
		i, known := slices.BinarySearchFunc(accounts, c.Member(), func(a access.Account, id access.RemoteID) int { return cmp.Compare(a.Known.ID, id) })
		if !known {
			accounts = slices.Insert(accounts, i, access.Account{})
		}
		accounts[i] = accounts[i].After(c, access.Result{}, at)
	}
	return access.NewLedger(accounts, l.Groups)
}

// anchors links the member to sources that have come to know him.
func (p *person) anchors() {
	all, level, why := p.allAnchors(), p.account.Link.Level, "known by another record too"
	if level == access.Linked && p.madeByUs(all) { // it could not be read when they met
		level, why = access.Created, "bears the stamp of this installation"
	}
	if len(all) == len(p.account.Link.Anchors) && level == p.account.Link.Level || level == access.Foreign {
		return
	}
	p.add(Step{Reason: Recognized, Change: access.Change{Kind: access.LinkMember,
		Cause: access.Cause{Kind: access.ByRule, Text: why},
		After: &access.Fields{Email: p.seen.Email, Name: p.account.Link.Name, Anchors: all, Level: level}}})
	account := *p.account
	account.Link.Level, account.Link.Anchors = level, all
	p.account = &account
}

// madeByUs says that the user bears our stamp: for one of some anchors, or for one that is nobody's any more, as of a person who was made again
// in the directory since.
func (p *person) madeByUs(anchors []access.Anchor) bool {
	stamp, installation := p.seen.Stamp, p.d.in.Policy.Installation
	if stamp.Names(installation, anchors) {
		return true
	}
	_, linked := p.d.in.Owned.ByAnchor(stamp.Anchor)
	return stamp.Whole() && stamp.Installation == access.FitValue(installation) && !linked &&
		!slices.ContainsFunc(p.d.in.Desired.Wishes, func(w access.Wish) bool { return slices.Contains(w.Anchors, stamp.Anchor) })
}

// allAnchors returns those that the member is linked to, and those that he should be.
func (p *person) allAnchors() []access.Anchor {
	all := p.account.Link.Anchors
	for _, a := range p.wish.Anchors {
		if !slices.Contains(all, a) {
			all = append(slices.Clip(all), a)
		}
	}
	return all
}
