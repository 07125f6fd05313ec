package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/kisi-sync/kisi-sync/config"
	"github.com/kisi-sync/kisi-sync/internal/access"
	"github.com/kisi-sync/kisi-sync/mapping"
)

// rules holds the rules against what was read and against what there is in Kisi.
func (k *checkup) rules(ctx context.Context) {
	if k.verified == nil {
		k.add(finding{About: "rules", Level: warning, Text: "not looked at: they need the groups and doors of Kisi"})
		return
	}
	stop := k.lookingAtKisi()
	o, err := k.engine.Resolve(ctx)
	stop()
	if err != nil {
		k.failed("rules", err)
		return
	}
	k.conflicts(o.Conflicts)
	k.surroundings(o.Input.Desired)
	k.expectations(o.Input.Desired, k.lostGroups(o.Conflicts))
}

// conflicts lists what could not be decided; of many of one kind only some.
func (k *checkup) conflicts(all []mapping.Conflict) {
	const enough = 5
	var kinds []string
	seen := map[string]int{}
	for _, c := range all {
		if seen[c.Kind]++; seen[c.Kind] == 1 {
			kinds = append(kinds, c.Kind)
		}
		f := finding{About: c.Who, Level: levelOf(c.Kind), Text: c.Text, Hint: c.Hint}
		if seen[c.Kind] <= enough {
			k.add(f)
		} else {
			k.count(f)
		}
	}
	for _, kind := range kinds {
		if more := seen[kind] - enough; more > 0 {
			k.ui.say("    and %d more like that (%s; --json lists all)", more, kind)
		}
	}
	switch {
	case len(k.unread) > 0:
		k.add(finding{About: "rules", Level: warning, Text: "those about " + strings.Join(k.unread, ", ") + " are not looked at, because it could not be read"})
	case len(all) == 0:
		k.good("rules", "every group is found, in the directories and in Kisi, and every person can be decided")
	}
}

// levelOf says how serious a conflict is: one of a rule or a group concerns everybody, one of a person only that person.
func levelOf(kind string) level {
	switch kind {
	case mapping.SelectorMatchesNothing, mapping.SelectorAmbiguous, mapping.SelectorRebound, mapping.SelectorNotExact, mapping.GroupMissing, mapping.GroupAmbiguous, mapping.GroupTwice,
		mapping.UnknownPlace, mapping.UnknownDoor, mapping.AmbiguousDoor, mapping.DoorElsewhere, mapping.UnknownStop, mapping.AmbiguousStop:
		return bad
	}
	return warning
}

// expectations runs the tests that the file brings along.
func (k *checkup) expectations(d *access.Desired, lost []string) {
	if len(k.settings.Expect) == 0 {
		return
	}
	if len(k.unread) > 0 {
		k.add(finding{About: "expect", Level: warning, Text: "not asked, because " + strings.Join(k.unread, ", ") + " could not be read"})
		return
	}
	for _, e := range k.settings.Expect {
		k.expectation(e, decidedGroups(d, e.Person, lost))
	}
}

// decidedGroups says what the rules make of a person's groups, but of those that were lost nothing.
func decidedGroups(d *access.Desired, folded string, lost []string) map[string]decided {
	holds := desiredGroups(d, folded)
	for _, g := range lost {
		if holds[g] == notGiven {
			holds[g] = undecided
		}
	}
	return holds
}

// lostGroups are the groups that a rule gives whose group of the directory cannot be found.
func (s *session) lostGroups(conflicts []mapping.Conflict) []string {
	var lost []string
	for _, rule := range s.settings.MappingSpec().Rules {
		for _, c := range conflicts {
			if c.Who == "rule "+rule.Name && levelOf(c.Kind) == bad {
				lost = append(lost, rule.Grant...)
			}
		}
	}
	return lost
}

// unmet says what of an expectation is not so, and what cannot be decided now.
func unmet(e config.Expectation, holds map[string]decided) (wrong, open []string) {
	for _, g := range e.Has {
		switch holds[g] {
		case notGiven:
			wrong = append(wrong, "lacks "+g)
		case undecided:
			open = append(open, g)
		}
	}
	for _, g := range e.Lacks {
		switch holds[g] {
		case given:
			wrong = append(wrong, "has "+g)
		case undecided:
			open = append(open, g)
		}
	}
	return wrong, open
}

func (k *checkup) expectation(e config.Expectation, holds map[string]decided) {
	wrong, open := unmet(e, holds)
	about := fmt.Sprintf("expect (line %d)", e.Line)
	switch {
	case len(wrong) > 0:
		k.add(finding{About: about, Level: bad, Text: e.Person + " " + strings.Join(wrong, ", "), Hint: "kisi-sync explain " + e.Person + " says why"})
	case len(open) > 0:
		k.add(finding{About: about, Level: warning, Text: e.Person + ": " + strings.Join(open, ", ") + " cannot be decided now"})
	default:
		k.good(about, "%s is as expected", e.Person)
	}
}

// decided is what the rules say of a person and a group.
type decided uint8

const (
	notGiven decided = iota
	given
	undecided // because a group of the directory, or an attribute, cannot be found; it stays as it is
)

func desiredGroups(d *access.Desired, folded string) map[string]decided {
	groups := map[string]decided{}
	for i := range d.Wishes {
		w := &d.Wishes[i]
		if w.Folded != folded || w.Standing == access.Suspend || w.Standing == access.Remove {
			continue
		}
		for _, g := range w.Grants {
			groups[d.Groups[g.Group].Name] = given
			if g.Unsure || w.Standing == access.Leave {
				groups[d.Groups[g.Group].Name] = undecided
			}
		}
	}
	return groups
}
