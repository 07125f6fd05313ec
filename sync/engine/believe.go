package engine

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/kisi-sync/kisi-sync/internal/access"
)

// believed observes Kisi and returns what it shows once that can be believed: it is the organization that the catalog is about, nothing
// of ours is missing from one view of it that another one shows, and not too much is missing from both.
func (l *look) believed(ctx context.Context, scope access.Scope) (*access.State, error) {
	scope.Roles = l.followsRoles()
	state, err := l.observeOnce(ctx, scope)
	if err != nil {
		return nil, err
	}
	if state, err = l.secondLook(ctx, state); err != nil {
		return nil, err
	}
	if l.e.o.Accept[acceptKisi] {
		return state, nil
	}
	return state, unseen(l.ledger, state, l.e.o.Limits.Removals.People)
}

// observeOnce observes Kisi and refuses what cannot be: another organization, groups in other places, users of ours without an address.
func (l *look) observeOnce(ctx context.Context, scope access.Scope) (*access.State, error) {
	scope.Made = slices.ContainsFunc(l.open, func(i access.Intent) bool { return i.Call.There != 0 })
	state, err := l.out.kisi.Observe(ctx, scope)
	if err != nil {
		return nil, err
	}
	if was, is := l.out.Words.Catalog.Organization, state.Organization; was.ID != is.ID && was.ID*is.ID != 0 || l.e.another(is) {
		return nil, fmt.Errorf("%w: the API key belongs to another organization (%q, id %d) than when Kisi was last looked at as a whole (%q, id %d)",
			access.ErrStop, is.Domain, is.ID, was.Domain, was.ID)
	}
	if n := l.addressless(state); n > 0 {
		return nil, fmt.Errorf("%d users of ours are shown by Kisi without an address, which they cannot lose; nothing is done", n)
	}
	l.nameRoles(state)
	return state, l.groupsAgain(ctx, state)
}

// followsRoles says that roles on places and the organization are looked at: a rule gives some, or somebody is known to hold one. Who once
// looked at them goes on, so that nobody seems to have lost one.
func (l *look) followsRoles() bool {
	if l.e.o.Rules.GivesRoles() {
		return true
	}
	for i := range l.ledger.Accounts {
		a := &l.ledger.Accounts[i]
		if n := len(a.Owned); n > 0 && a.Owned[n-1].Group.IsRole() { // their ids are the largest
			return true
		}
		if n := len(a.Known.Grants); n > 0 && a.Known.Grants[n-1].Group.IsRole() {
			return true
		}
	}
	return false
}

// nameRoles says what the roles are called that people hold.
func (l *look) nameRoles(state *access.State) {
	known := map[access.RemoteID]bool{}
	for i := range state.Members {
		all := state.Members[i].Grants
		for k := len(all) - 1; k >= 0 && all[k].Group.IsRole(); k-- {
			if name := l.out.Words.Catalog.RoleName(all[k].Group); !known[all[k].Group] && name != "" {
				known[all[k].Group] = true
				state.Roles = append(state.Roles, access.RoleName{ID: all[k].Group, Name: name})
			}
		}
	}
	slices.SortFunc(state.Roles, func(a, b access.RoleName) int { return cmp.Compare(a.ID, b.ID) })
}

// addressless counts the users who have no address and had one: those that we know by one, and those that bear our stamp. Remembered like
// that they would count as deleted.
func (l *look) addressless(state *access.State) (n int) {
	installation := access.FitValue(l.e.o.Policy.Installation)
	for i := range state.Members {
		m := &state.Members[i]
		if m.Email != "" {
			continue
		}
		if a, ok := l.ledger.Account(m.ID); m.Stamp.Installation == installation || ok && a.Known.Email != "" {
			n++
		}
	}
	return n
}

// another says that an organization is not the one that the file names.
func (e *Engine) another(o access.Organization) bool {
	return e.o.Organization != "" && o.Domain != "" && o.Domain != e.o.Organization
}

// groupsAgain asks once more for the groups when one is not there any more that the catalog has. A list that lied once would have us make
// a second group of a name.
func (l *look) groupsAgain(ctx context.Context, state *access.State) error {
	gone := func(g access.Group) bool {
		return !slices.ContainsFunc(state.Groups, func(o access.Group) bool { return o.ID == g.ID })
	}
	was := l.out.Words.Catalog.Groups
	if g := moved(was, state.Groups); g != nil {
		return movedError(g)
	}
	if !slices.ContainsFunc(was, gone) {
		return nil
	}
	again, err := l.out.kisi.Catalog(ctx)
	if err != nil {
		return err
	}
	if i := slices.IndexFunc(again.Groups, gone); i >= 0 {
		return fmt.Errorf("the group %q is there when Kisi is asked again; nothing is done, because what it shows cannot be trusted now", again.Groups[i].Name)
	}
	return nil
}

// moved returns a group that is shown in another place than before, nil when there is none. Where a group belongs cannot be changed
// (kisi-api §5.3); a group of which no place was known may have been read without it.
func moved(was, is []access.Group) *access.Group {
	for i := range was {
		if was[i].Place == 0 {
			continue
		}
		if k := slices.IndexFunc(is, func(o access.Group) bool { return o.ID == was[i].ID }); k >= 0 && is[k].Place != was[i].Place {
			return &was[i]
		}
	}
	return nil
}

func movedError(g *access.Group) error {
	return fmt.Errorf("the group %q is in another place of Kisi than before, which cannot be; nothing is done; if it is so on purpose, run once "+
		"with --accept kisi", g.Name)
}

// readCatalog reads what there is to be granted. Groups that are not where they were are not believed, and do not take the place of those
// that are remembered: the wanted ones would be made a second time. A place, door or stop that is not there any more is asked for once
// more: what a list left out once would be a problem of its groups until the next full look, and nobody would be given them.
func (e *Engine) readCatalog(ctx context.Context, kisi Target) (*access.Catalog, error) {
	c, err := kisi.Catalog(ctx)
	if err != nil {
		return nil, err
	}
	was, err := e.o.Store.Catalog(ctx)
	if err != nil || was == nil || was.Organization.ID != c.Organization.ID || e.o.Accept[acceptKisi] {
		return c, err
	}
	if g := moved(was.Groups, c.Groups); g != nil {
		return nil, movedError(g)
	}
	if len(without(was, c)) == 0 {
		return c, nil
	}
	again, err := kisi.Catalog(ctx)
	if err != nil {
		return nil, err
	}
	if back := without(again, c); len(back) > 0 {
		return nil, fmt.Errorf("%s is there when Kisi is asked again; nothing is done, because what it shows cannot be trusted now", back[0])
	}
	return c, nil
}

// without names the places, doors and stops that one catalog shows and another one does not.
func without(one, other *access.Catalog) []string {
	places := missing(one.Places, other.Places, func(p access.Place) access.RemoteID { return p.ID },
		func(p access.Place) string { return fmt.Sprintf("the place %q", p.Name) })
	doors := missing(one.Doors, other.Doors, func(d access.Door) access.RemoteID { return d.ID },
		func(d access.Door) string { return fmt.Sprintf("the door %q", d.Name) })
	stops := missing(one.Stops, other.Stops, func(s access.Stop) access.RemoteID { return s.ID },
		func(s access.Stop) string { return fmt.Sprintf("the elevator stop %q", s.ElevatorName+" / "+s.Name) })
	return slices.Concat(places, doors, stops)
}

// missing names what is in one list and not in another; both are sorted by id.
func missing[T any](one, other []T, id func(T) access.RemoteID, name func(T) string) (names []string) {
	for _, x := range one {
		if _, there := slices.BinarySearchFunc(other, id(x), func(o T, want access.RemoteID) int { return cmp.Compare(id(o), want) }); !there {
			names = append(names, name(x))
		}
	}
	return names
}

// secondLook asks again, in another way, when something of ours is not there any more: a list by the ids of those who are missing from
// it, a few people by the list of all. What only one of them shows was never gone.
func (l *look) secondLook(ctx context.Context, first *access.State) (*access.State, error) {
	who := l.absent(first)
	if len(who) == 0 {
		return first, nil
	}
	scope := access.Scope{All: true, Doors: first.Covers.Doors, Roles: first.Covers.Roles}
	if first.Covers.All {
		scope = access.Scope{Members: who, Singly: true, Roles: first.Covers.Roles}
	}
	second, err := l.observeOnce(ctx, scope)
	if err != nil {
		return nil, err
	}
	if still := l.absent(second); slices.ContainsFunc(who, func(id access.RemoteID) bool { return !slices.Contains(still, id) }) {
		return nil, fmt.Errorf("of %d people Kisi shows more when asked again in another way; nothing is done, because what it shows cannot "+
			"be trusted now", len(who))
	}
	if first.Covers.All {
		return first, nil
	}
	if len(l.absent(second)) > len(who) { // at whom nobody has looked but this once
		return l.secondLook(ctx, second)
	}
	return second, nil
}

// absent returns the people of whom an observation shows less than when they were last seen: not the user, or not a right that has not
// ended. Of rights that somebody else gave only those count that are in a group of the file: beside one that is overlooked there, a second
// would be given.
func (l *look) absent(s *access.State) []access.RemoteID {
	var who []access.RemoteID
	for i := range l.ledger.Accounts {
		a := &l.ledger.Accounts[i]
		if a.Link.Level == access.Foreign || isGone(&a.Known) || !s.CoversMember(a.Known.ID, "") {
			continue
		}
		if m, ok := s.Member(a.Known.ID); !ok || lacks(a, m, l.e.now()) || l.lacksOthers(a, m) {
			who = append(who, a.Known.ID)
		}
	}
	return who
}

// isGone says that somebody was looked for before and not found.
func isGone(m *access.Member) bool { return m.Seen != 0 && m.Email == "" }

// lacks says that a member was last seen with a right of ours that is not there now.
func lacks(a *access.Account, m *access.Member, now access.Instant) bool {
	has := func(m *access.Member, o *access.OwnedGrant) bool {
		return slices.ContainsFunc(m.In(o.Group), func(g access.Grant) bool { return g.Assignment == o.Assignment })
	}
	return slices.ContainsFunc(a.Owned, func(o access.OwnedGrant) bool {
		ended := o.Until != 0 && o.Until <= now
		return o.Level.Ours() && !ended && has(&a.Known, &o) && !has(m, &o)
	})
}

// lacksOthers says that a member was last seen with a right in a group of the file, and has none there now.
func (l *look) lacksOthers(a *access.Account, m *access.Member) bool {
	return slices.ContainsFunc(a.Known.Grants, func(g access.Grant) bool {
		ended := g.Until != 0 && g.Until <= l.e.now()
		return !ended && len(m.In(g.Group)) == 0 && slices.ContainsFunc(l.desired.Groups, func(d access.DesiredGroup) bool { return d.ID == g.Group })
	})
}
