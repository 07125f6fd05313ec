package directory

import (
	"math"
	"slices"
)

// What a read leaves is laid down column by column. Each column of what was read is let go as soon as its successor is there, and a column
// in which nothing differs is shared with the snapshot before, so that there are never two of everything beside what was known.

// sameRows says that no row and no membership of the next snapshot differs from what was known.
func (s *seal) sameRows() bool {
	known := &s.b.last.members
	return s.untouched(s.people) && s.untouched(s.groups) && slices.Equal(s.members.items, known.items) && slices.Equal(s.members.ends, known.ends)
}

// untouched says that all known rows are kept as they were, and no others.
func (s *seal) untouched(m *merge) bool {
	if len(m.kept) != m.old.len() || len(s.b.doubts) > 0 {
		return false
	}
	return !slices.ContainsFunc(m.kept, func(k kept) bool {
		return k.read != noRow || s.doubt(m, k) != m.old.doubt(int(k.old))
	})
}

// lay makes the rows of the next snapshot.
func (s *seal) lay(next *rows) (err error) {
	used := make([]bool, s.b.in.len())
	if next.people, err = s.layNodes(s.people, used); err != nil {
		return err
	}
	if next.groups, err = s.layNodes(s.groups, used); err != nil {
		return err
	}
	s.b.lists = nil
	for _, m := range s.members.items {
		used[m] = true
	}
	next.members = s.members
	var number []uint32
	if next.refs, number, err = s.b.in.renumber(used); err != nil {
		return err
	}
	for _, l := range []*lists{&next.people.handles, &next.groups.handles, &next.members} {
		l.renumber(number)
	}
	next.resolve()
	return nil
}

// layNodes lays the kept rows of a merge down and marks the refs that they use.
func (s *seal) layNodes(m *merge, used []bool) (out nodes, err error) {
	m.inPlace = len(m.kept) == m.old.len() && !slices.ContainsFunc(m.kept, func(k kept) bool { return k.old == noRow })
	if out.id, err = m.layTexts(func(n *nodes) *texts { return &n.id }, m.id); err != nil {
		return out, err
	}
	if out.email, err = m.layTexts(func(n *nodes) *texts { return &n.email }, s.emailOf(m)); err != nil {
		return out, err
	}
	s.countFilled(m)
	m.read.email = texts{}
	if out.name, err = m.layTexts(func(n *nodes) *texts { return &n.name }, m.name); err != nil {
		return out, err
	}
	m.read.name = texts{}
	s.layFacts(m, &out)
	m.layHandles(&out.handles, used)
	m.read.handles = lists{}
	return out, s.layAttrs(m, &out)
}

func (m *merge) name(k kept) string {
	n, row := m.row(k)
	return n.name.at(row)
}

// emailOf returns the address that a row is to have: when the read is not believed, one that is missing now stays.
func (s *seal) emailOf(m *merge) func(kept) string {
	return func(k kept) string {
		n, row := m.row(k)
		if s.fills(k) && n.email.at(row) == "" {
			return m.old.email.at(int(k.old))
		}
		return n.email.at(row)
	}
}

// countFilled counts the addresses that emailOf puts back.
func (s *seal) countFilled(m *merge) {
	for _, k := range m.kept {
		if s.fills(k) && m.read.email.at(int(k.read)) == "" && m.old.email.at(int(k.old)) != "" {
			s.filled++
		}
	}
}

// fills says that values which a row had and which were not read stay.
func (s *seal) fills(k kept) bool { return !s.believed && k.read != noRow && k.old != noRow }

// layTexts makes a column of what text says of each row.
func (m *merge) layTexts(column func(*nodes) *texts, text func(kept) string) (texts, error) {
	old, size, same := column(m.old), 0, m.inPlace
	for i, k := range m.kept {
		t := text(k)
		size += len(t)
		same = same && (k.read == noRow || t == old.at(i))
	}
	if same {
		return *old, nil
	}
	if size > math.MaxUint32 {
		return texts{}, ErrTooLarge
	}
	out := texts{room[byte](size), room[uint32](len(m.kept))}
	for _, k := range m.kept {
		out.bytes = append(out.bytes, text(k)...)
		out.ends = append(out.ends, uint32(len(out.bytes)))
	}
	return out, nil
}

// layFacts makes the columns that are numbers.
func (s *seal) layFacts(m *merge, out *nodes) {
	out.active, out.changed = room[Tri](len(m.kept)), room[int64](len(m.kept))
	for i, k := range m.kept {
		n, row := m.row(k)
		out.active, out.changed = append(out.active, n.active[row]), append(out.changed, n.changed[row])
		if since := s.doubt(m, k); since != 0 {
			if out.doubted == nil {
				out.doubted = make([]int64, len(m.kept))
			}
			out.doubted[i] = since
		}
	}
}

// doubt returns since when the absence of a kept row is not believed, 0 if it is there.
func (s *seal) doubt(m *merge, k kept) int64 {
	if len(s.b.doubts) > 0 {
		if since, ok := s.b.doubts[m.id(k)]; ok {
			return since
		}
	}
	n, row := m.row(k)
	since := n.doubt(row)
	switch {
	case k.doubted && since == 0:
		return unix(s.receipt.At)
	case m.sure[k.old]:
		return 0
	}
	return since
}

func (m *merge) layHandles(out *lists, used []bool) {
	out.ends = room[uint32](len(m.kept))
	out.items = room[uint32](max(len(m.read.handles.items), len(m.old.handles.items)))
	for _, k := range m.kept {
		n, row := m.row(k)
		out.add(n.handles.at(row))
	}
	for _, h := range out.items {
		used[h] = true
	}
}

// layAttrs makes the columns of attributes; one of which no row has a value is left out.
func (s *seal) layAttrs(m *merge, out *nodes) error {
	var names []string
	for _, n := range []*nodes{m.read, m.old} {
		for k := range n.attrs {
			names = append(names, n.attrs[k].name)
		}
	}
	slices.Sort(names)
	for _, name := range slices.Compact(names) {
		c, err := s.layAttr(m, name)
		if err != nil {
			return err
		}
		if c.present() > 0 {
			out.attrs = append(out.attrs, c)
		}
	}
	return nil
}

// layAttr makes the column of one attribute.
func (s *seal) layAttr(m *merge, name string) (column, error) {
	read, old := newCarried(m.read.column(name)), newCarried(m.old.column(name))
	if m.inPlace && old.column != nil && !slices.ContainsFunc(m.kept, func(k kept) bool { return k.read != noRow && !sameValues(read, k.read, old, k.old) }) {
		return *old.column, nil
	}
	to := newColumnBuilder(name)
	to.one = room[uint32](len(m.kept))
	for _, k := range m.kept {
		from, row := read, k.read
		if k.read == noRow {
			from, row = old, k.old
		} else if s.fills(k) && len(read.at(row)) == 0 && len(old.at(k.old)) > 0 {
			from, row = old, k.old
			s.filled++
		}
		if err := from.carry(int(row), to); err != nil {
			return column{}, err
		}
	}
	if read.column != nil {
		*read.column = column{name: name}
	}
	to.trim()
	return to.column, nil
}

// carried is a column whose values go into another one. Each is looked up there once, and not once for each row that has it.
type carried struct {
	*column          // nil: no row has a value
	number  []uint32 // in the other one, by number in this one; noValue while it was not met
}

func newCarried(c *column) *carried {
	if c == nil {
		return &carried{}
	}
	return &carried{c, slices.Repeat([]uint32{noValue}, c.values.len())}
}

func (c *carried) at(row int32) []uint32 {
	if c.column == nil {
		return nil
	}
	return c.column.at(int(row))
}

func sameValues(a *carried, i int32, b *carried, j int32) bool {
	return slices.EqualFunc(a.at(i), b.at(j), func(x, y uint32) bool { return a.values.at(int(x)) == b.values.at(int(y)) })
}

// carry adds a row to the other column.
func (c *carried) carry(row int, to *columnBuilder) (err error) {
	to.row = to.row[:0]
	for _, old := range c.at(int32(row)) {
		if c.number[old] == noValue {
			if c.number[old], err = to.number(c.values.at(int(old))); err != nil {
				return err
			}
		}
		to.row = append(to.row, c.number[old])
	}
	to.column.add(to.row)
	return nil
}
