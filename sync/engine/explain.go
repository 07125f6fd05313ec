package engine

import (
	"context"
	"slices"

	"github.com/kisi-sync/kisi-sync/internal/access"
	"github.com/kisi-sync/kisi-sync/internal/email"
	"github.com/kisi-sync/kisi-sync/mapping"
	"github.com/kisi-sync/kisi-sync/sync/plan"
)

// Explanation is everything about one person: what the sources say, what the rules make of it, and what Kisi has.
type Explanation struct {
	Trail   mapping.Trail
	Member  *access.Member  // as observed now; nil: Kisi has no such user
	Account *access.Account // what is ours; nil: nothing
	Outlook *Outlook        // of this person alone
}

// Explain looks at one person. who is an address, a key or a name.
func (e *Engine) Explain(ctx context.Context, who string) (*Explanation, error) {
	l := e.look(false)
	l.out.kisi.insists, l.out.kisi.aloof = true, true // somebody waits for the answer
	if _, err := l.do(ctx, l.recall, l.catalog, l.remap); err != nil {
		return nil, err
	}
	trail, err := e.o.Rules.Explain(l.mappingInput(), who)
	if err != nil {
		return nil, err
	}
	x := &Explanation{Trail: trail, Outlook: l.out}
	return x, l.explain(ctx, x)
}

// explain observes the person and plans for him alone.
func (l *look) explain(ctx context.Context, x *Explanation) error {
	scope := l.person(x)
	if scope.Empty() {
		return nil
	}
	scope.Roles = l.followsRoles()
	state, err := l.out.kisi.Observe(ctx, scope)
	if err != nil {
		return err
	}
	l.nameRoles(state)
	x.Member = x.memberIn(state, scope)
	l.out.Input.Observed, l.out.Words.Observed = state, state
	if err := l.plan(ctx); err != nil {
		return err
	}
	if x.Member != nil && !slices.ContainsFunc(l.out.Plan.Notes, func(n plan.Note) bool { return n.Kind == plan.AddressChanged }) {
		x.Trail.Conflicts = slices.DeleteFunc(x.Trail.Conflicts, func(c mapping.Conflict) bool { return c.Kind == mapping.AddressChanged })
	}
	return nil
}

// person is where somebody is to be looked for in Kisi.
func (l *look) person(x *Explanation) access.Scope {
	scope := access.Scope{}
	for _, r := range x.Trail.Records {
		if r.Email != "" {
			scope.Emails = append(scope.Emails, email.Fold(r.Email))
		}
	}
	if x.Trail.Wish == nil {
		return scope
	}
	if a, ok := l.ledger.Account(x.Trail.Wish.Member); ok {
		x.Account = a
		scope.Members = []access.RemoteID{a.Known.ID}
	}
	if w := x.Trail.Wish; w != nil && w.Replaces != 0 {
		scope.Members = append(scope.Members, w.Replaces)
	}
	return scope
}

func (x *Explanation) memberIn(state *access.State, scope access.Scope) *access.Member {
	var id access.RemoteID
	if x.Trail.Wish != nil {
		id = x.Trail.Wish.Member
	}
	return memberOf(state, id, scope.Emails)
}

// memberOf returns the person's Kisi user: by id where there is a link, else by address. Others may have been observed beside.
func memberOf(state *access.State, id access.RemoteID, folded []string) *access.Member {
	if m, ok := state.Member(id); ok {
		return m
	}
	if id != 0 {
		return nil
	}
	mail := state.ByMail()
	for _, address := range folded {
		if m, ok := mail.Find(address); ok {
			return m
		}
	}
	return nil
}

// LookAtPerson is a Look at one person, with the reason of each decision; its Outlook may be carried out. What was open about the person
// is settled first. Somebody whom no source and no link knows is an error.
func (e *Engine) LookAtPerson(ctx context.Context, who string) (*Explanation, error) {
	l := e.look(false)
	if _, err := l.do(ctx, l.recall, l.catalog, l.remap); err != nil {
		return nil, err
	}
	trail, err := e.o.Rules.Explain(l.mappingInput(), who)
	if err != nil {
		return nil, err
	}
	x := &Explanation{Trail: trail, Outlook: l.out}
	l.suspects = func(plan.Input) access.Scope { return l.person(x) }
	if _, err := l.do(ctx, l.observe, l.settle, l.recognize, l.plan); err != nil {
		return nil, err
	}
	x.Member = x.memberIn(l.out.Input.Observed, l.person(x))
	return x, nil
}
