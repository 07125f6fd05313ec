package webapi_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/kisi-sync/kisi-sync/internal/webapi"
)

const origin = "https://api.vendor.example"

// vendor stands at the other end under virtual time. Each call takes a while; a quota counts the calls of a second.
type vendor struct {
	takes  time.Duration
	quota  int                                                  // calls in a second of its clock; 0 is unlimited
	answer func(n int, r *http.Request) (*http.Response, error) // n counts from 1; nil answers mean 200

	mu      sync.Mutex
	arrived []time.Time
	bodies  []string
	busy    int
	most    int
	limited int
}

func (v *vendor) RoundTrip(r *http.Request) (*http.Response, error) {
	n, counted := v.enter(r)
	defer v.exit()
	timer := time.NewTimer(v.takes)
	defer timer.Stop()
	select {
	case <-r.Context().Done():
		return nil, r.Context().Err()
	case <-timer.C:
	}
	if !counted {
		return reply(http.StatusTooManyRequests, nil), nil
	}
	if v.answer != nil {
		if resp, err := v.answer(n, r); resp != nil || err != nil {
			return resp, err
		}
	}
	return reply(http.StatusOK, nil), nil
}

func (v *vendor) enter(r *http.Request) (n int, counted bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if r.Body != nil {
		body, _ := io.ReadAll(r.Body)
		v.bodies = append(v.bodies, string(body))
	}
	now, recent := time.Now(), 0
	for _, at := range v.arrived {
		if now.Sub(at) < time.Second {
			recent++
		}
	}
	v.arrived = append(v.arrived, now)
	v.busy++
	v.most = max(v.most, v.busy)
	if v.quota > 0 && recent >= v.quota {
		v.limited++
		return len(v.arrived), false
	}
	return len(v.arrived), true
}

func (v *vendor) exit() {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.busy--
}

// reply is an answer with headers, given as name and value in turn.
func reply(status int, headers []string) *http.Response {
	h := http.Header{}
	for i := 0; i+1 < len(headers); i += 2 {
		h.Set(headers[i], headers[i+1])
	}
	return &http.Response{StatusCode: status, Header: h, ProtoMajor: 1, ProtoMinor: 1, Body: io.NopCloser(strings.NewReader("{}")), ContentLength: 2}
}

// script answers the calls by their number.
func script(all ...*http.Response) func(int, *http.Request) (*http.Response, error) {
	return func(n int, _ *http.Request) (*http.Response, error) {
		if n <= len(all) {
			return all[n-1], nil
		}
		return nil, nil
	}
}

func open(t *testing.T, o webapi.Options) *webapi.Transport {
	t.Helper()
	if o.Origin == "" {
		o.Origin = origin
	}
	transport, err := webapi.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return transport
}

func call(ctx context.Context, transport http.RoundTripper, method, url string) (*http.Response, error) {
	var body io.Reader
	if method == http.MethodPost {
		body = strings.NewReader("grant_type=client_credentials")
	}
	req, err := http.NewRequestWithContext(ctx, method, url, body)
	if err != nil {
		return nil, err
	}
	return transport.RoundTrip(req)
}

// get makes n calls from as many goroutines and waits for all.
func get(t *testing.T, transport http.RoundTripper, n int) {
	t.Helper()
	var all sync.WaitGroup
	for range n {
		all.Go(func() {
			resp, err := call(t.Context(), transport, "GET", origin+"/users")
			if err != nil || resp.StatusCode != http.StatusOK {
				t.Errorf("got %v, %v", resp, err)
			}
		})
	}
	all.Wait()
}
