package directory

import "slices"

// states says that row i, of people or of groups, already says all that a record does, so that taking the record in would change nothing.
func (s *Snapshot) states(n *nodes, i int, r *Record) bool {
	if n.email.at(i) != r.Email || n.name.at(i) != r.Name || n.active[i] != r.Active || n.doubt(i) != 0 {
		return false
	}
	if n.changed[i] == 0 && unix(r.Changed) != 0 { // else the time that is known stays, see merge.both
		return false
	}
	return s.statesHandles(n.handles.at(i), r.Handles) && n.statesAttrs(i, r.Attrs)
}

// statesHandles compares sets; they are small.
func (s *Snapshot) statesHandles(known []uint32, handles []Ref) bool {
	for _, h := range handles {
		if h.Value != "" && !slices.ContainsFunc(known, func(k uint32) bool { return s.refs.at(k) == h }) {
			return false
		}
	}
	for _, k := range known {
		if !slices.Contains(handles, s.refs.at(k)) {
			return false
		}
	}
	return true
}

func (n *nodes) statesAttrs(i int, attrs []Attr) bool {
	with := 0
	for _, a := range attrs {
		if len(a.Values) == 0 {
			continue
		}
		c := n.column(a.Name)
		if c == nil || !c.holds(i, a.Values) {
			return false
		}
		with++
	}
	for k := range n.attrs {
		if len(n.attrs[k].at(i)) > 0 {
			with--
		}
	}
	return with == 0
}

// holds says that a row has these values in this order.
func (c *column) holds(row int, values []string) bool {
	return slices.EqualFunc(c.at(row), values, func(n uint32, v string) bool { return c.values.at(int(n)) == v })
}
