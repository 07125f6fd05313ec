package ldapwire

import (
	"bytes"
	"encoding/hex"
	"strings"

	"github.com/go-ldap/ldap/v3"
)

// Entry is one entry of an answer. What it holds is good only while it is looked at: it lies in a buffer that the next one overwrites.
type Entry struct {
	DN         string
	Attributes []Attribute // in the server's order; an attribute that was asked for and is empty or hidden is not among them
}

// Attribute is a name as the server spells it, with its options ("member;range=0-1499"), and its values in the server's order.
type Attribute struct {
	Name   string
	Values [][]byte
}

// Values are those of the first attribute of this name, whatever its case; nil if there is none.
func (e *Entry) Values(name string) [][]byte {
	for i := range e.Attributes {
		if a := &e.Attributes[i]; len(a.Name) == len(name) && (a.Name == name || strings.EqualFold(a.Name, name)) {
			return a.Values
		}
	}
	return nil
}

// Clone is a copy that lasts.
func (e *Entry) Clone() *Entry {
	out := &Entry{DN: e.DN, Attributes: make([]Attribute, len(e.Attributes))}
	for i, a := range e.Attributes {
		values := make([][]byte, len(a.Values))
		for j, v := range a.Values {
			values[j] = bytes.Clone(v)
		}
		out.Attributes[i] = Attribute{a.Name, values}
	}
	return out
}

// FromLibrary is an entry that go-ldap has decoded, in our form.
func FromLibrary(e *ldap.Entry) *Entry {
	out := &Entry{DN: e.DN, Attributes: make([]Attribute, len(e.Attributes))}
	for i, a := range e.Attributes {
		out.Attributes[i] = Attribute{a.Name, a.ByteValues}
	}
	return out
}

// Sync is the state of an entry in a synchronization (RFC 4533 section 2.2).
type Sync struct {
	State ldap.ControlSyncStateState
	ID    UUID
}

// UUID is an entryUUID (RFC 4530).
type UUID [16]byte

// String is the form of RFC 9562: 8-4-4-4-12 hexadecimal digits in lower case.
func (u UUID) String() string {
	text := make([]byte, 0, 36)
	for i, end := range []int{4, 6, 8, 10, 16} {
		if i > 0 {
			text = append(text, '-')
		}
		text = hex.AppendEncode(text, u[[]int{0, 4, 6, 8, 10}[i]:end])
	}
	return string(text)
}

// decoder decodes entries into one that it uses again and again.
type decoder struct {
	entry  Entry
	sync   Sync
	answer Answer
	names  map[string]string
}

// mostNames bounds the spellings that are remembered; a directory has some dozens, and one for each range of a long list.
const mostNames = 4096

// name is the text of an attribute's name, made once for each.
func (d *decoder) name(raw []byte) string {
	if s, ok := d.names[string(raw)]; ok {
		return s
	}
	if d.names == nil || len(d.names) >= mostNames {
		d.names = map[string]string{}
	}
	s := string(raw)
	d.names[s] = s
	return s
}

// decode reads a SearchResultEntry (RFC 4511 section 4.5.2): op is what is in it, behind is what follows in the message. What follows
// the elements that the protocol names is skipped (section 4).
func (d *decoder) decode(op, behind []byte) (*Answer, error) {
	dn, rest, ok := take(op, tagOctets)
	if !ok {
		return nil, ErrNotLDAP
	}
	list, _, ok := take(rest, tagSequence)
	if !ok {
		return nil, ErrNotLDAP
	}
	d.entry.DN = string(dn)
	d.entry.Attributes = d.entry.Attributes[:0]
	for len(list) > 0 {
		if list, ok = d.attribute(list); !ok {
			return nil, ErrNotLDAP
		}
	}
	found, ok := d.state(behind)
	if !ok {
		return nil, ErrNotLDAP
	}
	d.answer = Answer{Entry: &d.entry}
	if found {
		d.answer.Sync = &d.sync
	}
	return &d.answer, nil
}

// attribute reads one PartialAttribute into the next place of the entry, whose list of values it uses again.
func (d *decoder) attribute(list []byte) (rest []byte, ok bool) {
	one, rest, ok := take(list, tagSequence)
	if !ok {
		return nil, false
	}
	name, tail, ok := take(one, tagOctets)
	if !ok {
		return nil, false
	}
	values, _, ok := take(tail, tagSet)
	if !ok {
		return nil, false
	}
	n := len(d.entry.Attributes)
	if n < cap(d.entry.Attributes) {
		d.entry.Attributes = d.entry.Attributes[:n+1]
	} else {
		d.entry.Attributes = append(d.entry.Attributes, Attribute{})
	}
	a := &d.entry.Attributes[n]
	a.Name, a.Values = d.name(name), a.Values[:0]
	for len(values) > 0 {
		var v []byte
		if v, values, ok = take(values, tagOctets); !ok {
			return nil, false
		}
		a.Values = append(a.Values, v)
	}
	return rest, true
}

// state finds the Sync State Control (RFC 4533 section 2.2) among the controls of a message; other controls are skipped.
func (d *decoder) state(behind []byte) (found, ok bool) {
	for len(behind) > 0 && behind[0] != tagControls {
		if behind, ok = skip(behind); !ok {
			return false, false
		}
	}
	if len(behind) == 0 {
		return false, true
	}
	list, _, ok := take(behind, tagControls)
	if !ok {
		return false, false
	}
	for len(list) > 0 {
		var one []byte
		if one, list, ok = take(list, tagSequence); !ok {
			return false, false
		}
		oid, value, ok := take(one, tagOctets)
		if !ok {
			return false, false
		}
		if string(oid) == ldap.ControlTypeSyncState {
			return true, d.readState(value)
		}
	}
	return false, true
}

// readState reads the value of a Sync State Control, before which its criticality may stand.
func (d *decoder) readState(p []byte) bool {
	for len(p) > 0 && p[0] != tagOctets {
		var ok bool
		if p, ok = skip(p); !ok {
			return false
		}
	}
	value, _, ok := take(p, tagOctets)
	if !ok {
		return false
	}
	body, _, ok := take(value, tagSequence)
	if !ok {
		return false
	}
	raw, rest, ok := take(body, tagEnumerated)
	if !ok {
		return false
	}
	state, ok := integer(raw)
	if !ok {
		return false
	}
	id, _, ok := take(rest, tagOctets)
	if !ok || len(id) != len(d.sync.ID) {
		return false
	}
	d.sync.State = ldap.ControlSyncStateState(state)
	copy(d.sync.ID[:], id)
	return true
}
