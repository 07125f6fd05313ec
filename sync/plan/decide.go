package plan

import (
	"fmt"
	"slices"
	"strings"

	"github.com/kisi-sync/kisi-sync/internal/access"
)

// decider goes through groups and members once and collects steps in bundles: all that is done about one group, or one
// person, stays together.
type decider struct {
	in      Input
	mail    access.MailIndex
	bundles []bundle
	notes   []Note
	names   map[access.RemoteID]string // of groups: as the file says, else as Kisi does
	holding map[access.RemoteID]int    // people per group; nil until asked for
}

// bundle is what is done about one person or one group, in order. Needs inside a bundle are indices within it.
type bundle struct {
	rank  rank
	who   string // folded address, or name of the group
	steps []Step
}

// rank orders bundles: who leaves comes first; groups and doors come before the rights that need them; doors go last, when
// whoever moves has his new ones.
type rank uint8

const (
	leavers rank = iota
	openings
	everyone
	closings
)

func newDecider(in Input) *decider {
	if in.Desired == nil {
		in.Desired = &access.Desired{}
	}
	if in.Owned == nil {
		in.Owned = &access.Ledger{}
	}
	if in.Observed == nil {
		in.Observed = &access.State{}
	}
	d := &decider{in: in, mail: in.Observed.ByMail(), names: map[access.RemoteID]string{}}
	for i := range in.Observed.Groups {
		d.names[in.Observed.Groups[i].ID] = in.Observed.Groups[i].Name
	}
	for i := range in.Desired.Groups {
		d.names[in.Desired.Groups[i].ID] = in.Desired.Groups[i].Name
	}
	return d
}

// groupName returns what a group is called.
func (d *decider) groupName(id access.RemoteID) string {
	if name, ok := d.names[id]; ok && id != 0 {
		return name
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
			last := access.RemoteID(0)
			for _, g := range d.in.Observed.Members[i].Grants {
				if g.Group != last {
					d.holding[g.Group]++
				}
				last = g.Group
			}
		}
	}
	return d.holding[group]
}

func (d *decider) note(kind NoteKind, who, text string) {
	d.notes = append(d.notes, Note{kind, who, text})
}

func (d *decider) sortNotes() {
	slices.SortFunc(d.notes, func(a, b Note) int {
		return strings.Compare(string(a.Kind)+"\x00"+a.Who+"\x00"+a.Text, string(b.Kind)+"\x00"+b.Who+"\x00"+b.Text)
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

// ordered lays the bundles out as one list and turns needs into indices of that list. Rights in a group need the step that
// creates it.
func (d *decider) ordered() []Step {
	slices.SortStableFunc(d.bundles, func(a, b bundle) int {
		if a.rank != b.rank {
			return int(a.rank) - int(b.rank)
		}
		return strings.Compare(a.who, b.who)
	})
	total := 0
	for i := range d.bundles {
		total += len(d.bundles[i].steps)
	}
	steps := make([]Step, 0, total)
	makers := map[string]int{}
	for _, b := range d.bundles {
		first := len(steps)
		for _, s := range b.steps {
			for i := range s.Needs {
				s.Needs[i] += first
			}
			if maker, ok := makers[s.Change.Object.GroupName]; ok && s.Change.Kind.OfMember() {
				s.Needs = append(s.Needs, maker)
			}
			if s.Change.Kind == access.CreateGroup {
				makers[b.who] = len(steps)
			}
			steps = append(steps, s)
		}
	}
	return steps
}
