package slapd

import (
	"crypto/tls"
	"time"

	"github.com/go-ldap/ldap/v3"

	"github.com/kisi-sync/kisi-sync/internal/sim/ldapedit"
)

// Attributes of an entry by name.
type Attributes = ldapedit.Attributes

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
