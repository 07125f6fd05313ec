package plan

import (
	"slices"

	"github.com/kisi-sync/kisi-sync/internal/access"
)

// adopting says that the user, if it was made by hand, becomes ours, and what the rules want of its rights: because the file says so of all,
// an operator of this one, or because it takes the place of one that is ours.
func (p *person) adopting() bool {
	return p.d.in.Policy.Existing == Adopt || p.wish.Adopt != 0 || p.wish.Replaces != nil
}

// adopt takes over a user whom we only knew. The file does not take over somebody who is leaving, nor somebody of whom nothing is wanted;
// an operator who names the person does.
func (p *person) adopt() {
	if !p.adopting() || p.account.Link.Level != access.Linked || !p.wantsSomething() && p.wish.Adopt == 0 {
		return
	}
	p.add(Step{Reason: TakenOver, Change: access.Change{Kind: access.LinkMember, Cause: p.whyAdopted("existing_kisi_users: adopt"),
		After: &access.Fields{Email: p.seen.Email, Name: p.seen.Name, Anchors: p.allAnchors(), Level: access.Adopted}}})
	account := *p.account
	account.Link.Level, account.Link.Name, account.Link.Anchors = access.Adopted, p.seen.Name, p.allAnchors()
	p.account = &account
}

// takesOver says that rights which somebody else gave to the user are ours once the rules want them. The file says so of every user who is
// ours: a user that we made may hold what we gave and have forgotten with a lost state file.
func (p *person) takesOver() bool {
	level := p.account.Link.Level
	return p.adopting() && level == access.Adopted || (p.d.in.Policy.Existing == Adopt || p.wish.Adopt != 0) && level.Ours()
}

// whyAdopted returns what an operator said; else what holds for everybody.
func (p *person) whyAdopted(otherwise string) access.Cause {
	if p.wish.Adopt != 0 {
		return p.d.cause(p.wish.Adopt)
	}
	return access.Cause{Kind: access.ByRule, Text: otherwise}
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
