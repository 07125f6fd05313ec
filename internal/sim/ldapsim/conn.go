package ldapsim

import (
	"bufio"
	"errors"
	"net"
	"strconv"

	ber "github.com/go-asn1-ber/asn1-ber"
	"github.com/go-ldap/ldap/v3"
)

const startTLS = "1.3.6.1.4.1.1466.20037" // RFC 4511 section 4.14.1

// errDone ends a session in good order.
var errDone = errors.New("session ended")

// conn is one session. It answers one request at a time.
type conn struct {
	server *Server
	net    net.Conn
	read   *bufio.Reader
	secure bool
	bound  bool
	user   string             // who is bound, as they said it
	pages  map[string]*result // what is left of paged searches, by cookie
	cookie int
}

func (c *conn) answer(m *message) error {
	switch m.op.Tag {
	case ldap.ApplicationBindRequest:
		return c.bind(m)
	case ldap.ApplicationUnbindRequest:
		return errDone
	case ldap.ApplicationAbandonRequest:
		return nil // there is never an earlier request that still runs; no answer is due
	case ldap.ApplicationSearchRequest:
		return c.search(m)
	case ldap.ApplicationExtendedRequest:
		return c.extended(m)
	}
	return c.refuse(m)
}

// refuse answers an operation that would change data. Each response tag follows its request's (RFC 4511 section 4).
func (c *conn) refuse(m *message) error {
	return c.finish(m.id, m.op.Tag+1, outcome{ldap.LDAPResultUnwillingToPerform, "this directory is read-only"})
}

func (c *conn) bind(m *message) error {
	if err := c.server.strike(OnBind); err != nil {
		return c.struck(m, ldap.ApplicationBindResponse, err)
	}
	if len(m.op.Children) < 3 {
		return errMalformed
	}
	o := c.login(text(m.op.Children[1]), m.op.Children[2])
	return c.finish(m.id, ldap.ApplicationBindResponse, o)
}

// login decides a bind. A failed one leaves the session anonymous (RFC 4511 section 4.2.1).
func (c *conn) login(dn string, credentials *ber.Packet) outcome {
	c.bound = false
	password := text(credentials)
	switch {
	case credentials.Tag != 0:
		return outcome{ldap.LDAPResultAuthMethodNotSupported, "only simple bind is offered"}
	case dn == "" && password == "":
		return outcome{}
	case !c.secure && !c.server.options.PlainBind:
		return outcome{ldap.LDAPResultConfidentialityRequired, "use ldaps or StartTLS"}
	case !c.server.authenticate(dn, password):
		return outcome{code: ldap.LDAPResultInvalidCredentials}
	}
	c.bound, c.user = true, dn
	return outcome{}
}

func (c *conn) extended(m *message) error {
	if len(m.op.Children) == 0 {
		return errMalformed
	}
	switch {
	case text(m.op.Children[0]) != startTLS:
		return c.finish(m.id, ldap.ApplicationExtendedResponse, outcome{ldap.LDAPResultProtocolError, "unsupported extended operation"})
	case c.secure:
		return c.finish(m.id, ldap.ApplicationExtendedResponse, outcome{ldap.LDAPResultOperationsError, "TLS already started"})
	case c.server.options.WithoutStartTLS:
		return c.finish(m.id, ldap.ApplicationExtendedResponse, outcome{ldap.LDAPResultUnwillingToPerform, "StartTLS is not offered"})
	}
	if err := c.finish(m.id, ldap.ApplicationExtendedResponse, outcome{}); err != nil {
		return err
	}
	if err := c.protect(); err != nil {
		return err
	}
	c.read.Reset(c.net)
	return nil
}

// result is what a search found and has not sent yet.
type result struct {
	entries   []*entry
	referrals []string       // sent behind all entries
	controls  []ldap.Control // of the end, beside that of the page
	last      outcome        // how the search ends when all are sent
	paged     bool           // this is a second or later page
}

func (c *conn) search(m *message) error {
	s, err := parseSearch(m.op)
	if err != nil {
		return err
	}
	page, o := c.page(m)
	if o.code != 0 {
		return c.finish(m.id, ldap.ApplicationSearchResultDone, o)
	}
	r, o := c.find(s, m, page)
	if o.code != 0 {
		return c.finish(m.id, ldap.ApplicationSearchResultDone, o)
	}
	return c.sendResult(m.id, s, r, page)
}

// page is the paged results control of a request, nil if it has none. A critical control we do not know is an error.
func (c *conn) page(m *message) (*ldap.ControlPaging, outcome) {
	var found *ldap.ControlPaging
	for _, control := range m.controls {
		switch {
		case control.oid == ldap.ControlTypePaging:
			p, err := ber.DecodePacketErr(control.value)
			if err != nil || len(p.Children) != 2 {
				return nil, outcome{ldap.LDAPResultProtocolError, "bad paged results control"}
			}
			found = &ldap.ControlPaging{PagingSize: uint32(number(p.Children[0])), Cookie: p.Children[1].Data.Bytes()}
		case control.critical && !c.server.knows(control.oid):
			return nil, outcome{ldap.LDAPResultUnavailableCriticalExtension, "unknown control " + control.oid}
		}
	}
	return found, outcome{}
}

// find runs a search, or goes on with one.
func (c *conn) find(s *search, m *message, page *ldap.ControlPaging) (*result, outcome) {
	if page != nil && len(page.Cookie) > 0 {
		r := c.pages[string(page.Cookie)]
		delete(c.pages, string(page.Cookie))
		if r == nil {
			return nil, outcome{ldap.LDAPResultUnwillingToPerform, "unknown paged results cookie"}
		}
		r.paged = true
		return r, outcome{}
	}
	if s.base == "" && s.scope == ldap.ScopeBaseObject {
		if c.server.options.Tree != nil {
			return &result{entries: []*entry{c.server.rootDSE()}}, outcome{} // a Tree describes itself to everybody
		}
		return &result{entries: matching([]*entry{c.server.rootDSE()}, s.filter)}, outcome{}
	}
	if !c.bound {
		return nil, outcome{ldap.LDAPResultInsufficientAccessRights, "bind first"}
	}
	r, o := c.ask(s, m)
	for _, limit := range []int{s.sizeLimit, c.server.options.SizeLimit} {
		if limit > 0 && len(r.entries) > limit {
			r.entries, r.last = r.entries[:limit], outcome{code: ldap.LDAPResultSizeLimitExceeded}
		}
	}
	return r, o
}

// sendResult sends a result, or its next page.
func (c *conn) sendResult(id int64, s *search, r *result, page *ldap.ControlPaging) error {
	now := r.entries
	if page != nil && int(page.PagingSize) < len(now) {
		now = now[:page.PagingSize]
	}
	r.entries = r.entries[len(now):]
	if err := c.sendEntries(id, s, now, r.paged); err != nil {
		return c.struck(&message{id: id}, ldap.ApplicationSearchResultDone, err)
	}
	if page == nil || len(r.entries) == 0 {
		if err := c.sendReferrals(id, r.referrals); err != nil {
			return err
		}
	}
	if page == nil {
		return c.finish(id, ldap.ApplicationSearchResultDone, r.last, r.controls...)
	}
	answer := &ldap.ControlPaging{}
	if len(r.entries) == 0 {
		return c.finish(id, ldap.ApplicationSearchResultDone, r.last, append(r.controls, answer)...)
	}
	if page.PagingSize > 0 { // size 0 gives the rest up (RFC 2696 section 3)
		c.cookie++
		answer.Cookie = []byte("page " + strconv.Itoa(c.cookie))
		c.pages[string(answer.Cookie)] = r
	}
	return c.finish(id, ldap.ApplicationSearchResultDone, outcome{}, answer)
}

func (c *conn) sendEntries(id int64, s *search, entries []*entry, laterPage bool) error {
	if laterPage {
		if err := c.server.strike(OnNextPage); err != nil {
			return err
		}
	}
	for _, e := range entries {
		if err := c.server.strike(OnEntry); err != nil {
			return err
		}
		if err := c.sendEntry(id, e, s); err != nil {
			return err
		}
	}
	return c.server.strike(OnDone)
}
