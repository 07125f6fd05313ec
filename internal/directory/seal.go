package directory

import (
	"slices"
	"time"
)

// seal is a read on its way to a snapshot.
type seal struct {
	b              *Builder
	receipt        Receipt
	people, groups *merge
	members        lists // of the kept groups, as read, numbered by the interner
	gained, lost   int   // memberships of groups that are still there
	erasedMembers  int   // of those lost, because who was a member is erased
	filled         int   // values that were not read and are kept, as the read is not believed
	believed       bool
	staying        []bool          // by the row of before: people who stay in their groups; nil when nobody does
	narrowed       map[string]bool // groups of which the read itself did not say that they stay as they are
}

// twice returns an ID that is used for a person and for a group.
func (s *seal) twice() (string, bool) {
	for _, k := range s.groups.kept {
		if id := s.groups.id(k); s.people.has(id) {
			return id, true
		}
	}
	return "", false
}

// readMembers works out the members of each kept group.
func (s *seal) readMembers() {
	s.members = lists{items: room[uint32](len(s.b.last.members.items)), ends: room[uint32](len(s.groups.kept))}
	s.gained, s.lost, s.erasedMembers = 0, 0, 0
	gone := s.erased()
	for _, k := range s.groups.kept {
		old := without(s.known(k), gone)
		now := s.membersOf(k, old)
		gained, lost := difference(old, now)
		s.gained += gained
		s.lost += lost
		s.erasedMembers += len(s.known(k)) - len(old)
		s.members.add(now)
	}
}

// erased are those who are no members any more, as groups name them by id.
func (s *seal) erased() map[uint32]bool {
	all := map[uint32]bool{}
	for id := range s.b.erased {
		if n, named := s.b.in.last.find(Ref{ByID, id}); named {
			all[n] = true
		}
	}
	return all
}

func without(members []uint32, gone map[uint32]bool) []uint32 {
	if len(gone) == 0 {
		return members
	}
	return slices.DeleteFunc(slices.Clone(members), func(n uint32) bool { return gone[n] })
}

// known returns the members that a group had before.
func (s *seal) known(k kept) []uint32 {
	if k.old == noRow {
		return nil
	}
	return s.b.last.members.at(int(k.old))
}

// restore takes back everything that the read would have taken away, but for what a source that is pushed to was told to be deleted: that
// is a word, and no silence.
func (s *seal) restore() {
	s.people.restore(s.groups.has, s.receipt.Gathering)
	s.groups.restore(s.people.has, s.receipt.Gathering)
	s.members = lists{}
	gone := map[uint32]bool{}
	if s.receipt.Gathering {
		gone = s.erased()
	}
	for _, k := range s.groups.kept {
		known := without(s.known(k), gone)
		all := slices.Concat(known, s.b.lists[s.groups.id(k)].onto(known))
		slices.Sort(all)
		s.members.add(slices.Compact(all))
	}
}

// onto returns old with the edit done, ascending; a nil edit means that nothing was read.
func (e *memberEdit) onto(old []uint32) []uint32 {
	if e == nil {
		return old
	}
	now := slices.Clone(e.add)
	if !e.whole {
		now = append(now, old...)
	}
	slices.Sort(now)
	now = slices.Compact(now)
	if e.said == nil {
		return now
	}
	return slices.DeleteFunc(now, func(n uint32) bool { is, said := e.said[n]; return said && !is })
}

// difference counts what two ascending lists do not share.
func difference(old, now []uint32) (gained, lost int) {
	i, j := 0, 0
	for i < len(old) && j < len(now) {
		switch {
		case old[i] == now[j]:
			i++
			j++
		case old[i] < now[j]:
			i++
			lost++
		default:
			j++
			gained++
		}
	}
	return gained + len(now) - j, lost + len(old) - i
}

// snapshot lays the kept rows down in new columns and numbers the refs that are still used.
func (s *seal) snapshot() (*Snapshot, error) {
	next := &Snapshot{source: s.b.source, at: s.receipt.At, asOf: s.receipt.asOf(), standing: s.b.last.standing.after(s.receipt, s.b.accepted)}
	if s.sameRows() {
		next.rows = s.b.last.rows
	} else if err := s.lay(&next.rows); err != nil {
		return nil, err
	}
	next.cursor, next.doubtedMembers, next.tombs = s.cursor(), s.doubtedMembers(), s.tombstones()
	return next, nil
}

func (l *lists) renumber(number []uint32) {
	for i, n := range l.items {
		l.items[i] = number[n]
	}
	for i := range l.ends {
		slices.Sort(l.at(i))
	}
	l.trim()
}

func (s *seal) cursor() Cursor {
	if !s.believed {
		return s.receipt.Next.Past()
	}
	return s.receipt.Next
}

// doubtedMembers counts the memberships and values that are kept without having been read. Only a complete read clears them: a delta
// does not say who is still there.
func (s *seal) doubtedMembers() int {
	n := 0
	if s.receipt.Coverage == Delta {
		n = s.b.last.doubtedMembers
	}
	if !s.believed {
		n += s.lost + s.filled
	}
	return n
}

// ahead is by how much a moment of before may lie after the read, for clocks that differ a little.
const ahead = time.Hour

// tombstones returns who is remembered as gone after this read, sorted by ID.
func (s *seal) tombstones() []Tombstone {
	dead := map[string]Tombstone{}
	for _, t := range s.b.last.tombs {
		if s.b.clockGood && t.Since.After(s.receipt.At.Add(ahead)) {
			t.Since = s.receipt.At
		}
		dead[t.ID] = t
	}
	for id, t := range s.b.tombs {
		dead[id] = t
	}
	s.people.bury(dead, s.receipt.At) // after restore: who is lost nevertheless
	s.groups.bury(dead, s.receipt.At)
	out := make([]Tombstone, 0, len(dead))
	for id, t := range dead {
		if !s.people.has(id) && !s.groups.has(id) {
			out = append(out, t)
		}
	}
	slices.SortFunc(out, func(a, b Tombstone) int { return compare(a.ID, b.ID) })
	return out
}

// bury remembers who is lost, since the first read that missed them.
func (m *merge) bury(dead map[string]Tombstone, at time.Time) {
	for _, l := range m.lost {
		since := at
		if doubted := m.old.doubt(int(l.old)); doubted != 0 {
			since = fromUnix(doubted)
		}
		dead[l.id] = Tombstone{ID: l.id, Why: l.why, Since: since}
	}
}
