package okta

import (
	"testing"

	"github.com/kisi-sync/kisi-sync/connectors"
	"github.com/kisi-sync/kisi-sync/connectors/connectortest"
	"github.com/kisi-sync/kisi-sync/internal/secret"
	"github.com/kisi-sync/kisi-sync/internal/sim/oktasim"
)

func TestAnOrgIsReadThroughAProxyThatWantsAPassword(t *testing.T) {
	o := newOrg(t, oktasim.Options{})
	o.AddUser("", person("ana"))
	connectortest.ThroughProxy(t, func(proxy string, password *secret.Ref) connectors.Source {
		return o.open(o.settings(func(s *Settings) { s.Proxy, s.ProxyPassword = proxy, password }))
	})
}
