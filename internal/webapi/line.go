package webapi

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/kisi-sync/kisi-sync/internal/secret"
)

// Line is how calls leave the house: the settings that every cloud source shares, to be put inline into its own.
type Line struct {
	// Proxy is the address of an HTTP proxy, with the user's name if it wants one: "http://user@proxy:8080". "": what HTTPS_PROXY
	// and NO_PROXY of the environment say.
	Proxy string `yaml:"proxy,omitempty" json:"proxy,omitempty" jsonschema:"description=The HTTP proxy on the way out: http://user@proxy:8080; without it HTTPS_PROXY of the environment is used"`
	// ProxyPassword belongs to the user in Proxy. It is read anew for every new connection.
	ProxyPassword *secret.Ref `yaml:"proxy_password,omitempty" json:"proxy_password,omitempty" jsonschema:"description=Where the proxy's password is kept"`
	// CA is a PEM file with authorities that are trusted beside the system's: those of a proxy that looks into TLS, say.
	CA string `yaml:"ca,omitempty" json:"ca,omitempty" jsonschema:"description=PEM file with authorities to trust beside the system's"`
}

// Certificates names the file of authorities by the key that names it.
func (l Line) Certificates() map[string]string {
	if l.CA == "" {
		return nil
	}
	return map[string]string{"ca": l.CA}
}

// Trouble is something wrong with a Line: at which of its keys, what, and what to do.
type Trouble struct{ Path, Text, Hint string }

// Troubles returns what is wrong with the settings, nil when nothing is. It touches nothing outside the process.
func (l Line) Troubles() []Trouble {
	var all []Trouble
	if l.Proxy != "" {
		if what := proxyTrouble(l.Proxy); what != "" {
			all = append(all, Trouble{"proxy", what, "write proxy: http://proxy.example.com:8080, or http://user@… with proxy_password beside it"})
		} else if u, _ := url.Parse(l.Proxy); l.ProxyPassword != nil && u.User == nil {
			all = append(all, Trouble{"proxy", "has a password but no user", "write proxy: http://user@" + u.Host})
		}
	}
	if l.ProxyPassword == nil {
		return all
	}
	if l.Proxy == "" {
		all = append(all, Trouble{"proxy_password", "belongs to no proxy", "write proxy: http://user@proxy.example.com:8080 beside it"})
	}
	if err := l.ProxyPassword.Validate(); err != nil {
		all = append(all, Trouble{"proxy_password", err.Error(), ""})
	}
	return all
}

// proxyTrouble never repeats the text: it may hold a password.
func proxyTrouble(text string) string {
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.Path != "" && u.Path != "/" || u.RawQuery != "" || u.Fragment != "":
		return "is not the address of a proxy"
	case u.User != nil:
		if _, has := u.User.Password(); has {
			return "holds a password, which does not belong into this file"
		}
	}
	return ""
}

// ProxyError says that the proxy would not let a call through. Trying again soon is of no use.
type ProxyError struct {
	Proxy  string // host and port
	Status string // "407 Proxy Authentication Required"
}

// Error names the proxy and what it said.
func (e *ProxyError) Error() string {
	return fmt.Sprintf("the proxy %s answers %s", e.Proxy, e.Status)
}

// AuthorityError says that the file of authorities is of no use.
type AuthorityError struct {
	File string
	Err  error
}

// Error names the file and what is wrong with it.
func (e *AuthorityError) Error() string { return fmt.Sprintf("ca %s: %v", e.File, e.Err) }

// Unwrap returns the cause.
func (e *AuthorityError) Unwrap() error { return e.Err }

// way is the transport that a Line describes. It is made at the first call, and anew when the file of authorities has changed.
type way struct {
	line        Line
	dir         string
	connections int
	dial        time.Duration // how long one connection may take to be made; 0: as long as net/http finds right

	mu      sync.Mutex
	present *http.Transport
	stamp   stamp
}

// stamp tells one state of a file from another.
type stamp struct {
	size     int64
	modified time.Time
}

// RoundTrip implements http.RoundTripper.
func (w *way) RoundTrip(req *http.Request) (*http.Response, error) {
	base, err := w.transport()
	if err != nil {
		return nil, err
	}
	return base.RoundTrip(req)
}

// CloseIdleConnections closes what is not in use.
func (w *way) CloseIdleConnections() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.present != nil {
		w.present.CloseIdleConnections()
	}
}

func (w *way) transport() (*http.Transport, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	now, err := w.look()
	if err != nil {
		return nil, err
	}
	if w.present != nil && now == w.stamp {
		return w.present, nil
	}
	trust, err := w.authorities()
	if err != nil {
		return nil, err
	}
	if w.present != nil {
		w.present.CloseIdleConnections()
	}
	w.present, w.stamp = w.open(trust), now
	return w.present, nil
}

func (w *way) open(trust *x509.CertPool) *http.Transport {
	base := http.DefaultTransport.(*http.Transport).Clone()
	base.TLSClientConfig = &tls.Config{RootCAs: trust, MinVersion: tls.VersionTLS12}
	base.Proxy = w.proxy
	base.OnProxyConnectResponse = func(_ context.Context, proxy *url.URL, _ *http.Request, resp *http.Response) error {
		if resp.StatusCode != http.StatusOK {
			return &ProxyError{Proxy: proxy.Host, Status: resp.Status}
		}
		return nil
	}
	if w.dial > 0 {
		base.DialContext = (&net.Dialer{Timeout: w.dial}).DialContext
	}
	base.MaxIdleConnsPerHost = w.connections
	base.MaxResponseHeaderBytes = 256 << 10
	// Shorter than servers and proxies commonly keep a silent connection, so that a call does not run into one that is just being closed.
	base.IdleConnTimeout = 45 * time.Second
	return base
}

// proxy is asked for every new connection; HTTP/2 has one for many calls.
func (w *way) proxy(req *http.Request) (*url.URL, error) {
	if linkLocal(req.URL.Hostname()) {
		return nil, nil
	}
	if w.line.Proxy == "" {
		return http.ProxyFromEnvironment(req)
	}
	u, err := url.Parse(w.line.Proxy)
	if err != nil {
		return nil, fmt.Errorf("proxy: %s", proxyTrouble(w.line.Proxy))
	}
	if w.line.ProxyPassword != nil {
		password, err := w.line.ProxyPassword.Resolve(secret.Place{Base: w.dir})
		if err != nil {
			return nil, fmt.Errorf("proxy_password: %w", err)
		}
		u.User = url.UserPassword(u.User.Username(), password.Reveal())
	}
	return u, nil
}

func (w *way) file() string {
	if w.line.CA == "" || filepath.IsAbs(w.line.CA) {
		return w.line.CA
	}
	return filepath.Join(w.dir, w.line.CA)
}

// look notices that the file of authorities is another than before.
func (w *way) look() (stamp, error) {
	if w.line.CA == "" {
		return stamp{}, nil
	}
	info, err := os.Stat(w.file())
	if err != nil {
		return stamp{}, &AuthorityError{File: w.file(), Err: err}
	}
	return stamp{info.Size(), info.ModTime()}, nil
}

// authorities are the system's and those of the file; nil is the system's alone.
func (w *way) authorities() (*x509.CertPool, error) {
	if w.line.CA == "" {
		return nil, nil
	}
	text, err := os.ReadFile(w.file())
	if err != nil {
		return nil, &AuthorityError{File: w.file(), Err: err}
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		return nil, &AuthorityError{File: w.file(), Err: fmt.Errorf("the system's authorities: %w", err)}
	}
	if !pool.AppendCertsFromPEM(text) {
		return nil, &AuthorityError{File: w.file(), Err: errors.New("it holds no certificate in PEM")}
	}
	return pool, nil
}
