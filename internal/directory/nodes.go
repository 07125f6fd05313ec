package directory

import (
	"slices"
	"time"
)

// nodes are the rows of people, or of groups, in columns.
type nodes struct {
	id, email, name texts
	active          []Tri
	changed         []int64 // Unix seconds by the source's clock, 0 if it does not say
	doubted         []int64 // Unix seconds since when the absence is not believed, 0 if present; nil when everybody is
	handles         lists   // numbers into the table of refs
	attrs           []column
}

func (n *nodes) len() int { return n.id.len() }

// doubt returns since when the absence of a row is not believed, 0 if it is there.
func (n *nodes) doubt(row int) int64 {
	if n.doubted == nil {
		return 0
	}
	return n.doubted[row]
}

func (n *nodes) column(name string) *column {
	i, ok := slices.BinarySearchFunc(n.attrs, name, func(c column, name string) int { return compare(c.name, name) })
	if !ok {
		return nil
	}
	return &n.attrs[i]
}

// values appends the values of attribute name of a row to buf.
func (n *nodes) values(row int, name string, buf []string) []string {
	c := n.column(name)
	if c == nil {
		return buf
	}
	for _, v := range c.at(row) {
		buf = append(buf, c.values.at(int(v)))
	}
	return buf
}

// row is one record on its way from one set of columns into another. Its strings may lie in an arena.
type row struct {
	id, email, name  string
	active           Tri
	changed, doubted int64
	handles          []uint32
	attrs            []Attr
	values           []string // of attrs, one after the other
}

// load reads row i; handles are numbers of n's own table. It uses r's memory again.
func (n *nodes) load(i int, r *row) {
	n.loadFields(i, r)
	n.loadAttrs(i, r)
}

func (n *nodes) loadFields(i int, r *row) {
	r.id, r.email, r.name = n.id.at(i), n.email.at(i), n.name.at(i)
	r.active, r.changed, r.doubted = n.active[i], n.changed[i], n.doubt(i)
	r.handles = append(r.handles[:0], n.handles.at(i)...)
}

func (n *nodes) loadAttrs(i int, r *row) {
	r.attrs, r.values = r.attrs[:0], r.values[:0]
	for k := range n.attrs {
		c := &n.attrs[k]
		numbers := c.at(i)
		if len(numbers) == 0 {
			continue
		}
		from := len(r.values)
		for _, v := range numbers {
			r.values = append(r.values, c.values.at(int(v)))
		}
		r.attrs = append(r.attrs, Attr{Name: c.name, Values: slices.Clip(r.values[from:])})
	}
}

// nodesBuilder appends rows.
type nodesBuilder struct {
	nodes
	columns map[string]*columnBuilder
}

func newNodesBuilder() *nodesBuilder { return &nodesBuilder{columns: map[string]*columnBuilder{}} }

func (b *nodesBuilder) add(r *row) error {
	if err := b.addFields(r); err != nil {
		return err
	}
	return b.addAttrs(b.len()-1, r.attrs)
}

func (b *nodesBuilder) addFields(r *row) error {
	at := b.len()
	for _, text := range []struct {
		column *texts
		value  string
	}{{&b.id, r.id}, {&b.email, r.email}, {&b.name, r.name}} {
		if err := text.column.add(text.value); err != nil {
			return err
		}
	}
	b.active = append(b.active, r.active)
	b.changed = append(b.changed, r.changed)
	if r.doubted != 0 && b.doubted == nil {
		b.doubted = make([]int64, at, at+1)
	}
	if b.doubted != nil {
		b.doubted = append(b.doubted, r.doubted)
	}
	b.handles.add(r.handles)
	return nil
}

func (b *nodesBuilder) addAttrs(at int, attrs []Attr) error {
	for _, a := range attrs {
		c := b.builder(a.Name)
		c.padTo(at)
		if err := c.add(a.Values); err != nil {
			return err
		}
	}
	return nil
}

func (b *nodesBuilder) builder(attribute string) *columnBuilder {
	c := b.columns[attribute]
	if c == nil {
		c = newColumnBuilder(string([]byte(attribute)))
		b.columns[c.name] = c
	}
	return c
}

// finish returns the columns; the builder must not be used after it.
func (b *nodesBuilder) finish() nodes {
	rows := b.len()
	b.attrs = b.attrs[:0]
	for _, c := range b.columns {
		c.padTo(rows)
		b.attrs = append(b.attrs, c.column)
	}
	slices.SortFunc(b.attrs, func(x, y column) int { return compare(x.name, y.name) })
	return b.nodes
}

// trim gives back the memory that is not needed by columns that will not grow any more.
func (n *nodes) trim() {
	for _, t := range []*texts{&n.id, &n.email, &n.name} {
		t.trim()
	}
	n.active, n.changed, n.doubted = trim(n.active), trim(n.changed), trim(n.doubted)
	n.handles.trim()
	for i := range n.attrs {
		n.attrs[i].trim()
	}
	n.attrs = trim(n.attrs)
}

func compare(a, b string) int {
	if a < b {
		return -1
	}
	if a > b {
		return 1
	}
	return 0
}

func unix(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.Unix()
}

func fromUnix(s int64) time.Time {
	if s == 0 {
		return time.Time{}
	}
	return time.Unix(s, 0).UTC()
}
