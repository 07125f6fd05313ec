package okta

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/kisi-sync/kisi-sync/connectors"
	"github.com/kisi-sync/kisi-sync/internal/secret"
	"github.com/kisi-sync/kisi-sync/internal/webapi"
)

// The calls of this connector; nothing else is ever asked for.
const (
	tokenPath  = "/oauth2/v1/token"
	usersPath  = "/api/v1/users"
	groupsPath = "/api/v1/groups"
	logsPath   = "/api/v1/logs"
)

// client calls the API of one org.
type client struct {
	origin    string
	transport *webapi.Transport
	login     *login
}

func newClient(s *Settings, env connectors.Env) (*client, error) {
	c := &client{origin: origin(s.URL)}
	c.login = &login{
		settings: s.Login, place: secret.Place{Base: env.Dir}, issuer: c.origin, scopes: s.scopes(), now: env.Now, send: c.send,
	}
	var err error
	c.transport, err = webapi.New(webapi.Options{Reach: env.Reach,
		Origin: c.origin, Concurrency: s.Concurrency, Class: class, Wait: quota{s.LeaveToOthers}.wait, Sign: c.login.prove,
		Line: s.Line, Dir: env.Dir, Log: env.Log,
	})
	return c, err
}

// class is what a call counts as: Okta has a quota for each kind.
func class(req *http.Request) string {
	if rest, ok := strings.CutPrefix(req.URL.Path, groupsPath+"/"); ok {
		_, rest, _ = strings.Cut(rest, "/")
		return groupsPath + "/{id}/" + rest
	}
	return req.URL.Path
}

// quota is how much of the org's quota is left to others, in percent.
type quota struct{ others int }

// longestWindow bounds what a header may make us wait; Okta's quotas are for a minute.
const longestWindow = 5 * time.Minute

// wait holds further calls of a kind until the next window once all but the others' share is used up. The headers count everybody's
// calls. A limit of 0 is not the quota: too many calls of the org were under way at a time.
func (q quota) wait(resp *http.Response) (time.Duration, bool) {
	limit, err1 := strconv.Atoi(resp.Header.Get("X-Rate-Limit-Limit"))
	remaining, err2 := strconv.Atoi(resp.Header.Get("X-Rate-Limit-Remaining"))
	reset, err3 := strconv.ParseInt(resp.Header.Get("X-Rate-Limit-Reset"), 10, 64)
	date, err4 := http.ParseTime(resp.Header.Get("Date"))
	if errors.Join(err1, err2, err3, err4) != nil || limit <= 0 || remaining*100 > limit*q.others {
		return 0, false
	}
	left := time.Unix(reset, 0).Sub(date) + time.Second // by the server's clock, which counts whole seconds
	return min(max(left, time.Second), longestWindow), true
}

func (c *client) send(req *http.Request) (*http.Response, []byte, error) {
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", "kisi-sync")
	resp, err := c.transport.RoundTrip(req)
	if err != nil {
		return nil, nil, err
	}
	body, err := io.ReadAll(resp.Body) // from memory
	return resp, body, err
}

// page is one answer.
type page struct {
	next   string // the link to the next one; "" after the last
	linked bool   // there are links at all, as in every answer of Okta's
	date   time.Time
	resp   *http.Response
}

// get reads one page into a pointer to a slice. When Okta does not take the authorization, or wants another nonce in the proof, it is
// asked once more with new ones.
func (c *client) get(ctx context.Context, address string, into any) (*page, error) {
	for attempt := 0; ; attempt++ {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
		if err != nil {
			return nil, err
		}
		// As Okta's guide to its users API says, this leaves out what nobody needs.
		req.Header.Set("Content-Type", "application/json; okta-response=omitCredentials,omitCredentialsLinks")
		if err := c.login.authorize(req); err != nil {
			return nil, err
		}
		resp, body, err := c.send(req)
		if err != nil {
			return nil, err
		}
		if resp.StatusCode == http.StatusUnauthorized && attempt < 2 {
			if !c.login.remember(resp) {
				c.login.refused(req.Header.Get("Authorization"))
			}
			continue
		}
		return c.read(req, resp, body, into)
	}
}

func (c *client) read(req *http.Request, resp *http.Response, body []byte, into any) (*page, error) {
	if resp.StatusCode != http.StatusOK {
		return nil, newAPIError(req, resp, body)
	}
	if err := json.Unmarshal(body, into); err != nil {
		return nil, &strange{fmt.Errorf("the answer to %s is not what Okta's API says: %w", req.URL.Path, plain(err))}
	}
	next, err := c.next(resp)
	date, _ := http.ParseTime(resp.Header.Get("Date"))
	return &page{next: next, linked: resp.Header.Get("Link") != "", date: date, resp: resp}, err
}

// strange is an answer of something else, or half an answer.
type strange struct{ err error }

func (s *strange) Error() string { return s.err.Error() }
func (s *strange) Unwrap() error { return s.err }

// Hint is what to do next.
func (s *strange) Hint() string {
	return "something on the way may answer in its place: a proxy's login page, perhaps"
}

// plain keeps what the answer said out of an error.
func plain(err error) error {
	var kind *json.UnmarshalTypeError
	if errors.As(err, &kind) {
		return fmt.Errorf("a %s where %s was expected", kind.Value, kind.Type)
	}
	return err
}

// next is where the answer says that the next page is (RFC 8288 section 3), which must be with the same org. It is followed as it is. A
// header that cannot be read is an error: it might have led to the rest of the list.
func (c *client) next(resp *http.Response) (string, error) {
	for _, header := range resp.Header.Values("Link") {
		for rest := strings.TrimSpace(header); rest != ""; {
			inner, after, ok := strings.Cut(rest, ">")
			target, begins := strings.CutPrefix(inner, "<")
			if !ok || !begins {
				return "", errors.New("the answer has a Link header that cannot be read")
			}
			var parameters string
			if parameters, rest = linkParameters(after); !isNext(parameters) {
				continue
			}
			u, err := url.Parse(target)
			if err != nil || u.Scheme+"://"+u.Host != c.origin {
				return "", errors.New("the next page is said to be at another place than this org")
			}
			return target, nil
		}
	}
	return "", nil
}

// linkParameters cuts off what belongs to one link: up to a comma that stands in no quotes.
func linkParameters(text string) (parameters, rest string) {
	quoted := false
	for i, c := range text {
		if c == '"' {
			quoted = !quoted
		}
		if c == ',' && !quoted {
			return text[:i], strings.TrimSpace(text[i+1:])
		}
	}
	return text, ""
}

func isNext(parameters string) bool {
	for _, p := range strings.Split(parameters, ";") {
		name, value, _ := strings.Cut(strings.TrimSpace(p), "=")
		relations := strings.Fields(strings.Trim(strings.TrimSpace(value), `"`))
		if strings.EqualFold(strings.TrimSpace(name), "rel") && slices.ContainsFunc(relations, func(r string) bool { return strings.EqualFold(r, "next") }) {
			return true
		}
	}
	return false
}

// address is where a list begins.
func (c *client) address(path string, query url.Values) string {
	return c.origin + path + "?" + query.Encode()
}

// apiError is an answer that is none (schema Error).
type apiError struct {
	Path    string
	Status  int
	Scope   string // the scope that the token lacks; "" when that is not what is wrong
	Code    string `json:"errorCode"`
	Summary string `json:"errorSummary"`
}

func newAPIError(req *http.Request, resp *http.Response, body []byte) *apiError {
	e := &apiError{}
	_ = json.Unmarshal(body, e) // what is no JSON says nothing
	e.Path, e.Status = req.URL.Path, resp.StatusCode
	for _, challenge := range resp.Header.Values("WWW-Authenticate") {
		if strings.Contains(challenge, `error="insufficient_scope"`) {
			_, scope, _ := strings.Cut(challenge, `scope="`)
			e.Scope, _, _ = strings.Cut(scope, `"`)
		}
	}
	return e
}

func (e *apiError) Error() string {
	text := fmt.Sprintf("okta answers %d to %s", e.Status, e.Path)
	if e.Code != "" {
		text += " (" + e.Code + ": " + e.Summary + ")"
	}
	if e.Scope != "" {
		text += "; the token lacks the scope " + e.Scope
	}
	return text
}

// Hint is what to do in Okta, "" when there is nothing to advise.
func (e *apiError) Hint() string {
	switch {
	case e.Status == http.StatusUnauthorized:
		return "the token was revoked, or has ended: API tokens end when they are not used for 30 days"
	case e.Status == http.StatusForbidden && e.Scope != "":
		return grantScope(e.Scope)
	case e.Status == http.StatusForbidden:
		return "give the app, or the account of the token, Read-Only Administrator; kisi-sync check says what it may not read"
	}
	return ""
}

func grantScope(scope string) string {
	return "in the Admin Console under Applications, the app, Okta API Scopes: grant " + scope
}

// missing says that what was asked for is not there.
func missing(err error) bool {
	var said *apiError
	return errors.As(err, &said) && said.Status == http.StatusNotFound
}
