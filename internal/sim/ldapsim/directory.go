package ldapsim

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/go-ldap/ldap/v3"
)

// What a change of a Directory may be refused for.
var (
	ErrExists = errors.New("there is an entry of that name")
	ErrAbsent = errors.New("there is no entry of that name")
	ErrName   = errors.New("not a distinguished name below the suffix")
)

// Attributes of an entry by name.
type Attributes map[string][]string

// A Directory is the data that a Server shows: a tree of entries below one suffix. Each change keeps entryUUID, moves
// modifyTimestamp and entryCSN, and keeps references whole as OpenLDAP's refint overlay does: who is renamed is renamed in
// `member` too, who is deleted leaves it. All methods are safe for concurrent use.
type Directory struct {
	suffix string
	now    func() time.Time
	schema Schema

	mu      sync.Mutex
	entries []*entry // in the order of their making; an entry is never changed, only replaced
	csn     int
}

// entry is one object. It is immutable.
type entry struct {
	directory *Directory
	dn        string
	rdns      []string // normal
	attrs     []attribute
	whole     bool // of a Tree, to be sent as it is
}

type attribute struct {
	name        string
	values      []string
	operational bool
}

// NewDirectory holds nothing but the suffix, such as "dc=example,dc=com". It panics when that is not a DN of dc parts.
func NewDirectory(suffix string, now func() time.Time) *Directory {
	d := &Directory{suffix: suffix, now: now, schema: schema()}
	dc := strings.TrimPrefix(strings.SplitN(suffix, ",", 2)[0], "dc=")
	if err := d.Add(suffix, Attributes{"objectClass": {"dcObject", "organization"}, "dc": {dc}, "o": {dc}}); err != nil {
		panic(fmt.Sprintf("ldapsim: suffix %q: %v", suffix, err))
	}
	return d
}

// Suffix is the name of the topmost entry.
func (d *Directory) Suffix() string { return d.suffix }

// Add adds an entry below one that exists.
func (d *Directory) Add(dn string, a Attributes) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	rdns, ok := splitDN(dn)
	if !ok || len(rdns) == 0 {
		return fmt.Errorf("%s: %w", dn, ErrName)
	}
	switch {
	case d.at(rdns) >= 0:
		return fmt.Errorf("%s: %w", dn, ErrExists)
	case len(d.entries) > 0 && d.at(rdns[1:]) < 0:
		return fmt.Errorf("the parent of %s: %w", dn, ErrAbsent)
	}
	e := &entry{directory: d, dn: dn, rdns: rdns}
	for _, name := range sortedNames(a) {
		e.set(name, a[name])
	}
	stamp := d.stamp()
	e.set("entryUUID", []string{uuid(fmt.Sprint(len(d.entries), d.csn, dn))})
	e.set("createTimestamp", []string{stamp.time})
	d.entries = append(d.entries, e.stamped(stamp))
	return nil
}

// Delete removes an entry. One that has entries below it stays.
func (d *Directory) Delete(dn string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	i, err := d.find(dn)
	if err != nil {
		return err
	}
	gone := d.entries[i]
	for _, e := range d.entries {
		if e != gone && e.below(gone.rdns) {
			return fmt.Errorf("%s: %w: %s is below it", dn, ErrExists, e.dn)
		}
	}
	d.entries = slices.Delete(d.entries, i, i+1)
	d.rewriteReferences(gone.rdns, "")
	return nil
}

// Replace gives an attribute the values named; no value takes it away.
func (d *Directory) Replace(dn, attribute string, values ...string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	i, err := d.find(dn)
	if err == nil {
		d.replace(i, attribute, values)
	}
	return err
}

// Values returns an attribute of an entry, nil when either is not there.
func (d *Directory) Values(dn, attribute string) []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	if i, err := d.find(dn); err == nil {
		return slices.Clone(d.entries[i].values(attribute))
	}
	return nil
}

// Rename gives an entry without entries below it another name, such as "cn=staff", and keeps its parent.
func (d *Directory) Rename(dn, rdn string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	i, err := d.find(dn)
	if err != nil {
		return err
	}
	old := d.entries[i]
	parsed, err := ldap.ParseDN(old.dn)
	if err != nil {
		return err
	}
	parent := (&ldap.DN{RDNs: parsed.RDNs[1:]}).String()
	name := rdn + "," + parent
	rdns, ok := splitDN(name)
	if !ok {
		return fmt.Errorf("%s: %w", name, ErrName)
	}
	if at := d.at(rdns); at >= 0 && at != i {
		return fmt.Errorf("%s: %w", name, ErrExists)
	}
	e := old.clone()
	e.dn, e.rdns = name, rdns
	kind, value, _ := strings.Cut(rdn, "=")
	e.set(kind, []string{value})
	d.entries[i] = e.stamped(d.stamp())
	d.rewriteReferences(old.rdns, name)
	return nil
}

// rewriteReferences puts a new name, or nothing, where members were called by an old one.
func (d *Directory) rewriteReferences(old []string, name string) {
	gone := strings.Join(old, ",")
	for i, e := range d.entries {
		members := slices.Clone(e.values("member"))
		at := slices.IndexFunc(members, func(m string) bool { n, _ := normalDN(m); return n == gone })
		switch {
		case at < 0:
			continue
		case name == "":
			members = slices.Delete(members, at, at+1)
		default:
			members[at] = name
		}
		d.replace(i, "member", members)
	}
}

func (d *Directory) replace(i int, name string, values []string) {
	e := d.entries[i].clone()
	e.set(name, slices.Clone(values))
	d.entries[i] = e.stamped(d.stamp())
}

func (d *Directory) find(dn string) (int, error) {
	rdns, ok := splitDN(dn)
	if !ok {
		return -1, fmt.Errorf("%s: %w", dn, ErrName)
	}
	i := d.at(rdns)
	if i < 0 {
		return -1, fmt.Errorf("%s: %w", dn, ErrAbsent)
	}
	return i, nil
}

func (d *Directory) at(rdns []string) int {
	return slices.IndexFunc(d.entries, func(e *entry) bool { return slices.Equal(e.rdns, rdns) })
}

// stamp is what a change leaves on an entry.
type stamp struct{ time, csn string }

func (d *Directory) stamp() stamp {
	d.csn++
	now := d.now().UTC()
	return stamp{
		time: now.Format("20060102150405Z"),
		csn:  fmt.Sprintf("%s#%06x#001#000000", now.Format("20060102150405.000000Z"), d.csn),
	}
}

func (d *Directory) authenticate(dn, password string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	i, err := d.find(dn)
	return err == nil && password != "" && slices.Contains(d.entries[i].values("userPassword"), password)
}

// search answers a SearchRequest, without limits.
func (d *Directory) search(s *search) ([]*entry, outcome) {
	d.mu.Lock()
	defer d.mu.Unlock()
	base, ok := splitDN(s.base)
	if !ok {
		return nil, outcome{ldap.LDAPResultInvalidDNSyntax, "invalid base"}
	}
	if d.at(base) < 0 {
		return nil, outcome{code: ldap.LDAPResultNoSuchObject}
	}
	var inScope []*entry
	for _, e := range d.entries {
		if e.inScope(base, s.scope) {
			inScope = append(inScope, e)
		}
	}
	return matching(inScope, s.filter), outcome{}
}

func (e *entry) inScope(base []string, scope int) bool {
	switch scope {
	case ldap.ScopeBaseObject:
		return slices.Equal(e.rdns, base)
	case ldap.ScopeSingleLevel:
		return len(e.rdns) == len(base)+1 && e.below(base)
	case ldap.ScopeChildren:
		return len(e.rdns) > len(base) && e.below(base)
	}
	return e.below(base)
}

// below says whether the entry is base or beneath it.
func (e *entry) below(base []string) bool {
	return len(e.rdns) >= len(base) && slices.Equal(e.rdns[len(e.rdns)-len(base):], base)
}

func (e *entry) values(name string) []string {
	for _, a := range e.attrs {
		if strings.EqualFold(a.name, name) {
			return a.values
		}
	}
	return nil
}

// selected are the attributes that a request asks for (RFC 4511 section 4.5.1.8, RFC 3673).
func (e *entry) selected(asked []string) []attribute {
	all := len(asked) == 0 || slices.Contains(asked, "*")
	var out []attribute
	for _, a := range e.attrs {
		named := slices.ContainsFunc(asked, func(n string) bool { return strings.EqualFold(n, a.name) })
		wild := all && !a.operational || a.operational && slices.Contains(asked, "+")
		if (named || wild) && e.directory.schema[strings.ToLower(a.name)].syntax != secret {
			out = append(out, a)
		}
	}
	return out
}

// set is for an entry that nobody else has yet.
func (e *entry) set(name string, values []string) {
	t := e.directory.schema[strings.ToLower(name)]
	if t.syntax == unknown {
		t.name = name
	}
	e.attrs = slices.DeleteFunc(e.attrs, func(a attribute) bool { return strings.EqualFold(a.name, name) })
	if len(values) > 0 {
		e.attrs = append(e.attrs, attribute{t.name, values, t.operational})
	}
}

func (e *entry) clone() *entry {
	c := *e
	c.attrs = slices.Clone(e.attrs)
	return &c
}

func (e *entry) stamped(s stamp) *entry {
	e.set("modifyTimestamp", []string{s.time})
	e.set("entryCSN", []string{s.csn})
	return e
}

// uuid makes the same identifier from the same seed, so that two runs of the demo agree.
func uuid(seed string) string {
	h := sha256.Sum256([]byte(seed))
	h[6], h[8] = h[6]&0x0f|0x40, h[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", h[0:4], h[4:6], h[6:8], h[8:10], h[10:16])
}

func sortedNames(a Attributes) []string {
	names := make([]string, 0, len(a))
	for n := range a {
		names = append(names, n)
	}
	slices.Sort(names)
	return names
}

// rootDSE describes the server (RFC 4512 section 5.1).
func (s *Server) rootDSE() *entry {
	if s.options.Tree != nil {
		return rowEntry(s.options.Tree.RootDSE(), false)
	}
	e := &entry{directory: s.options.Directory}
	e.set("objectClass", []string{"top"})
	e.set("namingContexts", []string{s.options.Directory.suffix})
	e.set("supportedControl", []string{ldap.ControlTypePaging})
	e.set("supportedLDAPVersion", []string{"3"})
	e.set("vendorName", []string{"kisi-sync ldapsim"})
	if !s.options.WithoutStartTLS {
		e.set("supportedExtension", []string{startTLS})
	}
	return e
}
