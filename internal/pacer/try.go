package pacer

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptrace"
	"time"
)

// outcome is how one try ended: with resp or with err.
type outcome struct {
	resp  *http.Response
	err   error
	why   string // of err, for people; "" without one
	maybe bool   // the server may have processed it, and we cannot know
}

// try sends the call once and reads the whole answer.
func (p *Pacer) try(c *call) outcome {
	c.tries++
	ctx, cancel := p.tryContext(c)
	defer cancel()
	var wire Wire
	req := c.req.Clone(httptrace.WithClientTrace(ctx, wire.Trace()))
	AttachBody(req, c.body)
	sent := p.leave(c)
	resp, err := p.send(req)
	p.arrive(sent, resp)
	switch {
	case err == nil:
		p.options.Log.Debug("call", "method", c.rule.Method, "path", c.req.URL.Path, "status", resp.StatusCode, "took", time.Since(sent))
		return outcome{resp: resp, maybe: resp.StatusCode >= 500}
	case wire.NeverSent():
		return outcome{err: fmt.Errorf("%w: %w", ErrNotSent, cause(ctx, err)), why: cause(ctx, err).Error()}
	default:
		return outcome{err: cause(ctx, err), why: cause(ctx, err).Error(), maybe: !errors.Is(err, ErrRedirected)}
	}
}

// tryContext bounds one try. A read ends with its context; a write that is
// under way gets some grace.
func (p *Pacer) tryContext(c *call) (context.Context, context.CancelFunc) {
	late := fmt.Errorf("no whole answer within %s", p.options.Timeout)
	parent := c.req.Context()
	if c.rule.reads() {
		return context.WithTimeoutCause(parent, p.options.Timeout, late)
	}
	ctx, cancel := context.WithTimeoutCause(context.WithoutCancel(parent), p.options.Timeout, late)
	stop := context.AfterFunc(parent, func() {
		_ = WaitUntil(ctx, time.Now().Add(p.options.Grace)) // ended or not, it is over now
		cancel()
	})
	return ctx, func() { stop(); cancel() }
}

// cause prefers the reason for which ctx ended over the transport's words.
func cause(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

// send returns an answer whose body is in memory, so that the connection is
// free again and a cut in the middle of the body counts as a failed try.
func (p *Pacer) send(req *http.Request) (*http.Response, error) {
	resp, err := p.options.Base.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }() // read to its end or given up
	if resp.StatusCode >= 300 && resp.StatusCode < 400 {
		return nil, fmt.Errorf("%w (%d)", ErrRedirected, resp.StatusCode)
	}
	if _, err := Whole(resp, p.options.MaxBody); err != nil {
		return nil, err
	}
	return resp, nil
}

// leave and arrive keep pace and counters.
func (p *Pacer) leave(c *call) time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	p.pace.left(now)
	p.stats.Tries++
	p.trial.sent(now)
	if c.tries > 1 {
		p.stats.Retries++
	}
	return now
}

func (p *Pacer) arrive(sent time.Time, resp *http.Response) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	p.pace.over(now)
	if resp == nil {
		return
	}
	p.stats.observeDate(resp.Header.Get("Date"), sent, now)
	switch {
	case resp.StatusCode == http.StatusTooManyRequests:
		p.stats.Limited++
		p.pace.limited()
	case resp.StatusCode < 500:
		p.pace.calm()
	}
}

// again decides whether the call is tried once more, and if so makes everybody
// wait for it.
//
//	                       repeatable        others (POST)
//	429                    yes               yes: nothing was processed
//	502 503 504            yes               no: it may have been processed
//	no connection made     yes               yes
//	cut, timed out         yes               no
//	certificate, no host   no                no
func (p *Pacer) again(c *call, out outcome) bool {
	if c.req.Context().Err() != nil || c.tries >= p.options.Tries || !c.repeatable(out) {
		return false
	}
	wait := Backoff(p.options.FirstWait, p.options.LongestWait, c.tries)
	if out.resp != nil {
		if asked, ok := RetryAfter(out.resp); ok {
			wait = asked + Jitter(min(p.options.FirstWait, wait))
		}
	}
	until := time.Now().Add(wait)
	if until.After(c.until) {
		if out.resp != nil {
			p.hush(until) // the next call must not ignore what we were told
		}
		return false
	}
	p.hush(until)
	p.options.Log.Debug("call will be repeated", "method", c.rule.Method, "path", c.req.URL.Path, "try", c.tries, "wait", wait, "status", status(out), "err", out.err)
	return true
}

func (c *call) repeatable(out outcome) bool {
	if out.err != nil {
		return !Permanent(out.err) && (errors.Is(out.err, ErrNotSent) || c.rule.Repeat)
	}
	switch out.resp.StatusCode {
	case http.StatusTooManyRequests:
		return true
	case http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return c.rule.Repeat
	}
	return false
}

// words say how a try ended.
func (o outcome) words() string {
	if o.resp == nil {
		return o.why
	}
	return fmt.Sprintf("%d %s", o.resp.StatusCode, http.StatusText(o.resp.StatusCode))
}

func status(out outcome) int {
	if out.resp == nil {
		return 0
	}
	return out.resp.StatusCode
}

func (p *Pacer) hush(until time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.pace.hush(until)
}
