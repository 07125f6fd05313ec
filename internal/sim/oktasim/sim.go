// Package oktasim is an Okta org that lives in memory: users with their statuses, groups, group rules, the system log, and the part of
// the management API that reads them, with real tokens.
//
// It promises what Okta's OpenAPI says (the tests hold every answer against it): pages that only links lead to, expressions for filter
// and search, signed assertions and proofs of possession that are verified, quotas a minute with their headers, and the habits that
// clients stumble over: deactivated users hidden unless asked for, a search index and a log that lag behind.
//
// It must not be lenient: what Okta would refuse is refused, and what no careful client does is complained of (Complaints).
package oktasim

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/kisi-sync/kisi-sync/internal/sim/simhttp"
)

// Options say what kind of org it is. The zero value is one without quotas.
type Options struct {
	Now  func() time.Time // nil: time.Now
	Page int              // the most entries of a page; 0: as Okta, 200 users, 10,000 groups, 1,000 members or events

	// Quota is how many calls of each kind the org takes in a Window; 0 is unlimited. Window 0 is a minute.
	Quota  int
	Window time.Duration
	// Concurrent is how many calls may be under way at a time; 0 is unlimited.
	Concurrent int

	// Check stands around the handlers, behind the faults: what oktaspec.Spec.Guard returns. nil: nothing does.
	Check func(next http.Handler, complain func(format string, args ...any)) http.Handler

	// SearchLag is how far `search` lags behind; LogLag how late events come into the system log.
	SearchLag, LogLag time.Duration
}

// Sim is the org. It is an http.Handler, safe for concurrent use.
type Sim struct {
	*simhttp.Front
	options Options

	mu      sync.Mutex // guards what follows
	serial  int
	users   map[string]*User
	order   []string             // the IDs of all users that ever were; they ascend
	past    map[string][]version // of users, for the index
	groups  map[string]*Group
	rules   []rule
	events  []event
	clients map[string]*Client
	tokens  map[string]*grant // API tokens and access tokens by their value
	used    map[string]bool   // jti of assertions and proofs
	nonce   string
	windows map[string]*window
	busy    int
}

// User is somebody in the org. Profile holds login, email, firstName, lastName and any other attribute.
type User struct {
	ID                                                     string
	Status                                                 string
	Created, Activated, StatusChanged, Updated, LastSignIn time.Time
	Profile                                                map[string]any
}

// Group is a group of the org.
type Group struct {
	ID, Name, Type               string
	Created, Updated, Membership time.Time
	direct, members              map[string]bool // whom somebody put there; and with those of rules
}

// rule puts everybody of one group into another, as a group rule with isMemberOfGroup does.
type rule struct{ from, to string }

// version is a user at a moment; gone when it was deleted then.
type version struct {
	at   time.Time
	user *User // never changed
}

type event struct {
	id, kind, target, login string
	at                      time.Time
}

// New returns an org with nobody in it but the group Everyone.
func New(o Options) *Sim {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Check == nil {
		o.Check = func(next http.Handler, _ func(string, ...any)) http.Handler { return next }
	}
	if o.Window == 0 {
		o.Window = time.Minute
	}
	s := &Sim{
		Front: simhttp.New(), options: o, users: map[string]*User{}, past: map[string][]version{}, groups: map[string]*Group{},
		clients: map[string]*Client{}, tokens: map[string]*grant{}, used: map[string]bool{}, windows: map[string]*window{}, nonce: "nonce-1",
	}
	s.AddGroup("Everyone", "BUILT_IN")
	s.handle()
	return s
}

// now is Okta's clock, which counts milliseconds. The lock is held.
func (s *Sim) now() time.Time { return s.options.Now().UTC().Truncate(time.Millisecond) }

// id makes one of Okta's form: a prefix and seventeen more characters. They ascend. The lock is held.
func (s *Sim) id(prefix string) string {
	s.serial++
	return fmt.Sprintf("%s%017d", prefix, s.serial)
}

// AddUser adds somebody and returns their ID. A status of "" is ACTIVE.
func (s *Sim) AddUser(status string, profile map[string]any) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if status == "" {
		status = "ACTIVE"
	}
	now := s.now()
	u := &User{ID: s.id("00u"), Status: status, Created: now, Activated: now, StatusChanged: now, Updated: now, LastSignIn: now, Profile: maps.Clone(profile)}
	s.users[u.ID] = u
	s.order = append(s.order, u.ID)
	s.index(u.ID, now)
	for _, g := range s.groups {
		if g.Type == "BUILT_IN" {
			g.direct[u.ID], g.members[u.ID], g.Membership = true, true, now
		}
	}
	if len(s.rules) > 0 {
		s.settle()
	}
	return u.ID
}

// Change sets attributes of somebody's profile; nil takes one away.
func (s *Sim) Change(id string, profile map[string]any) {
	s.edit(id, func(u *User) {
		for name, value := range profile {
			if u.Profile[name] = value; value == nil {
				delete(u.Profile, name)
			}
		}
	})
}

// SetStatus moves somebody to another status: DEPROVISIONED deactivates, SUSPENDED suspends.
func (s *Sim) SetStatus(id, status string) {
	s.edit(id, func(u *User) { u.Status, u.StatusChanged = status, u.Updated })
}

func (s *Sim) edit(id string, change func(*User)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	old, ok := s.users[id]
	if !ok {
		panic("oktasim: there is no user " + id)
	}
	u := *old
	u.Profile = maps.Clone(old.Profile)
	u.Updated = s.now()
	change(&u)
	s.users[id] = &u
	s.index(id, u.Updated)
}

// Delete deletes somebody for good, as two DELETE calls or two clicks do: the first deactivates. The log says so, and nothing else.
func (s *Sim) Delete(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	u, ok := s.users[id]
	if !ok {
		panic("oktasim: there is no user " + id)
	}
	now := s.now()
	delete(s.users, id)
	s.index(id, now)
	login, _ := u.Profile["login"].(string)
	for _, kind := range []string{"user.lifecycle.deactivate", "user.lifecycle.delete.initiated"} {
		s.events = append(s.events, event{id: s.id("evt"), kind: kind, target: id, login: login, at: now})
	}
	for _, g := range s.groups {
		if g.direct[id] {
			delete(g.direct, id)
			g.Membership = now
		}
	}
	s.settle()
}

// index keeps what the search index will know once it has caught up. The lock is held.
func (s *Sim) index(id string, at time.Time) {
	if s.options.SearchLag == 0 {
		s.past[id] = s.past[id][:0]
	}
	s.past[id] = append(s.past[id], version{at, s.users[id]})
}

// indexed is a user as the search index has it; nil when it has none. The lock is held.
func (s *Sim) indexed(id string) *User {
	until := s.now().Add(-s.options.SearchLag)
	var known *User
	for _, v := range s.past[id] {
		if !v.at.After(until) {
			known = v.user
		}
	}
	return known
}

// AddGroup adds a group of a type (OKTA_GROUP, APP_GROUP or BUILT_IN) and returns its ID. "" is OKTA_GROUP.
func (s *Sim) AddGroup(name, kind string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if kind == "" {
		kind = "OKTA_GROUP"
	}
	now := s.now()
	g := &Group{ID: s.id("00g"), Name: name, Type: kind, Created: now, Updated: now, Membership: now, direct: map[string]bool{}, members: map[string]bool{}}
	s.groups[g.ID] = g
	return g.ID
}

// RenameGroup gives a group another name.
func (s *Sim) RenameGroup(id, name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	g := s.group(id)
	g.Name, g.Updated = name, s.now()
}

// DeleteGroup deletes a group and the rules that name it. It leaves no trace.
func (s *Sim) DeleteGroup(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.groups, s.group(id).ID)
	s.rules = slices.DeleteFunc(s.rules, func(r rule) bool { return r.from == id || r.to == id })
	s.settle()
}

// SetMembers makes these and nobody else the people whom somebody put into a group.
func (s *Sim) SetMembers(id string, users ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	g := s.group(id)
	g.direct = map[string]bool{}
	for _, u := range users {
		g.direct[u] = true
	}
	s.settle()
}

// SetRules makes these and no others the groups whose people a group rule puts into a group: Okta's groups cannot hold groups.
func (s *Sim) SetRules(to string, from ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rules = slices.DeleteFunc(s.rules, func(r rule) bool { return r.to == to })
	for _, f := range from {
		s.rules = append(s.rules, rule{f, to})
	}
	s.settle()
}

func (s *Sim) group(id string) *Group {
	g, ok := s.groups[id]
	if !ok {
		panic("oktasim: there is no group " + id)
	}
	return g
}

// settle works out who is in which group, by hand and by rules, and notes the groups whose members changed. The lock is held.
func (s *Sim) settle() {
	before := map[string]map[string]bool{}
	for id, g := range s.groups {
		before[id], g.members = g.members, maps.Clone(g.direct)
	}
	for grew := true; grew; {
		grew = false
		for _, r := range s.rules {
			to := s.groups[r.to]
			for id := range s.groups[r.from].members {
				if !to.members[id] {
					to.members[id], grew = true, true
				}
			}
		}
	}
	for id, g := range s.groups {
		if !maps.Equal(before[id], g.members) {
			g.Membership = s.now()
		}
	}
}

// ServeHTTP implements http.Handler.
func (s *Sim) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Date", s.options.Now().UTC().Format(http.TimeFormat))
	s.mu.Lock()
	s.busy++
	crowded := s.options.Concurrent > 0 && s.busy > s.options.Concurrent
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		s.busy--
		s.mu.Unlock()
	}()
	if crowded { // Okta's guide to rate limits: the headers say 0 when the concurrent limit was hit
		w.Header().Set("X-Rate-Limit-Limit", "0")
		w.Header().Set("X-Rate-Limit-Remaining", "0")
		w.Header().Set("X-Rate-Limit-Reset", fmt.Sprint(s.options.Now().Unix()))
		refuse(w, http.StatusTooManyRequests, "E0000047", "API call exceeded rate limit due to too many requests.")
		return
	}
	s.Front.ServeHTTP(w, r)
}
