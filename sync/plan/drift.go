package plan

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/kisi-sync/kisi-sync/internal/access"
)

// drifts collects what somebody did in Kisi to what is ours.
type drifts struct {
	before map[access.Digest]*access.Drift // as it is remembered
	found  []access.Drift
	people map[string]bool // by name: who could not be looked at closely, so that nothing of them is settled
	groups map[string]bool
	single map[[2]string]bool // somebody's right in a group
}

func newDrifts(in *Input) drifts {
	d := drifts{before: map[access.Digest]*access.Drift{}, people: map[string]bool{}, groups: map[string]bool{}, single: map[[2]string]bool{}}
	for i := range in.Drift {
		d.before[in.Drift[i].ID()] = &in.Drift[i]
	}
	return d
}

// unsaid notes that nothing can be said of somebody now.
func (d *drifts) unsaid(who string) {
	if len(d.before) > 0 {
		d.people[who] = true
	}
}

// unsaidOf notes that nothing can be said of somebody's right in a group now.
func (d *drifts) unsaidOf(who, group string) {
	if len(d.before) > 0 {
		d.single[[2]string{who, group}] = true
	}
}

// drifted keeps a drift and tells of it, unless somebody has accepted it as it is.
func (d *decider) drifted(x access.Drift, text string) {
	if !d.keepDrift(&x).Accepted() {
		d.note(NoteKind(x.Kind), x.Who, text)
	}
}

func (d *decider) keepDrift(x *access.Drift) *access.Drift {
	x.Since = d.in.At
	if was := d.drifts.before[x.ID()]; was != nil {
		x.Since = was.Since
		if was.Found == x.Found {
			x.By, x.Why = was.By, was.Why
		}
	}
	d.drifts.found = append(d.drifts.found, *x)
	return x
}

// byHand returns what steps are held by hand before anything else is looked at: those are what somebody undid.
func byHand(steps []Step) map[int]string {
	texts := map[int]string{}
	for i := range steps {
		if h := steps[i].Hold; h != nil && h.Kind == access.HeldByHand {
			texts[i] = h.Text
		}
	}
	return texts
}

// undoneSteps tells of the steps that would do again what somebody undid. One that was approved is a drift until it is done.
func (d *decider) undoneSteps(steps []Step, texts map[int]string) {
	for i := range steps {
		text, undone := texts[i]
		if !undone {
			continue
		}
		s := &steps[i]
		x := d.keepDrift(lost(s))
		switch {
		case s.Hold == nil:
		case !x.Accepted():
			d.note(RemovedByHand, x.Who, text)
		case s.Hold.Kind == access.HeldByHand:
			s.Hold = &access.HoldReason{Kind: access.HeldByVerdict, Text: "accepted by " + x.By}
		}
	}
}

// lost is the drift that a step would undo.
func lost(s *Step) *access.Drift {
	o := &s.Change.Object
	x := access.Drift{Kind: string(RemovedByHand), Who: o.GroupName, Step: s.ID}
	switch s.Change.Kind {
	case access.CreateMember:
		x.Who, x.Subject, x.Expected, x.Found = o.Email, "user", "has a Kisi user", "deleted"
	case access.CreateGroup:
		x.Subject, x.Expected, x.Found = "group", "is in Kisi", "deleted"
	case access.AddDoor:
		x.Subject, x.Found = fmt.Sprintf("door %d", o.Thing), "taken out"
		x.Expected = "opens " + x.Subject
	case access.AddStop:
		x.Subject, x.Found = fmt.Sprintf("elevator stop %d", o.Thing), "taken out"
		x.Expected = "opens " + x.Subject
	default:
		x.Who, x.Subject, x.Found = o.Email, o.GroupName, "taken away"
		if f := s.Change.After; f != nil {
			x.Expected = "holds " + o.GroupName + " as " + validity(f.Role, f.From, f.Until, access.Zone{})
		}
	}
	return &x
}

// all returns what there is, and what there was of whom nothing can be said now, sorted.
func (d *drifts) all() []access.Drift {
	there := map[access.Digest]bool{}
	for i := range d.found {
		there[d.found[i].ID()] = true
	}
	for id, x := range d.before {
		if !there[id] && (d.people[x.Who] || d.groups[x.Who] || d.groups[x.Subject] || d.single[[2]string{x.Who, x.Subject}]) {
			d.found = append(d.found, *x)
		}
	}
	slices.SortFunc(d.found, func(a, b access.Drift) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Who, b.Who), cmp.Compare(a.Subject, b.Subject))
	})
	return d.found
}
