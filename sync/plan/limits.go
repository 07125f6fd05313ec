package plan

import (
	"fmt"

	"github.com/kisi-sync/kisi-sync/internal/access"
)

// Limits weigh people, not steps. Two things are counted: everybody who loses or gains by one cause, and everybody who loses
// one group by one cause. What was spent within the window counts too; what was approved does not.

// weight is the people of one tally, each once, and those of steps that touch a whole group.
type weight struct {
	people map[string]bool
	groups map[string]int
}

func (w *weight) total() int {
	n := len(w.people)
	for _, people := range w.groups {
		n += people
	}
	return n
}

// tally is what people are counted by. Group is "" for the cause as a whole.
type tally struct {
	effect access.Effect
	cause  access.CauseKind
	group  string
}

type tallies map[tally]*weight

func (t tallies) of(key tally) *weight {
	w := t[key]
	if w == nil {
		w = &weight{people: map[string]bool{}, groups: map[string]int{}}
		t[key] = w
	}
	return w
}

// limit holds the steps whose cause, or whose cause in one group, is over a limit.
func limit(in Input, d *decider, steps []Step, standing map[access.Digest]*access.Hold) {
	t := tallies{}
	for _, s := range in.Spent {
		t.of(tally{s.Effect, s.Cause, ""}).people[s.Email] = true
		if s.Group != 0 {
			t.of(tally{s.Effect, s.Cause, d.groupName(s.Group)}).people[s.Email] = true
		}
	}
	for i := range steps {
		if s := &steps[i]; s.Hold == nil && !approved(standing[s.ID]) {
			t.count(s)
		}
	}
	over := d.overLimit(t)
	for i := range steps {
		s := &steps[i]
		if s.Hold != nil || approved(standing[s.ID]) {
			continue
		}
		for _, key := range keysOf(s) {
			if reason := over[key]; reason != nil && s.Hold == nil {
				s.Hold = reason
			}
		}
	}
}

func approved(h *access.Hold) bool { return h != nil && h.Verdict == access.Approved }

// keysOf returns what a step is weighed under. Creating a user gives nobody a door, but it is held with the rights that it is for.
func keysOf(s *Step) []tally {
	effect := s.Change.Effect()
	if s.Change.Kind == access.CreateMember {
		effect = access.Widens
	}
	if effect == access.Neutral {
		return nil
	}
	return []tally{{effect, s.Change.Cause.Kind, ""}, {effect, s.Change.Cause.Kind, s.Change.Object.GroupName}}
}

func (t tallies) count(s *Step) {
	if s.Change.Kind == access.CreateMember {
		return
	}
	for _, key := range keysOf(s) {
		w, o := t.of(key), s.Change.Object
		if o.Email != "" {
			w.people[o.Email] = true
		} else {
			w.groups[o.GroupName] = max(w.groups[o.GroupName], s.People)
		}
	}
}

// overLimit returns the tallies that are over their limit, with the reason in words.
func (d *decider) overLimit(t tallies) map[tally]*access.HoldReason {
	over := map[tally]*access.HoldReason{}
	for key, w := range t {
		if text := d.judge(key, w.total()); text != "" {
			over[key] = &access.HoldReason{Kind: access.HeldByLimit, Text: text}
		}
	}
	return over
}

func (d *decider) judge(key tally, people int) string {
	l := d.in.Limits
	switch {
	case people == 0 || key.cause == access.Blocked || key.effect == access.Neutral:
		return ""
	case key.group != "":
		return d.judgeGroup(key, people)
	case key.effect == access.Widens:
		return overPeople(people, l.Grants, "would gain access", "limits.grants.people")
	case key.cause == access.Disabled:
		return overPeople(people, l.Disabled, "would be suspended as disabled", "limits.disabled.people")
	}
	return overPeople(people, l.Removals.People, "would lose access ("+causeWords(key.cause)+")", "limits.removals.people")
}

func overPeople(people, limit int, what, setting string) string {
	if limit < 0 || people <= limit {
		return ""
	}
	return fmt.Sprintf("%s %s, %s is %d", countPeople(people), what, setting, limit)
}

// judgeGroup weighs who loses one group against who holds it.
func (d *decider) judgeGroup(key tally, people int) string {
	r := d.in.Limits.Removals
	if key.effect != access.Narrows || key.cause == access.Disabled || r.PercentOfGroup <= 0 {
		return ""
	}
	holders := d.holdersNamed(key.group)
	if holders <= r.GroupsAbove || people*100 <= holders*r.PercentOfGroup {
		return ""
	}
	return fmt.Sprintf("%d of the %s of %s would lose it (%s), limits.removals.percent_of_group is %d %%",
		people, countPeople(holders), key.group, causeWords(key.cause), r.PercentOfGroup)
}

// holdersNamed counts the people who hold a group now, or held it within the window.
func (d *decider) holdersNamed(name string) int {
	for i := range d.in.Observed.Groups {
		g := &d.in.Observed.Groups[i]
		if d.groupName(g.ID) != name {
			continue
		}
		n := d.holders(g.ID)
		for _, s := range d.in.Spent {
			if s.Group == g.ID && s.Effect == access.Narrows {
				n++
			}
		}
		return n
	}
	return 0
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
		return "disabled in the directory"
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
	}
	return k.String()
}
