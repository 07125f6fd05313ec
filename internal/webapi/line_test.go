package webapi_test

import (
	"crypto/tls"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/kisi-sync/kisi-sync/internal/pacer"
	"github.com/kisi-sync/kisi-sync/internal/secret"
	"github.com/kisi-sync/kisi-sync/internal/sim/child"
	"github.com/kisi-sync/kisi-sync/internal/sim/privateca"
	"github.com/kisi-sync/kisi-sync/internal/sim/simhttp"
	"github.com/kisi-sync/kisi-sync/internal/webapi"
)

// quick are options that do not wait for long.
func quick(url string) webapi.Options {
	return webapi.Options{Origin: url, Tries: 3, FirstWait: time.Millisecond, LongestWait: 2 * time.Millisecond}
}

func serve(t *testing.T, handler http.HandlerFunc) string {
	t.Helper()
	s := httptest.NewServer(handler)
	t.Cleanup(s.Close)
	return s.URL
}

func TestACutAnswerIsNoticedAndReadAgain(t *testing.T) {
	for name, cut := range map[string]func(http.ResponseWriter){
		"before it began":     func(http.ResponseWriter) { panic(http.ErrAbortHandler) },
		"short of its length": func(w http.ResponseWriter) { w.Header().Set("Content-Length", "100"); _, _ = io.WriteString(w, "[{") },
		"in the middle chunk": func(w http.ResponseWriter) {
			_, _ = io.WriteString(w, "[{")
			w.(http.Flusher).Flush()
			panic(http.ErrAbortHandler)
		},
		"with a broken status": func(w http.ResponseWriter) { w.WriteHeader(http.StatusBadGateway) },
	} {
		var calls atomic.Int32
		url := serve(t, func(w http.ResponseWriter, _ *http.Request) {
			if calls.Add(1) == 1 {
				cut(w)
				return
			}
			_, _ = io.WriteString(w, `[{"id":1}]`)
		})
		transport := open(t, quick(url))
		resp, err := call(t.Context(), transport, "GET", url)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if body, _ := io.ReadAll(resp.Body); string(body) != `[{"id":1}]` || calls.Load() != 2 || transport.Stats().Retries != 1 {
			t.Errorf("%s: %q after %d calls", name, body, calls.Load())
		}
		transport.CloseIdleConnections()
	}
}

func TestARedirectIsNotFollowedButNotModifiedIsAnAnswer(t *testing.T) {
	var elsewhere atomic.Int32
	other := serve(t, func(http.ResponseWriter, *http.Request) { elsewhere.Add(1) })
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/same" {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		http.Redirect(w, r, other, http.StatusFound)
	})
	client := &http.Client{Transport: open(t, quick(url))}
	if _, err := client.Get(url); !errors.Is(err, pacer.ErrRedirected) || elsewhere.Load() != 0 {
		t.Errorf("%d calls elsewhere: %v", elsewhere.Load(), err)
	}
	resp, err := client.Get(url + "/same")
	if err != nil || resp.StatusCode != http.StatusNotModified {
		t.Errorf("got %v, %v", resp, err)
	}
}

func TestALargeAnswerIsRefusedWithoutATryMore(t *testing.T) {
	url := serve(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, strings.Repeat("x", 1000)) })
	o := quick(url)
	o.MaxBody = 999
	transport := open(t, o)
	if _, err := call(t.Context(), transport, "GET", url); !errors.Is(err, pacer.ErrTooLarge) || transport.Stats().Tries != 1 {
		t.Errorf("%d tries: %v", transport.Stats().Tries, err)
	}
}

func TestWithoutAConnectionAPostIsCertainlyNotDone(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	url := "http://" + listener.Addr().String()
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	transport := open(t, quick(url))
	if _, err := call(t.Context(), transport, "POST", url); !errors.Is(err, pacer.ErrNotSent) || transport.Stats().Tries != 3 {
		t.Errorf("%d tries: %v", transport.Stats().Tries, err)
	}
}

// authority makes a certificate authority, its file, and an https server that it vouches for.
func authority(t *testing.T) (file, url string) {
	t.Helper()
	ca, err := privateca.New("company")
	if err != nil {
		t.Fatal(err)
	}
	file = filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(file, ca.PEM(), 0o600); err != nil {
		t.Fatal(err)
	}
	return file, serveTLS(t, ca)
}

func serveTLS(t *testing.T, ca *privateca.Authority) string {
	t.Helper()
	pair, err := ca.Issue(privateca.Leaf{})
	if err != nil {
		t.Fatal(err)
	}
	cert, err := pair.TLS()
	if err != nil {
		t.Fatal(err)
	}
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "{}") }))
	s.TLS = &tls.Config{Certificates: []tls.Certificate{cert}}
	s.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	s.EnableHTTP2 = true
	s.StartTLS()
	t.Cleanup(s.Close)
	return s.URL
}

func TestAPrivateAuthorityIsTrustedOnceItIsNamed(t *testing.T) {
	file, url := authority(t)
	o := quick(url)
	if _, err := call(t.Context(), open(t, o), "GET", url); !pacer.Permanent(err) || !errors.Is(err, pacer.ErrNotSent) {
		t.Errorf("nobody vouches for it, and still: %v", err)
	}
	o.Line.CA, o.Dir = filepath.Base(file), filepath.Dir(file)
	if _, err := call(t.Context(), open(t, o), "GET", url); err != nil {
		t.Error(err)
	}
}

func TestANewFileOfAuthoritiesIsReadWithoutARestart(t *testing.T) {
	file, _ := authority(t)
	later, err := privateca.New("company, renewed")
	if err != nil {
		t.Fatal(err)
	}
	url := serveTLS(t, later)
	o := quick(url)
	o.Line.CA = file
	transport := open(t, o)
	if _, err := call(t.Context(), transport, "GET", url); err == nil {
		t.Fatal("the old authority vouches for the new one's server")
	}
	if err := os.WriteFile(file, append(later.PEM(), '\n'), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := call(t.Context(), transport, "GET", url); err != nil {
		t.Error(err)
	}
	for _, text := range []string{"", "no PEM"} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		var trouble *webapi.AuthorityError
		if _, err := call(t.Context(), transport, "GET", url); !errors.As(err, &trouble) || trouble.File != file {
			t.Errorf("with a file of %q: %v", text, err)
		}
	}
}

func TestCallsGoThroughAProxyThatWantsToKnowWhoCalls(t *testing.T) {
	file, url := authority(t)
	proxy := simhttp.StartProxy("sync", "hunter2")
	t.Cleanup(proxy.Close)
	host := proxy.Host
	password := filepath.Join(t.TempDir(), "proxy-password")
	write := func(text string) {
		if err := os.WriteFile(password, []byte(text+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	o := quick(url)
	o.Line = webapi.Line{Proxy: "http://sync@" + host, ProxyPassword: &secret.Ref{File: password}, CA: file}
	transport := open(t, o)
	t.Cleanup(transport.CloseIdleConnections)

	write("wrong")
	var refused *webapi.ProxyError
	_, err := call(t.Context(), transport, "POST", url)
	if !errors.As(err, &refused) || refused.Proxy != host || !strings.Contains(refused.Status, "407") || transport.Stats().Tries != 1 {
		t.Errorf("%d tries: %v", transport.Stats().Tries, err)
	}
	if !errors.Is(err, pacer.ErrNotSent) || strings.Contains(err.Error(), "wrong") {
		t.Errorf("the error is %v", err)
	}
	write("hunter2") // no restart
	for range 3 {
		if _, err := call(t.Context(), transport, "GET", url); err != nil {
			t.Error(err)
		}
	}
	if proxy.Through() != 1 {
		t.Errorf("%d connections for three calls", proxy.Through())
	}
	if err := os.Remove(password); err != nil {
		t.Fatal(err)
	}
	transport.CloseIdleConnections()
	var kept *secret.Error
	if _, err := call(t.Context(), transport, "GET", url); !errors.As(err, &kept) {
		t.Errorf("without its file: %v", err)
	}
}

func TestALineSaysWhatIsWrongWithIt(t *testing.T) {
	file := &secret.Ref{File: "proxy-password"}
	for _, c := range []struct {
		line webapi.Line
		want []string // path and the beginning of the text
	}{
		{webapi.Line{}, nil},
		{webapi.Line{Proxy: "http://proxy:8080"}, nil},
		{webapi.Line{Proxy: "http://user@proxy:8080", ProxyPassword: file}, nil},
		{webapi.Line{Proxy: "https://user@proxy"}, nil},
		{webapi.Line{Proxy: "proxy:8080"}, []string{"proxy is not the address"}},
		{webapi.Line{Proxy: "socks5://proxy"}, []string{"proxy is not the address"}},
		{webapi.Line{Proxy: "http://proxy/path"}, []string{"proxy is not the address"}},
		{webapi.Line{Proxy: "http://user:hunter2@proxy"}, []string{"proxy holds a password"}},
		{webapi.Line{Proxy: "http://proxy", ProxyPassword: file}, []string{"proxy has a password but no user"}},
		{webapi.Line{ProxyPassword: file}, []string{"proxy_password belongs to no proxy"}},
		{webapi.Line{Proxy: "http://user@proxy", ProxyPassword: &secret.Ref{}}, []string{"proxy_password names no place"}},
	} {
		got := c.line.Troubles()
		if len(got) != len(c.want) {
			t.Errorf("%+v: %+v", c.line, got)
			continue
		}
		for i, trouble := range got {
			if text := trouble.Path + " " + trouble.Text; !strings.HasPrefix(text, c.want[i]) || strings.Contains(text+trouble.Hint, "hunter2") {
				t.Errorf("%+v: %q, want %q", c.line, text, c.want[i])
			}
		}
	}
}

func TestTheLogShowsNoQueryHeaderOrBody(t *testing.T) {
	var calls atomic.Int32
	url := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		if calls.Add(1) == 1 {
			panic(http.ErrAbortHandler)
		}
		_, _ = io.WriteString(w, "ana@example.com")
	})
	var log strings.Builder
	o := quick(url)
	o.Log = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	req, err := http.NewRequest("GET", url+"/users?search=ana@example.com", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "SSWS hunter2")
	if _, err := open(t, o).RoundTrip(req); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(log.String(), "/users") || strings.Contains(log.String(), "ana@") || strings.Contains(log.String(), "hunter2") {
		t.Errorf("log:\n%s", log.String())
	}
}

// What each of these is about, and that there is a hint, is the same whoever calls.
func TestWhatIsWrongWithTheLineIsToldWithTheSettingToLookAt(t *testing.T) {
	file, url := authority(t)
	proxy := simhttp.StartProxy("sync", "hunter2")
	t.Cleanup(proxy.Close)
	ports, release, err := child.HoldPorts(1) // nobody listens there
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(release)
	deaf := "127.0.0.1:" + strconv.Itoa(ports[0])
	for name, c := range map[string]struct {
		line    webapi.Line
		url     string
		setting string
	}{
		"a proxy that wants a password":   {webapi.Line{Proxy: "http://sync@" + proxy.Host, CA: file}, url, "proxy"},
		"a proxy that is not there":       {webapi.Line{Proxy: "http://" + deaf, CA: file}, url, "proxy"},
		"an authority that nobody knows":  {webapi.Line{}, url, "ca"},
		"authorities that are not there":  {webapi.Line{CA: file + "x"}, url, "ca"},
		"a vendor that cannot be reached": {webapi.Line{CA: file}, "https://" + deaf, ""},
	} {
		o := quick(c.url)
		o.Line = c.line
		_, err := call(t.Context(), open(t, o), "GET", c.url)
		var trouble *webapi.LineError
		if !errors.As(err, &trouble) || trouble.Setting != c.setting || trouble.Hint() == "" || strings.Contains(err.Error(), trouble.Hint()) {
			t.Errorf("%s: %v, %+v", name, err, trouble)
		}
	}
}
