package okta

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/kisi-sync/kisi-sync/connectors"
	"github.com/kisi-sync/kisi-sync/internal/secret"
	"github.com/kisi-sync/kisi-sync/internal/sim/oktasim"
	"github.com/kisi-sync/kisi-sync/internal/sim/simhttp"
)

// org is a simulated org with an app whose key lies in a folder. It complains at the end of the test if a client was careless.
type org struct {
	*oktasim.Sim
	t      *testing.T
	server *simhttp.Server
	dir    string
}

const clientID = "0oa00000000000000001"

func newOrg(t *testing.T, o oktasim.Options) *org {
	t.Helper()
	s := oktasim.New(o)
	server, err := s.Serve(true)
	if err != nil {
		t.Fatal(err)
	}
	all := &org{Sim: s, t: t, server: server, dir: t.TempDir()}
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
	opened, err := s.Open(connectors.Env{Name: "corp", Dir: o.dir, Attributes: attributes, Now: time.Now})
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
