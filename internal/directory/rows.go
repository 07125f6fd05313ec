package directory

import (
	"cmp"
	"iter"
	"slices"
	"time"
)

// Rest is what a snapshot holds beside its people, groups and members.
type Rest struct {
	At             time.Time
	AsOf           time.Time // zero: as At
	Cursor         Cursor
	Tombstones     []Tombstone // sorted by ID
	DoubtedMembers int         // memberships and values that are kept although the last read did not bring them
	Standing       Standing
}

// Rest returns everything that EachPerson and EachGroup do not.
func (s *Snapshot) Rest() Rest {
	return Rest{At: s.at, AsOf: s.asOf, Cursor: s.cursor, Tombstones: s.tombs, DoubtedMembers: s.doubtedMembers, Standing: s.standing}
}

// EachPerson calls yield with every person, ascending by ID, and since when that person is missing without it being believed.
// The Record is used again for the next one; its strings are not. It stops at the first error and returns it.
func (s *Snapshot) EachPerson(yield func(r *Record, doubted time.Time) error) error {
	return s.each(PersonIs, &s.people, func(_ int, r *Record, doubted time.Time) error { return yield(r, doubted) })
}

// EachGroup does the same for groups, with their members, ascending by kind and value. What it gives is good until yield
// returns.
func (s *Snapshot) EachGroup(yield func(r *Record, doubted time.Time, members iter.Seq[Ref]) error) error {
	return s.each(GroupIs, &s.groups, func(i int, r *Record, doubted time.Time) error {
		return yield(r, doubted, func(yield func(Ref) bool) {
			for _, m := range s.members.at(i) {
				if !yield(s.refs.at(m)) {
					return
				}
			}
		})
	})
}

func (s *Snapshot) each(kind Kind, n *nodes, yield func(int, *Record, time.Time) error) error {
	var row row
	r := Record{Kind: kind}
	for i := range n.len() {
		n.load(i, &row)
		r.ID, r.Email, r.Name, r.Active, r.Attrs, r.Changed = row.id, row.email, row.name, row.active, row.attrs, fromUnix(row.changed)
		r.Handles = r.Handles[:0]
		for _, h := range row.handles {
			r.Handles = append(r.Handles, s.refs.at(h))
		}
		if err := yield(i, &r, fromUnix(row.doubted)); err != nil {
			return err
		}
	}
	return nil
}

// Restorer makes a snapshot again out of what EachPerson, EachGroup and Rest gave, in the same order: people, then groups, each
// ascending by ID, each group followed by its members. It copies what it keeps and compares with nothing, so it is for
// whoever kept a snapshot, not for connectors.
type Restorer struct {
	source         string
	in             *interner
	people, groups *nodesBuilder
	members        lists
	row            row
	err            error // the first of Member
}

// Restore begins to restore the snapshot of a source.
func Restore(source string) *Restorer {
	return &Restorer{source: source, in: newInterner(&refs{}), people: newNodesBuilder(), groups: newNodesBuilder()}
}

// Person adds a person.
func (r *Restorer) Person(rec *Record, doubted time.Time) error { return r.add(r.people, rec, doubted) }

// Group adds a group without members.
func (r *Restorer) Group(rec *Record, doubted time.Time) error {
	r.members.add(nil)
	return r.add(r.groups, rec, doubted)
}

// Member adds a member to the group that was added last.
func (r *Restorer) Member(ref Ref) {
	n, err := r.in.number(ref)
	r.err = cmp.Or(r.err, err)
	r.members.items = append(r.members.items, n)
	r.members.ends[len(r.members.ends)-1]++
}

func (r *Restorer) add(to *nodesBuilder, rec *Record, doubted time.Time) error {
	if last := to.len() - 1; last >= 0 && to.id.at(last) >= rec.ID || rec.ID == "" {
		return errOrder
	}
	r.row = row{id: rec.ID, email: rec.Email, name: rec.Name, active: rec.Active, changed: unix(rec.Changed),
		doubted: unix(doubted), handles: r.row.handles[:0], attrs: rec.Attrs}
	for _, h := range rec.Handles {
		n, err := r.in.number(h)
		if err != nil {
			return err
		}
		r.row.handles = append(r.row.handles, n)
	}
	return to.add(&r.row)
}

// Done returns the snapshot. The Restorer must not be used after it.
func (r *Restorer) Done(rest Rest) (*Snapshot, error) {
	if r.err != nil {
		return nil, r.err
	}
	used := slices.Repeat([]bool{true}, r.in.len())
	table, number, err := r.in.renumber(used)
	if err != nil {
		return nil, err
	}
	s := &Snapshot{source: r.source, at: rest.At, asOf: rest.AsOf, rows: rows{r.people.finish(), r.groups.finish(), r.members, table},
		tombs: rest.Tombstones, cursor: rest.Cursor, doubtedMembers: rest.DoubtedMembers, standing: rest.Standing}
	s.people.trim()
	s.groups.trim()
	for _, l := range []*lists{&s.people.handles, &s.groups.handles, &s.members} {
		l.renumber(number)
	}
	s.resolve()
	return s, nil
}
