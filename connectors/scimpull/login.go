package scimpull

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/kisi-sync/kisi-sync/connectors"
	"github.com/kisi-sync/kisi-sync/internal/secret"
)

// login gives calls their Authorization.
type login struct {
	settings Login
	place    secret.Place
	now      func() time.Time
	send     func(*http.Request) (*http.Response, []byte, error)

	mu    sync.Mutex // guards what follows, and lets only one ask for a token
	token secret.String
	until time.Time
}

// authorize puts the account's proof on a call. Secrets are read anew each time.
func (l *login) authorize(req *http.Request) error {
	switch {
	case l.settings.Token != nil:
		token, err := l.read("login.token", l.settings.Token)
		if err != nil {
			return err
		}
		req.Header.Set("Authorization", "Bearer "+token.Reveal())
	case l.settings.Password != nil:
		password, err := l.read("login.password", l.settings.Password)
		if err != nil {
			return err
		}
		req.SetBasicAuth(l.settings.User, password.Reveal())
	default:
		token, err := l.given(req.Context())
		if err != nil {
			return err
		}
		req.Header.Set("Authorization", "Bearer "+token.Reveal())
	}
	return nil
}

func (l *login) read(path string, ref *secret.Ref) (secret.String, error) {
	value, err := ref.Resolve(l.place)
	if err != nil {
		return secret.String{}, connectors.At(path, err)
	}
	return value, nil
}

// refused forgets a token that the server would not take; false when there is no other to be had.
func (l *login) refused(authorization string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.settings.TokenURL == "" {
		return false
	}
	if authorization == "Bearer "+l.token.Reveal() {
		l.token = secret.String{}
	}
	return true
}

// given returns a token that the server of tokens gave and that is good for another while.
func (l *login) given(ctx context.Context) (secret.String, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.token.IsZero() && l.now().Before(l.until) {
		return l.token, nil
	}
	password, err := l.read("login.client_secret", l.settings.ClientSecret)
	if err != nil {
		return secret.String{}, err
	}
	form := url.Values{"grant_type": {"client_credentials"}}
	if l.settings.Scope != "" {
		form.Set("scope", l.settings.Scope)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, l.settings.TokenURL, strings.NewReader(form.Encode()))
	if err != nil {
		return secret.String{}, err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Accept", "application/json")
	req.SetBasicAuth(url.QueryEscape(l.settings.ClientID), url.QueryEscape(password.Reveal())) // RFC 6749 section 2.3.1
	resp, body, err := l.send(req)
	if err != nil {
		return secret.String{}, fmt.Errorf("ask for a token: %w", err)
	}
	return l.keep(resp, body)
}

// keep reads the answer of RFC 6749 section 5.1, or the refusal of section 5.2.
func (l *login) keep(resp *http.Response, body []byte) (secret.String, error) {
	var said struct {
		Token   string  `json:"access_token"`
		Type    string  `json:"token_type"`
		Seconds float64 `json:"expires_in"`
		Error   string  `json:"error"`
	}
	err := json.Unmarshal(body, &said)
	switch {
	case resp.StatusCode != http.StatusOK && said.Error != "":
		return secret.String{}, connectors.At("login.token_url", fmt.Errorf("the server of tokens answers %d: %q", resp.StatusCode, shorten(said.Error)))
	case resp.StatusCode != http.StatusOK || err != nil || said.Token == "":
		return secret.String{}, connectors.At("login.token_url", fmt.Errorf("the server of tokens answers %d, and no token", resp.StatusCode))
	case said.Type != "" && !strings.EqualFold(said.Type, "Bearer"):
		return secret.String{}, connectors.At("login.token_url", fmt.Errorf("the token is of type %q, and no bearer token", shorten(said.Type)))
	}
	good := time.Duration(min(said.Seconds, 24*3600) * float64(time.Second))
	l.token, l.until = secret.New(said.Token), l.now().Add(good-good/10) // none is used in its last moments
	return l.token, nil
}

// readAll reads an answer, which is in memory already.
func readAll(resp *http.Response, err error) (*http.Response, []byte, error) {
	if err != nil {
		return nil, nil, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	return resp, body, err
}
