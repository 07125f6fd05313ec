package plan

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/kisi-sync/kisi-sync/internal/access"
)

// Limits weigh people, not steps. Two things are counted: everybody who loses one group by one cause, and everybody who loses or
// gains by one cause. What was spent within the window counts too; what was approved, and what is held anyway, does not.

// tally is what people are counted by. Group is 0 for the cause as a whole; a sensitive group is counted by itself for all causes.
type tally struct {
	effect    access.Effect
	cause     access.CauseKind
	group     access.RemoteID
	sensitive bool
}

// weighedAs returns the cause whose limit a cause shares: to be deleted in a directory is as good as to be disabled there.
func weighedAs(cause access.CauseKind) access.CauseKind {
	if cause == access.Deleted {
		return access.Disabled
	}
	return cause
}

type tallies map[tally]*weight

func (t tallies) of(key tally) *weight {
	w := t[key]
	if w == nil {
		w = &weight{people: map[string]bool{}, groups: map[access.RemoteID]int{}, one: key.group != 0 && key.effect == access.Widens}
		t[key] = w
	}
	return w
}

// limit holds the steps of every group and cause that is over a limit. Groups come first: what is held there does not happen, so it
// does not count for the cause as a whole.
func (h *holder) limit(d *decider, steps []Step) {
	h.limitBy(d, steps, d.sensitiveKeys, d.spentOnSensitive)
	h.limitBy(d, steps, d.groupKeys, spentByGroup)
	h.limitBy(d, steps, causeKeys, spentByCause)
}

func (h *holder) limitBy(d *decider, steps []Step, keysOf keysOf, spentBy func(*access.Spending) (tally, bool)) {
	t := tallies{}
	for i := range h.in.Spent {
		s := &h.in.Spent[i]
		if key, ok := spentBy(s); ok {
			t.add(key, s.Email, s.Group, d.spentOn(s))
		}
	}
	for _, w := range t {
		w.close()
	}
	var keys []tally
	for i := range steps {
		s := &steps[i]
		if s.Hold != nil || s.Change.Kind == access.CreateMember || weightless(s) || h.approved(s) {
			continue
		}
		keys = keysOf(s, keys[:0])
		for _, key := range keys {
			t.add(key, s.Change.Object.Email, s.Change.Object.Group, s.People)
			t.of(key).edited(d.in.Desired, &s.Change)
			t.of(key).loses(&s.Change)
		}
	}
	if over := d.overLimit(t); len(over) > 0 {
		h.holdOver(steps, over, keysOf)
	}
}

// weightless says that a step takes something away from nobody who could use it now.
func weightless(s *Step) bool { return s.People == 0 && s.Change.Effect() == access.Narrows }

func spentByGroup(s *access.Spending) (tally, bool) {
	return tally{effect: s.Effect, cause: weighedAs(s.Cause), group: s.Group}, s.Effect == access.Narrows && s.Group != 0
}

func spentByCause(s *access.Spending) (tally, bool) {
	return tally{effect: s.Effect, cause: weighedAs(s.Cause)}, true
}

// spentOn returns how many people something was spent on: whoever holds the group now, when it was a door of a group.
func (d *decider) spentOn(s *access.Spending) int {
	if s.Email == "" {
		return d.holders(s.Group)
	}
	return 1
}

func (h *holder) holdOver(steps []Step, over map[tally]*access.HoldReason, keysOf keysOf) {
	var keys []tally
	for i := range steps {
		s := &steps[i]
		if s.Hold != nil || weightless(s) || h.approved(s) {
			continue
		}
		keys = keysOf(s, keys[:0])
		for _, key := range keys {
			if reason := over[key]; reason != nil {
				s.Hold = reason
				break
			}
		}
	}
}

// keysOf appends every tally that a step is weighed under.
type keysOf func(s *Step, to []tally) []tally

// causeKeys: the cause. Creating a user gives nobody a door, but it is held with the rights that it is for.
func causeKeys(s *Step, to []tally) []tally {
	effect := s.Change.Effect()
	if s.Change.Kind == access.CreateMember {
		effect = access.Widens
	}
	if effect == access.Neutral {
		return to
	}
	return append(to, tally{effect: effect, cause: weighedAs(s.Change.Cause.Kind)})
}

// groupKeys: the group that is lost. Who is suspended loses all that he holds.
func (d *decider) groupKeys(s *Step, to []tally) []tally {
	if s.Change.Effect() != access.Narrows {
		return to
	}
	if s.Change.Kind == access.DeleteMember { // who is deleted has been without access for long
		return to
	}
	key := tally{effect: access.Narrows, cause: weighedAs(s.Change.Cause.Kind), group: s.Change.Object.Group}
	if s.Change.Kind != access.DisableMember {
		return append(to, key)
	}
	if m, ok := d.in.Observed.Member(s.Change.Object.Member); ok {
		eachGroup(m.Grants, func(group access.RemoteID) { key.group = group; to = append(to, key) })
	}
	return to
}

// add counts a person, or the people of a group as a whole where there is no address.
func (t tallies) add(key tally, who string, group access.RemoteID, people int) {
	w := t.of(key)
	if who != "" {
		w.person(who)
	} else {
		w.groups[group] = max(w.groups[group], people)
	}
}

// overLimit returns the tallies that are over their limit, with the reason in words.
func (d *decider) overLimit(t tallies) map[tally]*access.HoldReason {
	over := map[tally]*access.HoldReason{}
	for key, w := range t {
		text := ""
		switch {
		case key.cause == access.Blocked, key.cause == access.Asked: // an operator said so, of somebody by name
		case key.sensitive:
			text = d.judgeSensitive(key, w)
		case key.group != 0:
			text = d.judgeGroup(key, w)
		default:
			text = d.judge(key, w)
		}
		if text != "" {
			over[key] = &access.HoldReason{Kind: access.HeldByLimit, Text: text}
		}
	}
	return over
}

func (d *decider) judge(key tally, w *weight) string {
	l := d.in.Limits
	switch {
	case key.effect == access.Widens:
		return d.overPeople(w, l.Grants, "would gain access", "limits.grants.people")
	case key.cause == access.Disabled:
		return d.overPeople(w, l.Disabled, "would lose access ("+causeWords(key.cause)+")", "limits.disabled.people")
	}
	return d.overPeople(w, l.Removals.People, "would lose access ("+causeWords(key.cause)+")", "limits.removals.people")
}

func (d *decider) overPeople(w *weight, limit int, what, setting string) string {
	if limit < 0 || w.total() <= limit {
		return ""
	}
	return fmt.Sprintf("%s %s%s, %s is %d", countPeople(w.total()), what, w.because(d.in.Limits.Window), setting, limit)
}

// judgeGroup weighs who loses one group, or a door of it, against who holds it.
func (d *decider) judgeGroup(key tally, w *weight) string {
	r := d.in.Limits.Removals
	if key.cause == access.Disabled || r.PercentOfGroup <= 0 {
		return ""
	}
	people, holders := w.total(), d.holdersOfLate(key.group)
	if holders <= r.GroupsAbove || people*100 <= holders*r.PercentOfGroup {
		return ""
	}
	setting := fmt.Sprintf("(%s), limits.removals.percent_of_group is %d", strings.Join(append([]string{causeWords(key.cause)}, w.edits...), ": "), r.PercentOfGroup)
	if len(w.groups) > 0 {
		return fmt.Sprintf("all %s of %s would lose %s %s", countPeople(holders), d.groupName(key.group), cmp.Or(w.what, "a door or elevator stop"), setting)
	}
	return fmt.Sprintf("%d of the %s of %s would lose it %s", people, countPeople(holders), d.groupName(key.group), setting)
}

// holdersOfLate counts the people who hold a group now, or lost it within the window.
func (d *decider) holdersOfLate(group access.RemoteID) int {
	lost := map[string]bool{}
	for i := range d.in.Spent {
		if s := &d.in.Spent[i]; s.Group == group && s.Effect == access.Narrows && s.Email != "" {
			lost[s.Email] = true
		}
	}
	return d.holders(group) + len(lost)
}

func countPeople(n int) string {
	if n == 1 {
		return "1 person"
	}
	return fmt.Sprintf("%d people", n)
}

// causeWords says a cause to people.
func causeWords(k access.CauseKind) string {
	switch k {
	case access.Disabled:
		return "disabled or deleted in the directory"
	case access.Vanished:
		return "no longer in the directory"
	case access.LeftGroup:
		return "left a group"
	case access.ByFile, access.Declared:
		return "caused by the file"
	case access.Expired:
		return "end date passed"
	case access.Blocked:
		return "blocked"
	case access.LeftScope:
		return "a source may not speak for the address any more"
	case access.NoDoors:
		return "has held no door for long"
	case access.Ordered:
		return "asked for on the command line"
	case access.Retained:
		return "left and was suspended long ago"
	}
	return k.String()
}
