package scimpull

import (
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/kisi-sync/kisi-sync/connectors"
	"github.com/kisi-sync/kisi-sync/connectors/connectortest"
	"github.com/kisi-sync/kisi-sync/internal/secret"
	"github.com/kisi-sync/kisi-sync/internal/sim/scimpeer"
	"github.com/kisi-sync/kisi-sync/internal/sim/simhttp"
)

// provider is a directory on a scimmy, or on a server of a test. What fails ends the test.
type provider struct {
	*scimpeer.Directory
	t        testing.TB
	dir      string
	pageSize int
}

func newProvider(t testing.TB) *provider {
	t.Helper()
	return newProviderOn(t, scimpeer.Start(t), "")
}

// newProviderOn makes an empty directory of its own on a scimmy.
func newProviderOn(t testing.TB, peer *scimpeer.Server, name string) *provider {
	t.Helper()
	d, err := peer.Directory(name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.Close)
	p := &provider{Directory: d, t: t, dir: t.TempDir(), pageSize: 4}
	p.secret("token", d.Token)
	return p
}

func (p *provider) must(err error) {
	p.t.Helper()
	if err != nil {
		p.t.Fatal(err)
	}
}

func (p *provider) secret(name, value string) {
	p.t.Helper()
	if err := os.WriteFile(filepath.Join(p.dir, name), []byte(value), 0o600); err != nil {
		p.t.Fatal(err)
	}
}

func (p *provider) settings() *Settings {
	s := New().(*Settings)
	s.URL, s.People.Email, s.PageSize = p.URL, fromEmails, p.pageSize
	s.Login.Token = &secret.Ref{File: "token"}
	return s
}

func (p *provider) open(s *Settings, attributes ...string) connectors.Source {
	p.t.Helper()
	src, err := s.Open(connectors.Env{Name: "cloud", Dir: p.dir, Attributes: attributes, Log: slog.New(slog.DiscardHandler), Now: time.Now})
	if err != nil {
		p.t.Fatal(err)
	}
	return src
}

// Open implements connectortest.Directory.
func (p *provider) Open(attributes ...string) connectors.Source {
	p.t.Helper()
	return p.open(p.settings(), attributes...)
}

const domain = "example.com"

// AddPerson implements connectortest.Directory.
func (p *provider) AddPerson(name, value string) {
	p.t.Helper()
	p.must(p.AddUser(name, domain, value))
}

// AddGroup implements connectortest.Directory.
func (p *provider) AddGroup(name string, members ...string) {
	p.t.Helper()
	p.must(p.Directory.AddGroup(name, members...))
}

// SetMembers implements connectortest.Directory.
func (p *provider) SetMembers(group string, members ...string) {
	p.t.Helper()
	p.must(p.Directory.SetMembers(group, members...))
}

// RenamePerson implements connectortest.Directory.
func (p *provider) RenamePerson(name, to string) {
	p.t.Helper()
	p.Rename(name, to)
	p.must(p.PutUser(to, domain, ""))
}

// RenameGroup implements connectortest.Directory.
func (p *provider) RenameGroup(name, to string) {
	p.t.Helper()
	p.Rename(name, to)
	p.must(p.Replace(to, "displayName", to))
}

// SetValue implements connectortest.Directory.
func (p *provider) SetValue(person, value string) {
	p.t.Helper()
	p.must(p.PutUser(person, domain, value))
}

// Disable implements connectortest.Directory.
func (p *provider) Disable(person string) {
	p.t.Helper()
	p.must(p.Replace(person, "active", false))
}

// Remove implements connectortest.Directory.
func (p *provider) Remove(name string) {
	p.t.Helper()
	p.must(p.Directory.Remove(name))
}

// Break implements connectortest.Breaker: the first page comes, the second does not.
func (p *provider) Break() func() {
	return p.Inject(simhttp.Fault{Pattern: "GET /scim/Users", Count: simhttp.Always,
		Where: func(c simhttp.Call) bool { return c.Query.Get("startIndex") != "1" }, Do: simhttp.Answer(http.StatusBadRequest, "{}", nil)}).Remove
}

func TestContract(t *testing.T) {
	peer, n := scimpeer.Start(t), 0
	connectortest.Run(t, connectortest.Harness{Attribute: "department", PageSize: 4, New: func(t *testing.T) connectortest.Directory {
		n++
		return newProviderOn(t, peer, fmt.Sprint("-", n))
	}})
}
