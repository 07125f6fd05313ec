// Package okta reads people and groups from an Okta org over its management API.
//
// It promises that a read which ended without an error was whole: pages are followed as the server links them, to the same host only,
// and a page that did not come ends the read with an error. People who were deactivated are asked for, as evidence. Of the org's quota
// it leaves a share to others.
//
// It reads with the rights to read users, groups and the system log, and never writes. What has changed is asked by date; deletions,
// which leave no date behind, are looked up in the system log.
package okta

import (
	"log/slog"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/kisi-sync/kisi-sync/connectors"
	"github.com/kisi-sync/kisi-sync/internal/secret"
	"github.com/kisi-sync/kisi-sync/internal/webapi"
)

// Settings is the block of a source of type okta. A complete one:
//
//	type: okta
//	url: https://acme.okta.com
//	login: {client_id: 0oa1b2c3d4, key: {file: okta-key.pem}, key_id: x7Qf}
//
// Everything else has a default.
type Settings struct {
	URL    string `yaml:"url,omitempty" json:"url,omitempty" jsonschema:"description=The org: https://acme.okta.com; not its -admin address"`
	Login  Login  `yaml:"login,omitempty" json:"login,omitempty" jsonschema:"description=The account that reads"`
	People People `yaml:"people,omitempty" json:"people,omitempty" jsonschema:"description=Which users are people\\, and where their address is"`
	Groups Groups `yaml:"groups,omitempty" json:"groups,omitempty" jsonschema:"description=Which groups are read"`
	// Statuses overrules what a status of Okta means: active or disabled.
	Statuses map[string]string `yaml:"statuses,omitempty" json:"statuses,omitempty" jsonschema:"description=What a status means where that is not as usual: active or disabled"`

	Increments    bool          `yaml:"increments" json:"increments" jsonschema:"description=Between full reads ask only for what changed"`
	SystemLog     bool          `yaml:"system_log" json:"system_log" jsonschema:"description=See in the system log who was deleted; needs okta.logs.read. Without it deletions are seen by full reads only"`
	Overlap       time.Duration `yaml:"overlap,omitempty" json:"overlap,omitempty" jsonschema:"description=How far before the last read changes are asked for again\\, since Okta's indexes lag"`
	LeaveToOthers int           `yaml:"leave_to_others" json:"leave_to_others" jsonschema:"minimum=0,maximum=95,description=The share of the org's quota in percent that is left to other programs"`
	Concurrency   int           `yaml:"concurrency,omitempty" json:"concurrency,omitempty" jsonschema:"minimum=1,maximum=20,description=How many calls may be under way at a time"`

	webapi.Line `yaml:",inline"`
}

// Login is the account that reads: a service app with a key, or an API token.
type Login struct {
	Token    *secret.Ref `yaml:"token,omitempty" json:"token,omitempty" jsonschema:"description=Where an API token (SSWS) is kept"`
	ClientID string      `yaml:"client_id,omitempty" json:"client_id,omitempty" jsonschema:"description=The client ID of an API services app"`
	Key      *secret.Ref `yaml:"key,omitempty" json:"key,omitempty" jsonschema:"description=Where the app's private key is kept\\, as PEM or as a JSON web key"`
	KeyID    string      `yaml:"key_id,omitempty" json:"key_id,omitempty" jsonschema:"description=The key's ID (kid) in Okta; a JSON web key says it itself"`
}

// People says which users are people.
type People struct {
	Filter string `yaml:"filter,omitempty" json:"filter,omitempty" jsonschema:"description=Only users for whom this search expression of Okta is true: profile.userType eq \"Employee\""`
	Email  string `yaml:"email,omitempty" json:"email,omitempty" jsonschema:"enum=email,enum=login,description=Which attribute is the address"`
}

// Groups says which groups are read.
type Groups struct {
	Kinds  []string `yaml:"kinds,omitempty" json:"kinds,omitempty" jsonschema:"description=OKTA_GROUP\\, APP_GROUP\\, BUILT_IN"`
	Filter string   `yaml:"filter,omitempty" json:"filter,omitempty" jsonschema:"description=Only groups for which this search expression of Okta is true: profile.name sw \"door-\""`
}

var _ connectors.Config = (*Settings)(nil)

// New returns settings with their defaults.
func New() connectors.Config {
	return &Settings{Increments: true, SystemLog: true, Overlap: 5 * time.Minute, LeaveToOthers: 50, Concurrency: 4}
}

// Open returns the source without connecting to it. Keys, tokens and authorities are read anew when they are used, so that they can be
// changed without a restart.
func (s *Settings) Open(env connectors.Env) (connectors.Source, error) {
	if findings := s.Validate(); len(findings) > 0 {
		return nil, &connectors.Invalid{Findings: findings}
	}
	if env.Log == nil {
		env.Log = slog.New(slog.DiscardHandler)
	}
	client, err := newClient(s, env)
	if err != nil {
		return nil, err
	}
	return &source{settings: *s, env: env, client: client, shape: s.shape(env.Attributes)}, nil
}

// scopes are what the read needs, by Okta's names.
func (s *Settings) scopes() []string {
	all := []string{"okta.users.read", "okta.groups.read"}
	if s.readsLog() {
		all = append(all, logsScope)
	}
	return all
}

func (s *Settings) readsLog() bool { return s.Increments && s.SystemLog }

// types are the kinds of groups that are read. Everybody is in the built-in one, which rules can have for nothing.
func (s *Settings) types() []string {
	if len(s.Groups.Kinds) > 0 {
		return s.Groups.Kinds
	}
	return []string{"OKTA_GROUP", "APP_GROUP"}
}

// Validate returns every problem of the settings at once.
func (s *Settings) Validate() []connectors.Finding {
	var f connectors.Findings
	s.validateURL(&f)
	s.validateLogin(&f)
	if !slices.Contains([]string{"", "email", "login"}, s.People.Email) {
		f.Add("people.email", "is neither email nor login", "write email: login if people are known by the name with which they sign in")
	}
	for _, kind := range s.Groups.Kinds {
		if !slices.Contains([]string{"OKTA_GROUP", "APP_GROUP", "BUILT_IN"}, kind) {
			f.Add("groups.kinds", quote(kind)+" is no kind of group", "write some of OKTA_GROUP, APP_GROUP, BUILT_IN")
		}
	}
	for status, meaning := range s.Statuses {
		if !slices.Contains(statuses(), status) {
			f.Add("statuses."+status, "is no status of Okta", "write one of "+strings.Join(statuses(), ", "))
		}
		if meaning != "active" && meaning != "disabled" {
			f.Add("statuses."+status, quote(meaning)+" is neither active nor disabled", "")
		}
	}
	f.Within("leave_to_others", s.LeaveToOthers, 0, 95)
	f.Within("concurrency", s.Concurrency, 1, 20)
	if s.Overlap < 0 || s.Overlap > 24*time.Hour {
		f.Add("overlap", "is not between 0s and 24h", "remove it: 5m is the default")
	}
	f.Line(s.Line)
	return f.ByPath()
}

func (s *Settings) validateURL(f *connectors.Findings) {
	const hint = "write url: https://acme.okta.com"
	u, err := url.Parse(s.URL)
	switch {
	case s.URL == "":
		f.Add("url", "is missing", hint)
	case err != nil || u.Host == "" || u.User != nil || strings.Trim(u.Path, "/") != "" || u.RawQuery != "":
		f.Add("url", "is not the address of an org", hint)
	case strings.Contains(u.Hostname(), "-admin.okta"):
		f.Add("url", "is the address of the Admin Console, which the API does not have", "leave -admin away")
	default:
		if _, err := webapi.New(webapi.Options{Origin: origin(s.URL)}); err != nil {
			f.Add("url", "must begin with https://", hint)
		}
	}
}

func (s *Settings) validateLogin(f *connectors.Findings) {
	l := s.Login
	switch app := l.ClientID != "" || l.Key != nil || l.KeyID != ""; {
	case l.Token == nil && !app:
		f.Add("login", "is missing", "write login: {client_id: ID, key: {file: PATH}, key_id: ID}, or login: {token: {file: PATH}}")
	case l.Token != nil && app:
		f.Add("login.token", "stands beside a client", "keep one of the two")
	case l.Token != nil:
		f.Secret("login.token", l.Token)
	case l.ClientID == "":
		f.Add("login.client_id", "is missing", "write the Client ID that Okta shows for the app")
	case l.Key == nil:
		f.Add("login.key", "is missing", "write key: {file: PATH}")
	default:
		f.Secret("login.key", l.Key)
	}
}

// origin is the address without what may stand behind the host.
func origin(text string) string { return strings.TrimRight(text, "/") }
