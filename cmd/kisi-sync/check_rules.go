package main

import (
	"context"
	"strings"

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
	k.expectations(o)
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
			k.ui.Say("    and %d more like that (%s; --json lists all)", more, kind)
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
	case mapping.SelectorMatchesNothing, mapping.SelectorAmbiguous, mapping.SelectorRebound, mapping.SelectorNotExact, mapping.GroupMissing, mapping.GroupAmbiguous, mapping.GroupTwice, mapping.GroupScope,
		mapping.UnknownPlace, mapping.UnknownDoor, mapping.AmbiguousDoor, mapping.DoorElsewhere, mapping.UnknownStop, mapping.AmbiguousStop:
		return bad
	}
	return warning
}
