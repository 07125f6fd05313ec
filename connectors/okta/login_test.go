package okta

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/kisi-sync/kisi-sync/connectors/connectortest"
	"github.com/kisi-sync/kisi-sync/internal/directory"
	"github.com/kisi-sync/kisi-sync/internal/secret"
	"github.com/kisi-sync/kisi-sync/internal/sim/oktasim"
	"github.com/kisi-sync/kisi-sync/internal/sim/simhttp"
)

func scopes() []string {
	return []string{"okta.users.read", "okta.groups.read", "okta.logs.read"}
}

// fetch reads everything and returns the error.
func fetch(t *testing.T, s *source) error {
	t.Helper()
	_, err := s.Fetch(t.Context(), directory.Cursor{}, func(*directory.Record) error { return nil })
	return err
}

func TestKeysOfEveryFormAreTaken(t *testing.T) {
	small, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	curve, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	pkcs8, _ := x509.MarshalPKCS8PrivateKey(small)
	sec1, _ := x509.MarshalECPrivateKey(curve)
	jwk, _ := json.Marshal(jose.JSONWebKey{Key: small, KeyID: "k1"})
	block := func(kind string, der []byte) []byte { return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}) }
	for name, c := range map[string]struct {
		file   []byte
		public any
		id     string
	}{
		"PKCS #8":             {block("PRIVATE KEY", pkcs8), &small.PublicKey, "k1"},
		"PKCS #1":             {block("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(small)), &small.PublicKey, "k1"},
		"SEC 1":               {block("EC PRIVATE KEY", sec1), &curve.PublicKey, "k1"},
		"a JSON web key":      {jwk, &small.PublicKey, ""},
		"one key, and no kid": {block("PRIVATE KEY", pkcs8), &small.PublicKey, ""},
	} {
		o := newOrg(t, oktasim.Options{})
		o.write("key.pem", c.file)
		o.AddClient(oktasim.Client{ID: clientID, Keys: []jose.JSONWebKey{{Key: c.public, KeyID: "k1"}}, Scopes: scopes(), Role: true})
		if err := fetch(t, o.open(o.settings(func(s *Settings) { s.Login.KeyID = c.id }))); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestKeysThatAreNoneAreToldWithoutShowingThem(t *testing.T) {
	o := newOrg(t, oktasim.Options{})
	public := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: []byte("hunter2")})
	for text, want := range map[string]string{
		"hunter2":                        "neither PEM nor a JSON web key",
		`{"kty":"hunter2"}`:              "no JSON web key",
		string(public):                   "a public key, not a private key",
		`{"kty":"oct","k":"aHVudGVyMg"}`: "must be a private RSA or elliptic curve key",
	} {
		o.write("key.pem", []byte(text))
		err := fetch(t, o.open(o.settings()))
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestTokensAreBoundToAKeyWhereTheOrgWantsIt(t *testing.T) {
	o := newOrg(t, oktasim.Options{Page: 3})
	o.AddClient(oktasim.Client{ID: clientID, Keys: []jose.JSONWebKey{o.newKey("key.pem", "k1")}, Scopes: scopes(), Role: true, Bound: true})
	o.crew(10, 5, 5)
	r := connectortest.Follow(t, o.open(o.settings()))
	if r.Full(); len(r.People()) != 10 || o.Count(oktasim.Token) != 3 { // without a proof, without its nonce, with both
		t.Errorf("%d people, %d calls for a token", len(r.People()), o.Count(oktasim.Token))
	}
	o.Forget()
	o.RotateNonce()
	o.Revoke()
	if r.Full(); o.Count(oktasim.Token) != 2 { // with the old nonce, with the new one
		t.Errorf("%d calls for a token", o.Count(oktasim.Token))
	}
}

// A proof is good for one try: a repeat has one of its own, or the simulator refuses it.
func TestARepeatedCallHasAProofOfItsOwn(t *testing.T) {
	o := newOrg(t, oktasim.Options{})
	o.AddClient(oktasim.Client{ID: clientID, Keys: []jose.JSONWebKey{o.newKey("key.pem", "k1")}, Scopes: scopes(), Role: true, Bound: true})
	drop := o.Inject(simhttp.Fault{Pattern: oktasim.Users, Do: simhttp.Cut()})
	if err := fetch(t, o.open(o.settings())); err != nil || drop.Hits() != 1 {
		t.Errorf("%d hits, %v", drop.Hits(), err)
	}
}

func TestAnAssertionIsSentOnce(t *testing.T) {
	for name, do := range map[string]simhttp.Action{"an answer that is lost": simhttp.Later(503, 0), "busy": simhttp.Later(429, 1)} {
		o := newOrg(t, oktasim.Options{})
		o.Inject(simhttp.Fault{Pattern: oktasim.Token, Do: do})
		if err := fetch(t, o.open(o.settings())); err != nil || o.Count(oktasim.Token) != 2 {
			t.Errorf("%s: %d calls, %v", name, o.Count(oktasim.Token), err)
		}
	}
}

func TestATokenIsAskedForOnceAndBeforeItEnds(t *testing.T) {
	o := newOrg(t, oktasim.Options{})
	o.crew(20, 5, 5, 5, 5)
	s := o.open(o.settings())
	for _, c := range []struct {
		pass time.Duration
		want int
	}{{0, 1}, {58 * time.Minute, 1}, {90 * time.Second, 2}, {2 * time.Hour, 3}} {
		o.clock.pass(c.pass)
		var both sync.WaitGroup
		for range 2 {
			both.Go(func() {
				if err := fetch(t, s); err != nil {
					t.Error(err)
				}
			})
		}
		both.Wait()
		if o.Count(oktasim.Token) != c.want {
			t.Errorf("after %v more %d tokens, want %d", c.pass, o.Count(oktasim.Token), c.want)
		}
	}
}

func TestAReplacedKeyIsTakenWithoutARestart(t *testing.T) {
	o := newOrg(t, oktasim.Options{})
	o.crew(2)
	s := o.open(o.settings())
	if err := fetch(t, s); err != nil {
		t.Fatal(err)
	}
	o.AddClient(oktasim.Client{ID: clientID, Keys: []jose.JSONWebKey{o.newKey("new.pem", "k1")}, Scopes: scopes(), Role: true})
	o.Revoke()
	if err := fetch(t, s); err == nil || !strings.Contains(err.Error(), "invalid_client") {
		t.Errorf("with the old key: %v", err)
	}
	o.AddClient(oktasim.Client{ID: clientID, Keys: []jose.JSONWebKey{o.newKey("key.pem", "k1")}, Scopes: scopes(), Role: true})
	if err := fetch(t, s); err != nil {
		t.Errorf("with the new one: %v", err)
	}
}

func TestAnAPITokenIsReadAnewWhenItIsRefused(t *testing.T) {
	o := newOrg(t, oktasim.Options{})
	o.crew(2)
	o.AddAPIToken("one", true)
	o.write("token", []byte("one\n"))
	s := o.open(o.settings(func(s *Settings) { s.Login = Login{Token: &secret.Ref{File: "token"}} }))
	if err := fetch(t, s); err != nil {
		t.Fatal(err)
	}
	o.Revoke()
	o.AddAPIToken("two", true)
	o.write("token", []byte("two\n"))
	if err := fetch(t, s); err != nil {
		t.Error(err)
	}
	o.Revoke()
	err := fetch(t, s)
	if err == nil || !strings.Contains(err.Error(), "401") || strings.Contains(err.Error(), "two") || o.Count(oktasim.Users)+o.Count(oktasim.Groups) > 12 {
		t.Errorf("%v, %v", o.Counts(), err)
	}
}

func TestTheAuthorizationGoesToTheOrgOnly(t *testing.T) {
	o := newOrg(t, oktasim.Options{})
	o.crew(1)
	s := o.open(o.settings())
	req, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://elsewhere.example/api/v1/users", nil)
	if _, _, err := s.client.send(req); err == nil || s.client.transport.Stats().Refused != 1 {
		t.Errorf("a call to elsewhere: %v", err)
	}
}
