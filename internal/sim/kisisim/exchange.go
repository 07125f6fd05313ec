package kisisim

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// exchange is one request on its way through the simulator: arrive, pass the limiter, meet the faults, be handled, be
// tampered with, be written.
type exchange struct {
	sim *Sim
	st  *state
	ctx context.Context
	now time.Time

	serial   int
	method   string
	path     string
	template string // path with {id} in place of the number; the path itself when no route matches
	route    *route
	tail     string // what stands in the place of {id}
	id       int64
	query    *query
	header   http.Header
	raw      []byte
	who      string // whose quota it uses
	secret   string
	viewer   viewer

	before   any // the row just before this page, for the fault that repeats it
	overlaps []int
	answered bool // a fault has answered instead of Kisi
	parted   bool // no longer counted as in flight
	cut      cut
	res      response
	hits     []string
}

// cut says where the connection dies.
type cut uint8

const (
	cutNot cut = iota
	cutAll     // before the first byte
	cutMiddle
)

const (
	maxBody = 1 << 20
	maxURL  = 8 << 10 // what common web servers accept in front of an application
)

// ServeHTTP answers one request of the Kisi API.
func (s *Sim) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	x := s.arrive(r, body)
	defer s.part(x)
	s.hookRequest(x)
	if err != nil {
		x.res = badRequest("The body could not be read")
	} else {
		s.respond(x)
	}
	s.record(x)
	s.part(x)
	s.hookAnswer(x)
	x.write(w)
}

func (s *Sim) arrive(r *http.Request, body []byte) *exchange {
	defer s.lock()()
	s.serial++
	x := &exchange{
		sim: s, st: s.st, ctx: r.Context(), now: s.opts.Now(), serial: s.serial,
		method: r.Method, path: r.URL.Path, query: newQuery(r.URL.RawQuery), header: r.Header.Clone(), raw: body,
	}
	x.secret, _ = strings.CutPrefix(x.header.Get("Authorization"), "KISI-LOGIN ")
	x.header.Del("Authorization")
	x.who = s.bucket(x.secret, r.RemoteAddr)
	x.findRoute()
	for other := range s.flying {
		other.overlaps = append(other.overlaps, x.serial)
	}
	s.flying[x] = true
	if len(r.URL.RequestURI()) > maxURL {
		x.res, x.answered = problem(http.StatusRequestURITooLong, "URI too long", ""), true
		x.violate(BadQuery, "the URL has %d bytes, more than a web server takes", len(r.URL.RequestURI()))
	}
	return x
}

// bucket names the quota that a request uses: the user of the key, whatever the key, or else the caller's address.
func (s *Sim) bucket(secret, addr string) string {
	if key := s.st.keys[secret]; key != nil {
		return "user " + strconv.FormatInt(key.user, 10)
	}
	host, _, _ := strings.Cut(addr, ":")
	return "ip " + host
}

// respond lets the limiter, the faults and the handler decide, in this order. Faults see only what passed the limiter.
func (s *Sim) respond(x *exchange) {
	if x.answered || s.overLimit(x) {
		return
	}
	acts := s.matching(x)
	for _, act := range acts {
		act.ahead(x)
	}
	if !x.answered {
		s.handle(x)
	}
	for _, act := range acts {
		act.behind(x)
	}
}

func (s *Sim) overLimit(x *exchange) bool {
	defer s.lock()()
	v := s.limits.check(x.who, x.now, &s.st.assume)
	if v.impatient {
		x.violate(OverRate, "came before the time that Retry-After named")
	}
	if v.guilty {
		x.violate(OverRate, "more than %d requests in a second", s.limits.rate)
	}
	if v.over {
		x.res = x.tooMany(v.wait, s.st.assume.RetryAfter)
	}
	return v.over
}

func (s *Sim) hookRequest(x *exchange) {
	if f := s.hooks().OnRequest; f != nil {
		f(x.method, x.path)
	}
}

func (s *Sim) hookAnswer(x *exchange) {
	if f := s.hooks().OnAnswer; f != nil {
		f(x.method, x.path, x.logged())
	}
}

func (s *Sim) hooks() Options {
	defer s.lock()()
	return s.opts
}

// part takes x out of the air, once. Requests that came while it was there are violations, unless the client had given
// up waiting for it: then it could not know better.
func (s *Sim) part(x *exchange) {
	defer s.lock()()
	if x.parted {
		return
	}
	x.parted = true
	delete(s.flying, x)
	if x.ctx.Err() != nil {
		return
	}
	for _, other := range x.overlaps {
		x.violate(Parallel, "request %d came before this one was answered", other)
	}
}

// wait holds an answer back for d, or until the client goes away.
func (x *exchange) wait(d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-x.ctx.Done():
		x.cut = cutAll
	}
}

// logged is the status as the client sees it: 0 when it sees none.
func (x *exchange) logged() int {
	if x.cut == cutAll {
		return 0
	}
	return x.res.status
}

func (x *exchange) write(w http.ResponseWriter) {
	if x.cut == cutAll {
		panic(http.ErrAbortHandler)
	}
	h := w.Header()
	h.Set("Date", x.now.UTC().Format(http.TimeFormat))
	for name, values := range x.res.header {
		h[name] = values
	}
	if x.res.status != http.StatusNoContent {
		h.Set("Content-Length", strconv.Itoa(len(x.res.body)))
	}
	w.WriteHeader(x.res.status)
	if x.cut == cutMiddle {
		x.writeHalf(w)
	}
	if _, err := io.Copy(w, bytes.NewReader(x.res.body)); err != nil {
		return // the client went away, which is its right
	}
}

// writeHalf sends part of the body and kills the connection.
func (x *exchange) writeHalf(w http.ResponseWriter) {
	_, _ = w.Write(x.res.body[:len(x.res.body)/2])
	_ = http.NewResponseController(w).Flush()
	panic(http.ErrAbortHandler)
}
