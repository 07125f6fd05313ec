package okta

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/kisi-sync/kisi-sync/connectors"
	"github.com/kisi-sync/kisi-sync/internal/secret"
	"github.com/kisi-sync/kisi-sync/internal/sim/oktasim"
	"github.com/kisi-sync/kisi-sync/internal/sim/oktaspec"
	"github.com/kisi-sync/kisi-sync/internal/sim/simhttp"
)

// document is Okta's OpenAPI, read once for all tests of this package.
var document = sync.OnceValues(func() (*oktaspec.Spec, error) { return oktaspec.Load(context.Background()) })

// clock is the time of an org and of its client.
type clock struct {
	mu    sync.Mutex
	ahead time.Duration
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Now().Add(c.ahead)
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ahead += d
}

// org is a simulated org with an app whose key lies in a folder. It complains at the end of the test if a client was careless.
type org struct {
	*oktasim.Sim
	t      *testing.T
	server *simhttp.Server
	clock  *clock
	dir    string
}

const clientID = "0oa00000000000000001"

func newOrg(t *testing.T, o oktasim.Options) *org {
	t.Helper()
	spec, err := document()
	if err != nil {
		t.Fatal(err)
	}
	c := &clock{}
	o.Now, o.Check = c.now, spec.Guard // every call of every test is held against the document
	s := oktasim.New(o)
	server, err := simhttp.StartTLS(s)
	if err != nil {
		t.Fatal(err)
	}
	all := &org{Sim: s, t: t, server: server, clock: c, dir: t.TempDir()}
	t.Cleanup(func() {
		server.Close()
		for _, complaint := range s.Complaints() {
			t.Errorf("the org complains: %s", complaint)
		}
	})
	all.write("ca.pem", server.CA)
	s.AddClient(oktasim.Client{ID: clientID, Keys: []jose.JSONWebKey{all.newKey("key.pem", "k1")}, Role: true,
		Scopes: []string{"okta.users.read", "okta.groups.read", "okta.logs.read"}})
	return all
}

func (o *org) write(name string, content []byte) {
	o.t.Helper()
	if err := os.WriteFile(filepath.Join(o.dir, name), content, 0o600); err != nil {
		o.t.Fatal(err)
	}
}

// newKey writes a new private key into a file and returns its public half.
func (o *org) newKey(file, id string) jose.JSONWebKey {
	o.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		o.t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		o.t.Fatal(err)
	}
	o.write(file, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
	return jose.JSONWebKey{Key: &key.PublicKey, KeyID: id}
}

func (o *org) settings(change ...func(*Settings)) *Settings {
	s := New().(*Settings)
	s.URL, s.CA = o.server.URL, "ca.pem"
	s.Login = Login{ClientID: clientID, Key: &secret.Ref{File: "key.pem"}, KeyID: "k1"}
	for _, c := range change {
		c(s)
	}
	return s
}

func (o *org) open(s *Settings, attributes ...string) *source {
	o.t.Helper()
	opened, err := s.Open(connectors.Env{Name: "corp", Dir: o.dir, Attributes: attributes, Now: o.clock.now})
	if err != nil {
		o.t.Fatal(err)
	}
	all := opened.(*source)
	o.t.Cleanup(all.client.transport.CloseIdleConnections)
	return all
}

// person is the profile of somebody.
func person(name string) map[string]any {
	return map[string]any{"login": name + "@example.com", "email": name + "@example.com", "firstName": "The", "lastName": name}
}
