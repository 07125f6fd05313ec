package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

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
	k.expectations(o.Input.Desired)
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
	case mapping.SelectorMatchesNothing, mapping.SelectorAmbiguous, mapping.GroupMissing, mapping.GroupAmbiguous, mapping.GroupTwice,
		mapping.UnknownPlace, mapping.UnknownDoor, mapping.AmbiguousDoor, mapping.DoorElsewhere, mapping.UnknownStop, mapping.AmbiguousStop:
		return bad
	}
	return warning
}

// expectations runs the tests that the file brings along.
func (k *checkup) expectations(d *access.Desired) {
	if len(k.settings.Expect) == 0 {
		return
	}
	if len(k.unread) > 0 {
		k.add(finding{About: "expect", Level: warning, Text: "not asked, because " + strings.Join(k.unread, ", ") + " could not be read"})
		return
	}
	for _, e := range k.settings.Expect {
		holds := desiredGroups(d, e.Person)
		var wrong []string
		for _, g := range e.Has {
			if !slices.Contains(holds, g) {
				wrong = append(wrong, "lacks "+g)
			}
		}
		for _, g := range e.Lacks {
			if slices.Contains(holds, g) {
				wrong = append(wrong, "has "+g)
			}
		}
		about := fmt.Sprintf("expect (line %d)", e.Line)
		if len(wrong) > 0 {
			k.add(finding{About: about, Level: bad, Text: e.Person + " " + strings.Join(wrong, ", "), Hint: "kisi-sync explain " + e.Person + " says why"})
			continue
		}
		k.good(about, "%s is as expected", e.Person)
	}
}

func desiredGroups(d *access.Desired, folded string) []string {
	var groups []string
	for i := range d.Wishes {
		if w := &d.Wishes[i]; w.Folded == folded && w.Standing == access.Keep {
			for _, g := range w.Grants {
				if !g.Unsure {
					groups = append(groups, d.Groups[g.Group].Name)
				}
			}
		}
	}
	return groups
}
