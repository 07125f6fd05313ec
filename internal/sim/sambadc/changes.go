package sambadc

import (
	"encoding/binary"
	"fmt"
	"maps"
	"unicode/utf16"

	"github.com/go-ldap/ldap/v3"

	"github.com/kisi-sync/kisi-sync/internal/sim/ldapedit"
)

// Attributes of an entry by name.
type Attributes = ldapedit.Attributes

// administrator is the connection over which entries are changed; binding anew for each change would cost more than the change.
func (s *Server) administrator() *ldap.Conn {
	s.t.Helper()
	if s.bound == nil {
		s.bound = s.Connect()
	}
	return s.bound
}

// Connect is a connection bound as the domain's administrator. The caller closes it.
func (s *Server) Connect() *ldap.Conn {
	s.t.Helper()
	c, err := s.dial()
	if err != nil {
		s.t.Fatalf("samba: connect: %v", err)
	}
	return c
}

// AddUser adds an enabled account with a password, of which keys are derived at some cost: for those who log in.
func (s *Server) AddUser(dn string, a Attributes, password string) {
	s.t.Helper()
	s.add(dn, Attributes{"userAccountControl": {"512"}, "unicodePwd": {quoted(password)}}, a)
}

// AddPerson adds an enabled account without a password.
func (s *Server) AddPerson(dn string, a Attributes) {
	s.t.Helper()
	s.add(dn, Attributes{"userAccountControl": {"544"}}, a)
}

func (s *Server) add(dn string, ordinary, own Attributes) {
	s.t.Helper()
	all := Attributes{"objectClass": {"user"}}
	maps.Copy(all, ordinary)
	maps.Copy(all, own)
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

// Undelete restores the deleted entry whose name was cn to a place ([MS-ADTS] section 3.1.1.5.3.7.3).
func (s *Server) Undelete(cn, dn string) {
	s.t.Helper()
	deleted := []ldap.Control{ldap.NewControlMicrosoftShowDeleted()}
	s.Do("restore "+dn, func(c *ldap.Conn) error {
		found, err := c.Search(ldap.NewSearchRequest("CN=Deleted Objects,"+s.Local(Suffix), ldap.ScopeSingleLevel, ldap.NeverDerefAliases, 0, 0, false,
			"(cn="+ldap.EscapeFilter(cn)+"\\0aDEL:*)", []string{"cn"}, deleted))
		if err != nil || len(found.Entries) != 1 {
			return fmt.Errorf("%v were deleted: %w", found, err)
		}
		m := ldap.NewModifyRequest(found.Entries[0].DN, deleted)
		m.Delete("isDeleted", nil)
		m.Replace("distinguishedName", []string{dn})
		return c.Modify(m)
	})
}

// AllowReplication gives an account the right "Replicating Directory Changes" on the domain, and no more ([MS-ADTS] section 5.1.3.2.1).
// It restarts the controller.
func (s *Server) AllowReplication(user string) {
	s.t.Helper()
	sid := s.account(user)
	s.offline(func() error {
		return s.run("samba-tool", "dsacl", "set", "-H", s.dir+"/dc/private/sam.ldb", "--action=allow", "--objectdn="+s.Local(Suffix),
			"--sddl=(OA;;CR;1131f6aa-9c07-11d1-f79f-00c04fc2dcd2;;"+sid+")")
	})
}

// ShowDeletions lets an account list deleted objects and read them, and no more; whoever administers the domain may do so anyway. It restarts the
// controller.
func (s *Server) ShowDeletions(user string) {
	s.t.Helper()
	sid := s.account(user)
	s.offline(func() error {
		return s.edit("dn: CN=Deleted Objects,"+s.Local(Suffix)+"\nchangetype: modify\nreplace: nTSecurityDescriptor\nnTSecurityDescriptor: "+
			"O:BAG:BAD:PAI(A;;RPWPCCDCLCRCWOWDSDSW;;;SY)(A;;RPLC;;;BA)(A;;RPLC;;;"+sid+")\n\n", "--show-deleted")
	})
}

// account is the SID of the account with a principal name.
func (s *Server) account(user string) (sid string) {
	s.t.Helper()
	s.Do("look for "+user, func(c *ldap.Conn) error {
		found, err := c.Search(ldap.NewSearchRequest(s.Local(Suffix), ldap.ScopeWholeSubtree, ldap.NeverDerefAliases, 0, 0, false,
			"(userPrincipalName="+ldap.EscapeFilter(user)+")", []string{"objectSid"}, nil))
		if err == nil {
			sid = sidText(found.Entries[0].GetRawAttributeValue("objectSid"))
		}
		return err
	})
	return sid
}

// offline changes the database behind the controller's back, between two runs of it.
func (s *Server) offline(change func() error) {
	s.t.Helper()
	s.Stop()
	for _, step := range []func() error{change, s.start} {
		if err := step(); err != nil {
			s.t.Fatalf("samba: %v", err)
		}
	}
}

// sidText is a security identifier as text ([MS-DTYP] section 2.4.2.1).
func sidText(raw []byte) string {
	text := fmt.Sprintf("S-%d-%d", raw[0], raw[7])
	for part := raw[8:]; len(part) >= 4; part = part[4:] {
		text += fmt.Sprintf("-%d", binary.LittleEndian.Uint32(part))
	}
	return text
}

// SID is an entry's security identifier as text.
func (s *Server) SID(dn string) (sid string) {
	s.t.Helper()
	s.Do("read "+dn, func(c *ldap.Conn) error {
		found, err := c.Search(ldap.NewSearchRequest(dn, ldap.ScopeBaseObject, ldap.NeverDerefAliases, 0, 0, false, "(objectClass=*)", []string{"objectSid"}, nil))
		if err == nil {
			sid = sidText(found.Entries[0].GetRawAttributeValue("objectSid"))
		}
		return err
	})
	return sid
}
