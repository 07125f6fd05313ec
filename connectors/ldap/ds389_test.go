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
