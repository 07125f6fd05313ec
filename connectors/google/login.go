package google

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"golang.org/x/oauth2"
	googleauth "golang.org/x/oauth2/google"
	"golang.org/x/oauth2/jwt"

	"github.com/kisi-sync/kisi-sync/internal/secret"
)

// login hands out access tokens. It is safe for concurrent use; who asks while a token is being fetched waits for it.
type login struct {
	settings Login
	source   string // its name in the file
	base     string // of a simulator; "": Google's own addresses
	dir      string
	scopes   []string
	line     http.RoundTripper
	now      func() time.Time

	mu      sync.Mutex
	present *oauth2.Token
}

// token returns an access token that is good for a while and is not the refused one.
func (l *login) token(ctx context.Context, refused string) (string, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if t := l.present; t != nil && t.AccessToken != refused && (t.Expiry.IsZero() || l.now().Add(early).Before(t.Expiry)) {
		return t.AccessToken, nil
	}
	l.present = nil
	t, err := l.fetch(ctx, l.scopes)
	if err != nil {
		return "", err
	}
	l.present = t
	return t.AccessToken, nil
}

// fetch asks for a new token. The secrets are read anew.
func (l *login) fetch(ctx context.Context, scopes []string) (*oauth2.Token, error) {
	way := &during{ctx: ctx, base: l.line}
	source, err := l.tokenSource(context.WithValue(ctx, oauth2.HTTPClient, &http.Client{Transport: way}), scopes)
	if err != nil {
		return nil, err
	}
	t, err := source.Token()
	switch {
	case ctx.Err() != nil:
		return nil, context.Cause(ctx)
	case err != nil && way.failed != nil:
		return nil, fmt.Errorf("log in: %w", way.failed)
	case err != nil:
		return nil, l.explain(err)
	case t.AccessToken == "":
		return nil, &hinted{errors.New("log in: the answer has no token in it"), "something between here and Google answers in its place"}
	}
	return t, nil
}

func (l *login) tokenSource(ctx context.Context, scopes []string) (oauth2.TokenSource, error) {
	switch {
	case !l.settings.App.IsZero():
		return l.consented(ctx)
	case !l.settings.Workload.IsZero():
		return l.workload(ctx, scopes)
	}
	c, err := l.serviceAccount(scopes)
	if err != nil {
		return nil, err
	}
	return c.TokenSource(ctx), nil
}

// client makes calls that end with ctx; the token sources of oauth2 do not pass it on.
func (l *login) client(ctx context.Context) *http.Client {
	return &http.Client{Transport: &during{ctx: ctx, base: l.line}}
}

// during sends one call after another. It keeps the last error, as oauth2 hands on no more of it than its text, and the address in front.
type during struct {
	ctx    context.Context
	base   http.RoundTripper
	failed error
}

func (d *during) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := d.base.RoundTrip(req.WithContext(d.ctx))
	d.failed = err
	return resp, err
}

// serviceAccount reads the key file.
func (l *login) serviceAccount(scopes []string) (*jwt.Config, error) {
	text, err := l.settings.Key.Resolve(secret.Place{Base: l.dir})
	if err != nil {
		return nil, &setting{"login.key", err}
	}
	c, err := googleauth.JWTConfigFromJSON([]byte(text.Reveal()), scopes...)
	if err == nil && (c.Email == "" || len(c.PrivateKey) == 0) {
		err = errors.New("it has no account or no key in it")
	}
	if err != nil {
		return nil, &setting{"login.key", &hinted{fmt.Errorf("%s is no key of a service account: %w", l.settings.Key, withoutValues(err)),
			"download it anew: Google Cloud console, IAM and admin, Service accounts, Keys, Add key, JSON"}}
	}
	if err := l.belongs("token_uri", c.TokenURL, tokenOrigin); err != nil {
		return nil, &setting{"login.key", err}
	}
	c.Subject = l.settings.Subject
	return c, nil
}

// belongs refuses a file that would have us take its secret elsewhere.
func (l *login) belongs(key, address, good string) error {
	if l.base != "" {
		good = l.base
	}
	u, err := url.Parse(address)
	if err != nil || u.Scheme+"://"+u.Host != strings.TrimSuffix(good, "/") {
		return &hinted{fmt.Errorf("%s of the file is not at %s", key, good), "use the file as Google gave it to you"}
	}
	return nil
}

// withoutValues takes the text out of errors of encoding/json that quote it; it may be a part of a key.
func withoutValues(err error) error {
	if errors.As(err, new(*json.SyntaxError)) || errors.As(err, new(*json.UnmarshalTypeError)) {
		return errors.New("it is no JSON of that kind")
	}
	return err
}

// consented reads the app and the token that `source login` has left.
func (l *login) consented(ctx context.Context) (oauth2.TokenSource, error) {
	app, err := l.app()
	if err != nil {
		return nil, err
	}
	path := l.settings.tokenFile(l.source)
	text, err := secret.Ref{File: path}.Resolve(secret.Place{Base: l.dir})
	again := "run kisi-sync source login " + l.source
	if err != nil {
		return nil, &setting{"login.consent", &hinted{fmt.Errorf("nobody has consented yet: %w", err), again}}
	}
	var kept Consent
	if json.Unmarshal([]byte(text.Reveal()), &kept) != nil || kept.RefreshToken == "" {
		return nil, &setting{"login.consent", &hinted{fmt.Errorf("file %s holds no consent", path), again}}
	}
	if kept.ClientID != app.ClientID {
		return nil, &setting{"login.consent", &hinted{fmt.Errorf("the consent in %s was given to another app", path), again}}
	}
	return app.TokenSource(ctx, &oauth2.Token{RefreshToken: kept.RefreshToken}), nil
}

func (l *login) app() (*oauth2.Config, error) {
	text, err := l.settings.App.Resolve(secret.Place{Base: l.dir})
	if err != nil {
		return nil, &setting{"login.app", err}
	}
	c, err := googleauth.ConfigFromJSON([]byte(text.Reveal()), l.scopes...)
	if err != nil {
		return nil, &setting{"login.app", &hinted{fmt.Errorf("%s is no OAuth client: %w", l.settings.App, withoutValues(err)),
			"download it anew: Google Cloud console, APIs and services, Credentials, the client of the kind Desktop app"}}
	}
	if err := l.belongs("token_uri", c.Endpoint.TokenURL, tokenOrigin); err != nil {
		return nil, &setting{"login.app", err}
	}
	c.Endpoint.AuthStyle = oauth2.AuthStyleInParams
	return c, nil
}

// tokenFile is where the consent to the app is kept.
func (l Login) tokenFile(source string) string {
	if l.Consent != "" {
		return l.Consent
	}
	return source + "-token.json"
}

// workload trades the token of another identity provider for one of Google's that may do one thing: have a statement signed in the
// name of a service account. That statement is what a key would have signed (IAM Credentials API, signJwt).
func (l *login) workload(ctx context.Context, scopes []string) (oauth2.TokenSource, error) {
	text, err := l.settings.Workload.Resolve(secret.Place{Base: l.dir})
	if err != nil {
		return nil, &setting{"login.workload", err}
	}
	own, account, err := l.withoutImpersonation([]byte(text.Reveal()))
	if err != nil {
		return nil, &setting{"login.workload", err}
	}
	c, err := googleauth.CredentialsFromJSONWithType(ctx, own, googleauth.ExternalAccount, "https://www.googleapis.com/auth/cloud-platform")
	if err != nil {
		return nil, &setting{"login.workload", fmt.Errorf("%s: %w", l.settings.Workload, withoutValues(err))}
	}
	return &signed{ctx: ctx, login: l, account: account, scopes: scopes, own: c.TokenSource}, nil
}

// withoutImpersonation takes the service account out of the file: x/oauth2 would become it, and then have no subject.
func (l *login) withoutImpersonation(text []byte) (rest []byte, account string, err error) {
	const hint = "make it with: gcloud iam workload-identity-pools create-cred-config ... --service-account=ACCOUNT"
	var file map[string]any
	if json.Unmarshal(text, &file) != nil || file["type"] != "external_account" {
		return nil, "", &hinted{fmt.Errorf("%s is no configuration of a workload identity", l.settings.Workload), hint}
	}
	become, _ := file["service_account_impersonation_url"].(string)
	delete(file, "service_account_impersonation_url")
	_, account, found := strings.Cut(strings.TrimSuffix(become, ":generateAccessToken"), "/serviceAccounts/")
	if !found || account == "" || strings.ContainsAny(account, "/:?#") {
		return nil, "", &hinted{fmt.Errorf("%s names no service account to impersonate", l.settings.Workload), hint}
	}
	exchange, _ := file["token_url"].(string)
	if err := l.belongs("token_url", exchange, exchangeOrigin); err != nil {
		return nil, "", err
	}
	rest, err = json.Marshal(file)
	return rest, account, err
}

// signed has Google sign what a key would have signed, and turns that into a token.
type signed struct {
	ctx     context.Context
	login   *login
	account string
	scopes  []string
	own     oauth2.TokenSource
}

var _ oauth2.TokenSource = (*signed)(nil)

// Token implements oauth2.TokenSource.
func (s *signed) Token() (*oauth2.Token, error) {
	own, err := s.own.Token()
	if err != nil {
		return nil, fmt.Errorf("exchange the workload's token: %w", err)
	}
	at, tokenURL := signOrigin, tokenOrigin+"/token"
	if s.login.base != "" {
		at, tokenURL = s.login.base, s.login.base+"/token"
	}
	now := s.login.now()
	claims, err := json.Marshal(map[string]any{"iss": s.account, "sub": s.login.settings.Subject, "scope": strings.Join(s.scopes, " "),
		"aud": tokenURL, "iat": now.Unix(), "exp": now.Add(time.Hour).Unix()})
	if err != nil {
		return nil, err
	}
	body, err := json.Marshal(map[string]string{"payload": string(claims)})
	if err != nil {
		return nil, err
	}
	var answer struct{ SignedJwt string }
	if err := s.post(at+"/v1/projects/-/serviceAccounts/"+s.account+":signJwt", "application/json", own.AccessToken, body, &answer); err != nil {
		return nil, fmt.Errorf("have a statement signed as %s: %w", s.account, err)
	}
	form := url.Values{"grant_type": {"urn:ietf:params:oauth:grant-type:jwt-bearer"}, "assertion": {answer.SignedJwt}}
	var token struct {
		AccessToken string `json:"access_token"`
		ExpiresIn   int    `json:"expires_in"`
	}
	if err := s.post(tokenURL, "application/x-www-form-urlencoded", "", []byte(form.Encode()), &token); err != nil {
		return nil, err
	}
	return &oauth2.Token{AccessToken: token.AccessToken, Expiry: now.Add(time.Duration(token.ExpiresIn) * time.Second)}, nil
}

func (s *signed) post(address, kind, bearer string, body []byte, into any) error {
	req, err := http.NewRequestWithContext(s.ctx, http.MethodPost, address, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", kind)
	if bearer != "" {
		req.Header.Set("Authorization", "Bearer "+bearer)
	}
	resp, err := s.login.line.RoundTrip(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	if err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		return &oauth2.RetrieveError{Response: resp, Body: text}
	}
	return json.Unmarshal(text, into)
}
