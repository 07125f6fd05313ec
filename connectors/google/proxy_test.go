package google

import (
	"testing"

	"github.com/kisi-sync/kisi-sync/connectors"
	"github.com/kisi-sync/kisi-sync/connectors/connectortest"
	"github.com/kisi-sync/kisi-sync/internal/secret"
	"github.com/kisi-sync/kisi-sync/internal/sim/simhttp"
)

func TestAWorkspaceIsReadThroughAProxyThatWantsAPassword(t *testing.T) {
	w := newWorkspace(t)
	server, err := simhttp.StartTLS(w.Sim)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Close)
	w.write("ca.pem", server.CA)
	w.write("key.json", w.ServiceAccount("kisi-sync", server.URL))
	connectortest.ThroughProxy(t, func(proxy string, password *secret.Ref) connectors.Source {
		s := w.settings()
		s.URL, s.CA, s.Proxy, s.ProxyPassword = server.URL, "ca.pem", proxy, password
		return w.open(s)
	})
}
