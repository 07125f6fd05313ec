package plan

import (
	"fmt"
	"slices"

	"github.com/kisi-sync/kisi-sync/internal/access"
)

// groups decides about the groups that the file declares.
func (d *decider) groups() {
	for i := range d.in.Desired.Groups {
		g := &d.in.Desired.Groups[i]
		switch {
		case g.Problem != "":
			d.note(GroupProblem, g.Name, g.Problem)
		case g.ID == 0 && g.Create:
			d.createGroup(g)
		case g.ID != 0:
			d.keepGroup(g)
		}
	}
}

// declared is why groups, doors and stops are changed.
func declared(g *access.DesiredGroup) access.Cause {
	return access.Cause{Kind: access.Declared, Text: "declared under groups." + g.Name}
}

func (d *decider) createGroup(g *access.DesiredGroup) {
	after := &access.Fields{Name: g.Name, Place: g.Place}
	if g.Description != nil {
		after.Description = *g.Description
	}
	b := bundle{rank: openings, who: g.Name}
	b.steps = append(b.steps, Step{Reason: New, Change: access.Change{
		Kind: access.CreateGroup, Object: access.ObjectKey{GroupName: g.Name}, After: after, Cause: declared(g)}})
	b.add(g, access.AddDoor, g.Doors, []int{0})
	b.add(g, access.AddStop, g.Stops, []int{0})
	d.bundles = append(d.bundles, b)
}

// add puts a step per door or stop into a bundle.
func (b *bundle) add(g *access.DesiredGroup, kind access.Kind, things []access.RemoteID, needs []int) {
	for _, thing := range things {
		b.steps = append(b.steps, Step{Reason: New, Needs: slices.Clone(needs), Change: access.Change{
			Kind: kind, Object: access.ObjectKey{Group: g.ID, GroupName: g.Name, Thing: thing}, After: &access.Fields{}, Cause: declared(g)}})
	}
}

// keepGroup compares a group that exists with what the file declares of it.
func (d *decider) keepGroup(g *access.DesiredGroup) {
	observed, ok := d.in.Observed.Group(g.ID)
	if !ok {
		return
	}
	account, _ := d.in.Owned.Group(g.ID)
	if account == nil {
		account = &access.GroupAccount{}
	}
	opening, closing := bundle{rank: openings, who: g.Name}, bundle{rank: closings, who: g.Name}
	d.describe(g, observed, account, &opening)
	if g.Openings && observed.Opened {
		doors := openingSet{add: access.AddDoor, remove: access.RemoveDoor, word: "door",
			want: g.Doors, have: observed.Doors, ours: account.Doors}
		stops := openingSet{add: access.AddStop, remove: access.RemoveStop, word: "elevator stop",
			want: g.Stops, have: observed.Stops, ours: account.Stops}
		for _, set := range []openingSet{doors, stops} {
			d.compare(g, set, &opening, &closing)
		}
	}
	for _, b := range []bundle{opening, closing} {
		if len(b.steps) > 0 {
			d.bundles = append(d.bundles, b)
		}
	}
}

// describe keeps the description of a group that we created.
func (d *decider) describe(g *access.DesiredGroup, observed *access.Group, account *access.GroupAccount, b *bundle) {
	if g.Description == nil || *g.Description == observed.Description || account.Level != access.Created {
		return
	}
	if observed.Description != account.Description {
		d.note(Drifted, g.Name, "the description was changed in Kisi; it stays as it is there")
		return
	}
	b.steps = append(b.steps, Step{Reason: ChangedAtSource, Change: access.Change{Kind: access.UpdateGroup,
		Object: access.ObjectKey{Group: g.ID, GroupName: g.Name}, Cause: declared(g),
		Before: &access.Fields{Description: observed.Description}, After: &access.Fields{Description: *g.Description}}})
}

// openingSet is the doors, or the stops, of one group three ways.
type openingSet struct {
	add, remove access.Kind
	word        string
	want        []access.RemoteID
	have, ours  []access.Opening
}

func (d *decider) compare(g *access.DesiredGroup, set openingSet, opening, closing *bundle) {
	holders := d.holders(g.ID)
	for _, thing := range set.want {
		if slices.ContainsFunc(set.have, func(o access.Opening) bool { return o.Thing == thing }) {
			continue
		}
		from := len(opening.steps)
		opening.add(g, set.add, []access.RemoteID{thing}, nil)
		s := &opening.steps[from]
		s.People = holders
		if slices.ContainsFunc(set.ours, func(o access.Opening) bool { return o.Thing == thing }) {
			d.undone(s, g.Name, fmt.Sprintf("somebody took a %s that we had put in", set.word))
		}
	}
	strangers := 0
	for _, o := range set.have {
		switch {
		case slices.Contains(set.want, o.Thing):
		case slices.Contains(set.ours, o):
			closing.steps = append(closing.steps, Step{Reason: Left, People: holders, Change: access.Change{Kind: set.remove,
				Object: access.ObjectKey{Group: g.ID, GroupName: g.Name, Thing: o.Thing, Assignment: o.Row},
				Before: &access.Fields{}, Cause: declared(g)}})
		default:
			strangers++
		}
	}
	if strangers > 0 {
		d.note(UnmanagedDoors, g.Name, fmt.Sprintf("%d %ss were put in by hand and are left alone", strangers, set.word))
	}
}

// undone marks a step that would do again what somebody undid in Kisi.
func (d *decider) undone(s *Step, who, text string) {
	s.Reason = Repaired
	if d.in.Policy.Repair {
		return
	}
	s.Hold = &access.HoldReason{Kind: access.HeldByHand, Text: text}
	d.note(RemovedByHand, who, text)
}
