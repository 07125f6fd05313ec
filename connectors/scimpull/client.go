package scimpull

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"unicode/utf8"

	"github.com/kisi-sync/kisi-sync/connectors"
	"github.com/kisi-sync/kisi-sync/internal/scim"
	"github.com/kisi-sync/kisi-sync/internal/secret"
	"github.com/kisi-sync/kisi-sync/internal/webapi"
)

// maxAnswer bounds one answer: a group of 100,000 members has about 16 MB.
const maxAnswer = 64 << 20

// client calls one service provider; nothing but GETs, and POSTs for tokens.
type client struct {
	base      string
	transport *webapi.Transport
	login     *login
}

func newClient(s *Settings, env connectors.Env) (*client, error) {
	c := &client{base: s.base()}
	c.login = &login{settings: s.Login, place: secret.Place{Base: env.Dir}, now: env.Now, send: c.send}
	var also []string
	if s.Login.TokenURL != "" {
		also = []string{originOf(s.Login.TokenURL)}
	}
	var err error
	c.transport, err = webapi.New(webapi.Options{Reach: env.Reach,
		Origin: originOf(s.URL), Also: also, Concurrency: s.Concurrency, MaxBody: maxAnswer,
		Repeat: func(req *http.Request) bool { return req.Method == http.MethodPost }, // only tokens are asked for so
		Line:   s.Line, Dir: env.Dir, Log: env.Log,
	})
	return c, err
}

func (c *client) send(req *http.Request) (*http.Response, []byte, error) {
	req.Header.Set("User-Agent", "kisi-sync")
	return readAll(c.transport.RoundTrip(req))
}

// apiError is an answer that is none.
type apiError struct {
	path   string
	status int
	why    scim.ErrorType
	detail string
}

func (e *apiError) Error() string {
	text := "the service provider answers " + strconv.Itoa(e.status)
	if e.why != "" {
		text += " " + string(e.why)
	}
	text += " to " + e.path
	if e.detail != "" {
		text += ": " + strconv.Quote(e.detail)
	}
	return text
}

// get asks for a resource or a list. When the server does not take the token it is asked once more with a new one.
func (c *client) get(ctx context.Context, path string, query url.Values) (scim.Resource, error) {
	address := c.base + path
	if len(query) > 0 {
		address += "?" + query.Encode()
	}
	for again := false; ; again = true {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
		if err != nil {
			return nil, err
		}
		req.Header.Set("Accept", "application/scim+json, application/json;q=0.9")
		if err := c.login.authorize(req); err != nil {
			return nil, err
		}
		resp, body, err := c.send(req)
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", path, err)
		}
		if resp.StatusCode == http.StatusUnauthorized && !again && c.login.refused(req.Header.Get("Authorization")) {
			continue
		}
		return answer(path, resp.StatusCode, body)
	}
}

func answer(path string, status int, body []byte) (scim.Resource, error) {
	o, err := scim.Decode(body, scim.Limits{Bytes: maxAnswer, Depth: 20})
	if status != http.StatusOK {
		e := &apiError{path: path, status: status}
		if err == nil { // RFC 7644 section 3.12
			e.why, e.detail = scim.ErrorType(shorten(o.Text("scimType"))), shorten(o.Text("detail"))
		}
		return nil, e
	}
	if err != nil {
		return nil, fmt.Errorf("the answer to %s is no SCIM: %s", path, detailOf(err))
	}
	return o, nil
}

func detailOf(err error) string {
	var e *scim.Error
	if asRefusal(err, &e) {
		return e.Detail
	}
	return err.Error()
}

func asRefusal(err error, into **scim.Error) bool { return errors.As(err, into) }

// shorten keeps what a server says from filling a log.
func shorten(text string) string {
	const most = 200
	if len(text) <= most {
		return text
	}
	text = text[:most]
	for !utf8.ValidString(text) {
		text = text[:len(text)-1]
	}
	return text + "…"
}
