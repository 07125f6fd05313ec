package ldap

import (
	"fmt"
	"testing"
	"time"

	"github.com/kisi-sync/kisi-sync/connectors/connectortest"
	"github.com/kisi-sync/kisi-sync/internal/sim/ds389"
)

// settings389 is a source on a real 389 Directory Server.
func settings389(t testing.TB, s *ds389.Server) *Settings {
	t.Helper()
	o := New().(*Settings)
	o.URL, o.Preset, o.Base = s.URL(), "389ds", ds389.Suffix
	o.Login = Login{User: ds389.ReaderDN, Password: passwordFile(t, ds389.ReaderPassword)}
	o.TLS.Plaintext = true // on loopback
	o.Timeout = 20 * time.Second
	return o
}

// The stories share a server, since it takes seconds to start; each has a company of its own.
func TestContractOf389DirectoryServer(t *testing.T) {
	const page = 4
	server, companies := ds389.Start(t), 0
	connectortest.Run(t, connectortest.Harness{
		Attribute: "departmentNumber",
		PageSize:  page,
		New: func(t *testing.T) connectortest.Directory {
			companies++
			settings := settings389(t, server)
			settings.PageSize, settings.Base = page, fmt.Sprintf("ou=company%d,%s", companies, ds389.Suffix)
			for _, dn := range []string{settings.Base, "ou=people," + settings.Base, "ou=groups," + settings.Base} {
				server.Add(dn, ds389.Attributes{"objectClass": {"organizationalUnit"}})
			}
			return newReal(t, server, settings, ds389.Attributes{"nsAccountLock": {"true"}})
		},
	})
}

func TestA389ServerTellsOfEveryChangeThatIsReadAtOnce(t *testing.T) {
	s := ds389.Start(t)
	ana, bo, staff := "uid=ana,"+ds389.PeopleDN, "uid=bo,"+ds389.PeopleDN, "cn=staff,"+ds389.GroupsDN
	for _, dn := range []string{ana, bo} {
		s.Add(dn, ds389.Attributes{"objectClass": {"inetOrgPerson"}, "cn": {"N"}, "sn": {"N"}})
	}
	s.Add(staff, ds389.Attributes{"objectClass": {"groupOfNames"}, "cn": {"staff"}, "member": {ana}})
	e := listen(t, open(t, settings389(t, s), "departmentNumber"))
	for _, c := range []struct {
		what string
		do   func()
	}{
		{"somebody is disabled", func() { s.Replace(ana, ds389.Attributes{"nsAccountLock": {"true"}}) }},
		{"somebody is enabled", func() { s.Replace(ana, ds389.Attributes{"nsAccountLock": {}}) }},
		{"a membership", func() { s.Replace(staff, ds389.Attributes{"member": {ana, bo}}) }},
		{"an attribute that is read", func() { s.Replace(bo, ds389.Attributes{"departmentNumber": {"IT"}}) }},
		{"a joiner", func() {
			s.Add("uid=cy,"+ds389.PeopleDN, ds389.Attributes{"objectClass": {"inetOrgPerson"}, "cn": {"N"}, "sn": {"N"}})
		}},
		{"a rename", func() { s.Move(bo, "uid=bob", "") }},
		{"somebody is deleted", func() { s.Delete(ana) }},
		{"a group is deleted", func() { s.Delete(staff) }},
	} {
		e.quiet(50 * time.Millisecond)
		c.do()
		e.wantPing(c.what)
	}
	// Every login changes an entry of FreeIPA.
	bob := "uid=bob," + ds389.PeopleDN
	s.Replace(bob, ds389.Attributes{"description": {"logged in"}})
	e.quiet(200 * time.Millisecond)
	for range 5 {
		s.Replace(bob, ds389.Attributes{"description": {"logged in again"}, "title": {"now"}})
	}
	if n := e.quiet(300 * time.Millisecond); n > 0 {
		t.Errorf("%d pings for what is not read", n)
	}
	s.Restart()
	if err := e.wantEnd(); err == nil {
		t.Error("a watch outlived its server")
	}
}
