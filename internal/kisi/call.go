package kisi

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/kisi-sync/kisi-sync/internal/access"
	"github.com/kisi-sync/kisi-sync/internal/pacer"
)

// request is one call to be made.
type request struct {
	method, path string
	query        url.Values
	body         any // encoded as JSON; nil for none
}

// reads says that the call changes nothing.
func (r request) reads() bool { return r.method == http.MethodGet }

// reply is an answer with a 2xx status.
type reply struct {
	request
	status int
	header http.Header
	body   []byte
}

// at makes the path of one object.
func at(collection string, id int64) string { return collection + "/" + strconv.FormatInt(id, 10) }

// call makes one call. Every error is an *Error that wraps a sentinel of
// package access.
func (c *Client) call(ctx context.Context, r request) (*reply, error) {
	req, err := c.prepare(ctx, r)
	if err != nil {
		return nil, &Error{Method: r.method, Path: r.path, kind: access.ErrStop, cause: err}
	}
	resp, err := c.way.RoundTrip(req)
	if err != nil {
		return nil, &Error{Method: r.method, Path: r.path, kind: kindOfFailure(r, err), cause: err}
	}
	body, err := io.ReadAll(resp.Body) // in memory already
	if err != nil {
		return nil, &Error{Method: r.method, Path: r.path, kind: kindOfFailure(r, err), cause: err}
	}
	c.noteSunset(r, resp.Header)
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		return nil, answered(r, resp.StatusCode, body)
	}
	return &reply{request: r, status: resp.StatusCode, header: resp.Header, body: body}, nil
}

func (c *Client) prepare(ctx context.Context, r request) (*http.Request, error) {
	var body io.Reader
	if r.body != nil {
		raw, err := json.Marshal(r.body)
		if err != nil {
			return nil, fmt.Errorf("encode the body: %w", err)
		}
		body = bytes.NewReader(raw)
	}
	target := c.origin + r.path
	if len(r.query) > 0 {
		target += "?" + r.query.Encode()
	}
	req, err := http.NewRequestWithContext(ctx, r.method, target, body)
	if err != nil {
		return nil, errors.New("the address of the call is malformed") // err would show the query
	}
	return req, c.setHeaders(req)
}

// setHeaders adds what every call carries (§1.1, §1.2).
func (c *Client) setHeaders(req *http.Request) error {
	key, err := c.options.Key()
	if err != nil {
		return fmt.Errorf("API key: %w", err)
	}
	if key.IsZero() || strings.ContainsFunc(key.Reveal(), func(r rune) bool { return r <= ' ' || r > '~' }) {
		return errors.New("API key: it is empty, or holds blanks, line breaks or other characters that no Kisi key has")
	}
	h := req.Header
	h.Set("Authorization", "KISI-LOGIN "+key.Reveal())
	h.Set("Accept", "application/json")
	h.Set("Content-Type", "application/json")
	h.Set("User-Agent", c.options.UserAgent)
	if c.options.Integration != "" {
		h.Set("X-Kisi-Integration-Identifier", c.options.Integration)
	}
	if c.options.Contact != "" {
		h.Set("X-Kisi-Integration-Contact", c.options.Contact)
	}
	return nil
}

// kindOfFailure sorts calls that got no answer. A write that may have arrived
// is unknown; everything else means that Kisi cannot be worked with now.
func kindOfFailure(r request, err error) error {
	if r.reads() || errors.Is(err, pacer.ErrNotSent) || errors.Is(err, pacer.ErrRedirected) {
		return access.ErrStop
	}
	return access.ErrUnknownOutcome
}

// object decodes one JSON object into out. A write whose answer cannot be
// understood was carried out, but nobody knows as what.
func (r *reply) object(out any) error { return r.decode('{', "an object", out) }

// array decodes a JSON array into out.
func (r *reply) array(out any) error { return r.decode('[', "a list", out) }

func (r *reply) decode(first byte, want string, out any) error {
	body := bytes.TrimSpace(r.body)
	if len(body) == 0 || body[0] != first {
		return r.misshapen("the answer is %s where %s is expected", shape(body), want)
	}
	if err := json.Unmarshal(body, out); err != nil {
		return r.misshapen("the answer cannot be read: %w", err)
	}
	return nil
}

// empty checks that a write was answered by Kisi and not by something on the
// way: 204, or an object (§0.4).
func (r *reply) empty() error {
	body := bytes.TrimSpace(r.body)
	if len(body) > 0 && (body[0] != '{' || !json.Valid(body)) {
		return r.misshapen("the answer is %s", shape(body))
	}
	return nil
}

func (r *reply) misshapen(format string, args ...any) error {
	kind := access.ErrStop
	if !r.reads() {
		kind = access.ErrUnknownOutcome
	}
	return &Error{Method: r.method, Path: r.path, Status: r.status, kind: kind, cause: fmt.Errorf(format, args...)}
}

// shape says in a few words what came instead of what was asked for.
func shape(body []byte) string {
	switch {
	case len(body) == 0:
		return "empty"
	case body[0] == '<':
		return "a web page (is there a proxy on the way?)"
	case body[0] == '{':
		return "one object"
	case body[0] == '[':
		return "a list"
	case bytes.Equal(body, []byte("null")):
		return "null"
	}
	return "no JSON"
}
