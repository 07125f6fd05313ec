// Package ldap reads people and groups from an LDAP directory: OpenLDAP, FreeIPA, 389 Directory Server, Active Directory.
//
// It promises that a read which ended without an error was whole: a size limit, a time limit, a lost connection, a page that
// did not come or an entry without its immutable id ends the read with an error. Passwords and answers never cross the network
// unprotected unless the file says so in a word that hurts. Members are compared as distinguished names, never as text.
//
// It reads in a stream, page by page, and where the server offers content synchronization (RFC 4533) only what changed. It
// never writes, never follows referrals, and closes no nesting: that is package directory's business.
package ldap

import (
	"fmt"
	"log/slog"
	"net"
	"strings"
	"time"

	"github.com/kisi-sync/kisi-sync/connectors"
	"github.com/kisi-sync/kisi-sync/internal/secret"
)

// Settings is the block of a source of type ldap. A complete one for OpenLDAP:
//
//	type: ldap
//	preset: openldap
//	url: ldaps://ldap.example.com
//	base: dc=example,dc=com
//	login: {user: "cn=kisi-sync,ou=services,dc=example,dc=com", password: {file: ldap-password}}
//
// Everything else has a default from the preset.
type Settings struct {
	URL     string         `yaml:"url,omitempty" json:"url,omitempty" jsonschema:"description=The server: ldaps://host or ldap://host (which then must do StartTLS)"`
	URLs    []string       `yaml:"urls,omitempty" json:"urls,omitempty" jsonschema:"description=Several servers of one directory; they are tried in this order"`
	Domain  string         `yaml:"domain,omitempty" json:"domain,omitempty" jsonschema:"description=In place of servers: the domain whose servers DNS names (SRV records)"`
	Site    string         `yaml:"site,omitempty" json:"site,omitempty" jsonschema:"description=Of the domain: only servers of this site of Active Directory"`
	Domains []ForestDomain `yaml:"domains,omitempty" json:"domains,omitempty" jsonschema:"description=In place of servers and base: several domains of a forest of Active Directory"`
	Preset  string         `yaml:"preset,omitempty" json:"preset,omitempty" jsonschema:"enum=openldap,enum=active_directory,enum=freeipa,enum=389ds,description=What kind of directory it is"`
	Base    string         `yaml:"base,omitempty" json:"base,omitempty" jsonschema:"description=Where people and groups are looked for"`
	Login   Login          `yaml:"login,omitempty" json:"login,omitempty" jsonschema:"description=The account that reads; it needs no right to write"`
	TLS     TLS            `yaml:"tls,omitempty" json:"tls,omitempty" jsonschema:"description=How the server proves who it is"`
	People  People         `yaml:"people,omitempty" json:"people,omitempty" jsonschema:"description=Which entries are people; the preset knows"`
	Groups  Groups         `yaml:"groups,omitempty" json:"groups,omitempty" jsonschema:"description=Which entries are groups; the preset knows"`

	PageSize   int           `yaml:"page_size,omitempty" json:"page_size,omitempty" jsonschema:"minimum=1,maximum=10000,description=How many entries are asked for at once"`
	Timeout    time.Duration `yaml:"timeout,omitempty" json:"timeout,omitempty" jsonschema:"description=How long the server may be silent"`
	Increments bool          `yaml:"increments" json:"increments" jsonschema:"description=Read only what changed where the server offers content synchronization"`
	Streaming  bool          `yaml:"streaming" json:"streaming" jsonschema:"description=Decode answers as they come; false leaves it to a slower library"`
	Watch      bool          `yaml:"watch" json:"watch" jsonschema:"description=Be told of changes at once where the server offers content synchronization"`
}

// Login is the account that reads. No login at all is a problem unless Anonymous says that it is meant.
type Login struct {
	User      string     `yaml:"user,omitempty" json:"user,omitempty" jsonschema:"description=A distinguished name; for Active Directory also name@domain"`
	Password  secret.Ref `yaml:"password,omitempty" json:"password,omitempty" jsonschema:"description=Where the password is kept"`
	Kerberos  *Kerberos  `yaml:"kerberos,omitempty" json:"kerberos,omitempty" jsonschema:"description=Log in with a ticket instead of sending the password"`
	Anonymous bool       `yaml:"anonymous,omitempty" json:"anonymous,omitempty" jsonschema:"description=Read without an account"`
}

// TLS is how the server proves who it is. There is no setting that skips the proof.
type TLS struct {
	CA         string `yaml:"ca,omitempty" json:"ca,omitempty" jsonschema:"description=PEM file with the authorities to trust instead of the system's"`
	ServerName string `yaml:"server_name,omitempty" json:"server_name,omitempty" jsonschema:"description=The name in the server's certificate if it is not the host of the URL"`
	// Plaintext gives up all protection of ldap:// URLs.
	Plaintext bool `yaml:"anyone_on_the_network_may_read_passwords_and_change_answers,omitempty" json:"anyone_on_the_network_may_read_passwords_and_change_answers,omitempty" jsonschema:"description=Speak ldap:// without any protection"`
}

// People says which entries are people and where their facts are. Empty fields come from the preset.
type People struct {
	Base     string   `yaml:"base,omitempty" json:"base,omitempty" jsonschema:"description=Where people are looked for if not below the common base"`
	Scope    string   `yaml:"scope,omitempty" json:"scope,omitempty" jsonschema:"enum=sub,enum=one,enum=base,description=How deep"`
	Filter   string   `yaml:"filter,omitempty" json:"filter,omitempty" jsonschema:"description=LDAP filter (RFC 4515)"`
	ID       string   `yaml:"id,omitempty" json:"id,omitempty" jsonschema:"description=The attribute that never changes"`
	Email    string   `yaml:"email,omitempty" json:"email,omitempty"`
	Name     string   `yaml:"name,omitempty" json:"name,omitempty"`
	Login    string   `yaml:"login,omitempty" json:"login,omitempty" jsonschema:"description=The attribute by which memberUid names a person"`
	Disabled Disabled `yaml:"disabled,omitempty" json:"disabled,omitempty" jsonschema:"description=One more way to see that somebody is disabled"`
}

// Disabled says that somebody is disabled when Attribute has one of Values; case does not count. It adds to what the preset
// knows.
type Disabled struct {
	Attribute string   `yaml:"attribute,omitempty" json:"attribute,omitempty"`
	Values    []string `yaml:"values,omitempty" json:"values,omitempty"`
}

// Groups says which entries are groups. Empty fields come from the preset.
type Groups struct {
	Base    string   `yaml:"base,omitempty" json:"base,omitempty" jsonschema:"description=Where groups are looked for if not below the common base"`
	Scope   string   `yaml:"scope,omitempty" json:"scope,omitempty" jsonschema:"enum=sub,enum=one,enum=base,description=How deep"`
	Filter  string   `yaml:"filter,omitempty" json:"filter,omitempty" jsonschema:"description=LDAP filter (RFC 4515)"`
	ID      string   `yaml:"id,omitempty" json:"id,omitempty" jsonschema:"description=The attribute that never changes"`
	Name    string   `yaml:"name,omitempty" json:"name,omitempty"`
	Members []string `yaml:"members,omitempty" json:"members,omitempty" jsonschema:"description=The attributes that list members: names (member or uniqueMember) or logins (memberUid)"`
}

var _ connectors.Config = (*Settings)(nil)

// New returns settings with their defaults.
func New() connectors.Config {
	return &Settings{PageSize: 500, Timeout: 30 * time.Second, Increments: true, Streaming: true, Watch: true}
}

// Open returns the source without connecting to it. The certificate authority and the password are read anew for each
// connection, so that both can be changed without a restart.
func (s *Settings) Open(env connectors.Env) (connectors.Source, error) {
	if findings := s.Validate(); len(findings) > 0 {
		return nil, &connectors.Invalid{Findings: findings}
	}
	if len(s.Domains) > 0 {
		return s.openForest(withLog(env)), nil
	}
	layout, _ := s.layout() // Validate has seen its problems
	env = withLog(env)
	plain := newSource(s, env, layout)
	if s.Watch {
		return &watched{plain}, nil
	}
	return plain, nil
}

func withLog(env connectors.Env) connectors.Env {
	if env.Log == nil {
		env.Log = slog.New(slog.DiscardHandler)
	}
	return env
}

func newSource(s *Settings, env connectors.Env, l *layout) *source {
	own := *s
	own.Domain = strings.ToLower(strings.TrimSuffix(s.Domain, "."))
	return &source{settings: own, env: env, layout: l, ways: ways(), resolver: net.DefaultResolver}
}

func (s *Settings) servers() []string {
	if s.URL != "" {
		return []string{s.URL}
	}
	return s.URLs
}

// Certificates names the authorities that the servers are held against.
func (s *Settings) Certificates() map[string]string {
	all := map[string]string{}
	if s.TLS.CA != "" {
		all["tls.ca"] = s.TLS.CA
	}
	for i, d := range s.Domains {
		if d.TLS.CA != "" {
			all[fmt.Sprintf("domains[%d].tls.ca", i)] = d.TLS.CA
		}
	}
	return all
}
