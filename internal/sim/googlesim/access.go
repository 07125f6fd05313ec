package googlesim

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// access is who may have a token for what.
type access struct {
	keys      map[string]serviceKey // by key id
	delegated map[string][]string   // scopes by client id: what an administrator granted under "Domain-wide delegation"
	tokens    map[string]*grant     // access tokens
	refresh   map[string]*grant     // refresh tokens of installed apps
	codes     map[string]consented
	life      time.Duration
	made      int
}

// serviceKey is one key of a service account.
type serviceKey struct {
	account, client string
	key             *rsa.PrivateKey
}

// grant is what a token is good for.
type grant struct {
	subject string
	user    *User // who that is, once it was looked up
	scopes  []string
	ends    time.Time
}

func (a *access) init() {
	a.keys, a.delegated, a.tokens, a.refresh, a.codes = map[string]serviceKey{}, map[string][]string{}, map[string]*grant{}, map[string]*grant{}, map[string]consented{}
	a.life = time.Hour
}

// Client is the numeric client id of the service account "name", which an administrator pastes under domain-wide delegation.
func Client(name string) string {
	sum := sha256.Sum256([]byte(name))
	return fmt.Sprintf("1%020d", uint64(sum[0])<<32|uint64(sum[1])<<16|uint64(sum[2]))
}

// ServiceAccount makes a key of a service account and returns the JSON file that Google's console offers for download. base is
// where the Sim is served.
func (s *Sim) ServiceAccount(name, base string) []byte {
	key, err := rsa.GenerateKey(rand.Reader, 1024) // long enough for an hour on loopback, and soon made
	if err != nil {
		panic(err) // the system has no randomness
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		panic(err) // the key was just made
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	id := fmt.Sprintf("%040x", s.next())
	account := name + "@door-project.iam.gserviceaccount.com"
	s.access.keys[id] = serviceKey{account: account, client: Client(name), key: key}
	file, err := json.Marshal(map[string]string{
		"type": "service_account", "project_id": "door-project", "private_key_id": id, "client_email": account, "client_id": Client(name),
		"private_key": string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})),
		"auth_uri":    base + "/o/oauth2/v2/auth", "token_uri": base + "/token",
	})
	if err != nil {
		panic(err) // texts
	}
	return file
}

// Delegate grants a service account these scopes for everybody of the domain; none takes all away.
func (s *Sim) Delegate(name string, scopes ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.access.delegated[Client(name)] = scopes
}

// Revoke ends all keys of a service account. Tokens that were issued stay good.
func (s *Sim) Revoke(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for id, k := range s.access.keys {
		if k.client == Client(name) {
			delete(s.access.keys, id)
		}
	}
}

// ForgetTokens makes all access tokens worthless, as when a password is changed.
func (s *Sim) ForgetTokens() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.access.tokens = map[string]*grant{}
}

// denied is an error of the token endpoint (RFC 6749 section 5.2).
type denied struct {
	status            int
	code, description string
}

func (d *denied) write(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(d.status)
	_ = json.NewEncoder(w).Encode(map[string]string{"error": d.code, "error_description": d.description})
}

func invalidGrant(description string) *denied { return &denied{400, "invalid_grant", description} }

// token is the token endpoint.
func (s *Sim) token(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil {
		(&denied{400, "invalid_request", "Could not parse the form."}).write(w)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	var g *grant
	var no *denied
	answer := map[string]any{"token_type": "Bearer"}
	switch r.PostForm.Get("grant_type") {
	case "urn:ietf:params:oauth:grant-type:jwt-bearer":
		g, no = s.byAssertion(r)
	case "refresh_token":
		g, no = s.byRefresh(r.PostForm)
	case "authorization_code":
		var refresh string
		if g, refresh, no = s.byCode(r.PostForm); refresh != "" {
			answer["refresh_token"] = refresh
		}
	default:
		no = &denied{400, "unsupported_grant_type", "Invalid grant_type: " + r.PostForm.Get("grant_type")}
	}
	if no != nil {
		no.write(w)
		return
	}
	answer["access_token"], answer["expires_in"], answer["scope"] = s.issue(g), int(s.access.life.Seconds()), strings.Join(g.scopes, " ")
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	_ = json.NewEncoder(w).Encode(answer)
}

// issue makes a token. The lock is held.
func (s *Sim) issue(g *grant) string {
	s.access.made++
	token := fmt.Sprintf("ya29.%d", s.access.made)
	s.access.tokens[token] = &grant{subject: g.subject, scopes: g.scopes, ends: s.now().Add(s.access.life)}
	return token
}

// claims are those of Google's "Using OAuth 2.0 for Server to Server Applications".
type claims struct {
	Iss, Scope, Aud, Sub string
	Iat, Exp             int64
}

// byAssertion lets a service account in that signed for itself.
func (s *Sim) byAssertion(r *http.Request) (*grant, *denied) {
	c, key, no := s.verify(r.PostForm.Get("assertion"))
	if no != nil {
		return nil, no
	}
	scheme := "http://"
	if r.TLS != nil {
		scheme = "https://"
	}
	now := s.now()
	switch {
	case c.Iss != key.account:
		return nil, invalidGrant("Invalid issuer: " + c.Iss)
	case c.Aud != scheme+r.Host+"/token":
		return nil, invalidGrant("Invalid JWT: Failed audience check.")
	case c.Exp <= now.Unix() || c.Iat > now.Add(5*time.Minute).Unix() || c.Exp-c.Iat > 3600:
		return nil, invalidGrant("Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe. Check your iat and exp values in the JWT claim.")
	}
	return s.delegate(c, key.client)
}

// delegate looks at what was granted to a client, and whether there is such a user.
func (s *Sim) delegate(c *claims, client string) (*grant, *denied) {
	scopes := strings.Fields(c.Scope)
	for _, scope := range scopes {
		if !strings.HasPrefix(scope, "https://www.googleapis.com/auth/") {
			return nil, &denied{400, "invalid_scope", scope + " is not a valid audience string."}
		}
		if !slices.Contains(s.access.delegated[client], scope) {
			return nil, &denied{401, "unauthorized_client", "Client is unauthorized to retrieve access tokens using this method, or client not authorized for any of the scopes requested."}
		}
	}
	if len(scopes) == 0 {
		return nil, &denied{400, "invalid_scope", "Empty or missing scope not allowed."}
	}
	if u := s.byAddress(c.Sub); u == nil || u.Suspended {
		return nil, invalidGrant("Invalid email or User ID")
	}
	return &grant{subject: c.Sub, scopes: scopes}, nil
}

// verify checks header and signature of an assertion.
func (s *Sim) verify(assertion string) (*claims, serviceKey, *denied) {
	parts := strings.Split(assertion, ".")
	if len(parts) != 3 {
		return nil, serviceKey{}, invalidGrant("Bad Request")
	}
	var header struct{ Alg, Kid string }
	var c claims
	if !decode(parts[0], &header) || !decode(parts[1], &c) || header.Alg != "RS256" {
		return nil, serviceKey{}, invalidGrant("Bad Request")
	}
	key, ok := s.access.keys[header.Kid]
	if !ok {
		return nil, key, invalidGrant("Invalid JWT Signature.")
	}
	signature, err := base64.RawURLEncoding.DecodeString(parts[2])
	sum := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	if err != nil || rsa.VerifyPKCS1v15(&key.key.PublicKey, crypto.SHA256, sum[:], signature) != nil {
		return nil, key, invalidGrant("Invalid JWT Signature.")
	}
	return &c, key, nil
}

func decode(part string, into any) bool {
	text, err := base64.RawURLEncoding.DecodeString(part)
	return err == nil && json.Unmarshal(text, into) == nil
}

// App is the installed app that the Sim knows, as Google's console offers it for download.
func (s *Sim) App(base string) []byte {
	file, err := json.Marshal(map[string]any{"installed": map[string]any{
		"client_id": "4711.apps.googleusercontent.com", "client_secret": "app-secret", "project_id": "door-project",
		"auth_uri": base + "/o/oauth2/v2/auth", "token_uri": base + "/token", "redirect_uris": []string{"http://localhost"},
	}})
	if err != nil {
		panic(err) // texts
	}
	return file
}

// consented is a code that somebody was given after consenting.
type consented struct {
	grant
	redirect, challenge string
}

// consent is the page where somebody logs in and agrees; here that is always the administrator, who always does.
func (s *Sim) consent(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	back, err := url.Parse(q.Get("redirect_uri"))
	if err != nil || back.Scheme != "http" || back.Hostname() != "127.0.0.1" || q.Get("client_id") != "4711.apps.googleusercontent.com" || q.Get("response_type") != "code" {
		http.Error(w, "Error 400: redirect_uri_mismatch", http.StatusBadRequest)
		return
	}
	if q.Get("code_challenge_method") != "S256" || q.Get("code_challenge") == "" || q.Get("state") == "" || q.Get("access_type") != "offline" {
		s.Complain("consent was asked for without a challenge, a state or offline access: %s", r.URL.RawQuery)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	code := fmt.Sprintf("4/%d", s.next())
	s.access.codes[code] = consented{grant{subject: Admin, scopes: strings.Fields(q.Get("scope")), ends: s.now().Add(10 * time.Minute)}, q.Get("redirect_uri"), q.Get("code_challenge")}
	values := url.Values{"code": {code}, "state": {q.Get("state")}, "scope": {q.Get("scope")}}
	back.RawQuery = values.Encode()
	http.Redirect(w, r, back.String(), http.StatusFound)
}

func app(form url.Values) *denied {
	if form.Get("client_id") != "4711.apps.googleusercontent.com" || form.Get("client_secret") != "app-secret" {
		return &denied{401, "invalid_client", "The OAuth client was not found."}
	}
	return nil
}

func (s *Sim) byCode(form url.Values) (*grant, string, *denied) {
	if no := app(form); no != nil {
		return nil, "", no
	}
	c, ok := s.access.codes[form.Get("code")]
	delete(s.access.codes, form.Get("code"))
	sum := sha256.Sum256([]byte(form.Get("code_verifier")))
	switch {
	case !ok || s.now().After(c.ends):
		return nil, "", invalidGrant("Bad Request")
	case c.redirect != form.Get("redirect_uri"):
		return nil, "", &denied{400, "redirect_uri_mismatch", "Bad Request"}
	case c.challenge != base64.RawURLEncoding.EncodeToString(sum[:]):
		return nil, "", invalidGrant("Invalid code verifier.")
	}
	refresh := fmt.Sprintf("1//%d", s.next())
	s.access.refresh[refresh] = &c.grant
	return &c.grant, refresh, nil
}

func (s *Sim) byRefresh(form url.Values) (*grant, *denied) {
	if no := app(form); no != nil {
		return nil, no
	}
	g := s.access.refresh[form.Get("refresh_token")]
	if g == nil {
		return nil, invalidGrant("Token has been expired or revoked.")
	}
	return g, nil
}

// ForgetConsent makes all refresh tokens worthless, as when somebody takes the app's access away.
func (s *Sim) ForgetConsent() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.access.refresh = map[string]*grant{}
}
