package sambadc

import (
	"encoding/binary"
	"fmt"
	"unicode/utf16"

	"github.com/go-ldap/ldap/v3"
)

// Attributes of an entry by name.
type Attributes map[string][]string

// Connect is a connection bound as the domain's administrator. The caller closes it.
func (s *Server) Connect() *ldap.Conn {
	s.t.Helper()
	c, err := s.dial()
	if err != nil {
		s.t.Fatalf("samba: connect: %v", err)
	}
	return c
}

// Add adds an entry.
func (s *Server) Add(dn string, a Attributes) {
	s.t.Helper()
	request := ldap.NewAddRequest(dn, nil)
	for name, values := range a {
		request.Attribute(name, values)
	}
	s.change("add "+dn, func(c *ldap.Conn) error { return c.Add(request) })
}

// AddUser adds an enabled account with a password. a needs sAMAccountName.
func (s *Server) AddUser(dn string, a Attributes, password string) {
	s.t.Helper()
	all := Attributes{"objectClass": {"user"}, "userAccountControl": {"512"}, "unicodePwd": {quoted(password)}}
	for name, values := range a {
		all[name] = values
	}
	s.Add(dn, all)
}

// quoted is a password as Active Directory takes it ([MS-ADTS] section 3.1.1.3.1.5): in quotes, as UTF-16LE.
func quoted(password string) string {
	var out []byte
	for _, u := range utf16.Encode([]rune(`"` + password + `"`)) {
		out = binary.LittleEndian.AppendUint16(out, u)
	}
	return string(out)
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

// Move gives an entry a new name (an RDN) and, unless parent is empty, a new parent. References to it follow.
func (s *Server) Move(dn, rdn, parent string) {
	s.t.Helper()
	request := ldap.NewModifyDNRequest(dn, rdn, true, parent)
	s.change("rename "+dn, func(c *ldap.Conn) error { return c.ModifyDN(request) })
}

// Delete deletes an entry: it becomes a tombstone below CN=Deleted Objects.
func (s *Server) Delete(dn string) {
	s.t.Helper()
	s.change("delete "+dn, func(c *ldap.Conn) error { return c.Del(ldap.NewDelRequest(dn, nil)) })
}

func (s *Server) change(what string, do func(*ldap.Conn) error) {
	s.t.Helper()
	c := s.Connect()
	defer c.Close()
	if err := do(c); err != nil {
		s.t.Fatalf("samba: %s: %v", what, err)
	}
}

// RID is the last part of an entry's SID, as primaryGroupID wants it.
func (s *Server) RID(dn string) string {
	s.t.Helper()
	var rid uint32
	s.change("read "+dn, func(c *ldap.Conn) error {
		found, err := c.Search(ldap.NewSearchRequest(dn, ldap.ScopeBaseObject, ldap.NeverDerefAliases, 0, 0, false, "(objectClass=*)", []string{"objectSid"}, nil))
		if err != nil {
			return err
		}
		sid := found.Entries[0].GetRawAttributeValue("objectSid")
		rid = binary.LittleEndian.Uint32(sid[len(sid)-4:])
		return nil
	})
	return fmt.Sprint(rid)
}
