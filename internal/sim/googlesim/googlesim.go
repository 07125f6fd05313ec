// Package googlesim is a Google Workspace for tests: people, groups, organizational units and custom fields behind the calls of the
// Admin SDK Directory API that kisi-sync uses, and the token endpoint that lets a service account or an installed app in.
//
// It promises to take what Google's published discovery document allows and to complain of anything else, to verify every signature,
// scope and page token, and to fail as the documentation says Google fails. What its documentation leaves open can be had either way
// (see Habits). Hold adds the check of each request and answer against the document itself.
//
// It must not be reachable from anywhere but this machine.
package googlesim

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/kisi-sync/kisi-sync/internal/sim/simhttp"
)

// The scopes that the calls here want, as the discovery document lists them for each.
const (
	UserScope   = "https://www.googleapis.com/auth/admin.directory.user.readonly"
	GroupScope  = "https://www.googleapis.com/auth/admin.directory.group.readonly"
	MemberScope = "https://www.googleapis.com/auth/admin.directory.group.member.readonly"
	UnitScope   = "https://www.googleapis.com/auth/admin.directory.orgunit.readonly"
)

// The patterns of the calls, for faults and counts.
const (
	ListUsers   = "GET /admin/directory/v1/users"
	ListGroups  = "GET /admin/directory/v1/groups"
	ListMembers = "GET /admin/directory/v1/groups/{groupKey}/members"
	ListUnits   = "GET /admin/directory/v1/customer/{customerId}/orgunits"
	GetUser     = "GET /admin/directory/v1/users/{userKey}"
	GetGroup    = "GET /admin/directory/v1/groups/{groupKey}"
	Token       = "POST /token"
	Consent     = "GET /o/oauth2/v2/auth"
	SignJWT     = "POST /v1/projects/-/serviceAccounts/{account}"
	Exchange    = "POST /v1/token"
)

// Admin is the administrator that every Sim has from the beginning.
const Admin = "admin@example.com"

// Sim is a Google Workspace. It is safe for concurrent use.
type Sim struct {
	*simhttp.Front

	mu       sync.Mutex // guards what follows
	customer string
	habits   Habits
	now      func() time.Time
	users    map[string]*User // by id
	groups   map[string]*Group
	units    map[string]*Unit
	ids      int
	era      int // of page tokens; those of another are expired
	access   access
	quota    quota
	contract *Contract
	enabled  bool
}

// Habits are what Google's documentation leaves open or what it does now and then.
type Habits struct {
	// PageSize makes pages smaller than asked for; 0: as asked. "Maximum number of results" allows it.
	PageSize int
	// Repeat begins each further page with the last row of the one before, as lists do that change while they are read.
	Repeat bool
	// EmptyPages sends a page without rows, but with a token, before each further page.
	EmptyPages bool
	// BareUsers leaves out of users what is false or empty.
	BareUsers bool
}

// New returns a Workspace with an administrator and the root unit. now is its clock; nil means time.Now.
func New(now func() time.Time) *Sim {
	if now == nil {
		now = time.Now
	}
	s := &Sim{Front: simhttp.New(), customer: "C01kisi00", now: now, users: map[string]*User{}, groups: map[string]*Group{}, units: map[string]*Unit{}, enabled: true}
	s.access.init()
	s.ids = 1000
	s.units["id:root"] = &Unit{ID: "id:root", Path: "/"}
	s.AddUser(User{Email: Admin, Given: "Ada", Family: "Admin", Admin: true, Unit: "/"})
	for pattern, e := range s.endpoints() {
		s.Handle(pattern, func(w http.ResponseWriter, r *http.Request) { s.answer(w, r, e) })
	}
	s.Handle(Token, s.token)
	s.Handle(Consent, s.consent)
	s.Handle(SignJWT, s.signJWT)
	s.Handle(Exchange, s.exchange)
	return s
}

// Behave changes the habits.
func (s *Sim) Behave(h Habits) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.habits = h
}

// ExpirePages makes all page tokens worthless that were given out, as three days do.
func (s *Sim) ExpirePages() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.era++
}

// Customer is the id of the account, "C…".
func (s *Sim) Customer() string { return s.customer }

// Enable switches the Admin SDK API of the project on or off; it is on from the beginning.
func (s *Sim) Enable(on bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.enabled = on
}

// endpoint is one call of the Directory API.
type endpoint struct {
	method string   // "directory.users.list", as the discovery document calls it
	scopes []string // one of them is enough
	do     func(*http.Request) (any, *failure)
}

func (s *Sim) endpoints() map[string]endpoint {
	return map[string]endpoint{
		ListUsers:   {"directory.users.list", []string{UserScope}, s.listUsers},
		ListGroups:  {"directory.groups.list", []string{GroupScope}, s.listGroups},
		ListMembers: {"directory.members.list", []string{GroupScope, MemberScope}, s.listMembers},
		ListUnits:   {"directory.orgunits.list", []string{UnitScope}, s.listUnits},
		GetUser:     {"directory.users.get", []string{UserScope}, s.getUser},
		GetGroup:    {"directory.groups.get", []string{GroupScope}, s.getGroup},
	}
}

// answer carries out one call: quota, token, API, scope, administrator, parameters, fields.
func (s *Sim) answer(w http.ResponseWriter, r *http.Request, e endpoint) {
	s.mu.Lock()
	defer s.mu.Unlock()
	body, fail := s.carryOut(r, e)
	if fail != nil {
		fail.write(w)
		return
	}
	w.Header().Set("Content-Type", "application/json; charset=UTF-8")
	w.Header().Set("ETag", etag(body))
	_, _ = w.Write(body) // into memory
}

func (s *Sim) carryOut(r *http.Request, e endpoint) ([]byte, *failure) {
	if fail := s.quota.take(s.now()); fail != nil {
		return nil, fail
	}
	if fail := s.permitted(r, e.scopes); fail != nil {
		return nil, fail
	}
	s.contract.request(s.Front, e.method, r)
	result, fail := e.do(r)
	if fail != nil {
		return nil, fail
	}
	selected, err := selectFields(result, r.URL.Query().Get("fields"))
	if err != nil {
		return nil, badRequest("Invalid field selection " + err.Error())
	}
	s.contract.answer(s.Front, e.method, selected)
	body, err := json.Marshal(selected)
	if err != nil {
		panic(err) // maps of plain values
	}
	return body, nil
}

// permitted says whether the token of a call is good for it.
func (s *Sim) permitted(r *http.Request, scopes []string) *failure {
	bearer, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	grant := s.access.tokens[bearer]
	switch {
	case !ok || grant == nil || !s.now().Before(grant.ends):
		return &failure{status: 401, reason: "authError", domain: "global", message: "Invalid Credentials"}
	case !s.enabled:
		return &failure{status: 403, reason: "accessNotConfigured", domain: "usageLimits",
			message: "Admin SDK API has not been used in project 4711 before or it is disabled. Enable it by visiting https://console.developers.google.com/apis/api/admin.googleapis.com/overview?project=4711 then retry."}
	case !slices.ContainsFunc(scopes, func(one string) bool { return slices.Contains(grant.scopes, one) }):
		return &failure{status: 403, reason: "insufficientPermissions", domain: "global", message: "Request had insufficient authentication scopes."}
	}
	if grant.user == nil {
		grant.user = s.byAddress(grant.subject)
	}
	u := grant.user
	if u == nil || !u.Admin || !u.Deleted.IsZero() {
		return &failure{status: 403, reason: "forbidden", domain: "global", message: "Not Authorized to access this resource/api"}
	}
	return nil
}

// failure is an error in the form of Google's JSON APIs.
type failure struct {
	status                  int
	reason, domain, message string
	retryAfter              string
}

func badRequest(message string) *failure {
	return &failure{status: 400, reason: "invalid", domain: "global", message: message}
}

func notFound(what string) *failure {
	return &failure{status: 404, reason: "notFound", domain: "global", message: "Resource Not Found: " + what}
}

func (f *failure) write(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "application/json; charset=UTF-8")
	if f.retryAfter != "" {
		w.Header().Set("Retry-After", f.retryAfter)
	}
	w.WriteHeader(f.status)
	_, _ = w.Write([]byte(Problem(f.status, f.reason, f.message))) // into memory
}

// Problem is the body of an error, for faults: Problem(403, "quotaExceeded", "Quota exceeded").
func Problem(status int, reason, message string) string {
	type one struct {
		Message string `json:"message"`
		Domain  string `json:"domain"`
		Reason  string `json:"reason"`
	}
	domain := "global"
	if strings.HasSuffix(reason, "Exceeded") {
		domain = "usageLimits"
	}
	body, err := json.Marshal(map[string]any{"error": map[string]any{"code": status, "message": message, "errors": []one{{message, domain, reason}}}})
	if err != nil {
		panic(fmt.Sprint("texts cannot be written: ", err))
	}
	return string(body)
}

// quota counts calls. Google's is by the minute, for each user of a project.
type quota struct {
	calls  int
	per    time.Duration
	reason string
	status int
	seen   []time.Time
}

// Limit lets so many calls of the Directory API through in a time; further ones get the status and the reason: 403 and
// userRateLimitExceeded or quotaExceeded, or 429 and rateLimitExceeded. With 0 calls there is no limit.
func (s *Sim) Limit(calls int, per time.Duration, status int, reason string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.quota = quota{calls: calls, per: per, status: status, reason: reason}
}

func (q *quota) take(now time.Time) *failure {
	if q.calls == 0 {
		return nil
	}
	q.seen = slices.DeleteFunc(q.seen, func(t time.Time) bool { return now.Sub(t) >= q.per })
	if len(q.seen) >= q.calls {
		return &failure{status: q.status, reason: q.reason, domain: "usageLimits", message: "Quota exceeded for quota metric 'Queries' and limit 'Queries per minute per user'"}
	}
	q.seen = append(q.seen, now)
	return nil
}
