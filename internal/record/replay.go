package record

import (
	"cmp"
	"slices"
	"time"

	"github.com/kisi-sync/kisi-sync/internal/access"
)

// Replay follows the trail line by line and knows, after each, who held what as far as kisi-sync did or saw it. What somebody else does
// in Kisi is known from when it was seen.
//
//	give access, change access   done: held, by what the line says      create user    known, holds nothing
//	note access given by hand    held, by somebody else                 suspend        opens nothing; restore lifts it
//	remove access                done: not held                         forget user    holds nothing
//	forget access                not held: it was gone by itself        seen           holds exactly what was seen
//	release access               held on, by somebody else              seen doors     the group opens exactly these
//
// What failed or was never finished changes nothing: when it was found to have been done after all, there is a line of that.
type Replay struct {
	people map[access.RemoteID]*Person
	groups map[access.RemoteID]*Group
	byMail map[string]access.RemoteID // who had an address last
}

// Person is what the lines so far say of a Kisi user.
type Person struct {
	Email     string   // the last
	Emails    []string // all that there were
	Suspended bool
	Rights    []Held
}

// Held is a right with where it comes from.
type Held struct {
	Right Right
	Since time.Time // when it was given, or first seen
	Line  uint64    // of the trail that says so
	ByUs  bool      // given by kisi-sync; otherwise found in Kisi, by somebody else's hand
	Rule  string    // of what we gave
	Run   uint64    // in which we gave it
	Asked string    // who asked for that run
}

// Group is what the lines so far say of a group.
type Group struct {
	Names []string // all that there were, the last one last
	Opens []Door
}

// NewReplay returns a Replay before the first line.
func NewReplay() *Replay {
	return &Replay{people: map[access.RemoteID]*Person{}, groups: map[access.RemoteID]*Group{}, byMail: map[string]access.RemoteID{}}
}

// Add takes in the next line, and fills in what the entry's groups open, before it or after it, and which groups it concerns.
func (r *Replay) Add(e *Entry) {
	e.Concerned = r.concerned(e)
	if e.Member != 0 {
		r.person(e)
	}
	if e.Group != 0 {
		before := r.Opens(e.Group)
		e.Doors = union(before, r.group(e).Opens)
	}
	for _, ids := range [][]access.RemoteID{e.Groups, r.spokenOf(e), e.Concerned} {
		for _, id := range ids {
			e.Doors = union(e.Doors, r.Opens(id))
		}
	}
}

// concerned returns the groups that somebody holds whom a line lets in or shuts out of all of them, ascending.
func (r *Replay) concerned(e *Entry) (ids []access.RemoteID) {
	if e.Group != 0 || len(e.Groups) > 0 || !e.ofEverything() {
		return nil
	}
	p := r.people[cmp.Or(e.Member, r.byMail[e.person()])]
	if p == nil {
		return nil
	}
	for i := range p.Rights {
		ids = append(ids, p.Rights[i].Right.Group)
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// ofEverything says that a line is about all that a person holds.
func (l *AuditLine) ofEverything() bool {
	switch l.Word() {
	case access.DisableMember.String(), access.EnableMember.String(), access.ForgetMember.String(), DidSee, DidPin, DidUnpin:
		return true
	case DidApprove, DidReject, DidTakeBack:
		return groupIn(l.What) == ""
	}
	return false
}

// spokenOf returns the groups that a decision names in its text.
func (r *Replay) spokenOf(e *Entry) (ids []access.RemoteID) {
	if word := e.Word(); word != DidApprove && word != DidReject && word != DidTakeBack {
		return nil
	}
	for id, g := range r.groups {
		if slices.ContainsFunc(g.Names, e.speaksOf) {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids
}

// union returns the doors of both lists; neither is changed.
func union(a, b []Door) []Door {
	all := slices.Clip(a)
	for _, d := range b {
		if !slices.ContainsFunc(a, d.same) {
			all = append(all, d)
		}
	}
	return all
}

func (d Door) same(x Door) bool { return d.ID == x.ID && d.Stop == x.Stop }

func (r *Replay) group(e *Entry) *Group {
	g := r.groups[e.Group]
	if g == nil {
		g = &Group{}
		r.groups[e.Group] = g
	}
	g.Names = addNew(g.Names, cmp.Or(e.GroupName, groupIn(e.What)))
	if e.Outcome != Done {
		if e.Kind == DidSeeDoors {
			g.Opens = e.Opens
		}
		return g
	}
	switch e.Word() {
	case access.AddDoor.String():
		g.open(e.door(false))
	case access.AddStop.String():
		g.open(e.door(true))
	case access.RemoveDoor.String():
		g.shut(e.door(false))
	case access.RemoveStop.String():
		g.shut(e.door(true))
	case access.DeleteGroup.String():
		g.Opens = nil
		for _, p := range r.people {
			p.take(e.Group, 0)
		}
	}
	return g
}

func addNew(all []string, s string) []string {
	if s == "" || slices.Contains(all, s) {
		return all
	}
	return append(all, s)
}

// door returns the door or stop that a line is about; old lines name none.
func (e *Entry) door(stop bool) Door {
	if len(e.Opens) == 1 {
		return e.Opens[0]
	}
	return Door{ID: e.Thing, Stop: stop}
}

// shut and open make a new list: entries hold the old one.
func (g *Group) shut(d Door) {
	g.Opens = slices.DeleteFunc(slices.Clone(g.Opens), d.same)
}

func (g *Group) open(d Door) {
	g.shut(d)
	if d.ID != 0 {
		g.Opens = append(g.Opens, d)
	}
}

func (r *Replay) person(e *Entry) {
	p := r.people[e.Member]
	if p == nil {
		p = &Person{}
		r.people[e.Member] = p
	}
	p.Email = cmp.Or(e.Email, emailIn(e.What), p.Email)
	p.Emails = addNew(p.Emails, p.Email)
	if p.Email != "" {
		r.byMail[p.Email] = e.Member
	}
	if e.Kind == DidSee {
		p.saw(e)
		return
	}
	if e.Outcome != Done {
		return
	}
	switch e.Word() {
	case access.DisableMember.String():
		p.Suspended = true
	case access.EnableMember.String():
		p.Suspended = false
	case access.CreateMember.String(), access.ForgetMember.String(), access.DeleteMember.String():
		p.Suspended, p.Rights = false, nil
	default:
		p.right(e)
	}
}

// right does the part of person that is about rights.
func (p *Person) right(e *Entry) {
	switch e.Word() {
	case access.CreateAssignment.String():
		p.take(e.Group, e.Made)
		p.hold(e, !e.Existed)
	case access.UpdateAssignment.String():
		p.take(e.Group, e.Assignment)
		p.hold(e, true)
	case access.NoteSatisfied.String():
		p.take(e.Group, e.Assignment)
		p.hold(e, false)
	case access.RemoveAssignment.String(), access.ForgetGrant.String():
		p.take(e.Group, e.Assignment)
	case access.ReleaseGrant.String():
		for i := range p.Rights {
			if p.Rights[i].is(e.Group, e.Assignment) {
				p.Rights[i].ByUs = false
			}
		}
	}
}

// is says that a right is the one that a line names; lines that name none mean the only one in the group.
func (h *Held) is(group, assignment access.RemoteID) bool {
	return h.Right.Group == group && (assignment == 0 || h.Right.Assignment == 0 || h.Right.Assignment == assignment)
}

func (p *Person) take(group, assignment access.RemoteID) {
	p.Rights = slices.DeleteFunc(p.Rights, func(h Held) bool { return h.is(group, assignment) })
}

func (p *Person) hold(e *Entry, byUs bool) {
	p.Rights = append(p.Rights, Held{Right: Right{Group: e.Group, Assignment: cmp.Or(e.Made, e.Assignment), Role: e.Role, From: e.From, Until: e.Until},
		Since: e.At, Line: e.Number, ByUs: byUs, Rule: e.Rule, Run: e.Run, Asked: e.Who})
}

// saw makes the rights those that were seen. One that is as it was stays known since then.
func (p *Person) saw(e *Entry) {
	p.Suspended = !e.Enabled
	before := p.Rights
	p.Rights = make([]Held, 0, len(e.Rights))
	for _, right := range e.Rights {
		i := slices.IndexFunc(before, func(h Held) bool {
			return h.is(right.Group, right.Assignment) && h.Right.Role == right.Role && h.Right.From == right.From && h.Right.Until == right.Until
		})
		h := Held{Since: e.At, Line: e.Number}
		if i >= 0 {
			h = before[i]
		}
		h.Right = right
		p.Rights = append(p.Rights, h)
	}
}

// Holder is somebody who held a right.
type Holder struct {
	Held
	Member    access.RemoteID
	Email     string
	Suspended bool // the right was there, and opened nothing
}

// Holders returns who holds a right in a group that is good at a moment, by address, after the lines so far.
func (r *Replay) Holders(group access.RemoteID, at access.Instant) []Holder {
	var all []Holder
	for id, p := range r.people {
		for i := range p.Rights {
			if h := &p.Rights[i]; h.Right.Group == group && h.Right.From <= at && (h.Right.Until == 0 || at <= h.Right.Until) {
				all = append(all, Holder{Held: *h, Member: id, Email: p.Email, Suspended: p.Suspended})
			}
		}
	}
	slices.SortFunc(all, func(a, b Holder) int {
		return cmp.Or(cmp.Compare(a.Email, b.Email), cmp.Compare(a.Member, b.Member), cmp.Compare(a.Line, b.Line))
	})
	return all
}

// People and Groups return what a Replay knows, by id; it must not be changed. SetPerson and SetGroup put it into a new one.
func (r *Replay) People() map[access.RemoteID]*Person { return r.people }

// Groups: see People.
func (r *Replay) Groups() map[access.RemoteID]*Group { return r.groups }

// SetPerson makes p what is known of a Kisi user.
func (r *Replay) SetPerson(id access.RemoteID, p Person) {
	r.people[id] = &p
	if p.Email != "" {
		r.byMail[p.Email] = id
	}
}

// SetGroup makes g what is known of a group.
func (r *Replay) SetGroup(id access.RemoteID, g Group) { r.groups[id] = &g }

// GroupsNamed returns the ids of the groups that have, or had, a name or an id; usually one.
func (r *Replay) GroupsNamed(name string) []access.RemoteID {
	var ids []access.RemoteID
	for id := range r.groups {
		if r.named(id, name) {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids
}

// Opening returns the ids of the groups that open a door or elevator stop with a name or an id.
func (r *Replay) Opening(door string) []access.RemoteID {
	var ids []access.RemoteID
	for id, g := range r.groups {
		if slices.ContainsFunc(g.Opens, func(d Door) bool { return d.Name == door || isID(d.ID, door) }) {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids
}

// Opens returns what a group opens after the lines so far, as far as they say.
func (r *Replay) Opens(id access.RemoteID) []Door {
	if g := r.groups[id]; g != nil {
		return g.Opens
	}
	return nil
}
