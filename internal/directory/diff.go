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
	// Stated is how much of Before is missing because the source said that it was deleted: people and groups, and the members and values that
	// went with them.
	Stated Counts
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
	d.Stated = s.stated()
	return d
}

// stated counts what is missing because it was said to be deleted.
func (s *seal) stated() (c Counts) {
	with := map[string]int{}
	for _, l := range s.people.lost {
		if l.why != Deleted {
			continue
		}
		row, n := int(l.old), s.people.old
		c.People++
		if n.active[row] != No {
			c.Active++
		}
		if n.email.at(row) != "" {
			with[MailCount]++
		}
		for a := range n.attrs {
			if len(n.attrs[a].at(row)) > 0 {
				with[n.attrs[a].name]++
			}
		}
	}
	for _, l := range s.groups.lost {
		if l.why == Deleted {
			c.Groups++
			c.Members += len(s.b.last.members.at(int(l.old)))
		}
	}
	c.Members += s.erasedMembers
	c.With = sortedCounts(with)
	return c
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
	c.With = sortedCounts(with)
	return c
}

func sortedCounts(with map[string]int) (all []AttrCount) {
	for name, people := range with {
		all = append(all, AttrCount{name, people})
	}
	slices.SortFunc(all, func(a, b AttrCount) int { return compare(a.Name, b.Name) })
	return all
}

// Plus adds other counts.
func (c Counts) Plus(other Counts) Counts { return c.with(other, 1) }

// Minus takes other counts away; none becomes less than nothing.
func (c Counts) Minus(other Counts) Counts { return c.with(other, -1) }

func (c Counts) with(other Counts, sign int) Counts {
	sum := func(a, b int) int { return max(0, a+sign*b) }
	with := map[string]int{}
	for _, one := range c.With {
		with[one.Name] = one.People
	}
	for _, one := range other.With {
		with[one.Name] = sum(with[one.Name], one.People)
	}
	return Counts{People: sum(c.People, other.People), Active: sum(c.Active, other.Active), Groups: sum(c.Groups, other.Groups),
		Members: sum(c.Members, other.Members), With: sortedCounts(with)}
}
