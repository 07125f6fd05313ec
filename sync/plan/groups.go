package plan

import (
	"fmt"
	"slices"
	"strings"

	"github.com/kisi-sync/kisi-sync/internal/access"
)

// group is a group that the file declares, as it was found.
type group struct {
	id      access.RemoteID // 0: not there yet
	seen    *access.Group   // nil: not there, or nobody looked
	account *access.GroupAccount
	problem string // why nothing can be done about it and its rights
	lost    bool   // we made it, and it is gone
}

// findGroups looks the declared groups up. What the file's names meant when the catalog was read may have changed since: a group
// of ours may have come or gone, somebody else's too.
func (d *decider) findGroups(known bool) {
	listed := !known && !d.in.Observed.Covers.Empty()
	mine := map[string]*access.GroupAccount{} // of several under one name the newest that is there
	for i := range d.in.Owned.Groups {
		if a := &d.in.Owned.Groups[i]; a.Level == access.Created && (mine[a.Name] == nil || !listed || d.isListed(a.ID)) {
			mine[a.Name] = a
		}
	}
	d.groups = make([]group, len(d.in.Desired.Groups))
	for i := range d.groups {
		d.groups[i] = d.findGroup(&d.in.Desired.Groups[i], mine, listed)
	}
}

func (d *decider) isListed(id access.RemoteID) bool {
	_, ok := d.in.Observed.Group(id)
	return ok
}

func (d *decider) findGroup(want *access.DesiredGroup, mine map[string]*access.GroupAccount, listed bool) group {
	g := group{id: want.ID, problem: want.Problem}
	account := mine[want.Name]
	if g.id == 0 && account != nil {
		g.id, g.lost = account.ID, listed && !d.isListed(account.ID)
	}
	if g.lost {
		g.id = 0
	}
	g.account, _ = d.in.Owned.Group(g.id)
	if !listed {
		return g
	}
	if want.Role {
		if g.problem == "" {
			g.seen = &access.Group{ID: want.ID, Name: want.Name}
		}
		return g
	}
	g.seen, _ = d.in.Observed.Group(g.id)
	switch {
	case g.problem != "" || g.seen != nil:
	case g.id != 0:
		g.problem = "this group is not in Kisi any more"
	case !want.Create:
		g.problem = "this group is not in Kisi"
	default:
		g.problem = d.inTheWay(want)
	}
	return g
}

// inTheWay says why a group that is not there is not made all the same, "" for nothing. Kisi takes a second group of a name, so what its
// list of groups may have left out is not made.
func (d *decider) inTheWay(want *access.DesiredGroup) string {
	if d.nameTaken(want) {
		return "somebody made a group of this name in Kisi just now; the next full run will find it"
	}
	if id := d.shownWithoutPlace(want); id != 0 {
		return fmt.Sprintf("Kisi shows a group of this name without a place (%d), which may be this one; no second one is made. "+
			"If it is another one, make this one in Kisi by hand", id)
	}
	if id := d.unlisted(); id != 0 {
		return fmt.Sprintf("somebody holds a group (%d) that Kisi's list of groups leaves out, so this one may be missing from it, too; nothing is made", id)
	}
	return ""
}

// shownWithoutPlace returns a group of the name of one that belongs to a place, which is shown as one of the organization and which the file
// does not name as such; 0 when there is none.
func (d *decider) shownWithoutPlace(want *access.DesiredGroup) access.RemoteID {
	for i := range d.in.Observed.Groups {
		g := &d.in.Observed.Groups[i]
		meant := func(o access.DesiredGroup) bool { return o.ID == g.ID }
		if want.Place != 0 && g.Place == 0 && strings.EqualFold(g.Name, want.Name) && !slices.ContainsFunc(d.in.Desired.Groups, meant) {
			return g.ID
		}
	}
	return 0
}

// unlisted returns a group that somebody holds and that the list of groups does not show; 0 when there is none.
func (d *decider) unlisted() access.RemoteID {
	for i := range d.in.Observed.Members {
		for _, g := range d.in.Observed.Members[i].Grants {
			if !g.Group.IsRole() && !d.isListed(g.Group) { // roles are in no list of groups
				return g.Group
			}
		}
	}
	return 0
}

// nameTaken says that there is a group of the name that a new one should get.
func (d *decider) nameTaken(want *access.DesiredGroup) bool {
	return slices.ContainsFunc(d.in.Observed.Groups, func(g access.Group) bool {
		return g.Place == want.Place && strings.EqualFold(g.Name, want.Name)
	})
}

// declaredGroups decides about the groups that the file declares.
func (d *decider) declaredGroups() {
	for i := range d.groups {
		g, want := &d.groups[i], &d.in.Desired.Groups[i]
		switch {
		case g.problem != "":
			d.note(GroupProblem, want.Name, g.problem)
			d.drifts.groups[want.Name] = true
		case g.seen != nil:
			d.keepGroup(want, g)
		case g.id == 0 && !want.Doubtful && !d.in.Observed.Covers.Empty():
			d.createGroup(want, g.lost)
		}
	}
}

// declared is why groups, doors and stops are changed.
func declared(g *access.DesiredGroup) access.Cause {
	if g.Order != nil {
		return g.Order.Cause
	}
	return access.Cause{Kind: access.Declared, Text: "declared under groups." + g.Name}
}

func (d *decider) createGroup(g *access.DesiredGroup, lost bool) {
	after := &access.Fields{Name: g.Name, Place: g.Place, Settings: g.Settings}
	if g.Description != nil {
		after.Description = *g.Description
	}
	steps := []Step{{Reason: New, Change: access.Change{
		Kind: access.CreateGroup, Object: access.ObjectKey{GroupName: g.Name}, After: after, Cause: declared(g)}}}
	if lost {
		d.undone(&steps[0], "somebody deleted this group in Kisi")
	}
	for _, thing := range g.Doors {
		steps = append(steps, open(g, 0, access.AddDoor, thing, 0))
	}
	for _, thing := range g.Stops {
		steps = append(steps, open(g, 0, access.AddStop, thing, 0))
	}
	d.bundle(openings, g.Name, steps)
}

// open is the step that puts a door or a stop into a group.
func open(g *access.DesiredGroup, id access.RemoteID, kind access.Kind, thing access.RemoteID, needs ...int) Step {
	return Step{Reason: New, Needs: needs, Change: access.Change{Kind: kind, After: &access.Fields{}, Cause: declared(g),
		Object: access.ObjectKey{Group: id, GroupName: g.Name, Thing: thing}}}
}

// groupSteps are the steps about one group that is there.
type groupSteps struct {
	*group
	want             *access.DesiredGroup
	opening, closing []Step
}

// keepGroup compares a group that exists with what the file declares of it.
func (d *decider) keepGroup(want *access.DesiredGroup, g *group) {
	if g.account == nil {
		g.account = &access.GroupAccount{}
	}
	s := groupSteps{group: g, want: want}
	if want.Order != nil {
		d.obey(&s)
	} else {
		d.describe(&s)
		d.restrict(&s)
	}
	if want.Openings && g.seen.Opened {
		d.compare(&s, openingSet{add: access.AddDoor, remove: access.RemoveDoor, forget: access.ForgetDoor, word: "door",
			want: want.Doors, have: g.seen.Doors, ours: g.account.Doors})
		d.compare(&s, openingSet{add: access.AddStop, remove: access.RemoveStop, forget: access.ForgetStop, word: "elevator stop",
			want: want.Stops, have: g.seen.Stops, ours: g.account.Stops})
	}
	d.bundle(openings, want.Name, s.opening)
	d.bundle(closings, want.Name, s.closing)
}

// describe keeps the description of a group that we created, and tells when it was renamed.
func (d *decider) describe(s *groupSteps) {
	g, seen, account := s.want, s.seen, s.account
	if seen.Name != g.Name && account.Level == access.Created {
		d.drifted(access.Drift{Kind: string(Drifted), Who: g.Name, Subject: "name", Expected: g.Name, Found: seen.Name},
			"this group was renamed in Kisi to "+seen.Name+"; it stays so")
	}
	if g.Description == nil || *g.Description == seen.Description || account.Level != access.Created {
		return
	}
	if seen.Description != account.Description {
		d.drifted(access.Drift{Kind: string(Drifted), Who: g.Name, Subject: "description", Expected: account.Description, Found: seen.Description},
			"the description was changed in Kisi; it stays as it is there")
		return
	}
	s.opening = append(s.opening, Step{Reason: ChangedAtSource, Change: access.Change{Kind: access.UpdateGroup,
		Object: access.ObjectKey{Group: s.id, GroupName: g.Name}, Cause: declared(g),
		Before: &access.Fields{Description: seen.Description}, After: &access.Fields{Description: *g.Description}}})
}

// openingSet is the doors, or the stops, of one group three ways.
type openingSet struct {
	add, remove, forget access.Kind
	word                string
	want                []access.RemoteID
	have, ours          []access.Opening
}

func (d *decider) compare(g *groupSteps, set openingSet) {
	holders := d.holders(g.id)
	for _, thing := range set.want {
		if !opens(set.have, thing) {
			s := open(g.want, g.id, set.add, thing)
			s.People = holders
			if opens(set.ours, thing) {
				d.undone(&s, fmt.Sprintf("somebody took a %s out that we had put in", set.word))
			}
			g.opening = append(g.opening, s)
		}
	}
	for _, o := range set.ours {
		if !slices.Contains(set.want, o.Thing) && !slices.Contains(set.have, o) {
			g.closing = append(g.closing, Step{Reason: Forgotten, Change: access.Change{Kind: set.forget, Cause: declared(g.want),
				Object: access.ObjectKey{Group: g.id, GroupName: g.want.Name, Thing: o.Thing, Assignment: o.Row}}})
		}
	}
	var strangers []access.RemoteID
	for _, o := range set.have {
		switch {
		case slices.Contains(set.want, o.Thing):
		case slices.Contains(set.ours, o):
			g.closing = append(g.closing, Step{Reason: Left, People: holders, Change: access.Change{Kind: set.remove,
				Object: access.ObjectKey{Group: g.id, GroupName: g.want.Name, Thing: o.Thing, Assignment: o.Row},
				Before: &access.Fields{}, Cause: declared(g.want)}})
		default:
			strangers = append(strangers, o.Thing)
		}
	}
	d.noteStrangers(g.want.Name, strangers, set)
}

func (d *decider) noteStrangers(group string, things []access.RemoteID, set openingSet) {
	n, word := len(things), set.word
	if n == 0 {
		return
	}
	named := d.called(things, set)
	x := access.Drift{Kind: string(UnmanagedDoors), Who: group, Subject: word + "s", Expected: "what the file names", Found: fmt.Sprintf("%d %ss more: %s", n, word, named)}
	text := fmt.Sprintf("%d %ss were put in by hand and are left alone: %s", n, word, named)
	if n == 1 {
		x.Found, text = "1 "+word+" more: "+named, "1 "+word+" was put in by hand and is left alone: "+named
	}
	d.drifted(x, text)
}

// called names some doors or stops.
func (d *decider) called(things []access.RemoteID, set openingSet) string {
	var names []string
	for _, id := range things {
		name := ""
		switch c := d.in.Catalog; {
		case c == nil:
		case set.add == access.AddStop:
			name = c.StopName(id)
		default:
			name = c.DoorName(id)
		}
		names = append(names, orID(name, set.word, id))
	}
	slices.Sort(names)
	return strings.Join(names, ", ")
}

func opens(all []access.Opening, thing access.RemoteID) bool {
	return slices.ContainsFunc(all, func(o access.Opening) bool { return o.Thing == thing })
}

// undone marks a step that would do again what somebody undid in Kisi. It is told of once it is known whether somebody approved it.
func (d *decider) undone(s *Step, text string) {
	s.Reason = Repaired
	if d.in.Policy.Repair || s.Change.Cause.Kind == access.Ordered {
		return
	}
	s.Hold = &access.HoldReason{Kind: access.HeldByHand, Text: text}
}
