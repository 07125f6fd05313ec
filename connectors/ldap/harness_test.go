package ldap

import (
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/kisi-sync/kisi-sync/connectors"
	"github.com/kisi-sync/kisi-sync/internal/secret"
	"github.com/kisi-sync/kisi-sync/internal/sim/ldapsim"
	"github.com/kisi-sync/kisi-sync/internal/sim/slapd"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// settingsFor is a source on a test server, over ldaps.
func settingsFor(t testing.TB, s *slapd.Server) *Settings {
	t.Helper()
	o := New().(*Settings)
	o.URL, o.Preset, o.Base = s.SecureURL(), "openldap", slapd.Suffix
	o.Login = Login{User: slapd.ReaderDN, Password: passwordFile(t, slapd.ReaderPassword)}
	o.TLS.CA = s.CAFile()
	o.Timeout = 20 * time.Second
	return o
}

// startSim runs a simulator with an account and nobody else in it.
func startSim(t testing.TB, o ldapsim.Options) (*ldapsim.Server, *ldapsim.Company) {
	t.Helper()
	company := &ldapsim.Company{Directory: ldapsim.NewDirectory(slapd.Suffix, time.Now)}
	for dn, a := range map[string]ldapsim.Attributes{
		slapd.PeopleDN: {"objectClass": {"organizationalUnit"}, "ou": {"people"}},
		slapd.GroupsDN: {"objectClass": {"organizationalUnit"}, "ou": {"groups"}},
		slapd.ReaderDN: {"objectClass": {"organizationalRole", "simpleSecurityObject"}, "cn": {"reader"}, "userPassword": {slapd.ReaderPassword}},
	} {
		if err := company.Add(dn, a); err != nil {
			t.Fatal(err)
		}
	}
	o.Directory = company.Directory
	server, err := ldapsim.Start(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Close)
	return server, company
}

// simSettings is a source on a simulator, over ldaps.
func simSettings(t testing.TB, s *ldapsim.Server) *Settings {
	t.Helper()
	o := New().(*Settings)
	o.URL, o.Preset, o.Base = s.SecureURL(), "openldap", slapd.Suffix
	o.Login = Login{User: slapd.ReaderDN, Password: passwordFile(t, slapd.ReaderPassword)}
	o.TLS.CA = writeFile(t, "ca.pem", string(s.CA().PEM()))
	o.Timeout = 20 * time.Second
	return o
}

func passwordFile(t testing.TB, password string) secret.Ref {
	t.Helper()
	return secret.Ref{File: writeFile(t, "password", password+"\n")}
}

func writeFile(t testing.TB, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func open(t testing.TB, o *Settings, attributes ...string) connectors.Source {
	t.Helper()
	s, err := o.Open(connectors.Env{Name: "corp", Attributes: attributes, Log: slog.New(slog.DiscardHandler), Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	return s
}
