package plan

import (
	"slices"

	"github.com/kisi-sync/kisi-sync/internal/access"
)

// adopting says that users made by hand become ours, and what the rules want of their rights.
func (p *person) adopting() bool { return p.d.in.Policy.Existing == Adopt }

// adopt takes over a user whom we only knew. Somebody who is leaving is not taken over for that, nor while nothing is wanted of him.
func (p *person) adopt() {
	if !p.adopting() || p.account.Link.Level != access.Linked || !p.wantsSomething() {
		return
	}
	p.add(Step{Reason: TakenOver, Change: access.Change{Kind: access.LinkMember,
		Cause: access.Cause{Kind: access.ByRule, Text: "existing_kisi_users: adopt"},
		After: &access.Fields{Email: p.seen.Email, Name: p.seen.Name, Anchors: p.allAnchors(), Level: access.Adopted}}})
	account := *p.account
	account.Link.Level, account.Link.Name, account.Link.Anchors = access.Adopted, p.seen.Name, p.allAnchors()
	p.account = &account
}

// takeOver makes a right ours that somebody else gave to a user whom we adopt, and the rules want. From now on it is as they say.
func (p *person) takeOver(w *access.WishedGrant, have access.Grant) {
	note := p.add(Step{Reason: TakenOver, Change: access.Change{Kind: access.NoteSatisfied, Cause: p.d.cause(w.Cause),
		Object: p.groupKey(w, have.Assignment),
		After:  &access.Fields{Role: have.Role, From: have.From, Until: have.Until, Level: access.Adopted}}})
	p.ours(w, []access.Grant{have}, &access.OwnedGrant{Group: have.Group, Assignment: have.Assignment, Level: access.Adopted,
		Role: have.Role, From: have.From, Until: have.Until})
	if last := len(p.steps) - 1; last > note {
		p.steps[last].Needs = append(slices.Clip(p.steps[last].Needs), note)
	}
}
