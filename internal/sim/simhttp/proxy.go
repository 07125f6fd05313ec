package simhttp

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
)

// Proxy is a company's way out: it knows CONNECT (RFC 9110 section 9.3.6) and lets nobody through without name and password.
type Proxy struct {
	Host string // host and port

	server  *httptest.Server
	want    atomic.Pointer[string]
	through atomic.Int32
	refused atomic.Int32
	open    sync.WaitGroup

	mu   sync.Mutex // guards ends
	ends []net.Conn // of all tunnels
}

// StartProxy serves a proxy on loopback that takes this user and password. The caller must close it.
func StartProxy(user, password string) *Proxy {
	p := &Proxy{}
	p.Take(user, password)
	p.open.Add(1) // for the proxy itself, so that nobody waits before the last tunnel is counted
	p.server = httptest.NewServer(p)
	p.Host = strings.TrimPrefix(p.server.URL, "http://")
	return p
}

// Take makes it take this user and password and no other.
func (p *Proxy) Take(user, password string) {
	both := user + ":" + password
	p.want.Store(&both)
}

// Through is how many connections it has let through, Refused how many it has not for want of the right password.
func (p *Proxy) Through() int { return int(p.through.Load()) }

// Refused is how often somebody came without the right password.
func (p *Proxy) Refused() int { return int(p.refused.Load()) }

// Close ends it, with its tunnels.
func (p *Proxy) Close() {
	p.server.Close()
	p.mu.Lock()
	for _, end := range p.ends {
		_ = end.Close() // whoever is at it already knows
	}
	p.mu.Unlock()
	p.open.Done()
	p.open.Wait()
}

// ServeHTTP implements http.Handler.
func (p *Proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	plain := &http.Request{Header: http.Header{"Authorization": r.Header["Proxy-Authorization"]}}
	user, password, _ := plain.BasicAuth()
	if r.Method != http.MethodConnect || user+":"+password != *p.want.Load() {
		p.refused.Add(1)
		w.Header().Set("Proxy-Authenticate", `Basic realm="company"`)
		w.WriteHeader(http.StatusProxyAuthRequired)
		return
	}
	server, err := net.Dial("tcp", r.Host)
	if err != nil {
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	client, _, err := w.(http.Hijacker).Hijack()
	if err != nil {
		_ = server.Close() // nobody reads it
		return
	}
	p.through.Add(1)
	p.mu.Lock()
	p.ends = append(p.ends, server, client)
	p.mu.Unlock()
	out := bufio.NewWriter(client)
	_, _ = out.WriteString("HTTP/1.1 200 Connection established\r\n\r\n")
	_ = out.Flush() // whoever is gone is noticed below
	p.open.Go(func() { _, _ = io.Copy(server, client); _ = server.Close() })
	p.open.Go(func() { _, _ = io.Copy(client, server); _ = client.Close() })
}
