package connectortest

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/kisi-sync/kisi-sync/connectors"
	"github.com/kisi-sync/kisi-sync/internal/directory"
	"github.com/kisi-sync/kisi-sync/internal/secret"
	"github.com/kisi-sync/kisi-sync/internal/sim/simhttp"
)

// ThroughProxy has a connector read through a company's proxy that wants a password: check and fetch name the setting when it is
// wrong, and never the password; the right one is used without a restart. The directory must be served over TLS, as vendors are; open
// makes a source that goes out as it is told, but for ca, which is the caller's.
func ThroughProxy(t *testing.T, open func(proxy string, password *secret.Ref) connectors.Source) {
	t.Helper()
	proxy := simhttp.StartProxy("sync", "hunter2")
	t.Cleanup(proxy.Close)
	file := filepath.Join(t.TempDir(), "proxy-password")
	write := func(text string) {
		if err := os.WriteFile(file, []byte(text+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	source := open("http://sync@"+proxy.Host, &secret.Ref{File: file})
	ignore := func(*directory.Record) error { return nil }

	write("not~it")
	_, err := source.Fetch(t.Context(), directory.Cursor{}, ignore)
	if err == nil || !strings.Contains(err.Error(), "the proxy "+proxy.Host+" answers 407") || strings.Contains(err.Error(), "not~it") {
		t.Errorf("with a wrong password: %v", err)
	}
	found := source.(connectors.Checker).Check(t.Context())
	last := found[len(found)-1]
	if last.Level != connectors.Problem || last.Path != "proxy" || !strings.Contains(last.Hint, "proxy_password") || strings.Contains(last.Text+last.Hint, "not~it") {
		t.Errorf("check says %+v", found)
	}
	if proxy.Through() != 0 || proxy.Refused() == 0 {
		t.Errorf("%d connections went through, %d were refused", proxy.Through(), proxy.Refused())
	}
	write("hunter2")
	if _, err := source.Fetch(t.Context(), directory.Cursor{}, ignore); err != nil {
		t.Errorf("with the right password: %v", err)
	}
	for _, f := range source.(connectors.Checker).Check(t.Context()) {
		if f.Level == connectors.Problem {
			t.Errorf("check says %+v", f)
		}
	}
	if proxy.Through() == 0 {
		t.Error("nothing went through the proxy")
	}
}
