package ldapsim

import (
	"slices"

	ber "github.com/go-asn1-ber/asn1-ber"
	"github.com/go-ldap/ldap/v3"
)

// A Tree is a directory of somebody else's making that a Server shows. Its methods are called by several connections at once.
type Tree interface {
	// RootDSE is the entry without a name (RFC 4512 section 5.1).
	RootDSE() Row
	// Authenticate decides a simple bind.
	Authenticate(user, password string) bool
	// Controls are those that Search heeds, beside paged results.
	Controls() []string
	// Search answers a whole search. Of lists that are longer than MaxValRange the server sends a range.
	Search(r Request) Found
}

// Request is a search by somebody who is logged in.
type Request struct {
	User       string // as they logged in
	Base       string
	Scope      int // as package ldap of go-ldap counts them
	Filter     *ber.Packet
	Attributes []string
	Controls   map[string][]byte // values by OID
}

// Found is what a search brought, or the result code by which it is refused.
type Found struct {
	Rows      []Row
	Referrals []string // URLs
	Controls  []ldap.Control
	Whole     bool // rows are sent as they are, not by what was asked for
	Code      int
	Text      string
}

// Row is one entry.
type Row struct {
	DN     string
	Values []Values
}

// Values are those of one attribute, none where it has lost them.
type Values struct {
	Name   string
	Values []string
}

func rowEntry(r Row, whole bool) *entry {
	e := &entry{directory: &Directory{}, dn: r.DN, whole: whole}
	for _, v := range r.Values {
		e.attrs = append(e.attrs, attribute{name: v.Name, values: v.Values})
	}
	return e
}

func (s *Server) authenticate(dn, password string) bool {
	if s.options.Tree != nil {
		return s.options.Tree.Authenticate(dn, password)
	}
	return s.options.Directory.authenticate(dn, password)
}

func (s *Server) knows(control string) bool {
	return s.options.Tree != nil && slices.Contains(s.options.Tree.Controls(), control)
}

// ask runs a search on what the server shows.
func (c *conn) ask(s *search, m *message) (*result, outcome) {
	tree := c.server.options.Tree
	if tree == nil {
		entries, o := c.server.options.Directory.search(s)
		return &result{entries: entries}, o
	}
	r := Request{User: c.user, Base: s.base, Scope: s.scope, Filter: s.filter, Attributes: s.attributes, Controls: map[string][]byte{}}
	for _, control := range m.controls {
		r.Controls[control.oid] = control.value
	}
	found := tree.Search(r)
	out := &result{referrals: found.Referrals, controls: found.Controls}
	for _, row := range found.Rows {
		out.entries = append(out.entries, rowEntry(row, found.Whole))
	}
	return out, outcome{found.Code, found.Text}
}

// sendReferrals sends continuation references (RFC 4511 section 4.5.3), one for each place.
func (c *conn) sendReferrals(id int64, to []string) error {
	for _, url := range to {
		op := ber.Encode(ber.ClassApplication, ber.TypeConstructed, ldap.ApplicationSearchResultReference, nil, "")
		op.AppendChild(octetString(url))
		if err := c.send(id, op); err != nil {
			return err
		}
	}
	return nil
}
