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

// Words are the names that a plan is told with. Each may be nil; then ids are told.
type Words struct {
	Catalog  *access.Catalog
	Desired  *access.Desired
	Observed *access.State
}

// Summary tells a plan in people and doors: steps that do the same to several people become one sentence. Sentences come in the
// order in which their first step is done, those that are held last.
func (p *Plan) Summary(w Words) []Line {
	if w.Catalog == nil {
		w.Catalog = &access.Catalog{}
	}
	t := teller{plan: p, words: w, index: map[sentence]int{}}
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
	again             bool // it was there before, and somebody undid it
	group, why, extra string
	hold              string
}

type told struct {
	sentence
	words  *Words
	people []string
	steps  []string
	weight int
	terms  []string // role and dates of each right
}

type teller struct {
	plan  *Plan
	words Words
	told  []*told
	index map[sentence]int
}

func (t *teller) tell(s *Step) {
	key := t.sentence(s)
	n, ok := t.index[key]
	if !ok {
		n = len(t.told)
		t.index[key] = n
		t.told = append(t.told, &told{sentence: key, words: &t.words})
	}
	one := t.told[n]
	if s.Change.Kind.OfMember() {
		one.people = append(one.people, s.Change.Object.Email)
	}
	one.steps = append(one.steps, s.ID.String())
	one.weight = max(one.weight, s.People)
	one.terms = append(one.terms, termsOf(&s.Change, t.zone(&s.Change)))
}

// zone is where the dates of a right are told; it does not matter for a change without any.
func (t *teller) zone(c *access.Change) access.Zone {
	if c.After == nil || c.After.From|c.After.Until == 0 {
		return access.Zone{}
	}
	return zoneOf(t.words.Desired, c.Object.Group, c.Object.GroupName)
}

func (t *teller) sentence(s *Step) sentence {
	c := &s.Change
	if maker := t.maker(s); maker != nil {
		return t.sentence(maker)
	}
	key := sentence{kind: c.Kind, again: s.Reason == Repaired, group: c.Object.GroupName, why: whyOf(c), extra: t.extra(c)}
	if s.Reason == TakenOver {
		key.extra = TakenOver.String()
	}
	if s.Hold != nil {
		key.hold = holdText(s.Hold)
	}
	return key
}

// maker returns the step that creates the group of a door or stop: a new group is told with what it opens.
func (t *teller) maker(s *Step) *Step {
	if s.Change.Kind != access.AddDoor && s.Change.Kind != access.AddStop {
		return nil
	}
	for _, n := range s.Needs {
		maker := &t.plan.Steps[n]
		if maker.Change.Kind == access.CreateGroup && (s.Hold == nil || s.Hold.Kind == access.HeldByNeed) {
			return maker
		}
	}
	return nil
}

// holdText says why a step is held so that steps which wait for different ones may be told together.
func holdText(h *access.HoldReason) string {
	switch {
	case h.Kind == access.HeldByNeed:
		return "waits for another step that is held"
	case h.Text == "":
		return "held: " + h.Kind.String()
	}
	return h.Text
}

// whyOf returns the cause where it tells people together that lose together; who gains is told by group alone.
func whyOf(c *access.Change) string {
	switch c.Kind {
	case access.RemoveAssignment, access.DisableMember, access.EnableMember, access.ReleaseGrant, access.LinkMember, access.DeleteMember, access.ReleaseMember:
		return c.Cause.Text
	}
	return ""
}

// extra returns what else must be alike: the door, the dates, the name.
func (t *teller) extra(c *access.Change) string {
	switch c.Kind {
	case access.AddDoor, access.RemoveDoor, access.ForgetDoor:
		return orID(t.words.Catalog.DoorName(c.Object.Thing), "door", c.Object.Thing)
	case access.AddStop, access.RemoveStop, access.ForgetStop:
		return orID(t.words.Catalog.StopName(c.Object.Thing), "elevator stop", c.Object.Thing)
	case access.CreateAssignment, access.UpdateAssignment:
		if c.After.From != 0 || c.After.Until != 0 {
			return "dated"
		}
		return termsOf(c, access.Zone{}) // it has no dates
	case access.UpdateMember:
		return c.After.Name
	case access.UpdateGroup:
		return c.OfGroup()
	case access.DeleteGroup:
		return c.Cause.Text
	case access.CreateGroup:
		return c.After.Settings.String()
	case access.CreateMember:
		if c.After.Managed {
			return "managed, no mail"
		}
		return "invited by mail"
	}
	return ""
}

// termsOf says role and dates of a right that is given or changed; "" for other changes.
func termsOf(c *access.Change, zone access.Zone) string {
	switch c.Kind {
	case access.CreateAssignment:
		if c.After.Role == access.ScopedRole {
			return "" // its name says it
		}
		return terms(access.Fields{Role: access.DoorAccess}, *c.After, zone)
	case access.UpdateAssignment:
		return terms(*c.Before, *c.After, zone)
	}
	return ""
}

// shared returns the terms of all the rights of a sentence if they are alike, else that they are not.
func (t *told) shared() string {
	slices.Sort(t.terms)
	t.terms = slices.Compact(t.terms)
	switch {
	case len(t.terms) > 1:
		return ", each with dates of their own"
	case t.kind == access.UpdateAssignment:
		return ", now" + t.terms[0]
	}
	return t.terms[0]
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

// subject is whom a sentence is about, with the endings that English wants of its verbs. One person is named; several are counted.
type subject struct{ who, s, be, have, user string }

func (t *told) subject() subject {
	if len(t.people) == 1 {
		return subject{t.people[0], "s", "is", "has", "the Kisi user is"}
	}
	return subject{countPeople(len(t.people)), "", "are", "have", "their Kisi users are"}
}

// text says it.
func (t *told) text() string {
	n, again := t.subject(), ""
	if t.again {
		again = " again"
	}
	switch t.kind {
	case access.CreateMember:
		return fmt.Sprintf("%s get%s a Kisi user%s (%s)", n.who, n.s, again, t.extra)
	case access.UpdateMember:
		return fmt.Sprintf("%s %s renamed to %q", n.who, n.be, t.extra)
	case access.DisableMember:
		return fmt.Sprintf("%s lose%s all access, %s suspended", n.who, n.s, n.user) + t.because()
	case access.DeleteMember:
		return t.deleted(n)
	case access.EnableMember:
		return fmt.Sprintf("%s get%s all access back", n.who, n.s) + t.because()
	case access.CreateAssignment:
		return fmt.Sprintf("%s gain%s %s%s%s%s", n.who, n.s, t.group, t.words.doors(t.group), t.shared(), again)
	case access.UpdateAssignment:
		return fmt.Sprintf("%s keep%s %s%s%s", n.who, n.s, t.group, t.shared(), again)
	case access.RemoveAssignment:
		return fmt.Sprintf("%s lose%s %s%s", n.who, n.s, t.group, t.words.doors(t.group)) + t.because()
	case access.CreateGroup, access.UpdateGroup, access.AddDoor, access.AddStop, access.RemoveDoor, access.RemoveStop, access.ForgetDoor, access.ForgetStop, access.DeleteGroup:
		return t.ofGroup(again)
	}
	return t.quiet(n)
}

// deleted says whose Kisi user goes for good.
func (t *told) deleted(n subject) string {
	what := "the Kisi user of %s is deleted, which cannot be undone"
	if len(t.people) > 1 {
		what = "the Kisi users of %s are deleted, which cannot be undone"
	}
	return fmt.Sprintf(what, n.who) + t.because()
}

// ofGroup says what happens to a group.
func (t *told) ofGroup(again string) string {
	crowd := ""
	if t.weight > 0 {
		crowd = " for " + countPeople(t.weight)
	}
	switch t.kind {
	case access.CreateGroup:
		text := fmt.Sprintf("group %s is created%s%s", t.group, again, t.words.doors(t.group))
		if t.extra != "" {
			text += ", " + t.extra
		}
		return text
	case access.UpdateGroup:
		if t.extra == "" {
			return fmt.Sprintf("group %s gets another description", t.group)
		}
		return fmt.Sprintf("group %s: %s%s%s", t.group, t.extra, crowd, again)
	case access.DeleteGroup:
		return fmt.Sprintf("group %s is deleted, which cannot be undone%s: %s", t.group, crowd, t.extra)
	case access.AddDoor, access.AddStop:
		return fmt.Sprintf("group %s opens %s%s%s", t.group, t.extra, crowd, again)
	case access.ForgetDoor, access.ForgetStop:
		return fmt.Sprintf("group %s does not open %s any more: somebody took it out, and the file no longer names it", t.group, t.extra)
	}
	return fmt.Sprintf("group %s no longer opens %s%s", t.group, t.extra, crowd)
}

// quiet says what changes nobody's access.
func (t *told) quiet(n subject) string {
	adopted := t.extra == TakenOver.String()
	switch t.kind {
	case access.LinkMember:
		if adopted {
			return fmt.Sprintf("%s %s taken over: made by hand in Kisi, ours from now on (%s)", n.who, n.be, t.why)
		}
		return fmt.Sprintf("%s %s recognized in Kisi (%s)", n.who, n.be, t.why)
	case access.NoteSatisfied:
		if adopted {
			return fmt.Sprintf("%s %s %s already, given by hand; it is taken over", n.who, n.have, t.group)
		}
		return fmt.Sprintf("%s %s %s already, given by hand; it is left to whoever gave it", n.who, n.have, t.group)
	case access.ReleaseGrant:
		return fmt.Sprintf("%s keep%s %s, which was given by hand (%s)", n.who, n.s, t.group, t.why)
	case access.ReleaseMember:
		return fmt.Sprintf("%s %s no longer looked after; nothing changes in Kisi (%s)", n.who, n.be, t.why)
	case access.ForgetMember:
		if len(t.people) == 1 {
			return fmt.Sprintf("the old Kisi user of %s is forgotten: somebody deleted it", n.who)
		}
		return fmt.Sprintf("the old Kisi users of %s are forgotten: somebody deleted them", n.who)
	}
	return fmt.Sprintf("%s %s lost %s already, not by kisi-sync", n.who, n.have, t.group)
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
