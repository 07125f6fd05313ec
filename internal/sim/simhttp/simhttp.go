// Package simhttp is what the simulators of web APIs share: a Front before a simulator's handlers that logs and counts every call,
// takes time over it, makes it fail on demand, and remembers what no client should have asked; and a Server on loopback, with TLS
// of a private authority or without.
//
// It promises that an answer is what the handlers said unless a fault was injected, that faults meet the same call in each run, and
// that nothing of it outlives Close. It must not know any vendor.
package simhttp

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"sync"
	"time"
)

// Front is an http.Handler with a simulator's handlers behind it. It is safe for concurrent use, and so must the handlers be. The
// zero value is not usable; see New.
type Front struct {
	mux *http.ServeMux

	mu         sync.Mutex // guards what follows
	latency    time.Duration
	faults     []*Injection
	log        []Call
	serial     int
	counts     map[string]int
	busy, most int
	complaints []string
}

// New returns a Front that knows no call yet.
func New() *Front { return &Front{mux: http.NewServeMux(), counts: map[string]int{}} }

// Handle answers the calls that fit a pattern of http.ServeMux, "GET /users/{id}". Call it before serving.
func (f *Front) Handle(pattern string, h http.HandlerFunc) { f.mux.HandleFunc(pattern, h) }

// Latency makes every answer take at least d. A call that is given up meanwhile ends at once.
func (f *Front) Latency(d time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.latency = d
}

// Complain notes something that no client should have done. Tests end with a look at Complaints.
func (f *Front) Complain(format string, args ...any) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.complaints = append(f.complaints, fmt.Sprintf(format, args...))
}

// Complaints returns what was complained of, oldest first; nil when nothing was.
func (f *Front) Complaints() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]string(nil), f.complaints...)
}

// ServeHTTP implements http.Handler.
func (f *Front) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	x, ok := f.enter(r)
	defer f.leave(x)
	if !ok {
		panic(http.ErrAbortHandler)
	}
	if !wait(r, x.latency) {
		panic(http.ErrAbortHandler)
	}
	for _, a := range x.due {
		if a.before != nil {
			a.before(x)
		}
	}
	if !x.answered {
		f.mux.ServeHTTP(x, r)
	}
	for _, a := range x.due {
		if a.after != nil {
			a.after(x)
		}
	}
	x.send(w)
}

// exchange is one call with its answer, which is kept back until all faults have had their way with it. It is the ResponseWriter
// of the handlers.
type exchange struct {
	call     Call
	request  *http.Request
	due      []Action
	latency  time.Duration
	answered bool // without the handlers
	header   http.Header
	status   int
	body     bytes.Buffer
	keep     int // bytes of the body that are sent; -1: all, then the connection is kept
}

// Header implements http.ResponseWriter.
func (x *exchange) Header() http.Header { return x.header }

// WriteHeader implements http.ResponseWriter.
func (x *exchange) WriteHeader(status int) {
	if x.status == 0 {
		x.status = status
	}
}

// Write implements http.ResponseWriter.
func (x *exchange) Write(p []byte) (int, error) {
	x.WriteHeader(http.StatusOK)
	return x.body.Write(p)
}

// enter notes the call and which faults are due.
func (f *Front) enter(r *http.Request) (*exchange, bool) {
	body, err := io.ReadAll(io.LimitReader(r.Body, 8<<20))
	r.Body = io.NopCloser(bytes.NewReader(body))
	_, pattern := f.mux.Handler(r)
	x := &exchange{request: r, header: http.Header{}, keep: -1}
	header := r.Header.Clone()
	header.Del("Authorization")
	x.call = Call{Method: r.Method, Path: r.URL.Path, Pattern: pattern, Query: r.URL.Query(), Header: header, Body: body}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.serial++
	x.call.Serial = f.serial
	f.busy++
	f.most = max(f.most, f.busy)
	x.latency = f.latency
	x.due = f.matching(x)
	return x, err == nil
}

// send gives the answer to the client, or as much of it as it is to have.
func (x *exchange) send(w http.ResponseWriter) {
	if x.keep == 0 {
		panic(http.ErrAbortHandler)
	}
	x.WriteHeader(http.StatusOK)
	for name, values := range x.header {
		w.Header()[name] = values
	}
	body := x.body.Bytes()
	if w.Header().Get("Content-Length") == "" && x.status != http.StatusNoContent && x.status != http.StatusNotModified {
		w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	}
	w.WriteHeader(x.status)
	if x.keep > 0 && x.keep < len(body) {
		_, _ = w.Write(body[:x.keep]) // the client may be gone
		if flusher, ok := w.(http.Flusher); ok {
			flusher.Flush()
		}
		panic(http.ErrAbortHandler)
	}
	_, _ = w.Write(body) // the client may be gone
}

// wait returns false when the client gave up first.
func wait(r *http.Request, d time.Duration) bool {
	if d <= 0 {
		return r.Context().Err() == nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-r.Context().Done():
		return false
	}
}
