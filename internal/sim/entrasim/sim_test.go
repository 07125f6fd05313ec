package entrasim_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/kisi-sync/kisi-sync/internal/sim/entrasim"
)

// client speaks to a tenant as curl would.
type client struct {
	*entrasim.Sim
	t   *testing.T
	url string
	app entrasim.App
	key *rsa.PrivateKey
}

func newClient(t *testing.T, o entrasim.Options) *client {
	t.Helper()
	c := &client{Sim: entrasim.New(o), t: t}
	var err error
	if c.url, err = c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	if c.key, err = rsa.GenerateKey(rand.Reader, 2048); err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "a"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, c.key.Public(), c.key)
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	c.app = c.Register(entrasim.App{Name: "a", Roles: []string{"User.Read.All"}, Secrets: []entrasim.Secret{{Value: "s"}}, Certificates: []*x509.Certificate{certificate}})
	return c
}

// ask answers a call as status and JSON.
func (c *client) ask(request *http.Request) (int, map[string]any) {
	c.t.Helper()
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		c.t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	raw, err := io.ReadAll(response.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	var body map[string]any
	if err := json.Unmarshal(raw, &body); err != nil {
		c.t.Fatalf("%s: %v", raw, err)
	}
	return response.StatusCode, body
}

func (c *client) token(form url.Values) (int, map[string]any) {
	c.t.Helper()
	all := url.Values{"grant_type": {"client_credentials"}, "client_id": {c.app.ClientID}, "scope": {c.url + "/.default"}}
	for name, values := range form {
		all[name] = values
	}
	request, err := http.NewRequest(http.MethodPost, c.url+"/"+c.TenantID+"/oauth2/v2.0/token", strings.NewReader(all.Encode()))
	if err != nil {
		c.t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return c.ask(request)
}

func (c *client) get(link, token string) (int, map[string]any) {
	c.t.Helper()
	request, err := http.NewRequest(http.MethodGet, link, nil)
	if err != nil {
		c.t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+token)
	return c.ask(request)
}

func (c *client) assert(change func(map[string]any), algorithm jose.SignatureAlgorithm) url.Values {
	c.t.Helper()
	said := map[string]any{"aud": c.url + "/" + c.TenantID + "/oauth2/v2.0/token", "iss": c.app.ClientID, "sub": c.app.ClientID, "jti": rand.Text(),
		"nbf": time.Now().Add(-time.Minute).Unix(), "exp": time.Now().Add(time.Minute).Unix()}
	change(said)
	sum := sha256.Sum256(c.app.Certificates[0].Raw)
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: algorithm, Key: c.key}, (&jose.SignerOptions{}).WithHeader("x5t#S256", base64.RawURLEncoding.EncodeToString(sum[:])))
	if err != nil {
		c.t.Fatal(err)
	}
	payload, err := json.Marshal(said)
	if err != nil {
		c.t.Fatal(err)
	}
	signed, err := signer.Sign(payload)
	if err != nil {
		c.t.Fatal(err)
	}
	text, err := signed.CompactSerialize()
	if err != nil {
		c.t.Fatal(err)
	}
	return url.Values{"client_assertion": {text}, "client_assertion_type": {"urn:ietf:params:oauth:client-assertion-type:jwt-bearer"}}
}

func TestAnAssertionIsCheckedInEveryPart(t *testing.T) {
	c := newClient(t, entrasim.Options{})
	for name, change := range map[string]struct {
		do   func(map[string]any)
		code int
	}{
		"good":            {func(map[string]any) {}, 0},
		"another address": {func(m map[string]any) { m["aud"] = "https://elsewhere.example" }, 700023},
		"another issuer":  {func(m map[string]any) { m["iss"] = "x" }, 700021},
		"over":            {func(m map[string]any) { m["exp"] = time.Now().Add(-time.Second).Unix() }, 700024},
		"not yet":         {func(m map[string]any) { m["nbf"] = time.Now().Add(time.Hour).Unix() }, 700024},
		"for ever":        {func(m map[string]any) { m["exp"] = time.Now().AddDate(1, 0, 0).Unix() }, 700024},
		"without an id":   {func(m map[string]any) { delete(m, "jti") }, 50027},
	} {
		status, body := c.token(c.assert(change.do, jose.PS256))
		if change.code == 0 && status != http.StatusOK || change.code != 0 && fmt.Sprint(body["error_codes"]) != fmt.Sprintf("[%v]", float64(change.code)) {
			t.Errorf("%s: %d %v", name, status, body)
		}
	}
	if all := c.Complaints(); len(all) != 0 {
		t.Errorf("%v", all)
	}
	same := c.assert(func(map[string]any) {}, jose.PS256)
	c.token(same)
	c.token(same)
	if all := c.Complaints(); len(all) != 1 {
		t.Errorf("used twice: %v", all)
	}
	c.key, _ = rsa.GenerateKey(rand.Reader, 2048)
	if status, body := c.token(c.assert(func(map[string]any) {}, jose.PS256)); status != http.StatusUnauthorized {
		t.Errorf("another key: %d %v", status, body)
	}
}

// Pages have one link each, the last one a deltaLink; what happens later comes with it, and a link of another list or application is none.
func TestADeltaGoesFromPageToPageAndOnFromItsEnd(t *testing.T) {
	c := newClient(t, entrasim.Options{PageSize: 2})
	_, answer := c.token(url.Values{"client_secret": {"s"}})
	token, _ := answer["access_token"].(string)
	for n := range 5 {
		c.AddUser(fmt.Sprint("User ", n), entrasim.Properties{"mail": "m"})
	}
	link, seen := c.url+"/v1.0/users/delta?$select=displayName", 0
	for pages := 1; ; pages++ {
		status, page := c.get(link, token)
		seen += len(page["value"].([]any))
		next, more := page["@odata.nextLink"].(string)
		delta, last := page["@odata.deltaLink"].(string)
		if status != http.StatusOK || more == last {
			t.Fatalf("%d %v", status, page)
		}
		if link = next; last {
			link = delta
			if pages != 3 || seen != 5 {
				t.Errorf("%d users on %d pages", seen, pages)
			}
			break
		}
	}
	id := c.Find("user", "displayName", "User 3")
	c.Update(id, entrasim.Properties{"mail": "n"})
	if _, page := c.get(link, token); len(page["value"].([]any)) != 0 {
		t.Errorf("a property that is not tracked: %v", page)
	}
	c.Update(id, entrasim.Properties{"displayName": "User 3b"})
	c.Purge(c.Find("user", "displayName", "User 4"))
	if _, page := c.get(link, token); len(page["value"].([]any)) != 2 || !strings.Contains(fmt.Sprint(page), "reason:deleted") {
		t.Errorf("%v", page)
	}
	c.ForgetPositions()
	if status, page := c.get(link, token); status != http.StatusGone {
		t.Errorf("%d %v", status, page)
	}
	if status, _ := c.get(c.url+"/v1.0/groups/delta?$select=members", token); status != http.StatusForbidden {
		t.Errorf("groups without their permission: %d", status)
	}
	if status, _ := c.get(c.url+"/v1.0/users?$select=id&$filter="+url.QueryEscape("id in ('"+strings.Repeat("x','", 15)+"x')"), token); status != http.StatusBadRequest {
		t.Errorf("sixteen ids: %d", status)
	}
	if status, _ := c.get(link, "no.token.atall"); status != http.StatusUnauthorized {
		t.Errorf("no token: %d", status)
	}
}
