package entra

import (
	"testing"

	"github.com/kisi-sync/kisi-sync/connectors"
	"github.com/kisi-sync/kisi-sync/connectors/connectortest"
	"github.com/kisi-sync/kisi-sync/internal/secret"
	"github.com/kisi-sync/kisi-sync/internal/sim/entrasim"
)

func TestATenantIsReadThroughAProxyThatWantsAPassword(t *testing.T) {
	d := newTenant(t, entrasim.Options{})
	d.AddUser("Ana", entrasim.Properties{"mail": "ana@contoso.example"})
	url, ca, err := d.StartTLS()
	if err != nil {
		t.Fatal(err)
	}
	d.settings.Authority, d.settings.URL, d.settings.CA = url, url, d.write("ca.pem", string(ca))
	connectortest.ThroughProxy(t, func(proxy string, password *secret.Ref) connectors.Source {
		d.settings.Proxy, d.settings.ProxyPassword = proxy, password
		return d.open()
	})
}
