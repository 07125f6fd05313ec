package store

import (
	"time"

	"github.com/kisi-sync/kisi-sync/internal/directory"
)

// The row of a person or a group: a byte of flags, e-mail address, name, times that are set, handles, attributes. Attributes are
// named by their number in the names of the snapshot.
const (
	activeFlags = 0b0000_0011
	hasChanged  = 0b0000_0100
	hasDoubt    = 0b0000_1000
)

// names numbers the attributes of a source. Numbers are never given to another name within a generation.
type names struct {
	list  []string
	index map[string]uint64
}

func newNames(list []string) *names {
	n := &names{index: map[string]uint64{}}
	for _, name := range list {
		n.number(name)
	}
	return n
}

func (n *names) number(name string) uint64 {
	i, ok := n.index[name]
	if !ok {
		i = uint64(len(n.list))
		n.index[name] = i
		n.list = append(n.list, name)
	}
	return i
}

// object writes the row of a person or a group; its ID is the key.
func (e *encoder) object(r *directory.Record, doubted time.Time, n *names) {
	e.begin()
	flags := byte(r.Active)
	if !r.Changed.IsZero() {
		flags |= hasChanged
	}
	if !doubted.IsZero() {
		flags |= hasDoubt
	}
	e.byte(flags)
	e.text(r.Email)
	e.text(r.Name)
	for _, at := range []time.Time{r.Changed, doubted} {
		if !at.IsZero() {
			e.signed(at.Unix())
		}
	}
	e.number(uint64(len(r.Handles)))
	for _, h := range r.Handles {
		e.byte(byte(h.Kind))
		e.text(h.Value)
	}
	e.number(uint64(len(r.Attrs)))
	for _, a := range r.Attrs {
		e.number(n.number(a.Name))
		e.number(uint64(len(a.Values)))
		for _, v := range a.Values {
			e.text(v)
		}
	}
}

// objectReader reads rows into one Record again and again.
type objectReader struct {
	names  []string
	rec    directory.Record
	values []string
}

// read reads what object wrote. The Record is good until the next call and its texts until the end of the transaction.
func (o *objectReader) read(id string, payload []byte) (r *directory.Record, doubted time.Time, ok bool) {
	d := decoder{rest: payload}
	flags := d.byte()
	o.rec = directory.Record{ID: id, Active: directory.Tri(flags & activeFlags), Email: d.text(), Name: d.text(),
		Handles: o.rec.Handles[:0], Attrs: o.rec.Attrs[:0]}
	if flags&hasChanged != 0 {
		o.rec.Changed = time.Unix(d.signed(), 0).UTC()
	}
	if flags&hasDoubt != 0 {
		doubted = time.Unix(d.signed(), 0).UTC()
	}
	for range d.count() {
		o.rec.Handles = append(o.rec.Handles, directory.Ref{Kind: directory.RefKind(d.byte()), Value: d.text()})
	}
	o.attrs(&d)
	return &o.rec, doubted, d.done() && o.rec.Active <= directory.No && flags < hasDoubt<<1
}

func (o *objectReader) attrs(d *decoder) {
	o.values = o.values[:0]
	for range d.count() {
		name := d.number()
		if name >= uint64(len(o.names)) {
			d.fail()
			return
		}
		from := len(o.values)
		for range d.count() {
			o.values = append(o.values, d.text())
		}
		o.rec.Attrs = append(o.rec.Attrs, directory.Attr{Name: o.names[name], Values: o.values[from:len(o.values):len(o.values)]})
	}
}

// A tombstone's row: why, since when.
func (e *encoder) tombstone(t directory.Tombstone) {
	e.begin()
	e.byte(byte(t.Why))
	e.signed(t.Since.UnixNano())
}

func readTombstone(id string, payload []byte) (directory.Tombstone, bool) {
	d := decoder{rest: payload}
	t := directory.Tombstone{ID: id, Why: directory.Absence(d.byte()), Since: time.Unix(0, d.signed()).UTC()}
	return t, d.done()
}
