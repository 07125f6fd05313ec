package directory

import "slices"

// Diff is how a read differs from what was known: the numbers that a guard weighs. After counts as if everything that is
// missing were believed to be gone.
type Diff struct {
	Before, After         Counts
	Added, Changed        int // people and groups
	LostPeople            int
	LostGroups            int
	Disabled              int // people who were active and are disabled now
	Deleted               int // people of whom the source said that they are deleted; they are among LostPeople
	Vanished              int // people and groups that a complete read did not bring, and of which nobody said that they are deleted; they are among the lost
	GainedMembers         int
	LostMembers           int // in groups that are still there
	UnknownGroupsMembered int // member lists read for groups that are not there
}

// Same says that nothing changed.
func (d Diff) Same() bool {
	return d.Added+d.Changed+d.LostPeople+d.LostGroups+d.GainedMembers+d.LostMembers == 0
}

// Missing says that something known is missing: an object, a member, or the value of an attribute from more people than
// before.
func (d Diff) Missing() bool {
	if d.LostPeople+d.LostGroups+d.LostMembers > 0 {
		return true
	}
	for _, before := range d.Before.With {
		if d.After.Having(before.Name) < before.People {
			return true
		}
	}
	return false
}

// Having returns how many people have a value of an attribute.
func (c Counts) Having(name string) int {
	for _, with := range c.With {
		if with.Name == name {
			return with.People
		}
	}
	return 0
}

func (s *seal) diff() Diff {
	d := Diff{
		Before: s.b.last.Counts(), After: s.counts(),
		Added: s.people.added + s.groups.added, Changed: s.people.changed + s.groups.changed,
		LostPeople: len(s.people.lost), LostGroups: len(s.groups.lost), Disabled: s.people.disabled,
		GainedMembers: s.gained, LostMembers: s.lost,
	}
	for _, l := range s.people.lost {
		if l.why == Deleted {
			d.Deleted++
		} else {
			d.Vanished++
		}
	}
	for _, l := range s.groups.lost {
		if l.why != Deleted {
			d.Vanished++
		}
	}
	for id := range s.b.lists {
		if !s.groups.has(id) {
			d.UnknownGroupsMembered++
		}
	}
	return d
}

// counts counts what was read, with everything missing taken as gone.
func (s *seal) counts() Counts {
	c := Counts{People: len(s.people.kept), Groups: len(s.groups.kept), Members: len(s.members.items)}
	with := map[string]int{MailCount: 0}
	for _, k := range s.people.kept {
		n, i := s.people.row(k)
		if n.active[i] != No {
			c.Active++
		}
		if n.email.at(i) != "" {
			with[MailCount]++
		}
		for a := range n.attrs {
			if len(n.attrs[a].at(i)) > 0 {
				with[n.attrs[a].name]++
			}
		}
	}
	for name, people := range with {
		c.With = append(c.With, AttrCount{name, people})
	}
	slices.SortFunc(c.With, func(a, b AttrCount) int { return compare(a.Name, b.Name) })
	return c
}
