package directory

import (
	"iter"
	"slices"
	"time"

	"github.com/kisi-sync/kisi-sync/internal/email"
)

// View is several sources side by side, with members found and groups closed over nesting. It never changes and may be read
// by many goroutines. People and groups are numbered from 0, by source in the order given to Join, then by ID.
type View struct {
	parts          []viewPart
	people, groups int
	abroad         map[abroadRef]uint32 // members that another source knows, as person numbers
}

type viewPart struct {
	*Snapshot
	person, group int // number of the first
}

type abroadRef struct {
	part int
	ref  uint32
}

// Join puts snapshots side by side. A member that its own source cannot find and that is named by e-mail address is looked up
// in the others; an address that two people share names nobody.
func Join(all ...*Snapshot) *View {
	v := &View{abroad: map[abroadRef]uint32{}}
	for _, s := range all {
		v.parts = append(v.parts, viewPart{s, v.people, v.groups})
		v.people += s.people.len()
		v.groups += s.groups.len()
	}
	v.findAbroad()
	return v
}

// findAbroad resolves what is named by address or by security identifier and dangling.
func (v *View) findAbroad() {
	var byMail map[string]uint32
	for p := range v.parts {
		t := &v.parts[p].refs
		for r := range t.kind {
			if t.kind[r] < ByMail || t.node[r] != none || len(v.parts) == 1 {
				continue
			}
			if t.kind[r] == BySID {
				if person, ok := v.bySID(t.at(uint32(r))); ok {
					v.abroad[abroadRef{p, uint32(r)}] = person
				}
				continue
			}
			if byMail == nil {
				byMail = v.mailIndex()
			}
			if person, ok := byMail[t.value.at(r)]; ok && person != none {
				v.abroad[abroadRef{p, uint32(r)}] = person
			}
		}
	}
}

// bySID finds the one person of all sources whom a security identifier names.
func (v *View) bySID(ref Ref) (person uint32, ok bool) {
	for _, p := range v.parts {
		at, known := p.refs.find(ref)
		if !known {
			continue
		}
		switch node, is := p.refs.who(at); {
		case p.refs.node[at] == ambiguous, is && (ok || int(node) >= p.people.len()): // two, or a group, are nobody
			return 0, false
		case is:
			person, ok = uint32(p.person)+node, true
		}
	}
	return person, ok
}

func (v *View) mailIndex() map[string]uint32 {
	index := make(map[string]uint32, v.people)
	for i := range v.people {
		address := email.Fold(v.Person(i).Email())
		if address == "" {
			continue
		}
		if _, taken := index[address]; taken {
			index[address] = none
			continue
		}
		index[address] = uint32(i)
	}
	return index
}

// Sources returns the snapshots in the order given to Join.
func (v *View) Sources() iter.Seq[*Snapshot] {
	return func(yield func(*Snapshot) bool) {
		for _, p := range v.parts {
			if !yield(p.Snapshot) {
				return
			}
		}
	}
}

// Source returns the snapshot of a source; nil when it is not part of the view.
func (v *View) Source(id string) *Snapshot {
	if p := v.part(id); p != nil {
		return p.Snapshot
	}
	return nil
}

func (v *View) part(source string) *viewPart {
	for i := range v.parts {
		if v.parts[i].source == source {
			return &v.parts[i]
		}
	}
	return nil
}

// People returns how many people there are.
func (v *View) People() int { return v.people }

// Groups returns how many groups there are.
func (v *View) Groups() int { return v.groups }

// Range returns the numbers [from, to) of a source's people.
func (v *View) Range(source string) (from, to int) {
	if p := v.part(source); p != nil {
		return p.person, p.person + p.people.len()
	}
	return 0, 0
}

// Object is a person or a group in a View. It is a small value; its strings live as long as the snapshot.
type Object struct {
	Number int
	part   *viewPart
	nodes  *nodes
	row    int
}

// Person returns a person by number.
func (v *View) Person(i int) Object {
	p := v.partOf(i, func(p *viewPart) int { return p.person })
	return Object{Number: i, part: p, nodes: &p.people, row: i - p.person}
}

// Group returns a group by number.
func (v *View) Group(i int) Object {
	p := v.partOf(i, func(p *viewPart) int { return p.group })
	return Object{Number: i, part: p, nodes: &p.groups, row: i - p.group}
}

func (v *View) partOf(i int, first func(*viewPart) int) *viewPart {
	k := len(v.parts) - 1
	for k > 0 && first(&v.parts[k]) > i {
		k--
	}
	return &v.parts[k]
}

// Key returns the object's name for ever.
func (o Object) Key() Key { return Key{o.part.source, o.ID()} }

// Source returns the id of the object's source.
func (o Object) Source() string { return o.part.source }

// ID returns what the directory never changes about the object.
func (o Object) ID() string { return o.nodes.id.at(o.row) }

// Email returns the address as the directory spells it, "" for none.
func (o Object) Email() string { return o.nodes.email.at(o.row) }

// Name returns the name for people to read.
func (o Object) Name() string { return o.nodes.name.at(o.row) }

// Active returns whether the directory says that the person is enabled.
func (o Object) Active() Tri { return o.nodes.active[o.row] }

// Changed returns when the source last changed the object in its address or in whether it is active, as far as that was seen: when an
// object is met first, it is when the source last changed anything about it. Zero if the source does not say.
func (o Object) Changed() time.Time { return fromUnix(o.nodes.changed[o.row]) }

// Doubted returns since when the object is missing without that being believed; zero if it is there.
func (o Object) Doubted() time.Time { return fromUnix(o.nodes.doubt(o.row)) }

// Values appends the values of an attribute to buf.
func (o Object) Values(attribute string, buf []string) []string {
	return o.nodes.values(o.row, attribute, buf)
}

// Handles appends the other ways in which the source names the object to buf.
func (o Object) Handles(buf []Ref) []Ref {
	for _, h := range o.nodes.handles.at(o.row) {
		buf = append(buf, o.part.refs.at(h))
	}
	return buf
}

// FindPerson returns the person with an ID.
func (v *View) FindPerson(k Key) (Object, bool) {
	if p := v.part(k.Source); p != nil {
		if row, ok := p.people.id.find(k.ID); ok {
			return v.Person(p.person + row), true
		}
	}
	return Object{}, false
}

// FindGroup returns the group of a source that ref names.
func (v *View) FindGroup(source string, ref Ref) (Object, bool) {
	p := v.part(source)
	if p == nil {
		return Object{}, false
	}
	if row, ok := p.groups.id.find(ref.Value); ok && ref.Kind == ByID {
		return v.groupAt(p, row, true)
	}
	at, ok := p.refs.find(ref)
	if !ok {
		return v.groupByMail(p, ref)
	}
	node, ok := p.refs.who(at)
	return v.groupAt(p, int(node)-p.people.len(), ok && int(node) >= p.people.len())
}

// groupByMail finds a group by an address that no group names as a member, so that the table of refs does not have it.
func (v *View) groupByMail(p *viewPart, ref Ref) (Object, bool) {
	if ref.Kind != ByMail || ref.Value == "" {
		return Object{}, false
	}
	found := -1
	for _, part := range p.parts() {
		for row := range part.nodes.len() {
			if email.Fold(part.nodes.email.at(row)) != ref.Value {
				continue
			}
			if found >= 0 {
				return Object{}, false
			}
			found = int(part.base) + row
		}
	}
	return v.groupAt(p, found-p.people.len(), found >= p.people.len())
}

func (v *View) groupAt(p *viewPart, row int, ok bool) (Object, bool) {
	if !ok {
		return Object{}, false
	}
	return v.Group(p.group + row), true
}

// GroupsNamed returns the groups of a source that bear a name, in order of ID.
func (v *View) GroupsNamed(source, name string) []Object {
	p := v.part(source)
	if p == nil {
		return nil
	}
	var found []Object
	for row := range p.groups.len() {
		if p.groups.name.at(row) == name {
			found = append(found, v.Group(p.group+row))
		}
	}
	return found
}

// Members returns the numbers of the people who are in a group, directly or through groups in it, ascending, each once.
func (v *View) Members(group int) []uint32 {
	w := walk{view: v, seen: map[int]bool{}}
	w.visit(group)
	slices.Sort(w.people)
	return slices.Compact(w.people)
}

// walk closes groups over nesting. Each group is entered once, so cycles end and diamonds count once.
type walk struct {
	view   *View
	seen   map[int]bool
	people []uint32
}

func (w *walk) visit(group int) {
	next := []int{group}
	w.seen[group] = true
	for len(next) > 0 {
		g := next[len(next)-1]
		next = next[:len(next)-1]
		w.view.eachMember(g, func(m member) {
			switch {
			case !m.isGroup:
				w.people = append(w.people, uint32(m.number))
			case !w.seen[m.number]:
				w.seen[m.number] = true
				next = append(next, m.number)
			}
		})
	}
}

// member is a resolved member of a group.
type member struct {
	number  int
	isGroup bool
}

func (v *View) eachMember(group int, yield func(member)) {
	g := v.Group(group)
	for _, ref := range g.part.members.at(g.row) {
		people := g.part.people.len()
		node, ok := g.part.refs.who(ref)
		switch {
		case !ok:
			if person, ok := v.abroad[abroadRef{v.indexOf(g.part), ref}]; ok {
				yield(member{number: int(person)})
			}
		case int(node) < people:
			yield(member{number: g.part.person + int(node)})
		default:
			yield(member{number: g.part.group + int(node) - people, isGroup: true})
		}
	}
}

func (v *View) indexOf(p *viewPart) int {
	for i := range v.parts {
		if &v.parts[i] == p {
			return i
		}
	}
	return -1
}

// Path returns the groups that lead from group down to the one that names the person as a member, both included, by a
// shortest way; nil when there is none.
func (v *View) Path(group, person int) []Object {
	type hop struct{ group, from int }
	queue, seen := []hop{{group, -1}}, map[int]bool{group: true}
	for i := 0; i < len(queue); i++ {
		found := false
		v.eachMember(queue[i].group, func(m member) {
			switch {
			case !m.isGroup:
				found = found || m.number == person
			case !seen[m.number]:
				seen[m.number] = true
				queue = append(queue, hop{m.number, i})
			}
		})
		if found {
			var path []Object
			for k := i; k >= 0; k = queue[k].from {
				path = append(path, v.Group(queue[k].group))
			}
			slices.Reverse(path)
			return path
		}
	}
	return nil
}
