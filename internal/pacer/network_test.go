package pacer_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/kisi-sync/kisi-sync/internal/pacer"
)

// serve starts an HTTP server on loopback and a client of it that does not wait
// for long.
func serve(t *testing.T, handler http.HandlerFunc, change ...func(*pacer.Options)) (*pacer.Pacer, string) {
	t.Helper()
	s := httptest.NewServer(handler)
	t.Cleanup(s.Close)
	o := pacer.Options{
		Origin: s.URL, Allow: allow, Rate: 1000, Quota: 1000,
		FirstWait: time.Millisecond, LongestWait: 2 * time.Millisecond, Tries: 3,
		Base: http.DefaultTransport.(*http.Transport).Clone(),
	}
	for _, c := range change {
		c(&o)
	}
	p := newPacer(t, o)
	t.Cleanup(p.CloseIdleConnections)
	return p, s.URL
}

func do(t *testing.T, p *pacer.Pacer, method, url string) (*http.Response, error) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(`{"user":{}}`))
	if err != nil {
		t.Fatal(err)
	}
	return p.RoundTrip(req)
}

// hangUp closes the connection without another word.
func hangUp(t *testing.T, w http.ResponseWriter) {
	t.Helper()
	conn, _, err := w.(http.Hijacker).Hijack()
	if err != nil {
		t.Error(err)
		return
	}
	if err := conn.Close(); err != nil {
		t.Error(err)
	}
}

func TestACreateThatWasCutIsNotSentAgain(t *testing.T) {
	cuts := map[string]func(http.ResponseWriter){
		"before the answer": func(w http.ResponseWriter) { hangUp(t, w) },
		"within the answer": func(w http.ResponseWriter) {
			w.Header().Set("Content-Length", "100")
			_, _ = io.WriteString(w, `{"id":`)
		},
	}
	for name, cut := range cuts {
		var calls atomic.Int32
		p, url := serve(t, func(w http.ResponseWriter, _ *http.Request) {
			calls.Add(1)
			cut(w)
		})
		_, err := do(t, p, "POST", url+"/users")
		if err == nil || errors.Is(err, pacer.ErrNotSent) || calls.Load() != 1 {
			t.Errorf("%s: %d calls, %v", name, calls.Load(), err)
		}
	}
}

func TestAReadThatWasCutIsRepeated(t *testing.T) {
	var calls atomic.Int32
	p, url := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		if calls.Add(1) == 1 {
			w.Header().Set("Content-Length", "100")
			_, _ = io.WriteString(w, "[{")
			return
		}
		_, _ = io.WriteString(w, "[]")
	})
	resp, err := do(t, p, "GET", url+"/users")
	if err != nil {
		t.Fatal(err)
	}
	if body, _ := io.ReadAll(resp.Body); string(body) != "[]" || calls.Load() != 2 {
		t.Errorf("body %q after %d calls", body, calls.Load())
	}
}

func TestACreateWithoutAConnectionIsCertainlyNotDone(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	url := "http://" + listener.Addr().String()
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	p := newPacer(t, pacer.Options{Origin: url, Allow: allow, Rate: 1000, Quota: 1000, FirstWait: time.Millisecond, LongestWait: time.Millisecond, Tries: 3})
	if _, err := do(t, p, "POST", url+"/users"); !errors.Is(err, pacer.ErrNotSent) {
		t.Errorf("got %v", err)
	}
	if got := p.Stats().Tries; got != 3 {
		t.Errorf("%d tries, want 3", got)
	}
}

func TestACertificateNobodyKnowsEndsTheCallAtOnce(t *testing.T) {
	s := httptest.NewTLSServer(http.NotFoundHandler())
	t.Cleanup(s.Close)
	s.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	p := newPacer(t, pacer.Options{Origin: s.URL, Allow: allow, Rate: 1000, Quota: 1000})
	_, err := do(t, p, "POST", s.URL+"/users")
	if err == nil || !errors.Is(err, pacer.ErrNotSent) || p.Stats().Tries != 1 {
		t.Errorf("%d tries: %v", p.Stats().Tries, err)
	}
}

func TestARedirectIsNotFollowed(t *testing.T) {
	var elsewhere atomic.Int32
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { elsewhere.Add(1) }))
	t.Cleanup(other.Close)
	p, url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, other.URL+"/users", http.StatusTemporaryRedirect)
	})
	client := &http.Client{Transport: p}
	_, err := client.Get(url + "/users")
	if !errors.Is(err, pacer.ErrRedirected) || elsewhere.Load() != 0 || p.Stats().Tries != 1 {
		t.Errorf("%d tries, %d elsewhere: %v", p.Stats().Tries, elsewhere.Load(), err)
	}
}

func TestALargeAnswerIsRefused(t *testing.T) {
	p, url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, strings.Repeat("x", 1000))
	}, func(o *pacer.Options) { o.MaxBody = 999 })
	if _, err := do(t, p, "GET", url+"/users"); !errors.Is(err, pacer.ErrTooLarge) || p.Stats().Tries != 1 {
		t.Errorf("%d tries: %v", p.Stats().Tries, err)
	}
}

func TestConnectionsAreReused(t *testing.T) {
	var made atomic.Int32
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(map[string]int{"GET": 200, "POST": 422}[r.Method])
		_, _ = io.WriteString(w, strings.Repeat("x", 10_000))
	}))
	s.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			made.Add(1)
		}
	}
	s.Start()
	t.Cleanup(s.Close)
	p := newPacer(t, pacer.Options{Origin: s.URL, Allow: allow, Rate: 1000, Quota: 1000})
	t.Cleanup(p.CloseIdleConnections)
	for i := range 20 {
		if _, err := do(t, p, []string{"GET", "POST"}[i%2], s.URL+"/users"); err != nil { // bodies are left unread on purpose
			t.Fatal(err)
		}
	}
	if made.Load() != 1 {
		t.Errorf("%d connections for 20 calls", made.Load())
	}
}

func TestAnIdleConnectionThatWasClosedDoesNotMakeACreateUncertain(t *testing.T) {
	var calls atomic.Int32
	closed := make(chan struct{}, 100)
	base := http.DefaultTransport.(*http.Transport).Clone()
	base.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := new(net.Dialer).DialContext(ctx, network, address)
		return &watchedConn{Conn: conn, closed: closed}, err
	}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		calls.Add(1)
		_, _ = io.WriteString(w, "{}")
	}))
	t.Cleanup(s.Close)
	p := newPacer(t, pacer.Options{Origin: s.URL, Allow: allow, Rate: 1000, Quota: 1000, Base: base})
	for range 10 {
		if _, err := do(t, p, "POST", s.URL+"/users"); err != nil {
			t.Fatal(err)
		}
		s.CloseClientConnections()
		<-closed
	}
	if calls.Load() != 10 {
		t.Errorf("%d calls arrived, want 10", calls.Load())
	}
}

// watchedConn tells when the transport has noticed the end of a connection.
type watchedConn struct {
	net.Conn
	closed chan<- struct{}
}

func (c *watchedConn) Close() error {
	defer func() { c.closed <- struct{}{} }()
	return c.Conn.Close()
}

func TestTheLogShowsNoQueryHeaderOrBody(t *testing.T) {
	var log strings.Builder
	p, url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method == "POST" {
			hangUp(t, w)
			return
		}
		http.Error(w, "ana@example.com", http.StatusServiceUnavailable)
	}, func(o *pacer.Options) {
		o.Log = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	})
	for _, method := range []string{"GET", "POST"} {
		req, err := http.NewRequestWithContext(context.Background(), method, url+"/users?email=ana@example.com", strings.NewReader("ana@example.com"))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "KISI-LOGIN hunter2")
		if _, err := p.RoundTrip(req); err != nil && strings.Contains(err.Error(), "ana@") {
			t.Errorf("the error names a person: %v", err)
		}
	}
	if !strings.Contains(log.String(), "/users") || strings.Contains(log.String(), "ana@") || strings.Contains(log.String(), "hunter2") {
		t.Errorf("log:\n%s", log.String())
	}
}
