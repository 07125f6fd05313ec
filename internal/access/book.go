package access

import "slices"

// After returns the account as it is once a call about its member has come back with a result. It is the one place that says what
// a success means for our memory; the receiver is not changed. Calls about groups leave it as it is.
//
//	create user       known, linked as Created           give access    known, owned as Created (or Satisfied if it existed)
//	update user       name as we wrote it                change access  known and owned follow
//	suspend, restore  the suspension is ours, or over    remove access  neither known nor owned
//	link user         linked                             release, forget  not owned
//	note by hand      owned as Satisfied, or as Adopted if the change says so
//	forget, delete    nothing but the id: nobody that we know of
//	release user      known as before: nobody that we know of, owning nothing
func (a Account) After(c Call, r Result, at Instant) Account {
	a.Known.Grants, a.Owned = slices.Clone(a.Known.Grants), slices.Clone(a.Owned)
	ch, held := c.Change, len(a.Owned) > 0
	switch ch.Kind {
	case CreateMember:
		f := ch.After
		a.Known = Member{ID: r.ID, Email: f.Email, Name: f.Name, Enabled: f.Enabled, Stamp: f.Stamp}
		a.Link = Link{Anchors: f.Anchors, Level: Created, Name: f.Name, Since: at}
	case UpdateMember:
		a.Known.Name, a.Link.Name = ch.After.Name, ch.After.Name
	case DisableMember:
		a.Known.Enabled, a.Link.Suspended, a.Link.SuspendedAt = false, &ch.Cause, at
	case EnableMember:
		a.Known.Enabled, a.Link.Suspended, a.Link.SuspendedAt = true, nil, 0
	case LinkMember:
		if a.Known.ID == 0 { // met for the first time; what else is known of him comes with the next observation
			a.Known = Member{ID: c.Member(), Email: ch.After.Email, Name: ch.After.Name, Enabled: true}
		}
		a.Link.Anchors, a.Link.Level, a.Link.Name, a.Link.Since = ch.After.Anchors, ch.After.Level, ch.After.Name, at
	case ForgetMember, DeleteMember:
		return Account{Known: Member{ID: a.Known.ID, Seen: at}}
	case ReleaseMember:
		return Account{Known: a.Known}
	default:
		a.grants(c, r, at)
		a.bare(held, at)
	}
	if !ch.Kind.LedgerOnly() && a.Known.ID != 0 {
		a.Known.Seen = at + 1 // an observation that began within this second may have read the row before
	}
	return a
}

// bare notes since when nothing is owned; held says that something was.
func (a *Account) bare(held bool, at Instant) {
	switch {
	case len(a.Owned) > 0:
		a.Link.Bare = 0
	case held:
		a.Link.Bare = at
	}
}

// grants does the part of After that is about rights. The slices are the account's own by now.
func (a *Account) grants(c Call, r Result, at Instant) {
	ch, group := c.Change, c.Group()
	switch ch.Kind {
	case CreateAssignment, UpdateAssignment:
		a.dropKnown(ch.Object.Assignment)
		id := r.ID
		if id == 0 {
			id = ch.Object.Assignment
		}
		a.dropKnown(id) // a right that existed may be known already
		a.Known.Grants = append(a.Known.Grants, Grant{Assignment: id, Group: group, Role: ch.After.Role, From: ch.After.From, Until: ch.After.Until})
		SortGrants(a.Known.Grants)
		a.own(a.owned(group, id, ch, r, at))
	case NoteSatisfied:
		level := Satisfied
		if ch.After.Level == Adopted {
			level = Adopted
		}
		a.own(OwnedGrant{Group: group, Assignment: ch.Object.Assignment, Level: level, Role: ch.After.Role,
			From: ch.After.From, Until: ch.After.Until, Cause: &ch.Cause, Since: at})
	case RemoveAssignment:
		a.dropKnown(ch.Object.Assignment)
		if old, ok := a.Grant(group); ok && old.Assignment == ch.Object.Assignment { // else it was one that was to replace this one
			a.disown(group)
		}
		a.demoted(group)
	case ReleaseGrant, ForgetGrant:
		a.disown(group)
	}
}

// demoted notes that a member whose last known role on a place or the organization was taken may be suspended, so that a run which does that
// looks at him. It looks first: he may hold one through a team.
func (a *Account) demoted(group RemoteID) {
	if group.IsRole() && a.Known.Protected == Administrator && !slices.ContainsFunc(a.Known.Grants, func(g Grant) bool { return g.Group.IsRole() }) {
		a.Known.Protected = Unprotected
	}
}

func (a *Account) owned(group, id RemoteID, ch Change, r Result, at Instant) OwnedGrant {
	g := OwnedGrant{Group: group, Assignment: id, Level: Created, Role: ch.After.Role, From: ch.After.From,
		Until: ch.After.Until, Cause: &ch.Cause, Since: at}
	if r.Existed {
		g.Level = Satisfied
	}
	if old, ok := a.Grant(group); ok && ch.Kind == UpdateAssignment {
		g.Level, g.Since = old.Level, old.Since
	}
	return g
}

func (a *Account) dropKnown(assignment RemoteID) {
	a.Known.Grants = slices.DeleteFunc(a.Known.Grants, func(g Grant) bool { return g.Assignment == assignment && assignment != 0 })
}

func (a *Account) own(g OwnedGrant) {
	a.disown(g.Group)
	a.Owned = append(a.Owned, g)
	slices.SortFunc(a.Owned, func(x, y OwnedGrant) int { return int(sign(x.Group, y.Group)) })
}

func (a *Account) disown(group RemoteID) {
	a.Owned = slices.DeleteFunc(a.Owned, func(g OwnedGrant) bool { return g.Group == group })
}

// Saw returns the account after its member was observed; an observation that began before the row was last written says nothing.
func (a Account) Saw(m Member, began Instant) Account {
	if a.Known.Seen > began {
		return a
	}
	a.Known = m
	a.Known.Seen = began
	if m.Enabled && a.Link.Suspended != nil {
		a.Link.Suspended, a.Link.SuspendedAt, a.Link.Bare = nil, 0, 0 // somebody lifted it; what comes next is not ours
	}
	return a
}

// After returns the group's account once a call about it has come back with a result; the receiver is not changed.
func (g GroupAccount) After(c Call, r Result) GroupAccount {
	g.Doors, g.Stops = slices.Clone(g.Doors), slices.Clone(g.Stops)
	ch := c.Change
	switch ch.Kind {
	case CreateGroup:
		g.ID, g.Name, g.Description, g.Level, g.Settings = r.ID, ch.Object.GroupName, ch.After.Description, Created, ch.After.Settings
	case UpdateGroup:
		g.updated(ch.Before, ch.After)
	case AddDoor, AddStop:
		g.opened(ch, r)
	case RemoveDoor, ForgetDoor:
		g.Doors = without(g.Doors, ch.Object.Thing)
	case RemoveStop, ForgetStop:
		g.Stops = without(g.Stops, ch.Object.Thing)
	}
	if g.ID == 0 {
		g.ID, g.Name = c.Group(), ch.Object.GroupName
	}
	return g
}

// updated books what was changed about the group itself. The name is the file's; it follows where it was Kisi's, too.
func (g *GroupAccount) updated(before, after *Fields) {
	if before == nil || before.Description != after.Description {
		g.Description = after.Description
	}
	if before != nil && after.Name != "" && g.Name == before.Name {
		g.Name = after.Name
	}
	g.Settings = after.Settings.Over(g.Settings)
}

// opened books a door or a stop that was put in. One that somebody else has put in meanwhile is theirs.
func (g *GroupAccount) opened(ch Change, r Result) {
	row := Opening{Row: r.ID, Thing: ch.Object.Thing}
	switch {
	case r.Existed:
	case ch.Kind == AddDoor:
		g.Doors = append(g.Doors, row)
	default:
		g.Stops = append(g.Stops, row)
	}
}

func without(all []Opening, thing RemoteID) []Opening {
	return slices.DeleteFunc(all, func(o Opening) bool { return o.Thing == thing })
}

// Spent returns what a call that was carried out counts against the limits; ok is false when it counts nothing. A door of a group
// was spent on everybody in it, and has no address.
func (c Call) Spent(at Instant) (s Spending, ok bool) {
	effect := c.Change.Effect()
	if effect == Neutral {
		return Spending{}, false
	}
	return Spending{At: at, Effect: effect, Cause: c.Change.Cause.Kind, Group: c.Group(), Email: c.Change.Object.Email}, true
}
