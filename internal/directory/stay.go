package directory

import "slices"

// Some directories state the groups of a person in the person's own record, as a table with a column of groups does. Where such a record
// cannot be read, the groups' lists lack somebody of whom nobody said anything. Those people stay where they were.

// findStaying notes, by the row that a person had before, who stays in every group that he was in; nil when nobody does.
func (s *seal) findStaying() {
	if len(s.b.stays) == 0 && !s.b.noneMissing {
		return
	}
	s.staying = make([]bool, s.b.last.people.len())
	for _, k := range s.people.kept {
		if k.old != noRow {
			s.staying[k.old] = s.b.stays[s.people.id(k)] || s.b.noneMissing && !k.named()
		}
	}
	s.narrowed = map[string]bool{}
	for g := range s.b.last.groups.len() {
		id := s.b.last.groups.id.at(g)
		_, marked := s.b.marks[id]
		switch holds := slices.ContainsFunc(s.b.last.members.at(g), s.stays); {
		case marked:
			continue
		case holds:
			s.b.marks[id] = Unsure
		}
		s.narrowed[id] = true
	}
}

// stays says that a member, by the number that it had before, is somebody who stays.
func (s *seal) stays(member uint32) bool {
	if int(member) >= len(s.b.last.refs.kind) {
		return false
	}
	node, ok := s.b.last.refs.who(member)
	return ok && int(node) < len(s.staying) && s.staying[node]
}

// membersOf returns who is in a kept group by what was read, with those who stay. A group that a complete read did not bring is kept for them
// alone. old are those who were in it and were not erased.
func (s *seal) membersOf(k kept, old []uint32) []uint32 {
	id := s.groups.id(k)
	edit := s.b.lists[id]
	if edit == nil && !k.named() && s.narrowed[id] && s.receipt.Coverage == Complete {
		edit = &memberEdit{whole: true}
	}
	now := edit.onto(old)
	if s.staying == nil {
		return now
	}
	all := slices.Clone(now)
	for _, m := range old {
		if s.stays(m) {
			all = append(all, m)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// coverage is what the absence of a record means in this read.
func (s *seal) coverage() Coverage {
	if s.b.noneMissing {
		return Delta
	}
	return s.receipt.Coverage
}
