package plan

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/kisi-sync/kisi-sync/internal/access"
)

// decider goes through groups and members once and collects steps in bundles: all that is done about one group, or one
// person, stays together.
type decider struct {
	in        *Input
	people    people
	groups    []group // as Desired.Groups
	bundles   []bundle
	room      []Step // where the steps of bundles are kept
	scratch   []Step // the steps of the person under way
	right     *access.Fields
	notes     []Note
	drifts    drifts
	met       []access.RemoteID          // Kisi users who are left alone and not in the ledger
	names     map[access.RemoteID]string // of groups: as the file says, else as Kisi does
	holding   map[access.RemoteID]int    // people per group; nil until asked for
	sensitive map[access.RemoteID]bool   // groups, by id or as weighedGroup numbers them; nil until asked for
	ours      map[access.RemoteID]bool   // groups whose members the file gives; nil until asked for
}

// bundle is what is done about one person or one group, in order, or a part of it. Needs are indices within all that is done about it.
type bundle struct {
	rank  rank
	who   string // address or anchor of a person, name of a group
	steps []Step
	from  int          // which of all the steps about the person is the first here
	wish  *access.Wish // whose they are; nil for a group
}

// rank orders bundles: who leaves comes first; groups and doors come before the rights that need them; doors go last, when
// whoever moves has his new ones. After everything else, users are deleted whose time is over.
type rank uint8

const (
	leavers rank = iota
	openings
	everyone
	closings
	retired
)

// newDecider makes a decider over what was observed; with known, over what the ledger last saw, as if that were everything there is.
func newDecider(in *Input, known bool) *decider {
	if in.Desired == nil {
		in.Desired = &access.Desired{}
	}
	if in.Owned == nil {
		in.Owned = &access.Ledger{}
	}
	if in.Observed == nil {
		in.Observed = &access.State{}
	}
	d := &decider{in: in, people: newPeople(in, known), drifts: newDrifts(in), names: map[access.RemoteID]string{}}
	d.findGroups(known)
	for i := range in.Observed.Groups {
		d.names[in.Observed.Groups[i].ID] = in.Observed.Groups[i].Name
	}
	for i := range d.groups {
		d.names[d.groups[i].id] = in.Desired.Groups[i].Name
	}
	for _, r := range slices.Concat(in.Observed.Roles, in.Desired.Roles) {
		d.names[r.ID] = r.Name
	}
	return d
}

// groupName returns what a group is called.
func (d *decider) groupName(id access.RemoteID) string {
	if name, ok := d.names[id]; ok && id != 0 {
		return name
	}
	if id.IsRole() {
		return "a role that Kisi does not know any more"
	}
	return fmt.Sprintf("group %d", id)
}

// holders counts the people who hold a group now; as Kisi counts them when not everybody was observed.
func (d *decider) holders(group access.RemoteID) int {
	if !d.in.Observed.Covers.All {
		if g, ok := d.in.Observed.Group(group); ok {
			return g.Users
		}
		return 0
	}
	if d.holding == nil {
		d.holding = map[access.RemoteID]int{}
		for i := range d.in.Observed.Members {
			eachGroup(d.in.Observed.Members[i].Grants, func(g access.RemoteID) { d.holding[g]++ })
		}
	}
	return d.holding[group]
}

// eachGroup calls do once per group in which there are grants.
func eachGroup(grants []access.Grant, do func(access.RemoteID)) {
	last := access.RemoteID(0)
	for i := range grants {
		if grants[i].Group != last {
			last = grants[i].Group
			do(last)
		}
	}
}

func (d *decider) note(kind NoteKind, who, text string) {
	d.notes = append(d.notes, Note{Kind: kind, Who: who, Text: text})
}

// noteOther tells of somebody who should have no access and has some by a Kisi user that is not ours to suspend.
func (d *decider) noteOther(who, text string) {
	d.notes = append(d.notes, Note{StillHolds, who, text, "kisi-sync adopt PERSON --why TEXT makes the user ours and suspends it; or suspend it in Kisi by hand"})
}

func (d *decider) sortNotes() {
	slices.SortFunc(d.notes, func(a, b Note) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Who, b.Who), cmp.Compare(a.Text, b.Text))
	})
	d.notes = slices.Compact(d.notes)
}

// cause returns the cause with a number in the desired state.
func (d *decider) cause(n uint32) access.Cause {
	if int(n) < len(d.in.Desired.Causes) {
		return d.in.Desired.Causes[n]
	}
	return access.Cause{}
}

// bundle keeps a copy of some steps.
func (d *decider) bundle(r rank, who string, steps []Step) {
	if len(steps) == 0 {
		return
	}
	if cap(d.room)-len(d.room) < len(steps) {
		const most = 4096
		d.room = make([]Step, 0, max(16, len(steps), min(2*cap(d.room), most)))
	}
	from := len(d.room)
	d.room = append(d.room, steps...)
	d.bundles = append(d.bundles, bundle{rank: r, who: who, steps: d.room[from:len(d.room):len(d.room)]})
}

// personBundle keeps a copy of some steps about a person.
func (d *decider) personBundle(r rank, p *person, from, to int) {
	before := len(d.bundles)
	if d.bundle(r, p.name(), p.steps[from:to]); len(d.bundles) > before {
		b := &d.bundles[before]
		b.from, b.wish = from, p.wish
	}
}

// ordered lays the bundles out as one list and turns needs into indices of that list. Rights in a group need the step that
// creates it.
func (d *decider) ordered() []Step {
	slices.SortStableFunc(d.bundles, func(a, b bundle) int {
		return cmp.Or(int(a.rank)-int(b.rank), cmp.Compare(a.who, b.who),
			cmp.Compare(a.steps[0].Change.Object.Anchor, b.steps[0].Change.Object.Anchor))
	})
	total := 0
	for i := range d.bundles {
		total += len(d.bundles[i].steps)
	}
	steps := make([]Step, 0, total)
	makers := map[string]int{}
	urgent := map[*access.Wish]int{} // where the steps about a person begin that are done with the leavers'
	for _, b := range d.bundles {
		needs := rebased{first: len(steps) - b.from, from: b.from, early: urgent[b.wish]}
		if b.wish != nil && b.from == 0 && b.rank == leavers {
			urgent[b.wish] = len(steps)
		}
		for i := range b.steps {
			s := &b.steps[i]
			s.Needs = needs.of(s.Needs)
			if maker, ok := makers[s.Change.Object.GroupName]; ok && s.Change.Kind.OfMember() {
				s.Needs = append(slices.Clip(s.Needs), maker)
			}
			if s.Change.Kind == access.CreateGroup {
				makers[b.who] = len(steps)
			}
			steps = append(steps, *s)
		}
	}
	d.bundles, d.room, d.scratch = nil, nil, nil
	return steps
}

// rebased turns needs within a bundle into needs within the plan. Most steps of a bundle need the same one and share a slice.
type rebased struct {
	first int // where the first step about the person would be if all of them stood together
	from  int // steps before this one stand elsewhere,
	early int // from here
	last  int
	needs []int
}

func (r *rebased) of(within []int) []int {
	switch {
	case len(within) == 0:
		return nil
	case len(within) == 1 && r.needs != nil && r.last == within[0]:
		return r.needs
	}
	needs := make([]int, len(within))
	for i, n := range within {
		if needs[i] = n + r.first; n < r.from {
			needs[i] = n + r.early
		}
	}
	if len(within) == 1 {
		r.last, r.needs = within[0], needs
	}
	return needs
}
