package okta

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"github.com/kisi-sync/kisi-sync/connectors"
	"github.com/kisi-sync/kisi-sync/internal/secret"
)

// login gives calls their authorization. It is safe for concurrent use.
type login struct {
	settings Login
	place    secret.Place
	issuer   string // the org
	scopes   []string
	now      func() time.Time
	send     func(*http.Request) (*http.Response, []byte, error)

	mu      sync.Mutex // held while a token is asked for, so that it is asked for once
	present string     // the header's value; "" when there is none
	until   time.Time  // when present ends; zero: it does not

	proofs sync.Mutex // guards what follows
	key    *ecdsa.PrivateKey
	nonce  string
}

// authorize sets the Authorization header, asking for a token if there is none that is good for another minute.
func (l *login) authorize(req *http.Request) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.present == "" || !l.until.IsZero() && !l.now().Add(time.Minute).Before(l.until) {
		if err := l.renew(req.Context()); err != nil {
			return err
		}
	}
	req.Header.Set("Authorization", l.present)
	return nil
}

// refused says that Okta did not take an authorization, so that the next one is made anew: a key or token may have been replaced.
func (l *login) refused(authorization string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.present == authorization {
		l.present = ""
	}
}

func (l *login) renew(ctx context.Context) error {
	if l.settings.Token != nil {
		token, err := l.settings.Token.Resolve(l.place)
		if err != nil {
			return connectors.At("login.token", err)
		}
		l.present, l.until = "SSWS "+token.Reveal(), l.now().Add(time.Minute*2) // read again every minute
		return nil
	}
	t, err := l.exchange(ctx, l.scopes)
	if err != nil {
		return err
	}
	l.present, l.until = t.Type+" "+t.Access, l.now().Add(time.Duration(t.Seconds)*time.Second)
	return nil
}

// token is the answer of the token endpoint (RFC 6749 section 5.1).
type token struct {
	Type    string `json:"token_type"`
	Access  string `json:"access_token"`
	Seconds int64  `json:"expires_in"`
	Scope   string `json:"scope"`
}

// refusal is what it says instead (RFC 6749 section 5.2).
type refusal struct {
	Status int    `json:"-"`
	Code   string `json:"error"`
	Text   string `json:"error_description"`
}

func (e *refusal) Error() string {
	return fmt.Sprintf("okta gives no token (%d %s: %s)", e.Status, e.Code, e.Text)
}

// Hint is what to do in Okta, "" when there is nothing to advise.
func (e *refusal) Hint() string {
	switch e.Code {
	case "invalid_client":
		return "compare client_id and key_id with the app's page, look whether the key is active there, and whether this machine's clock is right"
	case "invalid_scope":
		return "in the Admin Console under Applications, the app, Okta API Scopes: kisi-sync check names the one that is missing"
	}
	return ""
}

// exchange asks for a token with a signed assertion (RFC 7523 section 2.2). An org that binds tokens to a key of the client says so
// when it is asked without (RFC 9449): then the proof comes along, and once more with the nonce that the org wants in it.
//
// Each attempt has an assertion of its own, as Okta takes each only once. It is tried again here and not below, for the same reason.
func (l *login) exchange(ctx context.Context, scopes []string) (*token, error) {
	var err error
	for range 4 {
		var t *token
		if t, err = l.ask(ctx, scopes); err == nil {
			return t, nil
		}
		var said *refusal
		switch {
		case !errors.As(err, &said):
			return nil, err
		case said.Code == "invalid_dpop_proof" && l.bind():
		case said.Code == "use_dpop_nonce":
		case said.Status >= 500:
		default:
			return nil, err
		}
	}
	return nil, err
}

func (l *login) ask(ctx context.Context, scopes []string) (*token, error) {
	endpoint := l.issuer + tokenPath
	assertion, err := l.assertion(endpoint)
	if err != nil {
		return nil, err
	}
	form := url.Values{
		"grant_type": {"client_credentials"}, "scope": {strings.Join(scopes, " ")}, "client_assertion": {assertion},
		"client_assertion_type": {"urn:ietf:params:oauth:client-assertion-type:jwt-bearer"},
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, endpoint, strings.NewReader(form.Encode()))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, body, err := l.send(req)
	if err != nil {
		return nil, fmt.Errorf("ask for a token: %w", err)
	}
	l.remember(resp)
	if resp.StatusCode != http.StatusOK {
		said := refusal{Status: resp.StatusCode}
		_ = json.Unmarshal(body, &said) // what is no JSON says nothing
		return nil, &said
	}
	var t token
	if err := json.Unmarshal(body, &t); err != nil || t.Access == "" || t.Seconds <= 0 {
		return nil, errors.New("ask for a token: the answer holds none")
	}
	if t.Type = scheme(t.Type); t.Type == "" {
		return nil, errors.New("ask for a token: the answer holds one of a kind that we do not know")
	}
	return &t, nil
}

// scheme is how a kind of token is written in the Authorization header; kinds are compared without case (RFC 6749 section 5.1).
func scheme(kind string) string {
	for _, known := range []string{"Bearer", "DPoP"} {
		if strings.EqualFold(kind, known) {
			return known
		}
	}
	return ""
}

// assertion says that the client is who it is (RFC 7523 section 3); Okta takes an hour at most.
func (l *login) assertion(audience string) (string, error) {
	key, err := l.signingKey()
	if err != nil {
		return "", connectors.At("login.key", err)
	}
	signer, err := jose.NewSigner(*key, (&jose.SignerOptions{}).WithType("JWT"))
	if err != nil {
		return "", connectors.At("login.key", err)
	}
	now := l.now()
	return jwt.Signed(signer).Claims(jwt.Claims{
		Issuer: l.settings.ClientID, Subject: l.settings.ClientID, Audience: jwt.Audience{audience}, ID: rand.Text(),
		IssuedAt: jwt.NewNumericDate(now), Expiry: jwt.NewNumericDate(now.Add(5 * time.Minute)),
	}).Serialize()
}

// signingKey reads the private key, which is a JSON web key or PEM (PKCS #8, PKCS #1 or SEC 1).
func (l *login) signingKey() (*jose.SigningKey, error) {
	text, err := l.settings.Key.Resolve(l.place)
	if err != nil {
		return nil, err
	}
	key := jose.JSONWebKey{KeyID: l.settings.KeyID}
	if raw := strings.TrimSpace(text.Reveal()); strings.HasPrefix(raw, "{") {
		if err := key.UnmarshalJSON([]byte(raw)); err != nil {
			return nil, errors.New("it is no JSON web key that we can read")
		}
		if l.settings.KeyID != "" {
			key.KeyID = l.settings.KeyID
		}
	} else if key.Key, err = parsePEM(raw); err != nil {
		return nil, err
	}
	algorithm, err := algorithmOf(key.Key)
	if err != nil {
		return nil, err
	}
	key.Algorithm = string(algorithm)
	return &jose.SigningKey{Algorithm: algorithm, Key: key}, nil
}

func parsePEM(text string) (crypto.PrivateKey, error) {
	block, _ := pem.Decode([]byte(text))
	if block == nil {
		return nil, errors.New("it is neither PEM nor a JSON web key")
	}
	if key, err := x509.ParsePKCS8PrivateKey(block.Bytes); err == nil {
		return key, nil
	}
	if key, err := x509.ParsePKCS1PrivateKey(block.Bytes); err == nil {
		return key, nil
	}
	if key, err := x509.ParseECPrivateKey(block.Bytes); err == nil {
		return key, nil
	}
	return nil, fmt.Errorf("it holds a %s, not a private key that we can read", strings.ToLower(block.Type))
}

func algorithmOf(key any) (jose.SignatureAlgorithm, error) {
	switch key := key.(type) {
	case *rsa.PrivateKey:
		return jose.RS256, nil
	case *ecdsa.PrivateKey:
		switch key.Curve {
		case elliptic.P256():
			return jose.ES256, nil
		case elliptic.P384():
			return jose.ES384, nil
		case elliptic.P521():
			return jose.ES512, nil
		}
	}
	return "", errors.New("it must be a private RSA or elliptic curve key")
}

// bind makes the key to which tokens are bound from now on; false when there was one. It lives as long as the process.
func (l *login) bind() bool {
	l.proofs.Lock()
	defer l.proofs.Unlock()
	if l.key != nil {
		return false
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	l.key = key
	return err == nil
}

// remember keeps the nonce that the org wants in the next proofs (RFC 9449 section 8).
func (l *login) remember(resp *http.Response) (news bool) {
	nonce := resp.Header.Get("DPoP-Nonce")
	l.proofs.Lock()
	defer l.proofs.Unlock()
	if nonce == "" || nonce == l.nonce {
		return false
	}
	l.nonce = nonce
	return true
}

// prove puts a proof of possession into a request, if tokens are bound to a key (RFC 9449 section 4.2). The transport calls it for
// each try, as a proof is good for one.
func (l *login) prove(req *http.Request) error {
	l.proofs.Lock()
	key, nonce := l.key, l.nonce
	l.proofs.Unlock()
	access, bound := strings.CutPrefix(req.Header.Get("Authorization"), "DPoP ")
	if key == nil || !bound && req.URL.Path != tokenPath {
		return nil
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: key}, (&jose.SignerOptions{EmbedJWK: true}).WithType("dpop+jwt"))
	if err != nil {
		return fmt.Errorf("sign a proof of possession: %w", err)
	}
	claims := map[string]any{
		"jti": rand.Text(), "htm": req.Method, "htu": l.issuer + req.URL.EscapedPath(), "iat": l.now().Unix(),
	}
	if nonce != "" {
		claims["nonce"] = nonce
	}
	if bound {
		sum := sha256.Sum256([]byte(access))
		claims["ath"] = base64.RawURLEncoding.EncodeToString(sum[:])
	}
	proof, err := jwt.Signed(signer).Claims(claims).Serialize()
	if err != nil {
		return fmt.Errorf("sign a proof of possession: %w", err)
	}
	req.Header.Set("DPoP", proof)
	return nil
}
