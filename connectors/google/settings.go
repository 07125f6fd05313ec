// Package google reads people, groups and organizational units from a Google Workspace, over the Admin SDK Directory API.
//
// It promises that a read which ended without an error was whole: a page that did not come, a token that was refused, an answer of
// another kind ends it with an error. A quota makes it wait, never skip. It asks for the fields that are needed and no others, writes
// nowhere, and has no permission to.
//
// The API tells no changes, so each read is of everything. It must not decide who may come in, and must not close nesting: that is
// package directory's business.
package google

import (
	"cmp"
	"log/slog"
	"slices"

	"github.com/kisi-sync/kisi-sync/connectors"
	"github.com/kisi-sync/kisi-sync/internal/secret"
	"github.com/kisi-sync/kisi-sync/internal/webapi"
)

// Settings is the block of a source of type google. A complete one:
//
//	type: google
//	login: {key: {file: google-key.json}, subject: kisi-sync@example.com}
//
// Everything else has a default.
type Settings struct {
	Customer string `yaml:"customer,omitempty" json:"customer,omitempty" jsonschema:"description=The id of the account (C01abc2de); without it the account of whoever logs in"`
	Domain   string `yaml:"domain,omitempty" json:"domain,omitempty" jsonschema:"description=Only people and groups of this one domain of the account"`
	Login    Login  `yaml:"login,omitempty" json:"login,omitempty" jsonschema:"description=Who reads; no permission to write is needed"`
	People   People `yaml:"people,omitempty" json:"people,omitempty" jsonschema:"description=Which people are read; without it all"`
	Groups   Groups `yaml:"groups,omitempty" json:"groups,omitempty" jsonschema:"description=Which groups are read; without it all groups and all organizational units"`
	URL      string `yaml:"url,omitempty" json:"url,omitempty" jsonschema:"description=Only for tests against a simulator on this machine"`

	webapi.Line `yaml:",inline"`
}

// Login is one of three ways in: a key of a service account, a workload of another identity provider that may sign as a service
// account, or somebody's consent to an installed app. The first two act as Subject by domain-wide delegation.
type Login struct {
	Key      secret.Ref `yaml:"key,omitempty" json:"key,omitempty" jsonschema:"description=The JSON key of a service account that has domain-wide delegation"`
	Workload secret.Ref `yaml:"workload,omitempty" json:"workload,omitempty" jsonschema:"description=Instead of a key: the configuration of a workload identity that impersonates such a service account"`
	Subject  string     `yaml:"subject,omitempty" json:"subject,omitempty" jsonschema:"description=The administrator in whose name the service account reads"`
	App      secret.Ref `yaml:"app,omitempty" json:"app,omitempty" jsonschema:"description=Instead of a service account: the JSON of an OAuth client of the kind Desktop app; kisi-sync source login asks for consent"`
	Consent  string     `yaml:"consent,omitempty" json:"consent,omitempty" jsonschema:"description=Where the consent to the app is kept; SOURCE-token.json beside this file unless said"`
}

// People says which people are read.
type People struct {
	Filter string   `yaml:"filter,omitempty" json:"filter,omitempty" jsonschema:"description=A search of Google's for users such as orgName=Acme"`
	Units  []string `yaml:"units,omitempty" json:"units,omitempty" jsonschema:"description=Only people of these organizational units and those below them: /Staff"`
}

// Groups says which groups are read.
type Groups struct {
	Kinds  []string `yaml:"kinds,omitempty" json:"kinds,omitempty" jsonschema:"description=groups are those of Google Groups; units are organizational units with everybody in them and below"`
	Filter string   `yaml:"filter,omitempty" json:"filter,omitempty" jsonschema:"description=A search of Google's for groups such as email:door-*; groups in these groups are read too"`
	Roles  []string `yaml:"roles,omitempty" json:"roles,omitempty" jsonschema:"description=Only members with these roles in the group: owner or manager or member; without it all"`
}

var _ connectors.Config = (*Settings)(nil)

// origin is where the Directory API is; from the discovery document, rootUrl.
const origin = "https://admin.googleapis.com"

// New returns settings with their defaults.
func New() connectors.Config { return &Settings{} }

// Open returns the source without connecting to it. Keys are read anew for each token.
func (s *Settings) Open(env connectors.Env) (connectors.Source, error) {
	if findings := s.Validate(); len(findings) > 0 {
		return nil, &connectors.Invalid{Findings: findings}
	}
	if env.Log == nil {
		env.Log = slog.New(slog.DiscardHandler)
	}
	line, err := s.transport(env)
	if err != nil {
		return nil, err
	}
	source := &source{settings: *s, env: env, line: line}
	source.login = &login{settings: s.Login, source: env.Name, base: s.URL, dir: env.Dir, scopes: s.scopes(), line: line, now: env.Now}
	source.fields, source.unknown = parseAttributes(env.Attributes)
	return source, nil
}

// reads says whether groups of a kind are read.
func (s *Settings) reads(kind string) bool {
	return len(s.Groups.Kinds) == 0 || slices.Contains(s.Groups.Kinds, kind)
}

// The kinds of groups.
const (
	ofGroups = "groups"
	ofUnits  = "units"
)

func (s *Settings) address() string { return cmp.Or(s.URL, origin) }
