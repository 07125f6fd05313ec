package directory

import (
	"slices"
)

// stage holds the people, or the groups, of one read in the order in which they came. Of those who are as they were known it holds a bit:
// a million people of whom nobody changed are read in the memory that they have already, and need not be sorted.
type stage struct {
	rows   *nodesBuilder
	old    *nodes
	same   bits // known rows that the read brought as they are, and not otherwise after that
	staged bits // known rows that are among rows
	next   int  // the known row after the last one that was met
}

func newStage(old *nodes) stage { return stage{rows: newNodesBuilder(), old: old} }

// known returns the row that an ID had before. Directories often tell people in the order in which they did before.
func (s *stage) known(id string) (row int, ok bool) {
	if row = s.next; row >= s.old.len() || s.old.id.at(row) != id {
		if row, ok = s.old.id.find(id); !ok {
			return 0, false
		}
	}
	s.next = row + 1
	return row, true
}

// putSame notes that a known row was read as it is. It is false for one that was read otherwise before: the last word counts.
func (s *stage) putSame(row int) bool {
	if s.staged.has(row) {
		return false
	}
	s.same.set(row, s.old.len())
	return true
}

// put adds a row; old is the one of the same ID that is known, if ok.
func (s *stage) put(r *row, old int, ok bool) error {
	if ok {
		s.same.clear(old)
		s.staged.set(old, s.old.len())
	}
	return s.rows.add(r)
}

// bits are a set of rows. The zero set is empty.
type bits []uint64

func (b bits) has(row int) bool { return row/64 < len(b) && b[row/64]>>(row%64)&1 == 1 }

// set adds a row of so many.
func (b *bits) set(row, of int) {
	if *b == nil {
		*b = make(bits, (of+63)/64)
	}
	(*b)[row/64] |= 1 << (row % 64)
}

func (b bits) clear(row int) {
	if row/64 < len(b) {
		b[row/64] &^= 1 << (row % 64)
	}
}

// byID returns the rows in order of ID; of rows with one ID the last one put.
func byID(n *nodes) []uint32 {
	order := make([]uint32, n.len())
	for i := range order {
		order[i] = uint32(i)
	}
	slices.SortStableFunc(order, func(a, b uint32) int { return compare(n.id.at(int(a)), n.id.at(int(b))) })
	kept := order[:0]
	for i, row := range order {
		if i+1 == len(order) || n.id.at(int(row)) != n.id.at(int(order[i+1])) {
			kept = append(kept, row)
		}
	}
	return kept
}

// noRow stands for "not there".
const noRow = -1

// kept is one row of the next snapshot: as read, as known before, or both.
type kept struct {
	read, old int32
	same      bool // read, and as it was known
	doubted   bool // not read, and its absence is not believed
}

// named says that the read stated the row.
func (k kept) named() bool { return k.same || k.read != noRow }

// loss is a row that was known and is not there any more.
type loss struct {
	id  string
	old int32
	why Absence
}

// merge is the outcome of holding a stage against what was known.
type merge struct {
	read     *nodes
	old      *nodes
	same     bits   // rows of old that were read as they are
	kept     []kept // ascending by ID
	lost     []loss
	sure     map[int32]bool // old rows that were said to exist without being read
	added    int
	changed  int
	disabled int
	inPlace  bool // the kept rows are the known ones, one by one; some may say something else now
}

// against merges the staged rows with the known ones. Both are walked once in order of ID.
func (s *stage) against(marks map[string]Kind, coverage Coverage) *merge {
	read, old := s.rows.finish(), s.old
	s.rows = nil // so that columns can be let go of one by one
	m := &merge{read: &read, old: old, same: s.same, kept: make([]kept, 0, max(read.len(), old.len())), sure: map[int32]bool{}}
	o := 0
	for _, n := range byID(&read) {
		id := read.id.at(int(n))
		for ; o < old.len() && old.id.at(o) < id; o++ {
			m.absent(o, marks, coverage)
		}
		known := o < old.len() && old.id.at(o) == id
		switch {
		case marks[id] == Gone: // said after the row was put, else the mark would be gone
			if known {
				m.absent(o, marks, coverage)
			}
		case known:
			m.both(int32(n), int32(o))
		default:
			m.kept = append(m.kept, kept{read: int32(n), old: noRow})
			m.added++
		}
		if known {
			o++
		}
	}
	for ; o < old.len(); o++ {
		m.absent(o, marks, coverage)
	}
	return m
}

func (m *merge) both(n, o int32) {
	m.kept = append(m.kept, kept{read: n, old: o})
	if !sameRow(m.read, int(n), m.old, int(o)) {
		m.changed++
	}
	if m.read.active[n] == No && m.old.active[o] != No {
		m.disabled++
	}
	if since := m.old.changed[o]; since != 0 && m.read.active[n] == m.old.active[o] && m.read.email.at(int(n)) == m.old.email.at(int(o)) {
		m.read.changed[n] = since // whatever else was changed, nobody begins to be disabled anew
	}
}

// absent is about a known row that is not among the staged ones.
func (m *merge) absent(o int, marks map[string]Kind, coverage Coverage) {
	id := m.old.id.at(o)
	switch mark := marks[id]; {
	case mark == Gone:
		m.lost = append(m.lost, loss{id, int32(o), Deleted})
	case m.same.has(o):
		m.kept = append(m.kept, kept{read: noRow, old: int32(o), same: true})
	case mark == Unsure:
		m.sure[int32(o)] = true
		m.kept = append(m.kept, kept{read: noRow, old: int32(o)})
	case coverage == Delta:
		m.kept = append(m.kept, kept{read: noRow, old: int32(o)})
	default:
		m.lost = append(m.lost, loss{id, int32(o), Vanished})
	}
}

// restore keeps what is missing after all, as doubted; but for what was stated to be of the other kind, and, where that is trusted, to be deleted.
func (m *merge) restore(other func(id string) bool, trusted bool) {
	var lost []loss
	for _, l := range m.lost {
		switch {
		case other(l.id):
		case trusted && l.why == Deleted:
			lost = append(lost, l)
		default:
			m.kept = append(m.kept, kept{read: noRow, old: l.old, doubted: true})
		}
	}
	m.lost = lost
	slices.SortFunc(m.kept, func(a, b kept) int { return compare(m.id(a), m.id(b)) })
}

func (m *merge) id(k kept) string {
	n, row := m.row(k)
	return n.id.at(row)
}

func (m *merge) row(k kept) (*nodes, int) {
	if k.read != noRow {
		return m.read, int(k.read)
	}
	return m.old, int(k.old)
}

func (m *merge) has(id string) bool {
	_, ok := slices.BinarySearchFunc(m.kept, id, func(k kept, id string) int { return compare(m.id(k), id) })
	return ok
}

// sameRow compares two rows whose handles are numbered alike. When they changed, by the source's clock, does not count.
func sameRow(a *nodes, i int, b *nodes, j int) bool {
	if a.email.at(i) != b.email.at(j) || a.name.at(i) != b.name.at(j) || a.active[i] != b.active[j] || b.doubt(j) != 0 {
		return false
	}
	return slices.Equal(a.handles.at(i), b.handles.at(j)) && sameAttrs(a, i, b, j) && sameAttrs(b, j, a, i)
}

// sameAttrs says that what a has, b has too.
func sameAttrs(a *nodes, i int, b *nodes, j int) bool {
	for k := range a.attrs {
		c := &a.attrs[k]
		mine := c.at(i)
		if len(mine) == 0 {
			continue
		}
		d := b.column(c.name)
		if d == nil {
			return false
		}
		theirs := d.at(j)
		if len(mine) != len(theirs) {
			return false
		}
		for v := range mine {
			if c.values.at(int(mine[v])) != d.values.at(int(theirs[v])) {
				return false
			}
		}
	}
	return true
}
