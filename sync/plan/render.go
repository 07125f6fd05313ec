package plan

import (
	"fmt"
	"slices"
	"strings"

	"github.com/kisi-sync/kisi-sync/internal/access"
)

// Line is one sentence of a plan for people: what happens to whom, and why it is held if it is.
type Line struct {
	Text   string   `json:"text"`
	People []string `json:"people,omitempty"` // addresses, sorted
	Steps  []string `json:"steps"`            // ids
	Hold   string   `json:"hold,omitempty"`
}

// Words are the names that a plan is told with.
type Words struct {
	Catalog  *access.Catalog
	Desired  *access.Desired
	Observed *access.State
}

// Summary tells a plan in people and doors: steps that do the same to several people become one sentence. Sentences come in the
// order in which their first step is done, those that are held last.
func (p *Plan) Summary(w Words) []Line {
	t := teller{words: w, index: map[sentence]int{}}
	for i := range p.Steps {
		t.tell(&p.Steps[i])
	}
	lines := make([]Line, 0, len(t.told))
	for _, held := range []bool{false, true} {
		for _, told := range t.told {
			if (told.hold != "") == held {
				lines = append(lines, told.line())
			}
		}
	}
	return lines
}

// sentence is what steps must share to be told together.
type sentence struct {
	kind              access.Kind
	group, why, extra string
	hold              string
}

type told struct {
	sentence
	words  *Words
	people []string
	steps  []string
	weight int
}

type teller struct {
	words Words
	told  []*told
	index map[sentence]int
}

func (t *teller) tell(s *Step) {
	key := sentence{kind: s.Change.Kind, group: s.Change.Object.GroupName, why: whyOf(s), extra: t.extra(s)}
	if s.Hold != nil {
		key.hold = s.Hold.Text
		if s.Hold.Kind == access.HeldByNeed {
			key.hold = "waits for another step that is held"
		}
	}
	n, ok := t.index[key]
	if !ok {
		n = len(t.told)
		t.index[key] = n
		t.told = append(t.told, &told{sentence: key, words: &t.words})
	}
	one := t.told[n]
	if s.Change.Object.Email != "" {
		one.people = append(one.people, s.Change.Object.Email)
	}
	one.steps = append(one.steps, s.ID.String())
	one.weight = max(one.weight, s.People)
}

// whyOf returns the cause where it tells people together that lose together; who gains is told by group alone.
func whyOf(s *Step) string {
	switch s.Change.Kind {
	case access.RemoveAssignment, access.DisableMember, access.EnableMember, access.ReleaseGrant, access.ForgetGrant, access.LinkMember:
		return s.Change.Cause.Text
	}
	if s.Reason == Repaired {
		return "repair"
	}
	return ""
}

// extra returns what else must be alike: the door, or the dates.
func (t *teller) extra(s *Step) string {
	c := s.Change
	switch c.Kind {
	case access.AddDoor, access.RemoveDoor:
		return orID(t.words.Catalog.DoorName(c.Object.Thing), "door", c.Object.Thing)
	case access.AddStop, access.RemoveStop:
		return orID(t.words.Catalog.StopName(c.Object.Thing), "elevator stop", c.Object.Thing)
	case access.CreateAssignment:
		if c.After.Role != access.DoorAccess || c.After.From != 0 || c.After.Until != 0 {
			return " as " + validity(c.After.Role, c.After.From, c.After.Until)
		}
	case access.UpdateAssignment:
		return validity(c.After.Role, c.After.From, c.After.Until)
	case access.UpdateMember:
		return c.After.Name
	case access.CreateMember:
		if !c.After.Managed {
			return "invited by mail"
		}
		return "managed, no mail"
	}
	return ""
}

func orID(name, kind string, id access.RemoteID) string {
	if name != "" {
		return name
	}
	return fmt.Sprintf("%s %d", kind, id)
}

func (t *told) line() Line {
	slices.Sort(t.people)
	t.people = slices.Compact(t.people)
	return Line{Text: t.text(), People: t.people, Steps: t.steps, Hold: t.hold}
}

// text says it. One person is named; several are counted.
func (t *told) text() string {
	n := len(t.people)
	who, s := countPeople(n), ""
	if n == 1 {
		who, s = t.people[0], "s"
	}
	be := map[bool]string{true: "is", false: "are"}[n == 1]
	switch t.kind {
	case access.CreateMember:
		return fmt.Sprintf("%s get%s a Kisi user (%s)", who, s, t.extra) + t.because()
	case access.UpdateMember:
		return fmt.Sprintf("%s %s renamed to %q", who, be, t.extra)
	case access.DisableMember:
		return fmt.Sprintf("%s lose%s all access, the Kisi user is suspended", who, s) + t.because()
	case access.EnableMember:
		return fmt.Sprintf("%s %s restored", who, be) + t.because()
	case access.CreateAssignment:
		return fmt.Sprintf("%s gain%s %s%s%s", who, s, t.group, t.words.doors(t.group), t.extra) + t.because()
	case access.UpdateAssignment:
		return fmt.Sprintf("%s keep%s %s, now as %s", who, s, t.group, t.extra) + t.because()
	case access.RemoveAssignment:
		return fmt.Sprintf("%s lose%s %s%s", who, s, t.group, t.words.doors(t.group)) + t.because()
	}
	return t.quiet(who, s, be)
}

// quiet says what changes nobody's access, or a whole group's.
func (t *told) quiet(who, s, be string) string {
	switch t.kind {
	case access.CreateGroup:
		return fmt.Sprintf("group %s is created%s", t.group, t.words.doors(t.group))
	case access.UpdateGroup:
		return fmt.Sprintf("group %s gets another description", t.group)
	case access.AddDoor, access.AddStop:
		return fmt.Sprintf("group %s opens %s for %s", t.group, t.extra, countPeople(t.weight)) + t.because()
	case access.RemoveDoor, access.RemoveStop:
		return fmt.Sprintf("group %s no longer opens %s for %s", t.group, t.extra, countPeople(t.weight))
	case access.LinkMember:
		return fmt.Sprintf("%s %s recognized in Kisi (%s)", who, be, t.why)
	case access.NoteSatisfied:
		return fmt.Sprintf("%s already hold%s %s by hand; it is left to whoever gave it", who, s, t.group)
	case access.ReleaseGrant:
		return fmt.Sprintf("%s keep%s %s, which was given by hand", who, s, t.group) + t.because()
	}
	return fmt.Sprintf("%s no longer hold%s %s, taken away by hand", who, s, t.group)
}

func (t *told) because() string {
	if t.why == "" {
		return ""
	}
	return ": " + t.why
}

// doors returns the doors and stops that a group opens, in parentheses and without their place; "" when none are known.
func (w *Words) doors(group string) string {
	doors, stops := w.openings(group)
	var names []string
	for _, id := range doors {
		names = append(names, lastPart(orID(w.Catalog.DoorName(id), "door", id)))
	}
	for _, id := range stops {
		name := strings.Split(orID(w.Catalog.StopName(id), "elevator stop", id), " / ")
		names = append(names, strings.Join(name[min(1, len(name)-1):], " "))
	}
	const enough = 4
	if len(names) == 0 {
		return ""
	}
	if len(names) > enough {
		names = append(names[:enough-1], fmt.Sprintf("%d more", len(names)-enough+1))
	}
	return " (" + strings.Join(names, ", ") + ")"
}

func lastPart(s string) string {
	if i := strings.LastIndex(s, " / "); i >= 0 {
		return s[i+len(" / "):]
	}
	return s
}

// openings returns what a group opens: as declared if the file manages that, else as it is in Kisi.
func (w *Words) openings(group string) (doors, stops []access.RemoteID) {
	var id access.RemoteID
	if w.Desired != nil {
		for i := range w.Desired.Groups {
			if g := &w.Desired.Groups[i]; g.Name == group {
				if g.Openings || g.ID == 0 {
					return g.Doors, g.Stops
				}
				id = g.ID
			}
		}
	}
	if w.Observed != nil {
		for i := range w.Observed.Groups {
			if g := &w.Observed.Groups[i]; g.ID == id || id == 0 && g.Name == group {
				return things(g.Doors), things(g.Stops)
			}
		}
	}
	return nil, nil
}

func things(all []access.Opening) []access.RemoteID {
	ids := make([]access.RemoteID, len(all))
	for i, o := range all {
		ids[i] = o.Thing
	}
	return ids
}

// Describe says one step in one line, for logs, audit lines and progress.
func (s *Step) Describe(c *access.Catalog) string { return Describe(s.Change, c) }

// Describe says one change in one line. The catalog may be nil.
func Describe(ch access.Change, c *access.Catalog) string {
	if c == nil {
		c = &access.Catalog{}
	}
	text := ch.Kind.String() + ": " + nameOf(ch.Object)
	switch ch.Kind {
	case access.AddDoor, access.RemoveDoor:
		text += ", " + orID(c.DoorName(ch.Object.Thing), "door", ch.Object.Thing)
	case access.AddStop, access.RemoveStop:
		text += ", " + orID(c.StopName(ch.Object.Thing), "elevator stop", ch.Object.Thing)
	case access.CreateAssignment, access.UpdateAssignment:
		text += " as " + validity(ch.After.Role, ch.After.From, ch.After.Until)
	}
	return text
}
