// Package kisi speaks the REST API of Kisi, the target of all we do.
//
// [Client] has one file per resource. It promises: a list is returned only when it is whole; a write whose outcome is
// unknown is reported as that and never repeated blindly; what the design forbids (deleting users, changing the
// organization, its logins or its integrations) has no method here and is not on the list of calls that may leave the
// process. [Target] is the one place that knows both Kisi's words and those of package access.
//
// Facts about the API carry the section of the project's notes on it (§4.7); answers are decoded tolerantly, because
// live data misses and adds fields that the specification does not (§1.8). Nothing here decides who should have access,
// and nothing here logs names, addresses or keys.
package kisi

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/kisi-sync/kisi-sync/internal/access"
	"github.com/kisi-sync/kisi-sync/internal/pacer"
	"github.com/kisi-sync/kisi-sync/internal/secret"
)

// DefaultURL is where Kisi is (§1.1).
const DefaultURL = "https://api.kisi.io"

// Quota is what Kisi allows one user in a second, over all keys of that user (§1.6).
const Quota = 5

// Options are what a Client is made with. Only Key is required.
type Options struct {
	// URL is the origin of the API; default DefaultURL. Plain http is for a
	// simulator on loopback only.
	URL string
	// Key returns the API key. It is asked before every call, so that a
	// rotated key needs no restart.
	Key func() (secret.String, error)
	// Integration and Contact fill the headers by which Kisi knows its
	// integration partners (§1.1); empty ones are not sent.
	Integration, Contact string
	// UserAgent defaults to "kisi-sync".
	UserAgent string
	// Pace holds rate, patience and timeouts. Origin, Allow and Log are set
	// here, and a Quota of zero becomes Kisi's.
	Pace pacer.Options
	// Log may be nil.
	Log *slog.Logger
	// Now stamps observations; nil means time.Now.
	Now func() time.Time
}

// Client makes calls, one at a time. It is safe for concurrent use.
type Client struct {
	options Options
	origin  string
	pacer   *pacer.Pacer
	way     http.RoundTripper // the pacer, as patient as the Client
	*learned
}

// learned is what Clients of one pacer find out about Kisi.
type learned struct {
	mu        sync.Mutex // guards what follows
	sunsets   map[string]Sunset
	unordered map[string]bool // lists by path that are whole only without sort
	totals    map[string]int  // rows of each list when it was last read
}

// New returns a Client; it makes no call.
func New(o Options) (*Client, error) {
	if o.Key == nil {
		return nil, errors.New("kisi: no API key given")
	}
	o.setDefaults()
	p, err := pacer.New(o.Pace)
	if err != nil {
		return nil, fmt.Errorf("kisi: %w", err)
	}
	return &Client{
		options: o, origin: o.Pace.Origin, pacer: p, way: p,
		learned: &learned{sunsets: map[string]Sunset{}, unordered: map[string]bool{}, totals: map[string]int{}},
	}, nil
}

// Within returns a Client of the same pace and counters for calls that somebody waits for: none is tried for longer than patience.
func (c *Client) Within(patience time.Duration) *Client {
	hurried := *c
	hurried.way = c.pacer.Within(patience)
	return &hurried
}

func (o *Options) setDefaults() {
	if o.UserAgent == "" {
		o.UserAgent = "kisi-sync"
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	o.Pace.Origin = o.URL
	if o.URL == "" {
		o.Pace.Origin = DefaultURL
	}
	if o.Pace.Quota == 0 {
		o.Pace.Quota = Quota
	}
	o.Pace.Allow = allowed()
	o.Pace.Log = o.Log
}

// allowed is every call that this program can make (§14). What is repeated
// when its outcome is unknown sets values that do not depend on what was
// there, or takes away what a second time is already gone. A changed role
// assignment may mail its owner each time, so it is not repeated.
func allowed() []pacer.Allow {
	get := func(path string) pacer.Allow { return pacer.Allow{Method: http.MethodGet, Path: path} }
	post := func(path string) pacer.Allow { return pacer.Allow{Method: http.MethodPost, Path: path} }
	patch := func(path string, repeat bool) pacer.Allow {
		return pacer.Allow{Method: http.MethodPatch, Path: path, Repeat: repeat}
	}
	remove := func(path string) pacer.Allow {
		return pacer.Allow{Method: http.MethodDelete, Path: path, Repeat: true}
	}
	return []pacer.Allow{
		get("/login"), get("/user"), get("/roles"), get("/integrations"),
		get("/organization"), get("/organization/settings"), get("/organization/dashboard"),
		get("/places"), get("/locks"), get("/elevators"), get("/elevator_stops"), get("/team_memberships"), get("/group_links"), get("/card_assignments"), get("/logins"),
		get("/users"), get("/users/{id}"), post("/users"), patch("/users/{id}", true), remove("/users/{id}"),
		get("/groups"), post("/groups"), patch("/groups/{id}", true), remove("/groups/{id}"),
		get("/group_locks"), post("/group_locks"), remove("/group_locks/{id}"),
		get("/group_elevator_stops"), post("/group_elevator_stops"), remove("/group_elevator_stops/{id}"),
		get("/role_assignments"), get("/role_assignments/{id}"),
		post("/role_assignments"), patch("/role_assignments/{id}", false), remove("/role_assignments/{id}"),
	}
}

// Stats returns the counters of all calls made so far.
func (c *Client) Stats() pacer.Stats { return c.pacer.Stats() }

// Close lets idle connections go.
func (c *Client) Close() error {
	c.pacer.CloseIdleConnections()
	return nil
}

// get reads one object.
func get[T any](ctx context.Context, c *Client, path string) (T, error) {
	var out T
	answer, err := c.call(ctx, request{method: http.MethodGet, path: path})
	if err == nil {
		err = answer.object(&out)
	}
	return out, err
}

// getWhole reads one object that is worth nothing without some of its fields.
func getWhole[T interface{ flaw() string }](ctx context.Context, c *Client, path string) (T, error) {
	out, err := get[T](ctx, c, path)
	if flaw := out.flaw(); err == nil && flaw != "" {
		err = &Error{Method: http.MethodGet, Path: path, kind: access.ErrStop, cause: errors.New("the answer " + flaw)}
	}
	return out, err
}
