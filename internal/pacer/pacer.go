// Package pacer keeps a client within what it may do and how fast it may do it.
//
// A [Pacer] is an http.RoundTripper for one credential of one server. It
// promises: one call at a time; never more calls in any window of the server's
// clock than its quota allows, however the network delays them; only methods
// and paths on its list, only to its one origin; a repeat only where repeating
// does no harm; and that once a context is cancelled nothing more is sent.
// Answers come back whole, with their bodies already read.
//
// It must not know what the calls mean, and must not log or report queries,
// headers or bodies: they hold keys and people.
package pacer

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"sync"
	"time"
)

var (
	// ErrNotSent is wrapped by every error after which it is certain that the
	// server processed nothing of the call. Without it an error means: perhaps.
	ErrNotSent = errors.New("not sent")

	// ErrNotAllowed is wrapped (beside ErrNotSent) when a call is not on the
	// list, or not meant for the origin.
	ErrNotAllowed = errors.New("not on the list of allowed calls")

	// ErrRedirected is wrapped when the server sent the call elsewhere. The
	// pacer never follows: the other place must not see the credential.
	ErrRedirected = errors.New("answered with a redirect, which is never followed")

	// ErrTooLarge is wrapped when an answer is larger than Options.MaxBody.
	ErrTooLarge = errors.New("answer is too large")
)

// Options say what a Pacer may do. Origin and Allow are required; the zero
// value of everything else has a default.
type Options struct {
	// Origin is the only scheme and host that calls may go to, for instance
	// "https://api.kisi.io". Plain http is accepted for a loopback host only.
	Origin string
	// Allow lists every call that may leave this process.
	Allow []Allow

	// Rate is the pace in calls a second; default 4.
	Rate float64
	// Quota is how many calls the server takes in any Window. No window of
	// the server sees more, whatever the Rate. Default: what Rate gives in a
	// Window, rounded down, at least 1.
	Quota int
	// Window belongs to Quota; default one second.
	Window time.Duration

	// After is until when another process may have used the same quota, such
	// as the command before this one: the first call leaves one Window later.
	// Zero means that nobody did.
	After time.Time

	// Timeout bounds one try from its first byte to the end of its answer;
	// default one minute.
	Timeout time.Duration
	// Grace is how long a call that is no GET may go on after its context was
	// cancelled: cutting a write leaves its outcome unknown. Waits before it
	// end at once. Default ten seconds.
	Grace time.Duration
	// Tries and Patience bound one call with all its repeats; after either,
	// the last answer or error is returned. Defaults 10 and five minutes.
	Tries    int
	Patience time.Duration
	// FirstWait and LongestWait bound the random waits between tries, which
	// double from one to the other. Defaults one second and one minute.
	FirstWait, LongestWait time.Duration
	// MaxBody bounds one answer; default 32 MiB.
	MaxBody int64

	// Base sends; nil means a transport like http.DefaultTransport. A Base
	// that supports net/http/httptrace lets the pacer tell calls that were
	// never sent.
	Base http.RoundTripper
	// Log may be nil.
	Log *slog.Logger
}

// Pacer is the RoundTripper. It is safe for concurrent use; calls queue.
//
// Time is read with time.Now and not injected, because pacing needs the
// monotonic clock: setting the host's time must neither stop nor hurry calls.
// Tests run it under testing/synctest.
type Pacer struct {
	options Options
	origin  *url.URL
	allow   []rule
	turn    chan struct{} // holds one token: the right to call

	mu    sync.Mutex // guards what follows
	pace  pace
	stats Stats
	trial Trial
	busy  bool // a call is under way
}

// New checks o and returns a Pacer at full pace.
func New(o Options) (*Pacer, error) {
	o.setDefaults()
	origin, err := ParseOrigin(o.Origin)
	if err != nil {
		return nil, fmt.Errorf("pacer: %w", err)
	}
	rules, err := compile(o.Allow)
	if err != nil {
		return nil, err
	}
	if o.Rate < 0 || o.Quota < 0 || o.Rate*o.Window.Seconds() >= float64(o.Quota+1) {
		return nil, fmt.Errorf("pacer: %g calls a second do not fit a quota of %d in %s", o.Rate, o.Quota, o.Window)
	}
	p := &Pacer{options: o, origin: origin, allow: rules, turn: make(chan struct{}, 1), pace: newPace(o)}
	p.turn <- struct{}{}
	return p, nil
}

func (o *Options) setDefaults() {
	o.Rate = or(o.Rate, 4)
	o.Window = or(o.Window, time.Second)
	o.Quota = or(o.Quota, max(1, int(o.Rate*o.Window.Seconds())))
	o.Timeout = or(o.Timeout, time.Minute)
	o.Grace = or(o.Grace, 10*time.Second)
	o.Tries = or(o.Tries, 10)
	o.Patience = or(o.Patience, 5*time.Minute)
	o.FirstWait = or(o.FirstWait, time.Second)
	o.LongestWait = or(o.LongestWait, time.Minute)
	o.MaxBody = or(o.MaxBody, 32<<20)
	if o.Base == nil {
		base := http.DefaultTransport.(*http.Transport).Clone()
		base.MaxResponseHeaderBytes = 256 << 10
		// Shorter than servers commonly keep a silent connection, so that a
		// write does not run into one that is just being closed.
		base.IdleConnTimeout = 45 * time.Second
		o.Base = base
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

// CloseIdleConnections lets http.Client reach the transport below.
func (p *Pacer) CloseIdleConnections() {
	if base, ok := p.options.Base.(interface{ CloseIdleConnections() }); ok {
		base.CloseIdleConnections()
	}
}

// RoundTrip implements http.RoundTripper: it waits for its turn, sends, and
// repeats where that is harmless. A response's body is complete and in memory.
// When tries or patience are used up, the last answer (a 429 or 503, say) is
// returned like any other.
func (p *Pacer) RoundTrip(req *http.Request) (*http.Response, error) {
	return p.roundTrip(req, p.options.Patience, nil)
}

// Within returns a RoundTripper for calls that somebody waits for: at the same pace and by the same list, but tried for no
// longer than patience, and none of it is sent when its turn does not come within that time.
func (p *Pacer) Within(patience time.Duration) http.RoundTripper {
	return hurried{p, min(patience, p.options.Patience)}
}

type hurried struct {
	*Pacer
	patience time.Duration
}

// RoundTrip implements http.RoundTripper.
func (h hurried) RoundTrip(req *http.Request) (*http.Response, error) {
	late := time.NewTimer(h.patience)
	defer late.Stop()
	return h.roundTrip(req, h.patience, late.C)
}

// roundTrip gives up when late comes before its turn; a nil one never does.
func (p *Pacer) roundTrip(req *http.Request, patience time.Duration, late <-chan time.Time) (*http.Response, error) {
	if req.Body != nil {
		defer func() { _ = req.Body.Close() }() // as the interface demands
	}
	allowed, err := p.check(req)
	if err != nil {
		p.count(func(s *Stats) { s.Refused++ })
		return nil, fmt.Errorf("%w: %w", ErrNotSent, err)
	}
	body, err := ReadBody(req)
	if err != nil {
		return nil, fmt.Errorf("%w: read the request's body: %w", ErrNotSent, err)
	}
	select {
	case <-p.turn:
		defer func() { p.turn <- struct{}{} }()
	case <-req.Context().Done():
		return nil, fmt.Errorf("%w: %w", ErrNotSent, context.Cause(req.Context()))
	case <-late:
		return nil, fmt.Errorf("%w: another call has been under way for %s", ErrNotSent, patience)
	}
	p.setUnderWay(true)
	defer p.setUnderWay(false)
	return p.persist(&call{req: req, body: body, rule: allowed, until: time.Now().Add(patience)})
}

// setUnderWay notes that a call begins or ends.
func (p *Pacer) setUnderWay(busy bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.busy = busy; busy {
		p.stats.Calls++
		p.trial.forget(time.Now(), 2*p.options.LongestWait)
	}
}

// call is one RoundTrip with all its tries.
type call struct {
	req   *http.Request
	body  []byte
	rule  rule
	until time.Time // end of patience
	tries int
	// maybe is true once a try may have been processed without our knowing.
	maybe bool
}

// persist tries until there is something to return. It runs while holding the
// turn: when the server wants quiet, it wants it from every call.
func (p *Pacer) persist(c *call) (*http.Response, error) {
	for {
		if err := p.awaitTurn(c); err != nil {
			return nil, err
		}
		out := p.try(c)
		p.count(func(*Stats) { p.trial.over(out, time.Now()) })
		if !p.again(c, out) {
			return out.resp, out.err
		}
		c.maybe = c.maybe || out.maybe
	}
}

// awaitTurn waits until the pace lets a call go. It does not wait beyond the
// call's patience: a server that asks for an hour gets it from the next run.
func (p *Pacer) awaitTurn(c *call) error {
	ctx := c.req.Context()
	p.mu.Lock()
	at := p.pace.turn()
	p.mu.Unlock()
	if at.After(c.until) {
		return c.notSent(fmt.Errorf("the server asked for no calls for another %s", time.Until(at).Round(time.Second)))
	}
	started := time.Now()
	err := WaitUntil(ctx, at)
	p.count(func(s *Stats) { s.Waited += time.Since(started) })
	if err != nil {
		return c.notSent(err)
	}
	return nil
}

// notSent marks err unless an earlier try may have been processed.
func (c *call) notSent(err error) error {
	if c.maybe {
		return fmt.Errorf("not sent again: %w", err)
	}
	return fmt.Errorf("%w: %w", ErrNotSent, err)
}
