// Package webapi carries calls to a vendor's web API.
//
// A [Transport] is an http.RoundTripper. It promises: no more calls at a time than the vendor allows, and no faster than it says,
// with room left for whoever else shares the quota; only to the origins it was told, never along a redirect; repeats only where
// repeating does no harm; whole answers, already in memory; and that a cancelled context ends everything at once.
//
// Package pacer does the same for Kisi, one call at a time and by a list of what may be called at all; its errors are wrapped here:
// pacer.ErrNotSent, ErrNotAllowed, ErrRedirected and ErrTooLarge.
//
// It must not know what the calls mean, and must not log or report queries, headers or bodies: they hold keys and people.
package webapi

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"sync"
	"time"

	"github.com/kisi-sync/kisi-sync/internal/pacer"
)

// Options say where calls go and how many. Origin is required; the zero value of everything else has a default.
type Options struct {
	// Origin is the scheme and host that calls go to, "https://graph.microsoft.com". Plain http is for a loopback host only.
	Origin string
	// Also are the other origins that may be called, such as that of tokens. Plain http is for loopback and link-local
	// addresses (a cloud's metadata service) only; the latter are never reached through a proxy.
	Also []string

	// Concurrency is how many calls may be under way at a time; default 4. After a 429 fewer are, for a while.
	Concurrency int
	// Rate is calls a second, 0 for as many as the vendor takes; Burst is how many may leave at once, default 1. After a 429
	// the rate shrinks, for a while.
	Rate  float64
	Burst int
	// Class names what a call counts as where the vendor has a quota for each kind of call: waiting for one class does not
	// hold up another, and Rate is that of each. nil: all are of one class.
	Class func(*http.Request) string

	// Wait says after each answer for how long all further calls of its class are to be held; false for not at all.
	// Retry-After is known already: this is for a vendor's own headers. nil: there are none.
	Wait func(*http.Response) (time.Duration, bool)
	// Retry says that an answer means "not now" although its status is none of 429, 500, 502, 503 and 504. It counts as a 429:
	// nothing was done. nil: there is no such answer.
	Retry func(resp *http.Response, body []byte) bool
	// Repeat says that a call which is neither GET nor HEAD does no harm when it is done twice, such as asking for a token.
	// nil: there is no such call.
	Repeat func(*http.Request) bool

	// Sign is called with each try's own copy of a request, right before it leaves, for what must be fresh each time. It must not
	// call through this Transport. nil: nothing is.
	Sign func(*http.Request) error

	// Tries and Patience bound one call with all its repeats; after either, the last answer or error is returned. Defaults 8
	// and ten minutes.
	Tries    int
	Patience time.Duration
	// Reach bounds how long a call is tried while there is nobody to send it to: a name that does not resolve, a connection that is
	// refused or not answered. 0 leaves it to Tries and Patience; somebody who waits at a terminal wants to know within seconds.
	Reach time.Duration
	// FirstWait and LongestWait bound the random waits between tries, which double from one to the other. Defaults one second
	// and one minute.
	FirstWait, LongestWait time.Duration
	// Timeout bounds one try from its first byte to the end of its answer; default one minute.
	Timeout time.Duration
	// MaxBody bounds one answer, as it is when decompressed; default 32 MiB.
	MaxBody int64

	Line Line   // the way out: proxy and authorities
	Dir  string // where relative paths of Line start
	// Base sends instead of a transport made from Line; nil outside of tests.
	Base http.RoundTripper
	Log  *slog.Logger // may be nil
}

// Transport is the RoundTripper. It is safe for concurrent use.
//
// Time is read with time.Now and not injected, because pacing needs the monotonic clock; tests run it under testing/synctest.
type Transport struct {
	options Options
	origins []origin
	base    http.RoundTripper
	slots   *slots

	mu      sync.Mutex // guards what follows
	classes map[string]*pace
	stats   Stats
}

// origin is a place that may be called.
type origin struct{ scheme, host string }

// New checks o and returns a Transport. It touches nothing outside the process.
func New(o Options) (*Transport, error) {
	o.setDefaults()
	if o.Rate < 0 || o.Burst < 0 || o.Concurrency < 0 {
		return nil, errors.New("webapi: rate, burst and concurrency cannot be negative")
	}
	t := &Transport{options: o, base: o.Base, slots: newSlots(o.Concurrency), classes: map[string]*pace{}}
	main, err := pacer.ParseOrigin(o.Origin)
	if err != nil {
		return nil, fmt.Errorf("webapi: %w", err)
	}
	t.origins = append(t.origins, origin{main.Scheme, main.Host})
	for _, text := range o.Also {
		u, err := also(text)
		if err != nil {
			return nil, fmt.Errorf("webapi: %w", err)
		}
		t.origins = append(t.origins, origin{u.Scheme, u.Host})
	}
	if t.base == nil {
		t.base = &way{line: o.Line, dir: o.Dir, connections: o.Concurrency, dial: o.Reach}
	}
	return t, nil
}

func (o *Options) setDefaults() {
	o.Concurrency = or(o.Concurrency, 4)
	o.Burst = or(o.Burst, 1)
	o.Tries = or(o.Tries, 8)
	o.Patience = or(o.Patience, 10*time.Minute)
	o.FirstWait = or(o.FirstWait, time.Second)
	o.LongestWait = or(o.LongestWait, time.Minute)
	o.Timeout = or(o.Timeout, time.Minute)
	o.MaxBody = or(o.MaxBody, 32<<20)
	if o.Class == nil {
		o.Class = func(*http.Request) string { return "" }
	}
	if o.Wait == nil {
		o.Wait = func(*http.Response) (time.Duration, bool) { return 0, false }
	}
	if o.Retry == nil {
		o.Retry = func(*http.Response, []byte) bool { return false }
	}
	if o.Repeat == nil {
		o.Repeat = func(*http.Request) bool { return false }
	}
	if o.Sign == nil {
		o.Sign = func(*http.Request) error { return nil }
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
}

func or[T comparable](value, fallback T) T {
	var zero T
	if value == zero {
		return fallback
	}
	return value
}

// also accepts what pacer.ParseOrigin does, and plain http to an address of this very link.
func also(text string) (*url.URL, error) {
	if u, err := url.Parse(text); err == nil && u.Scheme == "http" && linkLocal(u.Hostname()) && (u.Path == "" || u.Path == "/") && u.User == nil {
		return u, nil
	}
	return pacer.ParseOrigin(text)
}

func linkLocal(host string) bool {
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.IsLinkLocalUnicast()
}

// allowed reports whether a call may leave. It looks at what will be written to the wire: a Host header that differs is refused.
func (t *Transport) allowed(req *http.Request) error {
	u := req.URL
	for _, o := range t.origins {
		if u.Scheme == o.scheme && u.Host == o.host && u.User == nil && u.Opaque == "" && (req.Host == "" || req.Host == u.Host) {
			return nil
		}
	}
	return fmt.Errorf("%w: %s://%s is not where this source's calls go", pacer.ErrNotAllowed, u.Scheme, u.Host)
}

// CloseIdleConnections lets http.Client reach the transport below.
func (t *Transport) CloseIdleConnections() {
	if base, ok := t.base.(interface{ CloseIdleConnections() }); ok {
		base.CloseIdleConnections()
	}
}

// Stats are counters since the Transport was made.
type Stats struct {
	Calls   int64         // calls that were let through, each counted once
	Tries   int64         // requests that left, repeats included
	Retries int64         // repeats among them
	Limited int64         // answers that said: not now, you are too fast
	Refused int64         // calls to somewhere else
	Waited  time.Duration // spent waiting for the pace and between tries, summed over all calls
	Most    int           // calls under way at a time, at most
}

// Stats returns the present counters.
func (t *Transport) Stats() Stats {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.stats
}

func (t *Transport) count(change func(*Stats)) {
	t.mu.Lock()
	defer t.mu.Unlock()
	change(&t.stats)
}
