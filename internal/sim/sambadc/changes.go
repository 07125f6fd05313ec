package sambadc

import (
	"encoding/binary"
	"fmt"
	"unicode/utf16"

	"github.com/go-ldap/ldap/v3"

	"github.com/kisi-sync/kisi-sync/internal/sim/ldapedit"
)

// Attributes of an entry by name.
type Attributes = ldapedit.Attributes

// Connect is a connection bound as the domain's administrator. The caller closes it.
func (s *Server) Connect() *ldap.Conn {
	s.t.Helper()
	c, err := s.dial()
	if err != nil {
		s.t.Fatalf("samba: connect: %v", err)
	}
	return c
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

// RID is the last part of an entry's SID, as primaryGroupID wants it.
func (s *Server) RID(dn string) string {
	s.t.Helper()
	var rid uint32
	s.Do("read "+dn, func(c *ldap.Conn) error {
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
