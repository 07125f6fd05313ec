package webapi

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptrace"
	"time"

	"github.com/kisi-sync/kisi-sync/internal/pacer"
	"github.com/kisi-sync/kisi-sync/internal/secret"
)

// call is one RoundTrip with all its tries.
type call struct {
	req    *http.Request
	body   []byte
	pace   *pace     // guarded by Transport.mu
	repeat bool      // doing it twice does no harm
	until  time.Time // the end of patience
	reach  time.Time // until when it is tried without a connection; zero: until the end of patience
	tries  int
	maybe  bool // a try may have been processed without our knowing
}

// outcome is how one try ended: with resp or with err.
type outcome struct {
	resp  *http.Response
	body  []byte
	err   error
	maybe bool
}

// RoundTrip implements http.RoundTripper: it waits for its turn, sends, and repeats where that is harmless. A response's body is
// complete and in memory. When tries or patience are used up, the last answer (a 429 or 503, say) is returned like any other.
func (t *Transport) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.Body != nil {
		defer func() { _ = req.Body.Close() }() // as the interface demands
	}
	if err := t.allowed(req); err != nil {
		t.count(func(s *Stats) { s.Refused++ })
		return nil, fmt.Errorf("%w: %w", pacer.ErrNotSent, err)
	}
	body, err := pacer.ReadBody(req)
	if err != nil {
		return nil, fmt.Errorf("%w: read the request's body: %w", pacer.ErrNotSent, err)
	}
	t.count(func(s *Stats) { s.Calls++ })
	reads := req.Method == "" || req.Method == http.MethodGet || req.Method == http.MethodHead
	return t.persist(&call{req: req, body: body, pace: t.paceOf(req), repeat: reads || t.options.Repeat(req)})
}

// paceOf returns what paces calls like req.
func (t *Transport) paceOf(req *http.Request) *pace {
	class := req.URL.Host + " " + t.options.Class(req)
	t.mu.Lock()
	defer t.mu.Unlock()
	p, ok := t.classes[class]
	if !ok {
		p = &pace{aim: t.options.Rate, rate: t.options.Rate, burst: t.options.Burst}
		t.classes[class] = p
	}
	return p
}

// persist tries until there is something to return.
func (t *Transport) persist(c *call) (*http.Response, error) {
	for {
		if err := t.begin(c); err != nil {
			return nil, err
		}
		out := t.try(c)
		t.slots.free()
		again, wait := t.judge(c, out)
		if !again {
			return out.resp, advised(out.err, c.req.URL.Host)
		}
		c.maybe = c.maybe || out.maybe
		if err := t.wait(c, time.Now().Add(wait)); err != nil {
			return nil, err
		}
	}
}

// begin returns when c has a slot and the pace lets it leave. A slot is never held while waiting for the pace, so that a class
// that must wait does not hold up another.
func (t *Transport) begin(c *call) error {
	for {
		if err := t.slots.take(c.req.Context()); err != nil {
			return c.notSent(err)
		}
		if c.until.IsZero() {
			c.until = time.Now().Add(t.options.Patience)
			if t.options.Reach > 0 {
				c.reach = time.Now().Add(t.options.Reach)
			}
		}
		at, ok := t.leave(c)
		if ok {
			return nil
		}
		t.slots.free()
		if err := t.wait(c, at); err != nil {
			return err
		}
	}
}

// leave notes that c leaves now, or says when to ask again.
func (t *Transport) leave(c *call) (time.Time, bool) {
	busy := t.slots.underWay()
	t.mu.Lock()
	defer t.mu.Unlock()
	now := time.Now()
	if at := c.pace.turn(); at.After(now) {
		return at, false
	}
	c.pace.left(now)
	c.tries++
	t.stats.Tries++
	t.stats.Most = max(t.stats.Most, busy)
	if c.tries > 1 {
		t.stats.Retries++
	}
	return now, true
}

// wait does not wait beyond the call's patience: a vendor that asks for an hour gets it from the next run.
func (t *Transport) wait(c *call, at time.Time) error {
	started := time.Now()
	if at.After(c.until) {
		return c.notSent(fmt.Errorf("%s wants no such call for another %s", c.req.URL.Host, at.Sub(started).Round(time.Second)))
	}
	err := pacer.WaitUntil(c.req.Context(), at)
	t.count(func(s *Stats) { s.Waited += time.Since(started) })
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
	return fmt.Errorf("%w: %w", pacer.ErrNotSent, err)
}

// try sends the call once and reads the whole answer.
func (t *Transport) try(c *call) outcome {
	late := fmt.Errorf("no whole answer within %s", t.options.Timeout)
	ctx, cancel := context.WithTimeoutCause(c.req.Context(), t.options.Timeout, late)
	defer cancel()
	var wire pacer.Wire
	req := c.req.Clone(httptrace.WithClientTrace(ctx, wire.Trace()))
	pacer.AttachBody(req, c.body)
	if err := t.options.Sign(req); err != nil {
		return outcome{err: &signError{err}}
	}
	sent := time.Now()
	resp, body, err := t.send(req)
	if err == nil {
		t.options.Log.Debug("call", "method", req.Method, "path", req.URL.Path, "status", resp.StatusCode, "bytes", len(body), "took", time.Since(sent))
		return outcome{resp: resp, body: body, maybe: resp.StatusCode >= 500}
	}
	if ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	if wire.NeverSent() {
		return outcome{err: fmt.Errorf("%w: %w", pacer.ErrNotSent, err)}
	}
	return outcome{err: err, maybe: true}
}

// send returns an answer whose body is in memory. 304 is the answer to a question, not a redirect.
func (t *Transport) send(req *http.Request) (*http.Response, []byte, error) {
	resp, err := t.base.RoundTrip(req)
	if err != nil {
		return nil, nil, err
	}
	defer func() { _ = resp.Body.Close() }() // read to its end or given up
	if resp.StatusCode >= 300 && resp.StatusCode < 400 && resp.StatusCode != http.StatusNotModified {
		return nil, nil, fmt.Errorf("%w (%d)", pacer.ErrRedirected, resp.StatusCode)
	}
	body, err := pacer.Whole(resp, t.options.MaxBody)
	return resp, body, err
}

// judge decides whether the call is tried once more and after how long, and keeps the pace for all others.
//
//	                     repeatable       others (POST)    who waits
//	429, Retry           yes              yes              all of the class
//	503 with Retry-After yes              no               all of the class
//	500 502 503 504      yes              no               this call
//	no connection made   yes              yes              this call
//	cut, timed out       yes              no               this call
//	certificate, proxy   no               no
func (t *Transport) judge(c *call, out outcome) (bool, time.Duration) {
	limited := out.resp != nil && (out.resp.StatusCode == http.StatusTooManyRequests || t.options.Retry(out.resp, out.body))
	wait, all := t.asked(c, out, limited)
	t.keepPace(c, out, limited, all)
	if c.req.Context().Err() != nil || c.tries >= t.options.Tries || !c.repeatable(out, limited) {
		return false, 0
	}
	if again := time.Now().Add(wait); again.After(c.until) || !c.reach.IsZero() && again.After(c.reach) && errors.Is(out.err, pacer.ErrNotSent) {
		return false, 0
	}
	t.options.Log.Debug("call will be repeated", "method", c.req.Method, "path", c.req.URL.Path, "try", c.tries, "wait", wait, "err", out.err)
	return true, wait
}

// asked returns how long this call is to wait before a repeat, and how long all of its class are.
func (t *Transport) asked(c *call, out outcome, limited bool) (mine, all time.Duration) {
	mine = pacer.Backoff(t.options.FirstWait, t.options.LongestWait, c.tries)
	if out.resp == nil {
		return mine, 0
	}
	asked, told := t.options.Wait(out.resp)
	if out.resp.StatusCode >= 400 {
		if after, ok := pacer.RetryAfter(out.resp); ok {
			asked, told = max(asked, after), true
		}
	}
	switch {
	case told && (limited || out.resp.StatusCode >= 400):
		mine = asked + pacer.Jitter(min(t.options.FirstWait, mine)) // whoever else was told the same does not come back with us
		return mine, mine
	case told:
		return mine, asked
	case limited:
		return mine, mine
	}
	return mine, 0
}

// keepPace slows everybody down after a 429, gives back a little after a good answer, and holds the class for as long as was asked.
func (t *Transport) keepPace(c *call, out outcome, limited bool, all time.Duration) {
	good := out.resp != nil && out.resp.StatusCode < 500 && !limited
	switch {
	case limited:
		t.slots.limited()
	case good:
		t.slots.calm()
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case limited:
		t.stats.Limited++
		c.pace.limited()
	case good:
		c.pace.calm()
	}
	if all > 0 {
		c.pace.hush(time.Now().Add(all))
	}
}

func (c *call) repeatable(out outcome, limited bool) bool {
	if out.err != nil {
		return !permanent(out.err) && (c.repeat || errors.Is(out.err, pacer.ErrNotSent))
	}
	switch out.resp.StatusCode {
	case http.StatusInternalServerError, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return c.repeat
	}
	return limited
}

// permanent errors look the same a minute later.
func permanent(err error) bool {
	var proxy *ProxyError
	var kept *secret.Error
	var trust *AuthorityError
	var unsigned *signError
	return pacer.Permanent(err) || errors.As(err, &unsigned) || errors.As(err, &proxy) || errors.As(err, &kept) || errors.As(err, &trust)
}

// signError is what Options.Sign returned: the call was not sent.
type signError struct{ err error }

func (e *signError) Error() string   { return "not sent: " + e.err.Error() }
func (e *signError) Unwrap() []error { return []error{pacer.ErrNotSent, e.err} }
