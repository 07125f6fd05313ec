package directory

import (
	"slices"
	"sort"

	"github.com/kisi-sync/kisi-sync/internal/email"
)

// none is the node of a ref that names nobody, ambiguous that of one that several objects of the source bear: which of them is
// meant cannot be known, and nobody elsewhere is meant either.
const (
	none      = ^uint32(0)
	ambiguous = none - 1
)

// refs is the table of everything that names somebody: each ref once, sorted by kind and value, with the node it names.
// Nodes are numbered people first, then groups.
type refs struct {
	kind  []RefKind
	value texts
	node  []uint32
}

func (t *refs) at(i uint32) Ref { return Ref{Kind: t.kind[i], Value: t.value.at(int(i))} }

// who returns the node that a ref names.
func (t *refs) who(ref uint32) (node uint32, ok bool) {
	node = t.node[ref]
	return node, node < ambiguous
}

func (t *refs) find(r Ref) (uint32, bool) {
	i := sort.Search(len(t.kind), func(i int) bool { return compareRefs(t.at(uint32(i)), r) >= 0 })
	return uint32(i), i < len(t.kind) && t.at(uint32(i)) == r
}

func compareRefs(a, b Ref) int {
	if a.Kind != b.Kind {
		return int(a.Kind) - int(b.Kind)
	}
	return compare(a.Value, b.Value)
}

// interner numbers refs: those of the last snapshot keep their number, new ones follow.
type interner struct {
	last  *refs
	kind  []RefKind // of the new ones
	value texts
	met   index
}

func newInterner(last *refs) *interner { return &interner{last: last} }

func (in *interner) number(r Ref) (uint32, error) {
	hash := in.met.hash(r.Value)
	if n, ok := in.met.find(hash, func(n uint32) bool { return in.at(n) == r }); ok {
		return n, nil
	}
	n, ok := in.last.find(r)
	if !ok {
		n = uint32(in.len())
		if err := in.value.add(r.Value); err != nil {
			return 0, err
		}
		in.kind = append(in.kind, r.Kind)
	}
	in.met.put(hash, n)
	return n, nil
}

func (in *interner) at(n uint32) Ref {
	if old := uint32(len(in.last.kind)); n >= old {
		return Ref{in.kind[n-old], in.value.at(int(n - old))}
	}
	return in.last.at(n)
}

func (in *interner) len() int { return len(in.last.kind) + len(in.kind) }

// renumber makes the sorted table of the refs that are used and returns the new number of each old one.
func (in *interner) renumber(used []bool) (refs, []uint32, error) {
	order := make([]uint32, 0, len(used))
	for n, u := range used {
		if u {
			order = append(order, uint32(n))
		}
	}
	slices.SortFunc(order, func(a, b uint32) int { return compareRefs(in.at(a), in.at(b)) })
	in.met = index{}
	table := refs{kind: room[RefKind](len(order)), node: room[uint32](len(order))}
	size := 0
	for _, n := range order {
		size += len(in.at(n).Value)
	}
	table.value = texts{room[byte](size), room[uint32](len(order))}
	number := make([]uint32, len(used))
	for i, old := range order {
		r := in.at(old)
		table.kind = append(table.kind, r.Kind)
		if err := table.value.add(r.Value); err != nil {
			return refs{}, nil, err
		}
		table.node = append(table.node, none)
		number[old] = uint32(i)
	}
	return table, number, nil
}

// resolve finds the node of each ref: by a handle, by ID, or by e-mail address.
func (s *rows) resolve() {
	for _, part := range s.parts() {
		for row := range part.nodes.len() {
			for _, h := range part.nodes.handles.at(row) {
				s.refs.claim(h, part.base+uint32(row))
			}
		}
	}
	s.resolveIDs()
	s.resolveMail()
}

func (t *refs) claim(ref, node uint32) {
	switch t.node[ref] {
	case none, node:
		t.node[ref] = node
	default:
		t.node[ref] = ambiguous
	}
}

func (s *rows) resolveIDs() {
	for i, kind := range s.refs.kind {
		if kind != ByID {
			continue
		}
		if row, ok := s.people.id.find(s.refs.value.at(i)); ok {
			s.refs.node[i] = uint32(row)
		} else if row, ok := s.groups.id.find(s.refs.value.at(i)); ok {
			s.refs.node[i] = uint32(s.people.len() + row)
		}
	}
}

func (s *rows) resolveMail() {
	first := sort.Search(len(s.refs.kind), func(i int) bool { return s.refs.kind[i] >= ByMail })
	if first == len(s.refs.kind) || s.refs.kind[first] != ByMail {
		return
	}
	for _, part := range s.parts() {
		for row := range part.nodes.len() {
			if at, ok := s.refs.find(Ref{ByMail, email.Fold(part.nodes.email.at(row))}); ok {
				s.refs.claim(at, part.base+uint32(row))
			}
		}
	}
}

// part is the people or the groups of a snapshot with the number of their first node.
type part struct {
	nodes *nodes
	base  uint32
}

func (s *rows) parts() [2]part {
	return [2]part{{&s.people, 0}, {&s.groups, uint32(s.people.len())}}
}
