package webapi_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kisi-sync/kisi-sync/internal/pacer"
	"github.com/kisi-sync/kisi-sync/internal/webapi"
)

func TestAsManyCallsAreUnderWayAsTheVendorAllowsAndNoMore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := &vendor{takes: 100 * time.Millisecond}
		transport := open(t, webapi.Options{Base: v, Concurrency: 3})
		started := time.Now()
		get(t, transport, 30)
		if took := time.Since(started); took != time.Second {
			t.Errorf("30 calls of 100 ms, three at a time, took %s", took)
		}
		if got := transport.Stats(); v.most != 3 || got.Most != 3 || got.Calls != 30 || got.Tries != 30 || got.Retries != 0 {
			t.Errorf("at most %d at a time; counters: %+v", v.most, got)
		}
	})
}

func TestCallsLeaveNoFasterThanTheRateAfterABurst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := &vendor{}
		get(t, open(t, webapi.Options{Base: v, Concurrency: 10, Rate: 10, Burst: 5}), 25)
		first := v.arrived[0]
		for i, at := range v.arrived {
			if want := time.Duration(max(0, i-4)) * 100 * time.Millisecond; at.Sub(first) != want {
				t.Errorf("call %d left after %s, want %s", i, at.Sub(first), want)
			}
		}
	})
}

func TestEveryoneWaitsForAsLongAsTheVendorSays(t *testing.T) {
	clock := func(after time.Duration) string { return time.Now().Add(after).UTC().Format(http.TimeFormat) }
	for name, headers := range map[string]func() []string{
		"in seconds": func() []string { return []string{"Retry-After", "30"} },
		"as a date, its clock being off": func() []string {
			return []string{"Date", clock(time.Hour), "Retry-After", clock(time.Hour + 30*time.Second)}
		},
		"in a header of its own": func() []string { return []string{"X-Wait", "30s"} },
		"the longer of both":     func() []string { return []string{"X-Wait", "30s", "Retry-After", "1"} },
	} {
		for _, status := range []int{http.StatusTooManyRequests, http.StatusServiceUnavailable} {
			t.Run(fmt.Sprint(name, " with ", status), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					v := &vendor{answer: script(reply(status, headers()))}
					transport := open(t, webapi.Options{Base: v, Wait: func(resp *http.Response) (time.Duration, bool) {
						wait, err := time.ParseDuration(resp.Header.Get("X-Wait"))
						return wait, err == nil
					}})
					started := time.Now()
					get(t, transport, 1)
					if took := time.Since(started); took < 30*time.Second || took > 31*time.Second {
						t.Errorf("it took %s", took)
					}
					get(t, transport, 1)
					if took := time.Since(started); took > 31*time.Second || len(v.arrived) != 3 {
						t.Errorf("%d calls took %s", len(v.arrived), took)
					}
				})
			})
		}
	}
}

func TestAGoodAnswerMayAskForQuietToo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := &vendor{answer: script(reply(200, []string{"X-Remaining", "0"}))}
		transport := open(t, webapi.Options{Base: v,
			Class: func(r *http.Request) string { return r.URL.Path },
			Wait: func(resp *http.Response) (time.Duration, bool) {
				return 20 * time.Second, resp.Header.Get("X-Remaining") == "0"
			}})
		get(t, transport, 1)
		started := time.Now()
		if _, err := call(t.Context(), transport, "GET", origin+"/groups"); err != nil || time.Since(started) != 0 {
			t.Errorf("another class of calls waited %s: %v", time.Since(started), err)
		}
		get(t, transport, 1)
		if took := time.Since(started); took != 20*time.Second {
			t.Errorf("the same class of calls waited %s", took)
		}
	})
}

func TestAVendorsOwnWayToSayNotNowCounts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := &vendor{answer: script(reply(403, nil), reply(403, nil))}
		transport := open(t, webapi.Options{Base: v, Retry: func(resp *http.Response, body []byte) bool {
			return resp.StatusCode == http.StatusForbidden && string(body) == "{}"
		}})
		get(t, transport, 1)
		if got := transport.Stats(); got.Limited != 2 || got.Retries != 2 || got.Waited == 0 {
			t.Errorf("counters: %+v", got)
		}
	})
}

func TestOnlyWhatDoesNoHarmIsRepeated(t *testing.T) {
	for _, c := range []struct {
		method, path string
		status       int
		want         int // calls
	}{
		{"GET", "/users", 500, 2}, {"GET", "/users", 502, 2}, {"GET", "/users", 503, 2}, {"GET", "/users", 504, 2}, {"GET", "/users", 429, 2},
		{"HEAD", "/users", 503, 2},
		{"GET", "/users", 400, 1}, {"GET", "/users", 401, 1}, {"GET", "/users", 404, 1}, {"GET", "/users", 501, 1},
		{"POST", "/users", 500, 1}, {"POST", "/users", 503, 1}, {"POST", "/users", 429, 2},
		{"POST", "/token", 503, 2},
	} {
		synctest.Test(t, func(t *testing.T) {
			v := &vendor{answer: script(reply(c.status, nil))}
			transport := open(t, webapi.Options{Base: v, Repeat: func(r *http.Request) bool { return r.URL.Path == "/token" }})
			resp, err := call(t.Context(), transport, c.method, origin+c.path)
			if err != nil || len(v.arrived) != c.want || (c.want == 1) != (resp.StatusCode == c.status) {
				t.Errorf("%s %s after %d: %d calls, %v, %v", c.method, c.path, c.status, len(v.arrived), resp, err)
			}
			for _, body := range v.bodies {
				if c.method == "POST" && body != "grant_type=client_credentials" {
					t.Errorf("a repeat was sent with %q", body)
				}
			}
		})
	}
}

func TestEachTryIsSignedAnew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var seen []string
		v := &vendor{answer: func(n int, r *http.Request) (*http.Response, error) {
			seen = append(seen, r.Header.Get("DPoP"))
			return reply([]int{503, 429, 200}[n-1], nil), nil
		}}
		signed := 0
		transport := open(t, webapi.Options{Base: v, Sign: func(r *http.Request) error {
			signed++
			r.Header.Set("DPoP", fmt.Sprint("proof ", signed))
			if signed > 3 {
				return errors.New("no key")
			}
			return nil
		}})
		get(t, transport, 1)
		if !slices.Equal(seen, []string{"proof 1", "proof 2", "proof 3"}) {
			t.Errorf("got %q", seen)
		}
		_, err := call(t.Context(), transport, "GET", origin+"/users")
		if !errors.Is(err, pacer.ErrNotSent) || !strings.Contains(err.Error(), "no key") || len(seen) != 3 || signed != 4 {
			t.Errorf("without a key: %v", err)
		}
	})
}

func TestTheLastAnswerIsReturnedWhenPatienceOrTriesAreUsedUp(t *testing.T) {
	for name, o := range map[string]webapi.Options{"tries": {Tries: 3}, "patience": {Patience: 10 * time.Second}} {
		synctest.Test(t, func(t *testing.T) {
			v := &vendor{answer: func(int, *http.Request) (*http.Response, error) { return reply(429, []string{"Retry-After", "4"}), nil }}
			o.Base = v
			transport := open(t, o)
			resp, err := call(t.Context(), transport, "GET", origin+"/users")
			if err != nil || resp.StatusCode != 429 || len(v.arrived) != 3 {
				t.Errorf("%s: %d calls, %v, %v", name, len(v.arrived), resp, err)
			}
		})
	}
}

func TestALongQuietIsLeftToTheNextRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := &vendor{answer: script(reply(429, []string{"Retry-After", "3000"}))}
		transport := open(t, webapi.Options{Base: v})
		if resp, err := call(t.Context(), transport, "GET", origin+"/users"); err != nil || resp.StatusCode != 429 {
			t.Errorf("got %v, %v", resp, err)
		}
		_, err := call(t.Context(), transport, "GET", origin+"/users")
		if !errors.Is(err, pacer.ErrNotSent) || !strings.Contains(err.Error(), "50m") || len(v.arrived) != 1 {
			t.Errorf("%d calls left, %v", len(v.arrived), err)
		}
	})
}

func TestTwoProcessesOnOneQuotaBothGetThrough(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := &vendor{takes: 50 * time.Millisecond, quota: 20}
		var both sync.WaitGroup
		for range 2 {
			transport := open(t, webapi.Options{Base: v, Concurrency: 8, Rate: 20, Burst: 5, Patience: time.Hour, Tries: 100})
			both.Go(func() { get(t, transport, 300) })
		}
		both.Wait()
		share := float64(v.limited) / float64(len(v.arrived))
		t.Logf("%.0f %% of the calls were refused", 100*share)
		if share > 0.15 {
			t.Errorf("%.0f %% of the calls were refused", 100*share)
		}
	})
}

func TestConcurrencyShrinksAfterA429AndComesBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := &vendor{takes: time.Second, answer: script(reply(429, []string{"Retry-After", "1"}))}
		transport := open(t, webapi.Options{Base: v, Concurrency: 4})
		get(t, transport, 1)
		for _, want := range []int{2, 3, 4} {
			v.most = 0
			get(t, transport, 12)
			if v.most < want {
				t.Errorf("%d at a time, want %d", v.most, want)
			}
		}
	})
}

func TestACancelledCallEndsAtOnce(t *testing.T) {
	quiet := func(int, *http.Request) (*http.Response, error) {
		return reply(429, []string{"Retry-After", "60"}), nil
	}
	for name, c := range map[string]struct {
		v        *vendor
		before   int // calls that are in the way
		notSent  bool
		progress time.Duration
	}{
		"under way":                   {v: &vendor{takes: time.Hour}},
		"waiting for the vendor":      {v: &vendor{answer: quiet}, notSent: true},
		"waiting for others to end":   {v: &vendor{takes: time.Hour}, before: 4, notSent: true},
		"waiting for the pace to let": {v: &vendor{}, before: 1, notSent: true},
	} {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			o := webapi.Options{Base: c.v, Timeout: 2 * time.Hour}
			if strings.Contains(name, "pace") {
				o.Rate = 0.01
			}
			transport := open(t, o)
			var others sync.WaitGroup
			for range c.before {
				others.Go(func() { _, _ = call(ctx, transport, "GET", origin+"/other") })
			}
			synctest.Wait()
			time.AfterFunc(time.Second, cancel)
			started := time.Now()
			_, err := call(ctx, transport, "GET", origin+"/users")
			if !errors.Is(err, context.Canceled) || errors.Is(err, pacer.ErrNotSent) != c.notSent || time.Since(started) != time.Second {
				t.Errorf("%s: after %s: %v", name, time.Since(started), err)
			}
			others.Wait()
		})
	}
}

func TestASlotIsNotLostToACancelledCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := &vendor{takes: time.Second}
		transport := open(t, webapi.Options{Base: v, Concurrency: 1})
		for range 20 {
			ctx, cancel := context.WithCancel(t.Context())
			var all sync.WaitGroup
			all.Go(func() { _, _ = call(t.Context(), transport, "GET", origin+"/users") })
			all.Go(func() { _, _ = call(ctx, transport, "GET", origin+"/users") })
			time.AfterFunc(time.Second, cancel) // just when the slot comes free
			all.Wait()
		}
		get(t, transport, 3)
		if v.most != 1 {
			t.Errorf("%d at a time", v.most)
		}
	})
}

func TestCallsElsewhereDoNotLeave(t *testing.T) {
	v := &vendor{}
	transport := open(t, webapi.Options{Base: v, Also: []string{"https://login.vendor.example", "http://169.254.169.254"}})
	for _, bad := range []string{"http://api.vendor.example/", "https://api.vendor.example:444/", "https://api.vendor.example.evil.test/",
		"https://me@api.vendor.example/", "http://login.vendor.example/", "https://169.254.169.254/"} {
		if _, err := call(t.Context(), transport, "GET", bad); !errors.Is(err, pacer.ErrNotAllowed) || !errors.Is(err, pacer.ErrNotSent) {
			t.Errorf("%s: %v", bad, err)
		}
	}
	hidden, _ := http.NewRequest("GET", origin, nil)
	hidden.Host = "elsewhere.example"
	if _, err := transport.RoundTrip(hidden); !errors.Is(err, pacer.ErrNotAllowed) {
		t.Errorf("another Host header: %v", err)
	}
	if got := transport.Stats(); got.Refused != 7 || len(v.arrived) != 0 {
		t.Errorf("%d calls left, counters: %+v", len(v.arrived), got)
	}
	for _, good := range []string{origin + "/users?limit=5", "https://login.vendor.example/token", "http://169.254.169.254/metadata"} {
		if _, err := call(t.Context(), transport, "GET", good); err != nil {
			t.Errorf("%s: %v", good, err)
		}
	}
}

func TestPlainHTTPIsForThisMachineOnly(t *testing.T) {
	bad := [][]string{{"http://api.vendor.example"}, {"http://169.254.169.254"}, {""}, {origin + "/v1"}, {origin, "http://10.0.0.1"}, {origin, "http://169.254.169.254/path"}}
	for _, origins := range bad {
		if _, err := webapi.New(webapi.Options{Origin: origins[0], Also: slices.Clone(origins[1:])}); err == nil {
			t.Errorf("%q was accepted", origins)
		}
	}
	for _, o := range []webapi.Options{{Rate: -1}, {Burst: -1}, {Concurrency: -1}} {
		o.Origin = origin
		if _, err := webapi.New(o); err == nil {
			t.Errorf("%+v was accepted", o)
		}
	}
}
