package plan

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/kisi-sync/kisi-sync/internal/access"
)

// Shift is what people have by one file and not, or otherwise, by another, whatever is in Kisi already. People of whom the same is said are
// together.
type Shift struct {
	Kind   ShiftKind
	Group  string
	Why    string   // the rule that gives it, or why it is given no longer
	Terms  string   // of Alters: what they have from then on; of Gains: role and dates, if they are not the plain ones
	People []string // addresses, sorted
}

// ShiftKind says what becomes of people.
type ShiftKind uint8

// The kinds of Shift, in the order in which they are told.
const (
	Gains   ShiftKind = iota
	Loses             // also somebody who was not given it yet
	Alters            // keeps it, with another role or other dates
	Unsures           // it cannot be decided any more, and stays as it is
	Shuts             // loses all access, or the Kisi user is left alone
)

func (k ShiftKind) String() string {
	return [...]string{"gains", "loses", "keeps_otherwise", "undecided", "stands_otherwise"}[k]
}

// Compare says who gains and who loses what when one file takes the place of another; both are held against the same directories and the
// same ledger.
func Compare(before, after *access.Desired) []Shift {
	c := &comparison{before: before, after: after, index: map[alike]int{}}
	old := map[string]*access.Wish{}
	for i := range before.Wishes {
		old[personKey(&before.Wishes[i])] = &before.Wishes[i]
	}
	for i := range after.Wishes {
		w := &after.Wishes[i]
		key := personKey(w)
		c.person(old[key], w)
		delete(old, key)
	}
	for i := range before.Wishes { // who is not in the later one
		if w := &before.Wishes[i]; old[personKey(w)] == w {
			c.person(w, nil)
		}
	}
	return c.sorted()
}

// personKey tells people apart: by Kisi user, else by address.
func personKey(w *access.Wish) string {
	if w.Member != 0 {
		return fmt.Sprint(w.Member)
	}
	return w.Folded
}

// alike is what the people of a Shift share.
type alike struct {
	kind              ShiftKind
	group, why, terms string
}

type comparison struct {
	before, after *access.Desired
	shifts        []Shift
	index         map[alike]int
}

func (c *comparison) add(s alike, w *access.Wish) {
	i, ok := c.index[s]
	if !ok {
		i = len(c.shifts)
		c.index[s] = i
		c.shifts = append(c.shifts, Shift{Kind: s.kind, Group: s.group, Why: s.why, Terms: s.terms})
	}
	c.shifts[i].People = append(c.shifts[i].People, w.Email)
}

// granted is a right by the name of its group.
type granted struct {
	access.WishedGrant
	cause string
}

// rights returns what somebody is given, by group.
func rights(d *access.Desired, w *access.Wish) map[string]granted {
	all := map[string]granted{}
	if w == nil || w.Standing != access.Keep {
		return all
	}
	for _, g := range w.Grants {
		all[d.Groups[g.Group].Name] = granted{g, d.Causes[g.Cause].Text}
	}
	return all
}

// person compares what one person is given; either may be nil, not both.
func (c *comparison) person(was, is *access.Wish) {
	who := cmp.Or(is, was)
	if was != nil && is != nil && was.Standing != is.Standing {
		why := "back: nothing stands before the rules any more"
		if is.Standing != access.Keep {
			why = c.after.Causes[is.Cause].Text
		}
		c.add(alike{kind: Shuts, why: why}, who)
		return
	}
	had, has := rights(c.before, was), rights(c.after, is)
	for name, g := range has {
		old, there := had[name]
		switch {
		case g.Unsure && !(there && old.Unsure):
			c.add(alike{Unsures, name, g.cause, ""}, who)
		case g.Unsure:
		case !there || old.Unsure:
			c.add(alike{Gains, name, g.cause, terms(access.Fields{Role: access.DoorAccess}, fieldsOf(g), c.after.Groups[g.Group].Zone)}, who)
		case old.Role != g.Role || old.From != g.From || old.Until != g.Until:
			c.add(alike{Alters, name, g.cause, terms(fieldsOf(old), fieldsOf(g), c.after.Groups[g.Group].Zone)}, who)
		}
	}
	for name, old := range had {
		if _, still := has[name]; !still && !old.Unsure {
			c.add(alike{Loses, name, c.whyLost(is, name, old.cause), ""}, who)
		}
	}
}

func fieldsOf(g granted) access.Fields {
	return access.Fields{Role: g.Role, From: g.From, Until: g.Until}
}

// whyLost is why a right is taken, or, of one that is not given yet, which rule gave it.
func (c *comparison) whyLost(is *access.Wish, name, gave string) string {
	for i := range c.before.Groups {
		g := &c.before.Groups[i]
		if g.Name != name || g.ID == 0 || is == nil {
			continue
		}
		for _, l := range is.Losses {
			if l.Group == g.ID {
				return c.after.Causes[l.Cause].Text
			}
		}
	}
	return "no longer by " + gave
}

func (c *comparison) sorted() []Shift {
	for i := range c.shifts {
		slices.Sort(c.shifts[i].People)
		c.shifts[i].People = slices.Compact(c.shifts[i].People)
	}
	slices.SortFunc(c.shifts, func(a, b Shift) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Group, b.Group), cmp.Compare(a.Why, b.Why), cmp.Compare(a.Terms, b.Terms))
	})
	return c.shifts
}

// Text says it in one sentence; doors are what the group opens, in parentheses.
func (s *Shift) Text(doors string) string {
	n := (&told{people: s.People}).subject()
	switch s.Kind {
	case Gains:
		return fmt.Sprintf("%s gain%s %s%s%s: %s", n.who, n.s, s.Group, doors, s.Terms, s.Why)
	case Loses:
		return fmt.Sprintf("%s lose%s %s%s: %s", n.who, n.s, s.Group, doors, s.Why)
	case Alters:
		return fmt.Sprintf("%s keep%s %s, now%s: %s", n.who, n.s, s.Group, s.Terms, s.Why)
	case Unsures:
		return fmt.Sprintf("whether %s %s %s cannot be decided, it stays as it is: %s", n.who, n.have, s.Group, s.Why)
	}
	return fmt.Sprintf("%s: %s", n.who, s.Why)
}

// Doors returns what a group opens, in parentheses and without the place; "" when nothing is known.
func (w Words) Doors(group string) string {
	if w.Catalog == nil {
		w.Catalog = &access.Catalog{}
	}
	return w.doors(group)
}
