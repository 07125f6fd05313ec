package slapd

import (
	"crypto/tls"
	"time"

	"github.com/go-ldap/ldap/v3"
)

// Attributes of an entry by name.
type Attributes map[string][]string

// Connect is a connection bound as the given account, over ldaps unless the server has no TLS. The caller closes it.
func (s *Server) Connect(dn, password string) *ldap.Conn {
	s.t.Helper()
	url, config := s.SecureURL(), &tls.Config{RootCAs: s.ca.Pool(), ServerName: "localhost"}
	if len(s.options.Leaf.Hosts) > 0 || s.options.Leaf.Expired || s.options.WithoutTLS {
		url, config = s.URL(), nil // a bad certificate is for the code under test, not for us
	}
	c, err := ldap.DialURL(url, ldap.DialWithTLSConfig(config))
	if err != nil {
		s.t.Fatalf("slapd: connect: %v", err)
	}
	c.SetTimeout(30 * time.Second)
	if err := c.Bind(dn, password); err != nil {
		s.t.Fatalf("slapd: bind as %s: %v", dn, err)
	}
	return c
}

// Add adds an entry, as the root account.
func (s *Server) Add(dn string, a Attributes) {
	s.t.Helper()
	request := ldap.NewAddRequest(dn, nil)
	for name, values := range a {
		request.Attribute(name, values)
	}
	s.change("add "+dn, func(c *ldap.Conn) error { return c.Add(request) })
}

// Replace gives attributes of an entry the values named; no value takes the attribute away.
func (s *Server) Replace(dn string, a Attributes) {
	s.t.Helper()
	request := ldap.NewModifyRequest(dn, nil)
	for name, values := range a {
		request.Replace(name, values)
	}
	s.change("modify "+dn, func(c *ldap.Conn) error { return c.Modify(request) })
}

// Move gives an entry a new name (an RDN) and, unless parent is empty, a new parent. References to it stay as they are.
func (s *Server) Move(dn, rdn, parent string) {
	s.t.Helper()
	request := ldap.NewModifyDNRequest(dn, rdn, true, parent)
	s.change("rename "+dn, func(c *ldap.Conn) error { return c.ModifyDN(request) })
}

// Delete removes an entry.
func (s *Server) Delete(dn string) {
	s.t.Helper()
	s.change("delete "+dn, func(c *ldap.Conn) error { return c.Del(ldap.NewDelRequest(dn, nil)) })
}

func (s *Server) change(what string, do func(*ldap.Conn) error) {
	s.t.Helper()
	c := s.Connect(RootDN, RootPassword)
	defer c.Close()
	if err := do(c); err != nil {
		s.t.Fatalf("slapd: %s: %v", what, err)
	}
}
