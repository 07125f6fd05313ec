package pacer_test

import (
	"errors"
	"net/url"
	"testing"
	"testing/synctest"

	"github.com/kisi-sync/kisi-sync/internal/pacer"
)

func TestOnlyListedCallsLeave(t *testing.T) {
	refused := []struct{ method, path string }{
		{"DELETE", "/users/7"},
		{"PUT", "/users/7"},
		{"get", "/users"},
		{"PATCH", "/users"},
		{"PATCH", "/users/"},
		{"PATCH", "/users/7/"},
		{"PATCH", "/users/7/notes"},
		{"PATCH", "/users/.."},
		{"PATCH", "/users/7%2F8"},
		{"PATCH", "/users/%37"},
		{"PATCH", "//users/7"},
		{"PATCH", "/users/{id}/x"},
		{"GET", "/user"},
		{"GET", "/usersx"},
		{"GET", "/Users"},
		{"GET", ""},
		{"GET", "https://other.example.com/users"},
		{"GET", "http://api.example.com/users"},
		{"GET", "https://api.example.com:444/users"},
		{"GET", "https://api.example.com.evil.test/users"},
		{"GET", "https://me:pass@api.example.com/users"},
	}
	synctest.Test(t, func(t *testing.T) {
		s := &server{}
		p := newPacer(t, pacer.Options{Base: s})
		for _, c := range refused {
			if _, err := p.RoundTrip(request(t, t.Context(), c.method, c.path, "")); !errors.Is(err, pacer.ErrNotAllowed) || !errors.Is(err, pacer.ErrNotSent) {
				t.Errorf("%s %s: %v", c.method, c.path, err)
			}
		}
		hidden := request(t, t.Context(), "GET", "/users", "")
		hidden.Host = "other.example.com"
		if _, err := p.RoundTrip(hidden); !errors.Is(err, pacer.ErrNotAllowed) {
			t.Errorf("another Host header: %v", err)
		}
		opaque := request(t, t.Context(), "GET", "/users", "")
		opaque.URL = &url.URL{Scheme: "https", Host: "api.example.com", Opaque: "//other/users", Path: "/users"}
		if _, err := p.RoundTrip(opaque); !errors.Is(err, pacer.ErrNotAllowed) {
			t.Errorf("an opaque address: %v", err)
		}
		if len(s.arrived) != 0 {
			t.Fatalf("%d calls left", len(s.arrived))
		}
		if got := p.Stats(); got.Refused != int64(len(refused)+2) || got.Calls != 0 {
			t.Errorf("counters: %+v", got)
		}
		for _, path := range []string{"/users", "/users?email=a%40b.example&limit=5", "/users/7", "/users/group_basic-1"} {
			if _, err := p.RoundTrip(request(t, t.Context(), "GET", path, "")); err != nil {
				t.Errorf("GET %s: %v", path, err)
			}
		}
	})
}

func TestAnOriginIsHTTPSUnlessItIsThisMachine(t *testing.T) {
	for _, good := range []string{"https://api.kisi.io", "https://api.kisi.io/", "http://127.0.0.1:8080", "http://localhost:1", "http://[::1]:80"} {
		if _, err := pacer.New(pacer.Options{Origin: good}); err != nil {
			t.Errorf("%s: %v", good, err)
		}
	}
	for _, bad := range []string{
		"", "api.kisi.io", "http://api.kisi.io", "http://10.0.0.1", "http://localhost.example.com", "ftp://127.0.0.1",
		"https://api.kisi.io/v1", "https://user:pw@api.kisi.io", "https://api.kisi.io?x=1", "https://", "https://%zz",
	} {
		if _, err := pacer.New(pacer.Options{Origin: bad}); err == nil {
			t.Errorf("%q was accepted", bad)
		}
	}
}

func TestAListWithMistakesIsRefused(t *testing.T) {
	for _, bad := range []pacer.Allow{{}, {Method: "get", Path: "/x"}, {Method: "GET", Path: "x"}, {Path: "/x"}} {
		if _, err := pacer.New(pacer.Options{Origin: origin, Allow: []pacer.Allow{bad}}); err == nil {
			t.Errorf("%+v was accepted", bad)
		}
	}
}
