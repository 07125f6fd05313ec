package main

import (
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strconv"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/kisi-sync/kisi-sync/internal/sim/child"
	"github.com/kisi-sync/kisi-sync/internal/sim/privateca"
)

func cmdPost(ts *testscript.TestScript, _ bool, _ []string) {
	s := stageOf(ts)
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		s.post.add(r.Method + " " + r.URL.Path + "\n" + string(body) + "\n")
	}))
	ts.Defer(server.Close)
	ports, release, err := child.HoldPorts(1)
	ts.Check(err)
	ts.Defer(release)
	ts.Setenv("POST_URL", server.URL)
	ts.Setenv("METRICS", strconv.Itoa(ports[0]))
	authority, err := privateca.New("figures")
	ts.Check(err)
	pair, err := authority.Issue(privateca.Leaf{})
	ts.Check(err)
	s.trust = authority.Pool()
	ts.Check(os.WriteFile(ts.MkAbs("metrics.pem"), pair.CertPEM, 0o600))
	ts.Check(os.WriteFile(ts.MkAbs("metrics-key"), pair.KeyPEM, 0o600))
}

func cmdAsks(ts *testscript.TestScript, _ bool, args []string) {
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true, TLSClientConfig: &tls.Config{RootCAs: stageOf(ts).trust}}}
	req, err := http.NewRequest(http.MethodGet, "https://127.0.0.1:"+ts.Getenv("METRICS")+args[1], nil)
	ts.Check(err)
	if args[2] != "" {
		req.Header.Set("Authorization", "Bearer "+args[2])
	}
	resp, err := client.Do(req)
	ts.Check(err)
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	ts.Check(err)
	if fmt.Sprint(resp.StatusCode) != args[0] {
		ts.Fatalf("status %d, want %s: %s", resp.StatusCode, args[0], body)
	}
	ts.Check(os.WriteFile(ts.MkAbs("answer"), body, 0o600))
}

func cmdTold(ts *testscript.TestScript, neg bool, args []string) {
	want := regexp.MustCompile(args[0])
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for range 300 {
		said := want.MatchString(stageOf(ts).post.all())
		switch {
		case said && neg:
			ts.Fatalf("it was said")
		case said || neg:
			return
		}
		<-tick.C
	}
	ts.Fatalf("nobody said it; said: %s", stageOf(ts).post.all())
}
