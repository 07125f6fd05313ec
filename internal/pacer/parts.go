package pacer

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptrace"
	"strconv"
	"sync/atomic"
	"time"
)

// What follows are the parts of a call that any careful client needs; package
// webapi, which carries several calls at a time, is made of them too.

// WaitUntil returns at the moment at, or at once when ctx is done. A context
// that is done already wins even if there is nothing to wait for.
func WaitUntil(ctx context.Context, at time.Time) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	wait := time.Until(at)
	if wait <= 0 {
		return nil
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// ReadBody takes the request's body into memory, so that it can be sent again; nil
// when there is none. The caller closes it.
func ReadBody(req *http.Request) ([]byte, error) {
	if req.Body == nil || req.Body == http.NoBody {
		return nil, nil
	}
	var buffer bytes.Buffer
	_, err := io.Copy(&buffer, req.Body)
	return buffer.Bytes(), err
}

// AttachBody gives req a fresh copy of a body; nil leaves it without one.
// GetBody lets the transport take another connection when an idle one turns
// out to be closed before a byte was written; the server never sees that.
func AttachBody(req *http.Request, body []byte) {
	if body == nil {
		return
	}
	open := func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(body)), nil }
	req.Body, _ = open()
	req.GetBody = open
	req.ContentLength = int64(len(body))
}

// Whole takes an answer's body into memory, so that the connection is free
// again and a cut in the middle of the body is noticed. The caller closes the
// body that resp came with; more than most bytes are an ErrTooLarge.
func Whole(resp *http.Response, most int64) ([]byte, error) {
	body, err := io.ReadAll(io.LimitReader(resp.Body, most+1))
	if err != nil {
		return nil, fmt.Errorf("read the answer: %w", err)
	}
	if int64(len(body)) > most {
		return nil, fmt.Errorf("%w: over %d bytes", ErrTooLarge, most)
	}
	resp.Body, resp.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	return body, nil
}

// Wire watches how far a try got. A transport without httptrace reports
// nothing; then the try counts as sent. GetConn may come twice: the transport
// repeats a write by itself only if nothing of it went out. The zero value is
// ready; one Wire watches one request.
type Wire struct{ began, connected atomic.Bool }

// Trace goes into the context of the request that is watched.
func (w *Wire) Trace() *httptrace.ClientTrace {
	return &httptrace.ClientTrace{
		GetConn: func(string) { w.began.Store(true); w.connected.Store(false) },
		GotConn: func(httptrace.GotConnInfo) { w.connected.Store(true) },
	}
}

// NeverSent says that the transport looked for a connection and had none, so not a byte
// of the request has left.
func (w *Wire) NeverSent() bool { return w.began.Load() && !w.connected.Load() }

// Permanent says that an error will look the same a minute later.
func Permanent(err error) bool {
	var certificate *tls.CertificateVerificationError
	var notTLS tls.RecordHeaderError
	var dns *net.DNSError
	return errors.Is(err, ErrRedirected) || errors.Is(err, ErrTooLarge) ||
		errors.As(err, &certificate) || errors.As(err, &notTLS) ||
		errors.As(err, &dns) && dns.IsNotFound
}

// Backoff is the wait after so many tries, exponential from first to longest
// with full jitter, so that clients which failed together do not come back
// together.
func Backoff(first, longest time.Duration, tries int) time.Duration {
	if doubled := first << min(tries-1, 20); doubled > 0 {
		longest = min(longest, doubled)
	}
	return Jitter(longest)
}

// Jitter is anything from nothing to longest.
func Jitter(longest time.Duration) time.Duration { return rand.N(longest + 1) }

// longestAsked bounds what a server may ask for, against typing errors of its.
const longestAsked = time.Hour

// RetryAfter reads RFC 9110 section 10.2.3: seconds or a date. A date is held
// against the answer's own Date, so that a skewed clock here does no harm. More than an
// hour counts as an hour.
func RetryAfter(resp *http.Response) (time.Duration, bool) {
	text := resp.Header.Get("Retry-After")
	if seconds, err := strconv.ParseFloat(text, 64); err == nil {
		if !(seconds >= 0) { // NaN too
			return 0, false
		}
		return time.Duration(min(seconds, longestAsked.Seconds()) * float64(time.Second)), true
	}
	at, err := http.ParseTime(text)
	if err != nil {
		return 0, false
	}
	now := time.Now()
	if date, err := http.ParseTime(resp.Header.Get("Date")); err == nil {
		now = date
	}
	return min(max(0, at.Sub(now)), longestAsked), true
}
