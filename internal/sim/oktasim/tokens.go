package oktasim

import (
	"crypto"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

// Client is an API services app.
type Client struct {
	ID     string
	Keys   []jose.JSONWebKey // public; each with its KeyID
	Scopes []string          // that were granted
	// Role says that the app has an administrator role. Scopes alone let it ask, but give it nothing.
	Role bool
	// Bound says that tokens must be bound to a key of the client (DPoP).
	Bound bool
}

// grant is what a token may do.
type grant struct {
	scopes []string // nil: an API token, which may do what its account may
	role   bool
	ends   time.Time // zero: never
	bound  string    // the thumbprint of the key that it is bound to; "": none
}

// AddClient adds an app, or replaces the one with its ID.
func (s *Sim) AddClient(c Client) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.clients[c.ID] = &c
}

// AddAPIToken adds a token (SSWS) of an account; without a role the account is nobody's administrator.
func (s *Sim) AddAPIToken(value string, role bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tokens["SSWS "+value] = &grant{role: role}
}

// Revoke ends all tokens of all kinds, API tokens too.
func (s *Sim) Revoke() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.tokens)
}

// RotateNonce makes proofs with the present nonce useless.
func (s *Sim) RotateNonce() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.serial++
	s.nonce = fmt.Sprintf("nonce-%d", s.serial)
}

// algorithms are those that Okta takes from apps and in proofs.
func algorithms() []jose.SignatureAlgorithm {
	return []jose.SignatureAlgorithm{jose.RS256, jose.RS384, jose.RS512, jose.ES256, jose.ES384, jose.ES512}
}

// token is the token endpoint of the org's own authorization server.
func (s *Sim) token(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.count(w, r.Pattern) {
		refuse(w, http.StatusTooManyRequests, "E0000047", "API call exceeded rate limit due to too many requests.")
		return
	}
	deny := func(status int, code, text string) {
		answer(w, status, object{"error": code, "error_description": text})
	}
	if err := r.ParseForm(); err != nil || r.PostForm.Get("grant_type") != "client_credentials" {
		deny(http.StatusBadRequest, "unsupported_grant_type", "The authorization grant type is not supported by the authorization server.")
		return
	}
	client, err := s.client(r)
	if err != nil {
		deny(http.StatusUnauthorized, "invalid_client", err.Error())
		return
	}
	g := &grant{role: client.Role, ends: s.now().Add(time.Hour), scopes: strings.Fields(r.PostForm.Get("scope"))}
	kind := "Bearer"
	if proof := r.Header.Get("DPoP"); proof != "" || client.Bound {
		if proof == "" {
			deny(http.StatusBadRequest, "invalid_dpop_proof", "The DPoP proof JWT header is missing.")
			return
		}
		p, err := s.proof(r, "")
		if err != nil {
			deny(http.StatusBadRequest, "invalid_dpop_proof", err.Error())
			return
		}
		if p.nonce != s.nonce {
			w.Header().Set("DPoP-Nonce", s.nonce)
			deny(http.StatusBadRequest, "use_dpop_nonce", "Authorization server requires nonce in DPoP proof.")
			return
		}
		kind, g.bound = "DPoP", p.thumbprint
	}
	for _, scope := range g.scopes {
		if !slices.Contains(client.Scopes, scope) {
			deny(http.StatusBadRequest, "invalid_scope", "One or more scopes are not configured for the authorization server resource.")
			return
		}
	}
	value := rand.Text()
	s.tokens[kind+" "+value] = g
	answer(w, http.StatusOK, object{"token_type": kind, "access_token": value, "expires_in": 3600, "scope": strings.Join(g.scopes, " ")})
}

// client verifies the assertion of RFC 7523 section 3 as Okta's guide to client authentication says: a signature with one of the app's
// keys, made for this endpoint, good for an hour at most, and used once. The lock is held.
func (s *Sim) client(r *http.Request) (*Client, error) {
	if r.PostForm.Get("client_assertion_type") != "urn:ietf:params:oauth:client-assertion-type:jwt-bearer" {
		return nil, fmt.Errorf("no client credentials found")
	}
	signed, err := jwt.ParseSigned(r.PostForm.Get("client_assertion"), algorithms())
	if err != nil || len(signed.Headers) != 1 {
		return nil, fmt.Errorf("the client_assertion token is not a JWT")
	}
	var who jwt.Claims
	if err := signed.UnsafeClaimsWithoutVerification(&who); err != nil {
		return nil, fmt.Errorf("the client_assertion token has no claims")
	}
	c, ok := s.clients[who.Issuer]
	if !ok || who.Subject != who.Issuer {
		return nil, fmt.Errorf("invalid value for 'client_id' parameter")
	}
	if err := verify(signed, c.Keys, &who); err != nil {
		return nil, fmt.Errorf("the client_assertion signature is invalid")
	}
	now := s.now()
	switch {
	case !who.Audience.Contains(originOf(r) + r.URL.Path):
		return nil, fmt.Errorf("the audience claim for client_assertion must be the endpoint invoked for the request")
	case who.Expiry == nil || now.After(who.Expiry.Time()):
		return nil, fmt.Errorf("the client_assertion token is expired")
	case who.Expiry.Time().Sub(now) > time.Hour:
		return nil, fmt.Errorf("the client_assertion token has an expiration too far into the future")
	case who.ID == "" || s.used[who.ID]:
		return nil, fmt.Errorf("the client_assertion token has already been used")
	}
	s.used[who.ID] = true
	return c, nil
}

func verify(signed *jwt.JSONWebToken, keys []jose.JSONWebKey, into any) error {
	for _, k := range keys {
		if k.KeyID == signed.Headers[0].KeyID || signed.Headers[0].KeyID == "" && len(keys) == 1 {
			return signed.Claims(k.Key, into)
		}
	}
	return fmt.Errorf("no key %q", signed.Headers[0].KeyID)
}

// proven is what a proof of possession says.
type proven struct{ thumbprint, nonce string }

// proof verifies a proof of RFC 9449 section 4.3. With an access token it must be about that. The lock is held.
func (s *Sim) proof(r *http.Request, access string) (*proven, error) {
	signed, err := jwt.ParseSigned(r.Header.Get("DPoP"), algorithms())
	if err != nil || len(r.Header.Values("DPoP")) != 1 || len(signed.Headers) != 1 {
		return nil, fmt.Errorf("the DPoP proof JWT is not one")
	}
	header := signed.Headers[0]
	if header.ExtraHeaders[jose.HeaderType] != "dpop+jwt" || header.JSONWebKey == nil || !header.JSONWebKey.IsPublic() {
		return nil, fmt.Errorf("the DPoP proof JWT has no type or no key")
	}
	var said struct {
		ID     string `json:"jti"`
		Method string `json:"htm"`
		URL    string `json:"htu"`
		At     int64  `json:"iat"`
		Nonce  string `json:"nonce"`
		Hash   string `json:"ath"`
	}
	if err := signed.Claims(header.JSONWebKey.Key, &said); err != nil {
		return nil, fmt.Errorf("the DPoP proof JWT signature is invalid")
	}
	age := s.now().Sub(time.Unix(said.At, 0))
	sum := sha256.Sum256([]byte(access))
	switch {
	case said.Method != r.Method || said.URL != originOf(r)+r.URL.EscapedPath():
		return nil, fmt.Errorf("the DPoP proof JWT is for another call")
	case age > 5*time.Minute || age < -5*time.Minute:
		return nil, fmt.Errorf("the DPoP proof JWT is too old, or of the future")
	case said.ID == "" || s.used[said.ID]:
		return nil, fmt.Errorf("the DPoP proof JWT has already been used")
	case access != "" && said.Hash != base64.RawURLEncoding.EncodeToString(sum[:]):
		return nil, fmt.Errorf("the DPoP proof JWT is about another token")
	}
	s.used[said.ID] = true
	thumb, err := header.JSONWebKey.Thumbprint(crypto.SHA256)
	return &proven{base64.RawURLEncoding.EncodeToString(thumb), said.Nonce}, err
}

// authorized lets a call go on that has a token for the scope; else it has answered. The lock is held.
func (s *Sim) authorized(w http.ResponseWriter, r *http.Request, scope string) bool {
	authorization := r.Header.Get("Authorization")
	g, ok := s.tokens[authorization]
	if !ok || !g.ends.IsZero() && s.now().After(g.ends) {
		refuse(w, http.StatusUnauthorized, "E0000011", "Invalid token provided")
		return false
	}
	if g.bound != "" {
		p, err := s.proof(r, strings.TrimPrefix(authorization, "DPoP "))
		if err != nil || p.thumbprint != g.bound {
			w.Header().Set("WWW-Authenticate", `DPoP error="invalid_dpop_proof"`)
			refuse(w, http.StatusUnauthorized, "E0000011", "Invalid token provided")
			return false
		}
	}
	if g.scopes != nil && !slices.Contains(g.scopes, scope) {
		w.Header().Set("WWW-Authenticate", fmt.Sprintf(`Bearer authorization_uri="%s/oauth2/v1/authorize", scope="%s", error="insufficient_scope", error_description="The access token provided does not contain the required scopes."`, originOf(r), scope))
		refuse(w, http.StatusForbidden, "E0000006", "You do not have permission to perform the requested action")
		return false
	}
	if !g.role {
		refuse(w, http.StatusForbidden, "E0000006", "You do not have permission to perform the requested action")
	}
	return g.role
}
