package pacer_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/kisi-sync/kisi-sync/internal/pacer"
)

const origin = "https://api.example.com"

var allow = []pacer.Allow{
	{Method: "GET", Path: "/users"},
	{Method: "GET", Path: "/users/{id}"},
	{Method: "POST", Path: "/users"},
	{Method: "PATCH", Path: "/users/{id}", Repeat: true},
	{Method: "PATCH", Path: "/once/{id}"},
}

// server stands at the other end of a network with delays, under virtual time:
// calls take a while to arrive, are counted in a sliding window on arrival, and
// their answers take a while to come back.
type server struct {
	quota       int // calls a second; 0 is unlimited
	there, back func() time.Duration
	answer      func(n int, r *http.Request) (*http.Response, error) // n counts from 1; nil means 200

	mu       sync.Mutex
	arrived  []time.Time // counted or not
	bodies   []string
	limited  int
	inFlight int
	crowded  bool
}

func (s *server) RoundTrip(r *http.Request) (*http.Response, error) {
	s.enter()
	defer s.exit()
	if err := delay(r.Context(), s.there); err != nil {
		return nil, err
	}
	resp, err := s.receive(r)
	if err != nil {
		return nil, err
	}
	if err := delay(r.Context(), s.back); err != nil {
		return nil, err
	}
	return resp, nil
}

func (s *server) enter() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.inFlight++
	s.crowded = s.crowded || s.inFlight > 1
}

func (s *server) exit() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.inFlight--
}

func (s *server) receive(r *http.Request) (*http.Response, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	s.arrived = append(s.arrived, now)
	if r.Body != nil {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		s.bodies = append(s.bodies, string(body))
	}
	if s.quota > 0 && s.within(now) > s.quota {
		s.limited++
		return reply(429, ""), nil
	}
	if s.answer != nil {
		return s.answer(len(s.arrived), r)
	}
	return reply(200, "[]"), nil
}

// within counts arrivals in the second that ends now, both ends included: the
// strictest reading of "a second".
func (s *server) within(now time.Time) int {
	n := 0
	for _, at := range s.arrived {
		if now.Sub(at) <= time.Second {
			n++
		}
	}
	return n
}

func (s *server) gaps() []time.Duration {
	var gaps []time.Duration
	for i := 1; i < len(s.arrived); i++ {
		gaps = append(gaps, s.arrived[i].Sub(s.arrived[i-1]))
	}
	return gaps
}

func delay(ctx context.Context, length func() time.Duration) error {
	if length == nil {
		return ctx.Err()
	}
	select {
	case <-time.After(length()):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func reply(status int, body string, headers ...string) *http.Response {
	h := http.Header{}
	for i := 0; i+1 < len(headers); i += 2 {
		h.Set(headers[i], headers[i+1])
	}
	return &http.Response{StatusCode: status, Header: h, Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body))}
}

// script answers with each status in turn, then with 200.
func script(statuses ...int) func(int, *http.Request) (*http.Response, error) {
	return func(n int, _ *http.Request) (*http.Response, error) {
		if n > len(statuses) {
			return reply(200, "[]"), nil
		}
		if statuses[n-1] == 0 {
			return nil, errors.New("connection reset by peer")
		}
		return reply(statuses[n-1], ""), nil
	}
}

func newPacer(t *testing.T, o pacer.Options) *pacer.Pacer {
	t.Helper()
	if o.Origin == "" {
		o.Origin = origin
	}
	if o.Allow == nil {
		o.Allow = allow
	}
	p, err := pacer.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func request(t *testing.T, ctx context.Context, method, path, body string) *http.Request {
	t.Helper()
	var reader io.Reader
	if body != "" {
		reader = strings.NewReader(body)
	}
	url := path
	if strings.HasPrefix(path, "/") {
		url = origin + path
	}
	req, err := http.NewRequestWithContext(ctx, method, url, reader)
	if err != nil {
		t.Fatal(err)
	}
	return req
}

// get does one GET that must succeed.
func get(t *testing.T, p *pacer.Pacer) {
	t.Helper()
	resp, err := p.RoundTrip(request(t, t.Context(), "GET", "/users", ""))
	if err != nil {
		t.Fatal(err)
	}
	if resp.StatusCode != 200 {
		t.Fatalf("status %d", resp.StatusCode)
	}
}
