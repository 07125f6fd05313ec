// Package entrasim is a Microsoft Entra ID in memory, as far as an application that reads it can tell: the token endpoint, the delta queries of users and
// groups in Microsoft Graph, and the place where a machine asks for its identity's token.
//
// Where each fact is from: facts.md beside this file names the pages. What no page says is assumed there, and said to be; nothing was compared with
// the service itself. Habits make it do what the pages allow and what it need not do.
package entrasim

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"sync"
	"time"

	"github.com/kisi-sync/kisi-sync/internal/sim/simhttp"
)

// Options say how the simulator is. The zero value is a small tenant with the service's page sizes and no bad habit.
type Options struct {
	Now        func() time.Time // nil: time.Now
	PageSize   int              // users or groups on a page; 0: 200
	MemberPage int              // members of groups on a page; 0: 1000
	Limit      int              // requests in ten seconds before 429; 0: none
	Habits     Habits
}

// Habits are what the service may do. They may be changed between two reads.
type Habits struct {
	EmptyPages bool // pages without objects, and with a nextLink
	Duplicates bool // objects come twice, first as they once were
	Partial    bool // an update brings the properties that changed, and no other
	Silent     bool // groups do not tell of members who were deleted or restored
	Leftovers  bool // deleted objects come in the first read, too
	Code400    bool // an expired position is 400 syncStateNotFound and not 410
}

// Sim is one tenant. It is safe for concurrent use.
type Sim struct {
	*simhttp.Front
	TenantID, Domain string
	IdentityHeader   string // what App Service gives to its applications

	options Options
	key     *ecdsa.PrivateKey // of access tokens

	mu        sync.Mutex // guards what follows
	serial    int
	objects   map[string]*object
	bin       map[string]*object
	log       []event
	apps      map[string]*App
	positions map[string]*position
	jtis      map[string]bool
	recent    []time.Time
	origin    string
	server    *simhttp.Server
}

// New makes a tenant in which there is nobody and no application.
func New(o Options) *Sim {
	if o.Now == nil {
		o.Now = time.Now
	}
	o.PageSize, o.MemberPage = or(o.PageSize, 200), or(o.MemberPage, 1000)
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err) // the machine has no randomness
	}
	s := &Sim{Front: simhttp.New(), options: o, key: key, Domain: "contoso.onmicrosoft.com", IdentityHeader: rand.Text(), objects: map[string]*object{},
		bin: map[string]*object{}, apps: map[string]*App{}, positions: map[string]*position{}, jtis: map[string]bool{}}
	s.TenantID = s.newID()
	s.Handle("POST /{tenant}/oauth2/v2.0/token", s.issue)
	s.Handle("GET /metadata/identity/oauth2/token", s.virtualMachine)
	s.Handle("GET /msi/token", s.appService)
	s.Handle("GET /v1.0/users/delta", s.reads("users", s.delta))
	s.Handle("GET /v1.0/groups/delta", s.reads("groups", s.delta))
	s.Handle("GET /v1.0/users/{id}", s.reads("users", s.one))
	s.Handle("GET /v1.0/groups/{id}", s.reads("groups", s.one))
	s.Handle("GET /v1.0/users", s.reads("users", s.list))
	s.Handle("GET /v1.0/groups", s.reads("groups", s.list))
	return s
}

func or(n, otherwise int) int {
	if n == 0 {
		return otherwise
	}
	return n
}

// Behave changes the habits.
func (s *Sim) Behave(h Habits) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.options.Habits = h
}

// Start serves the tenant on loopback without TLS: the authority and Graph are both at the URL that it returns.
func (s *Sim) Start() (string, error) { return s.serve(simhttp.Start(s)) }

// StartTLS does it with TLS; CA is the authority that a client must trust.
func (s *Sim) StartTLS() (url string, ca []byte, err error) {
	url, err = s.serve(simhttp.StartTLS(s))
	if err == nil {
		ca = s.server.CA
	}
	return url, ca, err
}

func (s *Sim) serve(server *simhttp.Server, err error) (string, error) {
	if err != nil {
		return "", err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.server, s.origin = server, server.URL
	return server.URL, nil
}

// Close ends Start; it may be called without.
func (s *Sim) Close() {
	s.mu.Lock()
	server := s.server
	s.mu.Unlock()
	if server != nil {
		server.Close()
	}
}

// newID makes the next id: as scattered as real ones, and the same in every run.
func (s *Sim) newID() string {
	s.serial++
	h := sha256.Sum256(fmt.Appendf(nil, "entrasim %d", s.serial))
	return fmt.Sprintf("%x-%x-4%.3x-8%.3x-%x", h[:4], h[4:6], int(h[6])<<4|int(h[7]&15), int(h[8])<<4|int(h[9]&15), h[10:16])
}
