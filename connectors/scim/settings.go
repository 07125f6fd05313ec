// Package scim is a source that is pushed to: it takes users and groups from identity providers over SCIM 2.0 (RFC 7643, RFC 7644) and hands
// them on as what a directory has.
//
// It promises that whatever it acknowledges is on the disk, that what it refuses has changed nothing, and that nobody is served without a
// token that is valid at that moment. Of a token only a digest is kept. Nobody can tell when a provider has said everything, so it says
// that it gathers (directory.Receipt): what is missing means nothing until a person has accepted what there is.
//
// It must not listen by itself (Listener), nor decide what may be believed.
package scim

import (
	"context"
	"fmt"
	"net/http"

	"github.com/kisi-sync/kisi-sync/connectors"
	"github.com/kisi-sync/kisi-sync/internal/scim"
)

// Settings is the block of a source of type scim.
type Settings struct {
	People People `yaml:"people,omitempty" json:"people,omitempty" jsonschema:"required,description=Where their address is"`
	Rate   int    `yaml:"rate,omitempty" json:"rate,omitempty" jsonschema:"minimum=10,maximum=10000,description=How many requests a second are taken from this provider; more are asked to wait (429). The default is 200"`
}

// People says where the addresses of people are.
type People struct {
	Email string `yaml:"email,omitempty" json:"email,omitempty" jsonschema:"required,enum=emails,enum=userName,description=Where a person's e-mail address is: emails (the primary one; userName where there is none) or userName"`
}

// The words of People.Email.
const (
	fromEmails   = "emails"
	fromUserName = "userName"
)

const usualRate = 200

// New returns settings with their defaults.
func New() connectors.Config { return &Settings{Rate: usualRate} }

var (
	_ connectors.Config   = (*Settings)(nil)
	_ connectors.Source   = (*source)(nil)
	_ connectors.Watcher  = (*source)(nil)
	_ connectors.Checker  = (*source)(nil)
	_ connectors.Listener = (*source)(nil)
)

// Validate returns every problem of the settings.
func (s *Settings) Validate() (all []connectors.Finding) {
	const hint = "write emails, or userName where that is the address which people have in Kisi"
	if s.People.Email == "" {
		all = append(all, connectors.Finding{Path: "address", Text: "is missing", Hint: hint})
	} else if s.People.Email != fromEmails && s.People.Email != fromUserName {
		all = append(all, connectors.Finding{Path: "address", Text: fmt.Sprintf("%q is no attribute that an address is taken from", s.People.Email), Hint: hint})
	}
	if s.Rate < 10 || s.Rate > 10000 {
		all = append(all, connectors.Finding{Path: "rate", Text: fmt.Sprintf("%d is not between 10 and 10000 requests a second", s.Rate)})
	}
	return all
}

// Open returns the source.
func (s *Settings) Open(env connectors.Env) (connectors.Source, error) {
	if env.Docs == nil {
		return nil, fmt.Errorf("there is nowhere to keep what is pushed")
	}
	attributes, err := readAttributes(env.Attributes)
	if err != nil {
		return nil, err
	}
	return &source{settings: *s, env: env, attributes: attributes, pushed: make(chan struct{}, 1)}, nil
}

// source is one provider.
type source struct {
	settings   Settings
	env        connectors.Env
	attributes []attribute
	pushed     chan struct{} // something was taken in since the last ping
}

// Watch pings after each push.
func (s *source) Watch(ctx context.Context, ping func()) error {
	for {
		ping()
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-s.pushed:
		}
	}
}

// tell says that something was taken in.
func (s *source) tell() {
	select {
	case s.pushed <- struct{}{}:
	default: // it is to be told already
	}
}

// Handle answers requests below prefix.
func (s *source) Handle(address, prefix string) http.Handler {
	return newHandler(s, address, prefix)
}

// kind is a type of resources.
type kind struct {
	letter byte // in rows
	name   string
	path   string // below the prefix
	typ    *scim.Type
	limits scim.Limits
}

const (
	letterOfUsers  = 'u'
	letterOfGroups = 'g'
)

// userKind keeps attributes that no schema here describes: rules may ask for them by their own URI.
func userKind() *kind {
	t := scim.UserType()
	t.Lax = true
	return &kind{letter: letterOfUsers, name: "User", path: "/Users", typ: t, limits: scim.Limits{Bytes: 1 << 20}}
}

func groupKind() *kind {
	return &kind{letter: letterOfGroups, name: "Group", path: "/Groups", typ: scim.GroupType(), limits: scim.DefaultLimits()}
}
