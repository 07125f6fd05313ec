package inbound

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/kisi-sync/kisi-sync/internal/sim/privateca"
)

// port is a served port of a test.
type port struct {
	t   testing.TB
	s   *Server
	end context.CancelFunc
	log strings.Builder
}

func serve(t testing.TB, o Options) *port {
	t.Helper()
	p := &port{t: t}
	o.Listen, o.Log = "127.0.0.1:0", slog.New(slog.NewTextHandler(&p.log, nil))
	if o.Now == nil {
		o.Now = time.Now
	}
	var err error
	if p.s, err = Listen(o); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- p.s.Serve(ctx) }()
	p.end = func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
	t.Cleanup(func() {
		if ctx.Err() == nil {
			p.end()
		}
	})
	return p
}

func (p *port) get(client *http.Client, scheme, path string) (int, string) {
	p.t.Helper()
	resp, err := client.Get(scheme + "://" + p.s.Address() + path)
	if err != nil {
		p.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	return resp.StatusCode, string(body)
}

func saying(text string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, text) })
}

func alone() *http.Client {
	return &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
}

func TestEachPathHasItsHandlerAndNothingElseIsServed(t *testing.T) {
	p := serve(t, Options{})
	if code, _ := p.get(alone(), "http", "/scim/one/v2/Users"); code != http.StatusServiceUnavailable {
		t.Errorf("before there are handlers: %d", code)
	}
	p.s.Swap(map[string]http.Handler{"/scim/one/v2": saying("one"), "/scim/two/v2": saying("two"),
		"/scim/bad/v2": http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("a mistake") })})
	for path, want := range map[string]string{"/scim/one/v2": "200 one", "/scim/one/v2/Users": "200 one", "/scim/two/v2/": "200 two", "/scim/one/v2x": "404 ", "/": "404 ",
		"/metrics": "404 ", "/scim": "404 ", "/scim/one/v2/../../../metrics": "200 one", "/scim/bad/v2": "500 "} {
		code, body := p.get(alone(), "http", path)
		if got := fmt.Sprintf("%d %s", code, body); got != want {
			t.Errorf("%s: %s, want %s", path, got, want)
		}
	}
	p.s.Swap(map[string]http.Handler{"/scim/one/v2": saying("another")})
	if _, body := p.get(alone(), "http", "/scim/one/v2"); body != "another" {
		t.Error(body)
	}
	if code, _ := p.get(alone(), "http", "/scim/two/v2"); code != http.StatusNotFound {
		t.Error(code)
	}
}

func TestARenewedCertificateIsShownAndOneThatCannotBeReadLeavesTheOneBefore(t *testing.T) {
	authority, err := privateca.New("inbound")
	if err != nil {
		t.Fatal(err)
	}
	var pair atomic.Pointer[tls.Certificate]
	renew := func() {
		issued, err := authority.Issue(privateca.Leaf{})
		if err != nil {
			t.Fatal(err)
		}
		made, err := tls.X509KeyPair(issued.CertPEM, issued.KeyPEM)
		if err != nil {
			t.Fatal(err)
		}
		pair.Store(&made)
	}
	renew()
	var passed atomic.Int64
	p := serve(t, Options{Now: func() time.Time { return time.Now().Add(time.Duration(passed.Load())) }, Certificate: func() (*tls.Certificate, error) {
		if c := pair.Load(); c != nil {
			return c, nil
		}
		return nil, errors.New("half written")
	}})
	p.s.Swap(map[string]http.Handler{"/x": saying("x")})
	first := p.shown(authority.Pool())
	renew()
	if p.shown(authority.Pool()) != first {
		t.Error("the files are read for each connection")
	}
	passed.Add(int64(time.Minute))
	second := p.shown(authority.Pool())
	if second == first {
		t.Error("the old one is shown")
	}
	pair.Store(nil)
	passed.Add(int64(time.Minute))
	if p.shown(authority.Pool()) != second {
		t.Error("none is shown")
	}
	if _, err := tls.Dial("tcp", p.s.Address(), &tls.Config{RootCAs: authority.Pool(), MaxVersion: tls.VersionTLS11, MinVersion: tls.VersionTLS10}); err == nil {
		t.Error("TLS 1.1 was taken")
	}
}

// shown is the number of the certificate that is shown.
func (p *port) shown(pool *x509.CertPool) string {
	p.t.Helper()
	c, err := tls.Dial("tcp", p.s.Address(), &tls.Config{RootCAs: pool})
	if err != nil {
		p.t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	return c.ConnectionState().PeerCertificates[0].SerialNumber.String()
}

func TestMoreConnectionsThanAllowedWait(t *testing.T) {
	p := serve(t, Options{Connections: 2})
	p.s.Swap(map[string]http.Handler{"/x": saying("x")})
	var held []net.Conn
	for range 2 {
		c, err := net.Dial("tcp", p.s.Address())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(c, "GET /x HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
		if _, err := bufio.NewReader(c).ReadString('\n'); err != nil { // it is served, and stays
			t.Fatal(err)
		}
		held = append(held, c)
	}
	answered := make(chan int)
	go func() {
		code, _ := p.get(alone(), "http", "/x")
		answered <- code
	}()
	select {
	case code := <-answered:
		t.Errorf("a third one was served: %d", code)
	case <-time.After(50 * time.Millisecond):
	}
	if err := held[0].Close(); err != nil {
		t.Fatal(err)
	}
	if code := <-answered; code != http.StatusOK {
		t.Error(code)
	}
	_ = held[1].Close()
}

func TestARequestUnderWayIsAnsweredBeforeTheEnd(t *testing.T) {
	p := serve(t, Options{})
	begun, goOn := make(chan struct{}), make(chan struct{})
	p.s.Swap(map[string]http.Handler{"/x": http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		close(begun)
		<-goOn
		_, _ = io.WriteString(w, "done")
	})})
	answered := make(chan string)
	go func() {
		_, body := p.get(alone(), "http", "/x")
		answered <- body
	}()
	<-begun
	ended := make(chan struct{})
	go func() { p.end(); close(ended) }()
	close(goOn)
	if body := <-answered; body != "done" {
		t.Error(body)
	}
	<-ended
}
