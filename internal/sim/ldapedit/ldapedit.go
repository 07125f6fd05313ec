// Package ldapedit changes a directory of a test over LDAP, as its administrator.
//
// Each change is made when the call returns, and one that the server refuses ends the test. It must not be used outside tests.
package ldapedit

import (
	"testing"

	"github.com/go-ldap/ldap/v3"
)

// Attributes of an entry by name.
type Attributes map[string][]string

// Editor makes each change over a connection that it asks for; a change that fails ends the test.
type Editor struct {
	T       testing.TB
	Server  string            // what it is called when something fails
	Connect func() *ldap.Conn // as the administrator; it ends the test when it fails
	Release func(*ldap.Conn)  // what becomes of the connection afterwards; nil closes it
}

// Add adds an entry.
func (e *Editor) Add(dn string, a Attributes) {
	e.T.Helper()
	request := ldap.NewAddRequest(dn, nil)
	for name, values := range a {
		request.Attribute(name, values)
	}
	e.Do("add "+dn, func(c *ldap.Conn) error { return c.Add(request) })
}

// Replace gives attributes of an entry the values named; no value takes the attribute away.
func (e *Editor) Replace(dn string, a Attributes) {
	e.T.Helper()
	request := ldap.NewModifyRequest(dn, nil)
	for name, values := range a {
		request.Replace(name, values)
	}
	e.Do("modify "+dn, func(c *ldap.Conn) error { return c.Modify(request) })
}

// Move gives an entry a new name (an RDN) and, unless parent is empty, a new parent. Whether references to it follow is the server's affair.
func (e *Editor) Move(dn, rdn, parent string) {
	e.T.Helper()
	request := ldap.NewModifyDNRequest(dn, rdn, true, parent)
	e.Do("rename "+dn, func(c *ldap.Conn) error { return c.ModifyDN(request) })
}

// Delete deletes an entry.
func (e *Editor) Delete(dn string) {
	e.T.Helper()
	e.Do("delete "+dn, func(c *ldap.Conn) error { return c.Del(ldap.NewDelRequest(dn, nil)) })
}

// Do does something else over such a connection, and waits for it; what names it.
func (e *Editor) Do(what string, do func(*ldap.Conn) error) {
	e.T.Helper()
	c := e.Connect()
	if e.Release == nil {
		defer c.Close()
	} else {
		defer e.Release(c)
	}
	if err := do(c); err != nil {
		e.T.Fatalf("%s: %s: %v", e.Server, what, err)
	}
}
