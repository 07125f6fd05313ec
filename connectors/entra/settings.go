// Package entra reads people and groups from Microsoft Entra ID (Azure AD), over Microsoft Graph.
//
// It promises that a read which ended without an error was whole: every page was followed to the link that ends it, and whoever came in parts was
// asked for again. Increments come from delta queries, and whatever Graph does not remember any more is a full read, never a guess.
//
// It asks for the properties that rules read and for no other. It never writes, follows no redirect, hands its token to no other host than Graph, and
// closes no nesting: that is package directory's business.
package entra

import (
	"log/slog"
	"maps"
	"net/http"
	"strings"

	"github.com/kisi-sync/kisi-sync/connectors"
	"github.com/kisi-sync/kisi-sync/internal/secret"
	"github.com/kisi-sync/kisi-sync/internal/webapi"
)

// Settings is the block of a source of type entra. A complete one:
//
//	type: entra
//	tenant: 8f2d4f3c-7a1e-4a53-9c39-1d7f0c6c2b11
//	login: {client_id: 0d6f6c1e-5b0f-4b7e-8d0b-6f6b8a2c9a77, certificate: entra.pem, key: {file: entra-key}}
type Settings struct {
	Tenant string `yaml:"tenant,omitempty" json:"tenant,omitempty" jsonschema:"description=The directory (tenant) ID; or one of its domains"`
	Login  Login  `yaml:"login,omitempty" json:"login,omitempty" jsonschema:"description=How the application proves who it is; one of these"`
	People People `yaml:"people,omitempty" json:"people,omitempty" jsonschema:"description=Which accounts are people and where their address is"`
	Groups Groups `yaml:"groups,omitempty" json:"groups,omitempty" jsonschema:"description=Which groups are read"`

	Cloud     string `yaml:"cloud,omitempty" json:"cloud,omitempty" jsonschema:"enum=global,enum=usgov,enum=usgov_dod,enum=china,description=Which of Microsoft's clouds the directory is in"`
	Authority string `yaml:"authority,omitempty" json:"authority,omitempty" jsonschema:"description=Where tokens are asked for if not where the cloud says: https://host"`
	URL       string `yaml:"url,omitempty" json:"url,omitempty" jsonschema:"description=Where Graph is if not where the cloud says: https://host"`

	Increments bool `yaml:"increments" json:"increments" jsonschema:"description=Read only what changed; false reads everything each time"`

	webapi.Line `yaml:",inline"`
}

// Login is how the application proves who it is. Exactly one of the ways to prove it is set.
type Login struct {
	ClientID        string     `yaml:"client_id,omitempty" json:"client_id,omitempty" jsonschema:"description=The application (client) ID; for a managed identity that of the identity if the machine has several"`
	ClientSecret    secret.Ref `yaml:"client_secret,omitempty" json:"client_secret,omitempty" jsonschema:"description=Where the client secret is kept (its value and not its ID)"`
	Certificate     string     `yaml:"certificate,omitempty" json:"certificate,omitempty" jsonschema:"description=PEM file with the certificate that is registered with the application"`
	Key             secret.Ref `yaml:"key,omitempty" json:"key,omitempty" jsonschema:"description=Where the certificate's RSA key is kept (PEM)"`
	FederatedToken  secret.Ref `yaml:"federated_token,omitempty" json:"federated_token,omitempty" jsonschema:"description=Where another issuer's token for this application is kept and renewed (workload identity federation)"`
	ManagedIdentity bool       `yaml:"managed_identity,omitempty" json:"managed_identity,omitempty" jsonschema:"description=Be the identity that Azure (or Azure Arc) gave to this machine"`
	// Endpoint moves the place of a managed identity's tokens.
	Endpoint string `yaml:"identity_endpoint,omitempty" json:"identity_endpoint,omitempty" jsonschema:"description=Where a managed identity's tokens are if not at IDENTITY_ENDPOINT or at 169.254.169.254"`
}

// People says which accounts are people.
type People struct {
	Email   []string `yaml:"email,omitempty" json:"email,omitempty" jsonschema:"description=Where the address is: mail or user_principal_name or other_mails; the first that has one wins. A list"`
	Aliases bool     `yaml:"aliases,omitempty" json:"aliases,omitempty" jsonschema:"description=Know people by the addresses of proxyAddresses and otherMails as well"`
	Guests  string   `yaml:"guests,omitempty" json:"guests,omitempty" jsonschema:"enum=exclude,enum=include,description=What becomes of accounts of the type Guest"`
}

// Groups says which groups are read.
type Groups struct {
	IDs []string `yaml:"ids,omitempty" json:"ids,omitempty" jsonschema:"description=Object IDs of the only groups to read\\, at most 50; groups within them must be named too"`
}

// The words of people.email and people.guests.
const (
	byMail      = "mail"
	byUPN       = "user_principal_name"
	byOther     = "other_mails"
	withGuests  = "include"
	sansGuests  = "exclude"
	maxGroupIDs = 50 // learn.microsoft.com/graph/api/group-delta: "There is a limit of 50 filtered objects."
)

// New returns settings with their defaults.
func New() connectors.Config {
	return &Settings{Cloud: "global", People: People{Email: []string{byMail}, Guests: sansGuests}, Increments: true}
}

// Open returns the source. It does not connect yet.
func (s *Settings) Open(env connectors.Env) (connectors.Source, error) {
	if env.Log == nil {
		env.Log = slog.New(slog.DiscardHandler)
	}
	to, err := s.origins()
	if err != nil {
		return nil, err
	}
	transport, err := webapi.New(webapi.Options{Origin: to.graph, Also: []string{to.authority}, Repeat: asksForToken, Line: s.Line, Dir: env.Dir, Log: env.Log,
		Reach: env.Reach})
	if err != nil {
		return nil, err
	}
	l := &login{settings: *s, env: env, to: to, line: client(transport), proofs: arcFolders()}
	if s.Login.ManagedIdentity {
		if l.near, err = l.nearby(); err != nil {
			return nil, err
		}
	}
	return &source{settings: *s, env: env, to: to, transport: transport, line: l.line, query: s.query(env.Attributes), login: l}, nil
}

// asksForToken is the one call besides reading that does no harm when it is done twice.
func asksForToken(r *http.Request) bool { return strings.HasSuffix(r.URL.Path, "/oauth2/v2.0/token") }

func client(t http.RoundTripper) *http.Client {
	return &http.Client{Transport: t, CheckRedirect: noRedirect}
}

// noRedirect returns a redirect as the answer: a token must not follow one to another host.
func noRedirect(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// Certificates implements connectors.Certified.
func (s *Settings) Certificates() map[string]string {
	all := map[string]string{}
	maps.Copy(all, s.Line.Certificates())
	if s.Login.Certificate != "" {
		all["login.certificate"] = s.Login.Certificate
	}
	return all
}

// origins are the hosts of one cloud.
type origins struct{ authority, graph string }

// clouds returns the hosts of Microsoft's clouds, as learn.microsoft.com/entra/identity-platform/authentication-national-cloud and
// learn.microsoft.com/graph/deployments list them.
func clouds() map[string]origins {
	return map[string]origins{
		"global":    {"https://login.microsoftonline.com", "https://graph.microsoft.com"},
		"usgov":     {"https://login.microsoftonline.us", "https://graph.microsoft.us"},
		"usgov_dod": {"https://login.microsoftonline.us", "https://dod-graph.microsoft.us"},
		"china":     {"https://login.partner.microsoftonline.cn", "https://microsoftgraph.chinacloudapi.cn"},
	}
}

func (s *Settings) origins() (origins, error) {
	to := clouds()[s.Cloud]
	for _, o := range []struct {
		path, text string
		to         *string
	}{{"authority", s.Authority, &to.authority}, {"url", s.URL, &to.graph}} {
		if o.text == "" {
			continue
		}
		if err := origin(o.text); err != nil {
			return origins{}, connectors.At(o.path, err)
		}
		*o.to = strings.TrimSuffix(o.text, "/")
	}
	return to, nil
}
