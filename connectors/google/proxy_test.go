package google

import (
	"testing"

	"github.com/kisi-sync/kisi-sync/connectors"
	"github.com/kisi-sync/kisi-sync/connectors/connectortest"
	"github.com/kisi-sync/kisi-sync/internal/secret"
)

func TestAWorkspaceIsReadThroughAProxyThatWantsAPassword(t *testing.T) {
	w := newWorkspace(t)
	server := w.overTLS()
	connectortest.ThroughProxy(t, func(proxy string, password *secret.Ref) connectors.Source {
		s := w.settings()
		s.URL, s.CA, s.Proxy, s.ProxyPassword = server.URL, "ca.pem", proxy, password
		return w.open(s)
	})
}
