// Package scimpull reads people and groups from a SCIM 2.0 service provider (RFC 7643, RFC 7644), whoever made it.
//
// It promises that a read which ended without an error was whole: each page begins with the resource that ended the one before, nobody comes
// twice, and as many came as the server counts; a directory that changes meanwhile is read again. Groups whose members a list leaves
// out are asked for one by one.
//
// It never writes, and reads everything each time: SCIM has no way to learn who was deleted since.
package scimpull

import (
	"log/slog"
	"net/url"
	"strings"

	"github.com/kisi-sync/kisi-sync/connectors"
	"github.com/kisi-sync/kisi-sync/internal/scim"
	"github.com/kisi-sync/kisi-sync/internal/secret"
	"github.com/kisi-sync/kisi-sync/internal/webapi"
)

// Settings is the block of a source of type scim_pull. A complete one:
//
//	type: scim_pull
//	url: https://idp.example.com/scim/v2
//	login: {token: {file: idp-token}}
//	people: {email: emails}
//
// Everything else has a default.
type Settings struct {
	URL    string `yaml:"url,omitempty" json:"url,omitempty" jsonschema:"description=Where the service provider has /Users and /Groups: https://idp.example.com/scim/v2"`
	Login  Login  `yaml:"login,omitempty" json:"login,omitempty" jsonschema:"description=The account that reads"`
	People People `yaml:"people,omitempty" json:"people,omitempty" jsonschema:"description=Which users are people\\, and where their address is"`
	Groups Groups `yaml:"groups,omitempty" json:"groups,omitempty" jsonschema:"description=Which groups are read"`

	PageSize    int `yaml:"page_size,omitempty" json:"page_size,omitempty" jsonschema:"minimum=2,maximum=10000,description=How many resources one call asks for; the server may give fewer"`
	Concurrency int `yaml:"concurrency,omitempty" json:"concurrency,omitempty" jsonschema:"minimum=1,maximum=20,description=How many calls may be under way at a time"`

	webapi.Line `yaml:",inline"`
}

// Login is the account that reads: by a token, by a name and a password, or by a token that another server gives to a client (RFC 6749
// section 4.4).
type Login struct {
	Token *secret.Ref `yaml:"token,omitempty" json:"token,omitempty" jsonschema:"description=Where a bearer token is kept"`

	User     string      `yaml:"user,omitempty" json:"user,omitempty" jsonschema:"description=The name for HTTP basic authentication"`
	Password *secret.Ref `yaml:"password,omitempty" json:"password,omitempty" jsonschema:"description=Where the password of the user is kept"`

	TokenURL     string      `yaml:"token_url,omitempty" json:"token_url,omitempty" jsonschema:"description=Where OAuth 2.0 gives tokens to clients: https://idp.example.com/oauth2/token"`
	ClientID     string      `yaml:"client_id,omitempty" json:"client_id,omitempty" jsonschema:"description=The client's ID"`
	ClientSecret *secret.Ref `yaml:"client_secret,omitempty" json:"client_secret,omitempty" jsonschema:"description=Where the client's secret is kept"`
	Scope        string      `yaml:"scope,omitempty" json:"scope,omitempty" jsonschema:"description=What the token is asked for; the server's default if it is left out"`
}

// People says which users are people.
type People struct {
	Email  string `yaml:"email,omitempty" json:"email,omitempty" jsonschema:"enum=emails,enum=userName,description=Where a person's e-mail address is: emails (the primary one; userName where there is none) or userName"`
	Filter string `yaml:"filter,omitempty" json:"filter,omitempty" jsonschema:"description=Only users whom this SCIM filter matches: userType eq \"Employee\""`
}

// Groups says which groups are read.
type Groups struct {
	Filter string `yaml:"filter,omitempty" json:"filter,omitempty" jsonschema:"description=Only groups that this SCIM filter matches: displayName sw \"door-\""`
}

// The words of People.Email.
const (
	fromEmails   = "emails"
	fromUserName = "userName"
)

var (
	_ connectors.Config    = (*Settings)(nil)
	_ connectors.Certified = (*Settings)(nil)
	_ connectors.Source    = (*source)(nil)
	_ connectors.Checker   = (*source)(nil)
)

// New returns settings with their defaults.
func New() connectors.Config { return &Settings{PageSize: 100, Concurrency: 4} }

// Open returns the source without connecting to it. Secrets are read anew when they are used.
func (s *Settings) Open(env connectors.Env) (connectors.Source, error) {
	if f := s.Validate(); len(f) > 0 {
		return nil, &connectors.Invalid{Findings: f}
	}
	if env.Log == nil {
		env.Log = slog.New(slog.DiscardHandler)
	}
	src := &source{settings: *s, env: env}
	var err error
	if src.users, err = newList("/Users", "User", s.People.Filter, scim.UserType()); err != nil {
		return nil, err
	}
	if src.groups, err = newList("/Groups", "Group", s.Groups.Filter, scim.GroupType()); err != nil {
		return nil, err
	}
	for _, name := range env.Attributes {
		g, err := scim.ReadGetter(scim.UserType(), name)
		if err != nil {
			return nil, err
		}
		src.attributes = append(src.attributes, attribute{name, g})
	}
	src.client, err = newClient(s, env)
	return src, err
}

// source reads one service provider.
type source struct {
	settings      Settings
	env           connectors.Env
	client        *client
	users, groups *list
	attributes    []attribute
}

// attribute is one that rules ask about.
type attribute struct {
	name   string
	getter scim.Getter
}

// base is the address of the service provider without a slash at the end.
func (s *Settings) base() string { return strings.TrimRight(s.URL, "/") }

// originOf is the scheme and host of an address; "" when it is none.
func originOf(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return ""
	}
	return u.Scheme + "://" + u.Host
}
