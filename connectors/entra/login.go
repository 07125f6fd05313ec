package entra

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"

	"github.com/kisi-sync/kisi-sync/connectors"
	"github.com/kisi-sync/kisi-sync/internal/secret"
)

// login gets tokens, and keeps one until it ends. Secrets, keys and certificates are read anew for each, so one that was replaced is used without a
// restart. It is safe for concurrent use.
type login struct {
	settings Settings
	env      connectors.Env
	to       origins
	line     *http.Client // to Entra
	near     *http.Client // to the place of a managed identity's tokens; nil without one
	proofs   []string     // folders of Azure Arc's proofs

	mu    sync.Mutex
	token *oauth2.Token
}

// early is how long before its end a token is not used any more. They live for an hour and more.
const early = 5 * time.Minute

// get returns a token. refused is one that Graph did not take, "" if there is none: then another one is asked for.
func (l *login) get(ctx context.Context, refused string) (string, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.token != nil && l.token.AccessToken != refused && l.token.Expiry.After(l.env.Now().Add(early)) {
		return l.token.AccessToken, nil
	}
	token, err := l.ask(ctx)
	if err != nil {
		return "", err
	}
	l.token = token
	return token.AccessToken, nil
}

// forget makes the next token a new one.
func (l *login) forget() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.token = nil
}

func (l *login) ask(ctx context.Context) (*oauth2.Token, error) {
	if l.settings.Login.ManagedIdentity {
		token, err := l.identity(ctx)
		return token, wrap("ask for the machine's identity", err)
	}
	proof, err := l.proof()
	if err != nil {
		return nil, err
	}
	c := clientcredentials.Config{ClientID: l.settings.Login.ClientID, TokenURL: l.tokenURL(), Scopes: []string{l.to.graph + "/.default"}, AuthStyle: oauth2.AuthStyleInParams,
		ClientSecret: proof.secret.Reveal()}
	if proof.assertion != "" {
		c.EndpointParams = url.Values{"client_assertion": {proof.assertion}, "client_assertion_type": {"urn:ietf:params:oauth:client-assertion-type:jwt-bearer"}}
	}
	asked := l.env.Now()
	// The library takes its client from the context.
	token, err := c.Token(context.WithValue(ctx, oauth2.HTTPClient, l.line))
	if err != nil {
		return nil, wrap("ask "+l.to.authority+" for a token", explainToken(err))
	}
	seconds, _ := token.Extra("expires_in").(float64) // without it, the token is used once
	token.Expiry = asked.Add(time.Duration(seconds) * time.Second)
	return token, nil
}

// tokenURL is where tokens are asked for, and what an assertion is made out to (learn.microsoft.com/entra/identity-platform/certificate-credentials).
func (l *login) tokenURL() string {
	return l.to.authority + "/" + l.settings.Tenant + "/oauth2/v2.0/token"
}

// proof is what shows who we are: a secret or an assertion.
type proof struct {
	secret    secret.String
	assertion string
}

func (l *login) proof() (proof, error) {
	place := secret.Place{Base: l.env.Dir}
	switch s := &l.settings.Login; {
	case s.Certificate != "":
		pair, err := l.pair()
		if err != nil {
			return proof{}, err
		}
		signed, err := pair.assertion(l.settings.Login.ClientID, l.tokenURL(), l.env.Now())
		return proof{assertion: signed}, wrap("sign with the certificate", err)
	case !s.FederatedToken.IsZero():
		token, err := s.FederatedToken.Resolve(place)
		return proof{assertion: strings.TrimSpace(token.Reveal())}, connectors.At("login.federated_token", err)
	default:
		value, err := s.ClientSecret.Resolve(place)
		return proof{secret: value}, connectors.At("login.client_secret", err)
	}
}

// claims is what a token says of us. Microsoft does not promise that a token can be read, so nothing rests on it but what is told to people and to
// which tenant a position belongs.
type claims struct {
	Tenant   string   `json:"tid"`
	AppID    string   `json:"appid"` // of version 1.0, as Graph's are
	AZP      string   `json:"azp"`   // of version 2.0
	Name     string   `json:"app_displayname"`
	Roles    []string `json:"roles"`
	readable bool
}

func (c *claims) application() string {
	if c.AppID != "" {
		return c.AppID
	}
	return c.AZP
}

// who reads the token that we have, or asks for one.
func (l *login) who(ctx context.Context) (claims, error) {
	token, err := l.get(ctx, "")
	if err != nil {
		return claims{}, err
	}
	return readClaims(token), nil
}

func readClaims(token string) claims {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return claims{}
	}
	raw, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return claims{}
	}
	var c claims
	if err := json.Unmarshal(raw, &c); err != nil {
		return claims{}
	}
	c.readable = true
	return c
}

// wrap says what was being done; nil stays nil.
func wrap(doing string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", doing, err)
}

// refusal is the answer of Entra's token endpoint that is no token.
type refusal struct {
	Error       string `json:"error"`
	Description string `json:"error_description"`
	Codes       []int  `json:"error_codes"`
}

// explainToken says in plain words why there is no token (learn.microsoft.com/entra/identity-platform/reference-error-codes).
func explainToken(err error) error {
	var answered *oauth2.RetrieveError
	if !errors.As(err, &answered) {
		return bare(err)
	}
	var r refusal
	if json.Unmarshal(answered.Body, &r) != nil || r.Error == "" {
		return fmt.Errorf("the answer is no token (%s)", answered.Response.Status)
	}
	for _, code := range r.Codes {
		if known, ok := refusals()[code]; ok {
			return &hinted{err: connectors.At(known.path, fmt.Errorf("%s (AADSTS%d)", known.text, code)), hint: known.hint}
		}
	}
	text, _, _ := strings.Cut(strings.ReplaceAll(r.Description, "\r", "\n"), "\n")
	text, _, _ = strings.Cut(text, " Trace ID:")
	return fmt.Errorf("%s: %s", r.Error, text)
}

type known struct{ path, text, hint string }

// refusals are the reasons that an administrator can do something about.
func refusals() map[int]known {
	const secrets = "the application's page, Certificates & secrets"
	return map[int]known{
		7000215: {"login.client_secret", "the client secret is wrong", "copy the Value of a secret, not its Secret ID; it is shown only when it is made: make a new one on " + secrets},
		7000222: {"login.client_secret", "the client secret has expired", "make a new one on " + secrets + ", and write its day into expires:"},
		7000216: {"login", "Entra wants a secret or an assertion", "write login.client_secret or login.certificate"},
		700016:  {"login.client_id", "there is no such application in this tenant", "compare login.client_id and tenant with the application's overview page"},
		7000229: {"login.client_id", "the application is not installed in this tenant", "let an administrator consent to it: API permissions, Grant admin consent"},
		7000112: {"login.client_id", "the application is disabled", "enable it: Enterprise applications, Properties, Enabled for users to sign-in"},
		90002:   {"tenant", "there is no such tenant in this cloud", "compare tenant with the Directory (tenant) ID, and cloud with where the directory is"},
		900023:  {"tenant", "this is not the name of a tenant", "write the Directory (tenant) ID"},
		900382:  {"cloud", "the tenant is in another of Microsoft's clouds", "write cloud: usgov, usgov_dod or china"},
		900383:  {"cloud", "the tenant is in another of Microsoft's clouds", "write cloud: usgov, usgov_dod or china"},
		700027:  {"login.certificate", "the certificate is not registered with the application, or has expired", "upload it (the certificate, not the key) on " + secrets},
		700024:  {"login", "Entra says that the assertion is not valid now", "see that this machine's clock is right"},
		700021:  {"login.certificate", "Entra does not take the assertion", "see that the certificate is an RSA one and the one that is registered"},
		500011:  {"cloud", "Graph is not in the tenant", "compare url and cloud with where the directory is"},
		500341:  {"tenant", "the tenant is being deleted", "see the state of the directory in the Azure portal"},
		53003:   {"login", "a Conditional Access policy for workload identities refuses this machine", "let the policy take this machine's address"},
		70021:   {"login.federated_token", "no federated credential of the application fits this token", "compare issuer, subject and audience with the application's federated credentials"},
		700211:  {"login.federated_token", "no federated credential of the application is of this issuer", "compare the issuer with the application's federated credentials"},
		700213:  {"login.federated_token", "no federated credential of the application is for this subject", "compare the subject with the application's federated credentials"},
	}
}
