package kisisim

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
	"time"
)

// Request is one line of the request log.
type Request struct {
	Serial   int // 1 for the first request the Sim ever saw
	At       time.Time
	Method   string
	Path     string // as sent
	Template string // "/users/{id}"; the path itself if there is no such endpoint
	Query    url.Values
	Header   http.Header // without Authorization
	Body     []byte
	Status   int      // as the client saw it; 0 if the connection was cut before a byte
	Faults   []string // names of the actions that touched it
}

// Counts sums up the requests since the Sim was made; ResetLog does not touch it.
type Counts struct {
	Requests int            // all, also refused ones
	TooMany  int            // answered with 429, by the limiter or a fault
	ByRoute  map[string]int // by method and template: "GET /users/{id}"
}

// maxLog bounds the memory of a simulator that is kept running: the older half is forgotten beyond it.
const maxLog = 1 << 17

func (s *Sim) record(x *exchange) {
	defer s.lock()()
	s.counts.Requests++
	s.counts.ByRoute[x.method+" "+x.template]++
	if x.res.status == http.StatusTooManyRequests {
		s.counts.TooMany++
	}
	if len(s.log) >= maxLog {
		s.log = slices.Clone(s.log[maxLog/2:])
	}
	s.log = append(s.log, Request{
		Serial: x.serial, At: x.now, Method: x.method, Path: x.path, Template: x.template, Query: x.query.values,
		Header: x.header, Body: x.raw, Status: x.logged(), Faults: x.hits,
	})
}

// Requests returns the log, oldest first. The slice is the caller's, what it points to must not be changed.
func (s *Sim) Requests() []Request {
	defer s.lock()()
	return slices.Clone(s.log)
}

// Writes returns the POST, PATCH and DELETE requests of the log, oldest first.
func (s *Sim) Writes() []Request {
	return slices.DeleteFunc(s.Requests(), func(r Request) bool { return r.Method == http.MethodGet })
}

// ResetLog forgets the log, so that a test can look at the next run alone. Violations and counts stay.
func (s *Sim) ResetLog() {
	defer s.lock()()
	s.log = nil
}

// Counts returns a copy of the counters.
func (s *Sim) Counts() Counts {
	defer s.lock()()
	c := s.counts
	c.ByRoute = maps.Clone(c.ByRoute)
	return c
}

// MailKind tells why Kisi sent a mail.
type MailKind string

// The two occasions on which the endpoints here send mail.
const (
	Invitation  MailKind = "invitation"   // a user was created with send_emails (§3.3)
	GrantNotice MailKind = "grant notice" // a role assignment was created or updated with notify (§4.3)
)

// Mail is one mail that Kisi would have sent because of an API call.
type Mail struct {
	Kind    MailKind
	Request int // serial of the request that caused it
	User    int64
	To      string // address
	Asked   bool   // the request said so; otherwise a default of Kisi's did
}

// Outbox returns all mails, oldest first. What is done by hand sends none.
func (s *Sim) Outbox() []Mail {
	defer s.lock()()
	return slices.Clone(s.outbox)
}

func (x *exchange) mail(m Mail) {
	m.Request = x.serial
	x.sim.outbox = append(x.sim.outbox, m)
}

func (x *exchange) mailGrant(a *assignment, asked bool) {
	if u := x.st.users.get(a.to.ID); a.notify && a.to.Kind == KindUser && u != nil {
		x.mail(Mail{Kind: GrantNotice, User: u.id, To: u.email, Asked: asked})
	}
}
