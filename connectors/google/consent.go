package google

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/oauth2"

	"github.com/kisi-sync/kisi-sync/connectors"
)

// Consent is what an administrator's consent to the installed app left: a token that asks for access tokens, until it is taken back.
type Consent struct {
	ClientID     string    `json:"client_id"`
	RefreshToken string    `json:"refresh_token"`
	Scopes       []string  `json:"scopes"`
	Given        time.Time `json:"given"`
}

var _ connectors.Consenter = (*source)(nil)

// Consent asks for consent as RFC 8252 says: in a browser on this machine, which comes back to a port that is open here and nowhere
// else, with a proof key (RFC 7636) so that nobody else's code or browser can end it. It keeps what came, for this account's eyes only.
func (s *source) Consent(ctx context.Context, port int, show func(address string)) (string, error) {
	if s.settings.Login.App.IsZero() {
		return "", &hinted{errors.New("this source logs in with a service account; nobody needs to consent"), "kisi-sync check says whether that works"}
	}
	app, err := s.login.app()
	if err != nil {
		return "", err
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		return "", fmt.Errorf("open a port for the browser to come back to: %w", err)
	}
	app.RedirectURL = "http://" + listener.Addr().String()
	verifier, state := oauth2.GenerateVerifier(), rand.Text()
	show(app.AuthCodeURL(state, oauth2.AccessTypeOffline, oauth2.S256ChallengeOption(verifier), oauth2.SetAuthURLParam("prompt", "consent")))
	code, err := comeBack(ctx, listener, state)
	if err != nil {
		return "", err
	}
	token, err := app.Exchange(context.WithValue(ctx, oauth2.HTTPClient, s.login.client(ctx)), code, oauth2.VerifierOption(verifier))
	switch {
	case err != nil:
		return "", s.login.explain(err)
	case token.RefreshToken == "":
		return "", errors.New("there is no lasting token in the answer")
	}
	if err := s.granted(token); err != nil {
		return "", err
	}
	return s.keep(Consent{ClientID: app.ClientID, RefreshToken: token.RefreshToken, Scopes: s.login.scopes, Given: s.env.Now().UTC().Truncate(time.Second)})
}

// granted refuses a consent from which somebody has taken a tick away.
func (s *source) granted(token *oauth2.Token) error {
	said, _ := token.Extra("scope").(string)
	for _, scope := range s.login.scopes {
		if !strings.Contains(" "+said+" ", " "+scope+" ") {
			return &hinted{errors.New("the consent lacks " + scope), "log in again and leave all ticks as they are"}
		}
	}
	return nil
}

// comeBack waits for the browser, and ignores whatever else knocks.
func comeBack(ctx context.Context, listener net.Listener, state string) (string, error) {
	came := make(chan url.Values, 1)
	server := &http.Server{ReadHeaderTimeout: 10 * time.Second, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		if r.URL.Path != "/" || subtle.ConstantTimeCompare([]byte(q.Get("state")), []byte(state)) != 1 {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		_, _ = io.WriteString(w, "kisi-sync has the answer. You can close this page.\n") // the browser may be gone
		select {
		case came <- q:
		default: // a second time
		}
	})}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = server.Serve(listener) // ends with Shutdown
	}()
	defer func() {
		within, stop := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer stop()
		_ = server.Shutdown(within) // the page goes out first
		_ = server.Close()
		<-ended
	}()
	select {
	case q := <-came:
		if code := q.Get("code"); code != "" {
			return code, nil
		}
		return "", &hinted{fmt.Errorf("nobody consented: %q", q.Get("error")), "log in again, as an administrator"}
	case <-ctx.Done():
		return "", context.Cause(ctx)
	}
}

// keep writes the file whole or not at all, readable by this account alone.
func (s *source) keep(c Consent) (string, error) {
	path := s.settings.Login.tokenFile(s.env.Name)
	if !filepath.IsAbs(path) {
		path = filepath.Join(s.env.Dir, path)
	}
	text, err := json.MarshalIndent(c, "", "  ")
	if err != nil {
		return "", err
	}
	draft, err := os.CreateTemp(filepath.Dir(path), ".token-*") // 0600
	if err != nil {
		return "", fmt.Errorf("keep the consent: %w", err)
	}
	defer os.Remove(draft.Name())
	if _, err = draft.Write(append(text, '\n')); err == nil {
		err = draft.Sync()
	}
	if closed := draft.Close(); err == nil {
		err = closed
	}
	if err == nil {
		err = os.Rename(draft.Name(), path)
	}
	if err != nil {
		return "", fmt.Errorf("keep the consent in %s: %w", path, err)
	}
	return path, nil
}
