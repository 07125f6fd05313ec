package pacer

import (
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
)

// Allow is one kind of call that may leave the process.
type Allow struct {
	Method string
	// Path is matched whole; "{…}" stands for one segment of letters, digits,
	// "_" and "-": "/users/{id}".
	Path string
	// Repeat says that doing it twice does no harm, so that a call whose
	// outcome is unknown may be sent again. GET and HEAD always may.
	Repeat bool
}

// rule is an Allow made ready for matching.
type rule struct {
	Allow
	segments []string
}

// reads reports whether the call changes nothing.
func (r rule) reads() bool { return r.Method == http.MethodGet || r.Method == http.MethodHead }

func compile(list []Allow) ([]rule, error) {
	rules := make([]rule, 0, len(list))
	for _, a := range list {
		if a.Method == "" || a.Method != strings.ToUpper(a.Method) || !strings.HasPrefix(a.Path, "/") {
			return nil, fmt.Errorf("pacer: allowed call %q %q needs a method in capitals and a path that starts with /", a.Method, a.Path)
		}
		r := rule{Allow: a, segments: strings.Split(a.Path, "/")}
		r.Repeat = r.Repeat || r.reads()
		rules = append(rules, r)
	}
	return rules, nil
}

// ParseOrigin accepts https, and http to this machine, with nothing behind the
// host.
func ParseOrigin(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.User != nil || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "" {
		return nil, fmt.Errorf("%q is not an origin like https://api.example.com", redacted(u))
	}
	if u.Scheme != "https" && (u.Scheme != "http" || !loopback(u.Hostname())) {
		return nil, fmt.Errorf("%s must use https; plain http would show the key to the network", redacted(u))
	}
	return u, nil
}

func redacted(u *url.URL) string {
	if u == nil {
		return "(unreadable)"
	}
	return u.Redacted()
}

func loopback(host string) bool {
	if host == "localhost" {
		return true
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.IsLoopback()
}

// check finds the rule that admits req. It compares what will be written to
// the wire: a Host header or an escaped path that differs is refused too.
func (p *Pacer) check(req *http.Request) (rule, error) {
	u := req.URL
	if u.Scheme != p.origin.Scheme || u.Host != p.origin.Host || u.User != nil || req.Host != "" && req.Host != u.Host {
		return rule{}, fmt.Errorf("%w: %s is not %s", ErrNotAllowed, u.Scheme+"://"+u.Host, p.origin)
	}
	method := or(req.Method, http.MethodGet)
	if u.EscapedPath() == u.Path && u.Opaque == "" {
		for _, r := range p.allow {
			if r.Method == method && r.matches(u.Path) {
				return r, nil
			}
		}
	}
	return rule{}, fmt.Errorf("%w: %s %s", ErrNotAllowed, method, u.EscapedPath())
}

func (r rule) matches(path string) bool {
	segments := strings.Split(path, "/")
	if len(segments) != len(r.segments) {
		return false
	}
	for i, want := range r.segments {
		if strings.HasPrefix(want, "{") {
			if !identifier(segments[i]) {
				return false
			}
		} else if segments[i] != want {
			return false
		}
	}
	return true
}

// identifier keeps dots out, so that no segment can climb.
func identifier(s string) bool {
	for _, c := range []byte(s) {
		if (c < '0' || c > '9') && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') && c != '_' && c != '-' {
			return false
		}
	}
	return s != ""
}
