package entrasim

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// App is an application that is registered in the tenant.
type App struct {
	ClientID, Name string
	Roles          []string // application permissions that an administrator consented to
	Disabled       bool
	Secrets        []Secret
	Certificates   []*x509.Certificate
	Federated      []Federated
	Lifetime       time.Duration // of its access tokens; 0: an hour
}

// Secret is a client secret.
type Secret struct {
	Value string
	Ends  time.Time // zero: never
}

// Federated is a credential of another issuer that is taken for the application's.
type Federated struct {
	Issuer, Subject, Audience string
	Key                       any // public
}

// Register adds an application, or changes the one with its id. It gets an id if it has none.
func (s *Sim) Register(a App) App {
	s.mu.Lock()
	defer s.mu.Unlock()
	if a.ClientID == "" {
		a.ClientID = s.newID()
	}
	s.apps[a.ClientID] = &a
	return a
}

// trouble is a refusal of the token endpoint.
type trouble struct {
	status, code int
	kind, text   string
}

func (s *Sim) issue(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := r.ParseForm(); err != nil {
		s.refuse(w, trouble{400, 900144, "invalid_request", "The request body is not a form."})
		return
	}
	app, bad := s.authenticate(r)
	if bad != nil {
		s.refuse(w, *bad)
		return
	}
	s.grant(w, app)
}

func (s *Sim) refuse(w http.ResponseWriter, t trouble) {
	stamp := s.options.Now().UTC().Format("2006-01-02 15:04:05Z")
	answer(w, t.status, map[string]any{"error": t.kind, "error_codes": []int{t.code}, "timestamp": stamp, "trace_id": s.TenantID, "correlation_id": s.TenantID,
		"error_description": fmt.Sprintf("AADSTS%d: %s Trace ID: %s Correlation ID: %s Timestamp: %s", t.code, t.text, s.TenantID, s.TenantID, stamp),
		"error_uri":         fmt.Sprintf("https://login.microsoftonline.com/error?code=%d", t.code)})
}

// authenticate finds out who asks.
func (s *Sim) authenticate(r *http.Request) (*App, *trouble) {
	f := r.PostForm
	if tenant := r.PathValue("tenant"); tenant != s.TenantID && tenant != s.Domain {
		return nil, &trouble{400, 90002, "invalid_request", "Tenant '" + tenant + "' not found."}
	}
	if f.Get("grant_type") != "client_credentials" {
		return nil, &trouble{400, 70003, "unsupported_grant_type", "The app requested an unsupported grant type."}
	}
	app := s.apps[f.Get("client_id")]
	switch {
	case app == nil:
		return nil, &trouble{400, 700016, "unauthorized_client", "Application with identifier '" + f.Get("client_id") + "' was not found in the directory."}
	case app.Disabled:
		return nil, &trouble{400, 7000112, "unauthorized_client", "Application is disabled."}
	case f.Get("scope") != s.origin+"/.default":
		return nil, &trouble{400, 500011, "invalid_resource", "The resource principal named " + f.Get("scope") + " was not found in the tenant."}
	case f.Get("client_assertion") != "":
		if f.Get("client_assertion_type") != "urn:ietf:params:oauth:client-assertion-type:jwt-bearer" {
			return nil, &trouble{400, 900144, "invalid_request", "The request body must contain the parameter 'client_assertion_type'."}
		}
		return app, s.assertion(app, f.Get("client_assertion"))
	case f.Get("client_secret") != "":
		return app, s.secret(app, f.Get("client_secret"))
	}
	return nil, &trouble{401, 7000216, "invalid_client", "'client_assertion', 'client_secret' or 'request' is required for the 'client_credentials' grant type."}
}

func (s *Sim) secret(app *App, value string) *trouble {
	for _, known := range app.Secrets {
		if known.Value != value {
			continue
		}
		if !known.Ends.IsZero() && !known.Ends.After(s.options.Now()) {
			return &trouble{401, 7000222, "invalid_client", "The provided client secret keys for app '" + app.ClientID + "' are expired."}
		}
		return nil
	}
	return &trouble{401, 7000215, "invalid_client", "Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the client secret ID."}
}

// statement is what an assertion says.
type statement struct {
	Audience string `json:"aud"`
	Issuer   string `json:"iss"`
	Subject  string `json:"sub"`
	ID       string `json:"jti"`
	From     int64  `json:"nbf"`
	Ends     int64  `json:"exp"`
}

// assertion checks a signed assertion: by a certificate of the application, or by another issuer that it trusts.
func (s *Sim) assertion(app *App, text string) *trouble {
	signed, err := jose.ParseSignedCompact(text, []jose.SignatureAlgorithm{jose.PS256, jose.RS256, jose.ES256})
	if err != nil || len(signed.Signatures) != 1 {
		return &trouble{401, 50027, "invalid_client", "JWT token is invalid or malformed."}
	}
	thumbprint, _ := signed.Signatures[0].Header.ExtraHeaders["x5t#S256"].(string)
	if thumbprint == "" {
		return s.federated(app, signed)
	}
	i := slices.IndexFunc(app.Certificates, func(c *x509.Certificate) bool {
		sum := sha256.Sum256(c.Raw)
		return base64.RawURLEncoding.EncodeToString(sum[:]) == thumbprint
	})
	if i < 0 {
		return &trouble{401, 700027, "invalid_client", "The certificate with identifier used to sign the client assertion is not registered on application. [Reason - The key was not found.]"}
	}
	if c := app.Certificates[i]; !c.NotAfter.After(s.options.Now()) {
		return &trouble{401, 700027, "invalid_client", "Client assertion contains an invalid signature. [Reason - The key used is expired.]"}
	}
	payload, err := signed.Verify(app.Certificates[i].PublicKey)
	if err != nil {
		return &trouble{401, 700027, "invalid_client", "Client assertion failed signature validation."}
	}
	return s.stated(app, payload)
}

// stated checks what a well signed assertion says.
func (s *Sim) stated(app *App, payload []byte) *trouble {
	var said statement
	now := s.options.Now().Unix()
	switch err := json.Unmarshal(payload, &said); {
	case err != nil:
		return &trouble{401, 50027, "invalid_client", "JWT token is invalid or malformed."}
	case said.Audience != s.origin+"/"+s.TenantID+"/oauth2/v2.0/token" && said.Audience != s.origin+"/"+s.Domain+"/oauth2/v2.0/token":
		return &trouble{401, 700023, "invalid_client", "Client assertion audience claim does not match Realm issuer."}
	case said.Issuer != app.ClientID || said.Subject != app.ClientID:
		return &trouble{401, 700021, "invalid_client", "Client assertion application identifier doesn't match 'client_id' parameter."}
	case said.From > now || said.Ends <= now:
		return &trouble{401, 700024, "invalid_client", "Client assertion is not within its valid time range."}
	case said.Ends > now+24*3600:
		return &trouble{401, 700024, "invalid_client", "Client assertion is valid for too long."}
	case said.ID == "":
		return &trouble{401, 50027, "invalid_client", "The assertion has no jti."}
	}
	if s.jtis[said.ID] {
		s.Complain("an assertion was used twice: %s", said.ID)
	}
	s.jtis[said.ID] = true
	return nil
}

func (s *Sim) federated(app *App, signed *jose.JSONWebSignature) *trouble {
	var said statement
	if json.Unmarshal(signed.UnsafePayloadWithoutVerification(), &said) != nil {
		return &trouble{401, 50027, "invalid_client", "JWT token is invalid or malformed."}
	}
	for _, known := range app.Federated {
		if known.Issuer != said.Issuer {
			continue
		}
		if known.Subject != said.Subject || known.Audience != said.Audience {
			return &trouble{401, 700213, "invalid_client", "No matching federated identity record found for presented assertion subject '" + said.Subject + "'."}
		}
		if _, err := signed.Verify(known.Key); err != nil || said.Ends <= s.options.Now().Unix() {
			return &trouble{401, 700024, "invalid_client", "Client assertion is not within its valid time range."}
		}
		return nil
	}
	return &trouble{401, 700211, "invalid_client", "No matching federated identity record found for presented assertion issuer '" + said.Issuer + "'."}
}

// grant answers with an access token.
func (s *Sim) grant(w http.ResponseWriter, app *App) {
	text, seconds := s.accessToken(app)
	answer(w, 200, map[string]any{"token_type": "Bearer", "expires_in": seconds, "ext_expires_in": seconds, "access_token": text})
}

func (s *Sim) accessToken(app *App) (text string, seconds int) {
	lifetime := app.Lifetime
	if lifetime == 0 {
		lifetime = time.Hour
	}
	now := s.options.Now()
	said := map[string]any{"aud": s.origin, "iss": "https://sts.windows.net/" + s.TenantID + "/", "tid": s.TenantID, "appid": app.ClientID, "app_displayname": app.Name,
		"idtyp": "app", "iat": now.Unix(), "nbf": now.Unix(), "exp": now.Add(lifetime).Unix(), "ver": "1.0"}
	if len(app.Roles) > 0 {
		said["roles"] = app.Roles
	}
	payload, err := json.Marshal(said)
	if err != nil {
		panic(err) // texts and numbers
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: s.key}, (&jose.SignerOptions{}).WithType("JWT"))
	if err != nil {
		panic(err) // a key of our own
	}
	signed, err := signer.Sign(payload)
	if err != nil {
		panic(err)
	}
	text, err = signed.CompactSerialize()
	if err != nil {
		panic(err)
	}
	return text, int(lifetime.Seconds())
}

// EndTokens makes all access tokens that were given out useless, as when sessions are revoked.
func (s *Sim) EndTokens() {
	s.mu.Lock()
	defer s.mu.Unlock()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err) // the machine has no randomness
	}
	s.key = key
}

// caller finds the application behind a call to Graph; its permissions are those of the token.
func (s *Sim) caller(r *http.Request) ([]string, string, bool) {
	text, found := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	signed, err := jose.ParseSignedCompact(text, []jose.SignatureAlgorithm{jose.ES256})
	if !found || err != nil {
		return nil, "", false
	}
	payload, err := signed.Verify(s.key.Public())
	if err != nil {
		return nil, "", false
	}
	var said struct {
		Audience string   `json:"aud"`
		App      string   `json:"appid"`
		Ends     int64    `json:"exp"`
		Roles    []string `json:"roles"`
	}
	if json.Unmarshal(payload, &said) != nil || said.Audience != s.origin || said.Ends <= s.options.Now().Unix() || s.apps[said.App] == nil {
		return nil, "", false
	}
	return said.Roles, said.App, true
}

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	raw, err := json.Marshal(body)
	if err != nil {
		panic(err) // texts, numbers and maps
	}
	_, _ = w.Write(raw) // kept back by the front
}
