package directory

import (
	"fmt"
	"hash/fnv"
	"slices"
	"sort"
	"time"
)

// Snapshot is all that is known of one source. It never changes and may be read by many goroutines. The nil Snapshot is not
// useful; a source that was never read has none.
type Snapshot struct {
	source string
	rows
	tombs          []Tombstone // sorted by ID
	cursor         Cursor
	at, asOf       time.Time
	standing       Standing
	doubtedMembers int // memberships, and values of people and groups, that are kept although the last read did not bring them
}

// rows are the people and groups of a snapshot. Snapshots share columns in which they do not differ, so none is ever written again.
type rows struct {
	people, groups nodes
	members        lists // per group, numbers into refs, ascending
	refs           refs
}

// Again returns the snapshot after a delta that brought nothing: what Seal would make of it, without looking at anybody.
func (s *Snapshot) Again(r Receipt) *Snapshot {
	next := *s
	next.at, next.asOf, next.cursor, next.standing = r.At, r.asOf(), r.Next, s.standing.after(r, false)
	return &next
}

// Standing says what may be concluded from what is missing in a snapshot.
type Standing uint8

// The standings. Whole: the source says itself when it was read whole. Gathering: nobody knows whether it has been told everything, and
// nobody has said so yet. Accepted: a person has.
const (
	Whole Standing = iota
	Gathering
	Accepted
)

// after is the standing after a read.
func (s Standing) after(r Receipt, accepted bool) Standing {
	switch {
	case !r.Gathering:
		return Whole
	case accepted || s == Accepted:
		return Accepted
	}
	return Gathering
}

// Standing says what may be concluded from what is missing.
func (s *Snapshot) Standing() Standing { return s.standing }

// Source returns the id of the source.
func (s *Snapshot) Source() string { return s.source }

// Cursor returns where the source left off; zero, but for the past, when the next read must be complete.
func (s *Snapshot) Cursor() Cursor { return s.cursor }

// At returns when the read began that this snapshot came from.
func (s *Snapshot) At() time.Time { return s.at }

// AsOf returns of when the content is: At, unless the source said that it is older.
func (s *Snapshot) AsOf() time.Time {
	if s.asOf.IsZero() {
		return s.at
	}
	return s.asOf
}

// asOf is what the source said, if it can be.
func (r Receipt) asOf() time.Time {
	if r.AsOf.After(r.At) {
		return time.Time{}
	}
	return r.AsOf
}

// Doubts returns how many absences of people, groups, members and values are known but not believed.
func (s *Snapshot) Doubts() int {
	n := s.doubtedMembers
	for _, part := range s.parts() {
		for _, since := range part.nodes.doubted {
			if since != 0 {
				n++
			}
		}
	}
	return n
}

// DoubtsDigest is the same for two snapshots only if the absences of the same people and groups, since the same times, are not believed in
// both, as far as 64 bits can tell.
func (s *Snapshot) DoubtsDigest() uint64 {
	h := fnv.New64a()
	for _, part := range s.parts() {
		for row, since := range part.nodes.doubted {
			if since != 0 {
				_, _ = fmt.Fprintf(h, "%q %d ", part.nodes.id.at(row), since)
			}
		}
		_, _ = h.Write([]byte{'\n'})
	}
	return h.Sum64()
}

// Tombstones returns who was there once, sorted by ID. The slice must not be changed.
func (s *Snapshot) Tombstones() []Tombstone { return s.tombs }

// Tombstone returns what is remembered of an object that is no longer there.
func (s *Snapshot) Tombstone(id string) (Tombstone, bool) {
	i, ok := slices.BinarySearchFunc(s.tombs, id, func(t Tombstone, id string) int { return compare(t.ID, id) })
	if !ok {
		return Tombstone{}, false
	}
	return s.tombs[i], true
}

// Counts says how much a snapshot holds.
type Counts struct {
	People, Active, Groups, Members int
	With                            []AttrCount // how many people have an e-mail address (MailCount) and each attribute, by name
}

// MailCount is the name under which people with an e-mail address are counted. No attribute can have it.
const MailCount = "(e-mail address)"

// AttrCount is how many people have a value of an attribute.
type AttrCount struct {
	Name   string
	People int
}

// Counts counts the snapshot. Members are counted as the directory names them, dangling ones too.
func (s *Snapshot) Counts() Counts {
	c := Counts{People: s.people.len(), Groups: s.groups.len(), Members: len(s.members.items)}
	mails := 0
	for i := range s.people.len() {
		if s.people.active[i] != No {
			c.Active++
		}
		if s.people.email.at(i) != "" {
			mails++
		}
	}
	c.With = append(c.With, AttrCount{MailCount, mails})
	for _, column := range s.people.attrs {
		c.With = append(c.With, AttrCount{column.name, column.present()})
	}
	return c
}

func (c *column) present() int {
	n := 0
	for row := range c.len() {
		if len(c.at(row)) > 0 {
			n++
		}
	}
	return n
}

// Dangling calls yield with each ref that a group names as a member and that this source cannot resolve, with how many groups
// name it, in order of refs.
func (s *Snapshot) Dangling(yield func(ref Ref, groups int)) {
	count := map[uint32]int{}
	for _, m := range s.members.items {
		if _, ok := s.refs.who(m); !ok {
			count[m]++
		}
	}
	order := make([]uint32, 0, len(count))
	for m := range count {
		order = append(order, m)
	}
	slices.Sort(order)
	for _, m := range order {
		yield(s.refs.at(m), count[m])
	}
}

// Records puts everything that the snapshot holds, in order: people, then groups each followed by its members. Putting it
// into a new Builder and sealing that as complete gives an equal snapshot; tombstones and doubts travel by Bury and Doubt.
func (s *Snapshot) Records(put func(*Record) error) error {
	var r row
	for i := range s.people.len() {
		if err := put(s.record(PersonIs, &s.people, i, &r)); err != nil {
			return err
		}
	}
	for i := range s.groups.len() {
		if err := s.groupRecords(i, &r, put); err != nil {
			return err
		}
	}
	return nil
}

func (s *Snapshot) groupRecords(i int, r *row, put func(*Record) error) error {
	if err := put(s.record(GroupIs, &s.groups, i, r)); err != nil {
		return err
	}
	id := s.groups.id.at(i)
	if err := put(&Record{Kind: MembersFrom, ID: id}); err != nil {
		return err
	}
	for _, m := range s.members.at(i) {
		if err := put(&Record{Kind: MemberIs, ID: id, Member: s.refs.at(m)}); err != nil {
			return err
		}
	}
	return nil
}

func (s *Snapshot) record(kind Kind, n *nodes, i int, r *row) *Record {
	n.load(i, r)
	handles := make([]Ref, len(r.handles))
	for k, h := range r.handles {
		handles[k] = s.refs.at(h)
	}
	return &Record{Kind: kind, ID: r.id, Handles: handles, Email: r.email, Name: r.name,
		Active: r.active, Attrs: r.attrs, Changed: fromUnix(r.changed)}
}

// EachDoubted calls yield with the ID of each person and group whose absence is not believed, and since when, sorted by ID.
func (s *Snapshot) EachDoubted(yield func(id string, since time.Time)) {
	type doubt struct {
		id    string
		since int64
	}
	var all []doubt
	for _, part := range s.parts() {
		for i, since := range part.nodes.doubted {
			if since != 0 {
				all = append(all, doubt{part.nodes.id.at(i), since})
			}
		}
	}
	sort.Slice(all, func(i, j int) bool { return all[i].id < all[j].id })
	for _, d := range all {
		yield(d.id, fromUnix(d.since))
	}
}
