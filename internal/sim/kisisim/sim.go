package kisisim

import (
	"sync"
	"time"
)

// Options are what a Sim is made with. The zero value is the organization of the notes: 5 requests a second, every
// assumption at its default, the clock of the host.
type Options struct {
	Assume       Assumptions
	Now          func() time.Time // nil means time.Now; dates, expiry, the rate limit and the Date header follow it
	Rate         int              // requests per second and user; 0 means 5, negative means no limit
	Organization string           // its name; "" means Acme
	Domain       string           // its domain; "" means acme

	// OnRequest is called before a request is looked at, OnAnswer after its effects and before the first byte of the
	// answer leaves. They run in the request's goroutine, may call any method of the Sim, and may be nil.
	OnRequest func(method, path string)
	OnAnswer  func(method, path string, status int)
}

// Sim is one fake Kisi with one organization. The zero value is ready to use. All methods may be called at any time from
// any goroutine, also from hooks and faults while a request is under way.
type Sim struct {
	mu         sync.Mutex
	opts       Options
	st         *state
	routes     []route
	limits     limiter
	faults     []*Injection
	log        []Request
	counts     Counts
	outbox     []Mail
	violations []Violation
	allowed    map[Rule]bool
	wanted     func(Mail) bool
	flying     map[*exchange]bool
	serial     int
}

// New makes a Sim; it holds an organization and nothing else. Use [Acme] for a furnished one.
func New(o Options) *Sim { return &Sim{opts: o} }

// lock takes the mutex and, the first time, builds the organization; it returns the way to let go.
func (s *Sim) lock() func() {
	s.mu.Lock()
	if s.st == nil {
		s.furnish()
	}
	return s.mu.Unlock
}

func (s *Sim) furnish() {
	if s.opts.Now == nil {
		s.opts.Now = time.Now
	}
	if s.opts.Rate == 0 {
		s.opts.Rate = 5
	}
	s.opts.Organization = orElse(s.opts.Organization, "Acme")
	s.opts.Domain = orElse(s.opts.Domain, "acme")
	s.st = newState(s.opts)
	s.routes = routes()
	s.limits = limiter{rate: s.opts.Rate, recent: map[string][]tick{}, patient: map[string]time.Time{}}
	s.counts.ByRoute = map[string]int{}
	s.allowed = map[Rule]bool{}
	s.flying = map[*exchange]bool{}
}

// OnRequest replaces the hook of Options; nil removes it.
func (s *Sim) OnRequest(f func(method, path string)) {
	defer s.lock()()
	s.opts.OnRequest = f
}

// OnAnswer replaces the hook of Options; nil removes it.
func (s *Sim) OnAnswer(f func(method, path string, status int)) {
	defer s.lock()()
	s.opts.OnAnswer = f
}

// Spend uses up n requests of the current second of a key, as another program with the same account would (§1.6).
func (s *Sim) Spend(secret string, n int) {
	defer s.lock()()
	s.limits.spend(s.bucket(secret, ""), s.opts.Now(), n)
}
