package simhttp_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/kisi-sync/kisi-sync/internal/sim/simhttp"
)

const pattern = "GET /users/{id}"

// start serves a Front that greets, and returns how to ask it.
func start(t *testing.T) (*simhttp.Front, func(path string) (int, string, error)) {
	t.Helper()
	f := simhttp.New()
	f.Handle(pattern, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"id": %q}`, r.PathValue("id"))
	})
	s, err := simhttp.Start(f)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	return f, func(path string) (int, string, error) {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer secret")
		resp, err := client.Do(req)
		if err != nil {
			return 0, "", err
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		return resp.StatusCode, string(body), err
	}
}

func TestACallIsAnsweredAndLoggedByItsPattern(t *testing.T) {
	f, get := start(t)
	if status, body, err := get("/users/7?limit=5"); status != 200 || body != `{"id": "7"}` || err != nil {
		t.Errorf("got %d %q %v", status, body, err)
	}
	if status, _, _ := get("/nowhere"); status != 404 {
		t.Errorf("an unknown path answers %d", status)
	}
	calls := f.Calls()
	if len(calls) != 2 || calls[0].Pattern != pattern || calls[0].Query.Get("limit") != "5" || calls[0].Status != 200 || calls[1].Pattern != "" {
		t.Errorf("the log says %+v", calls)
	}
	if calls[0].Header.Get("Authorization") != "" {
		t.Error("the log keeps a token")
	}
	if f.Count(pattern) != 1 || f.Count("") != 2 || f.Counts()[pattern] != 1 {
		t.Errorf("counted %v", f.Counts())
	}
	if f.Forget(); f.Count("") != 0 || len(f.Calls()) != 0 {
		t.Error("Forget forgot nothing")
	}
}

func TestAFaultHitsTheCallsItIsMeantFor(t *testing.T) {
	f, get := start(t)
	in := f.Inject(simhttp.Fault{Pattern: pattern, Nth: 2, Count: 2, Do: simhttp.Later(503, 7),
		Where: func(c simhttp.Call) bool { return c.Path != "/users/spared" }})
	var got []int
	for _, path := range []string{"/users/1", "/users/spared", "/users/2", "/users/3", "/users/4"} {
		status, _, _ := get(path)
		got = append(got, status)
	}
	if !slices.Equal(got, []int{200, 200, 503, 503, 200}) || in.Hits() != 2 {
		t.Errorf("answered %v, %d hits", got, in.Hits())
	}
	in = f.Inject(simhttp.Fault{Count: simhttp.Always, Do: simhttp.Answer(500, `{}`, nil)})
	_, _, _ = get("/users/1")
	if status, _, _ := get("/users/1"); status != 500 || in.Hits() != 2 {
		t.Errorf("answered %d, %d hits", status, in.Hits())
	}
	in.Remove()
	if status, _, _ := get("/users/1"); status != 200 {
		t.Errorf("a fault that was removed answers %d", status)
	}
}

func TestEachActionSpoilsTheAnswerInItsWay(t *testing.T) {
	for _, c := range []struct {
		do     simhttp.Action
		status int
		broken bool // the client sees an error
		parses bool
	}{
		{simhttp.Drop(), 0, true, false},
		{simhttp.Cut(), 200, true, false},
		{simhttp.Half(), 200, false, false},
		{simhttp.LoginPage(), 200, false, false},
		{simhttp.Answer(403, `{"error": {}}`, nil), 403, false, true},
		{simhttp.Rewrite("other", func([]byte) []byte { return []byte("[]") }), 200, false, true},
		{simhttp.Slow(time.Millisecond), 200, false, true},
		{simhttp.Do("nothing", func() {}), 200, false, true},
	} {
		t.Run(c.do.String(), func(t *testing.T) {
			f, get := start(t)
			f.Inject(simhttp.Fault{Count: simhttp.Always, Do: c.do})
			status, body, err := get("/users/7")
			if status != c.status || (err != nil) != c.broken || json.Valid([]byte(body)) != c.parses {
				t.Errorf("got %d %q %v", status, body, err)
			}
			if calls := f.Calls(); len(calls) == 0 || calls[0].Faults[0] != c.do.String() {
				t.Errorf("the log says %+v", calls)
			}
		})
	}
}

func TestLatencyAndTheNumberOfCallsAtATimeAreAsSaid(t *testing.T) {
	f, get := start(t)
	f.Latency(50 * time.Millisecond)
	began := time.Now()
	var all sync.WaitGroup
	for range 3 {
		all.Go(func() { _, _, _ = get("/users/1") })
	}
	all.Wait()
	if took := time.Since(began); took < 50*time.Millisecond {
		t.Errorf("answered after %v", took)
	}
	if most := f.Most(); most < 2 || most > 3 {
		t.Errorf("%d calls at a time", most)
	}
}

func TestAClientThatGivesUpIsNotWaitedForAndCloseEndsWhatHangs(t *testing.T) {
	f, arrived := simhttp.New(), make(chan struct{}, 2)
	f.Inject(simhttp.Fault{Count: simhttp.Always, Do: simhttp.Do("tell", func() { arrived <- struct{}{} })})
	f.Inject(simhttp.Fault{Count: simhttp.Always, Do: simhttp.Hang()})
	s, err := simhttp.Start(f)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	req, _ := http.NewRequestWithContext(ctx, http.MethodGet, s.URL, nil)
	if _, err := http.DefaultClient.Do(req); err == nil {
		t.Error("a call that hangs was answered")
	}
	hanging := make(chan error)
	go func() {
		_, err := http.Get(s.URL)
		hanging <- err
	}()
	<-arrived
	<-arrived
	s.Close()
	if err := <-hanging; err == nil {
		t.Error("Close let a call hang")
	}
}

func TestTLSIsTrustedByWhoeverKnowsTheAuthority(t *testing.T) {
	f := simhttp.New()
	f.Handle("GET /", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "hello") })
	s, err := simhttp.StartTLS(f)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(s.CA) || !strings.HasPrefix(s.URL, "https://") {
		t.Fatalf("%s with authority %q", s.URL, s.CA)
	}
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}}
	defer transport.CloseIdleConnections()
	resp, err := (&http.Client{Transport: transport}).Get(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if _, err := http.Get(s.URL); err == nil {
		t.Error("a client that does not know the authority was content")
	}
}

func TestComplaintsAreKept(t *testing.T) {
	f := simhttp.New()
	if f.Complaints() != nil {
		t.Error("there are complaints of nothing")
	}
	f.Complain("limit of %d", 900)
	if got := f.Complaints(); len(got) != 1 || got[0] != "limit of 900" {
		t.Errorf("got %q", got)
	}
}
