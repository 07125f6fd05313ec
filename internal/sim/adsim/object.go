package adsim

import (
	"bytes"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/go-ldap/ldap/v3"
)

const (
	deletedObjects    = "Deleted Objects"
	foreignPrincipals = "ForeignSecurityPrincipals"
)

// stamp says which originating write a value is of ([MS-DRSR] section 5.11, AttributeStamp).
type stamp struct {
	version    int
	at         time.Time // in whole seconds
	invocation GUID
	usn        int64
}

// beats says which of two stamps wins: the higher version, then the later one, then the greater invocation ([MS-DRSR] section 5.11).
func (s stamp) beats(other stamp) bool {
	switch {
	case s.version != other.version:
		return s.version > other.version
	case !s.at.Equal(other.at):
		return s.at.After(other.at)
	}
	return bytes.Compare(s.invocation[:], other.invocation[:]) > 0
}

// cell is an attribute that is replicated, as a whole. No values: it has lost them.
type cell struct {
	stamp
	values []string
}

// link is one value of member, which is replicated by itself ([MS-DRSR] section 5.118, LinkValueStamp).
type link struct {
	stamp
	gone bool
}

// object is what one controller has of an object. Names of attributes are in lower case.
type object struct {
	guid                   GUID
	cells                  map[string]cell
	members                map[GUID]link
	usnCreated, usnChanged int64 // by this controller's numbers
	whenChanged            time.Time

	// Of the cells, for those who look for somebody.
	name    string
	parent  GUID
	deleted bool
}

// derive follows a change of the cells.
func (o *object) derive() {
	o.name, o.deleted = o.first("name"), o.first("isdeleted") == "TRUE"
	copy(o.parent[:], o.first("parentguid"))
}

func (o *object) clone() *object {
	c := *o
	c.cells, c.members = maps.Clone(o.cells), maps.Clone(o.members)
	return &c
}

func (o *object) values(name string) []string { return o.cells[strings.ToLower(name)].values }

func (o *object) first(name string) string {
	if v := o.values(name); len(v) > 0 {
		return v[0]
	}
	return ""
}

func (o *object) recycled() bool { return o.first("isRecycled") == "TRUE" }

// rdn is the relative name.
func (o *object) rdn() string {
	kind := "CN="
	if slices.Contains(o.values("objectClass"), "organizationalUnit") {
		kind = "OU="
	}
	return kind + strings.ReplaceAll(ldap.EscapeDN(o.name), "\n", `\0A`)
}

// phantom is what a domain knows of somebody of another domain whom a group of its own holds ([MS-ADTS] section 3.1.1.1.6).
type phantom struct{ dn, sid string }

// state is a controller's database.
type state struct {
	usn      int64 // the last that was given
	objects  map[GUID]*object
	phantoms map[GUID]phantom
	vector   map[GUID]int64 // up to which change it has those of other invocations ([MS-DRSR] section 5.166, ReplUpToDateVector)
	asked    map[GUID]int64 // up to which change it has asked other invocations ([MS-DRSR] section 5.215, usnHighObjUpdate)
}

func newState() state {
	return state{usn: 4096, objects: map[GUID]*object{}, phantoms: map[GUID]phantom{}, vector: map[GUID]int64{}, asked: map[GUID]int64{}}
}

func (s state) clone() state {
	c := state{usn: s.usn, objects: map[GUID]*object{}, phantoms: maps.Clone(s.phantoms), vector: maps.Clone(s.vector), asked: maps.Clone(s.asked)}
	for id, o := range s.objects {
		c.objects[id] = o.clone()
	}
	return c
}

// dn is an object's distinguished name, in this database.
func (c *Controller) dn(o *object) string {
	if o.guid == c.domain.head {
		return c.domain.suffix
	}
	parent := c.objects[o.parent]
	if parent == nil {
		return o.rdn() + "," + c.domain.suffix
	}
	return o.rdn() + "," + c.dn(parent)
}

// at finds the object of a name; nil when there is none. Deleted objects are not found by name.
func (c *Controller) at(dn string) *object {
	want, err := ldap.ParseDN(dn)
	suffix, bad := ldap.ParseDN(c.domain.suffix)
	if err != nil || bad != nil || len(want.RDNs) < len(suffix.RDNs) {
		return nil
	}
	below := len(want.RDNs) - len(suffix.RDNs)
	if !(&ldap.DN{RDNs: want.RDNs[below:]}).EqualFold(suffix) {
		return nil
	}
	o := c.objects[c.domain.head]
	for i := below - 1; i >= 0 && o != nil; i-- {
		o = c.child(o.guid, want.RDNs[i].Attributes[0].Value)
	}
	return o
}

func (c *Controller) child(parent GUID, name string) *object {
	for _, o := range c.objects {
		if !o.deleted && o.parent == parent && strings.EqualFold(o.name, name) {
			return o
		}
	}
	return nil
}

// sorted are all objects in the order of their last change, by this controller's numbers.
func (c *Controller) sorted() []*object {
	return slices.SortedFunc(maps.Values(c.objects), func(a, b *object) int { return int(a.usnChanged - b.usnChanged) })
}
