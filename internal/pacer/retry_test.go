package pacer_test

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kisi-sync/kisi-sync/internal/pacer"
)

// cut is the status of an answer that is none.
const cut = 0

func TestWhatIsRepeated(t *testing.T) {
	cases := []struct {
		name, method, path string
		first              int // status of the first answer, or cut
		tries              int // how many calls arrive
	}{
		{"a read that was limited", "GET", "/users", 429, 2},
		{"a read at a busy server", "GET", "/users", 503, 2},
		{"a read at a broken gateway", "GET", "/users", 502, 2},
		{"a read at a slow gateway", "GET", "/users", 504, 2},
		{"a read that was cut", "GET", "/users", cut, 2},
		{"a read that failed inside", "GET", "/users", 500, 1},
		{"a read of what is gone", "GET", "/users/7", 404, 1},
		{"a create that was limited", "POST", "/users", 429, 2},
		{"a create at a busy server", "POST", "/users", 503, 1},
		{"a create that was cut", "POST", "/users", cut, 1},
		{"a create that exists", "POST", "/users", 409, 1},
		{"a harmless change that was cut", "PATCH", "/users/7", cut, 2},
		{"a harmless change at a busy server", "PATCH", "/users/7", 503, 2},
		{"a change that mails, cut", "PATCH", "/once/7", cut, 1},
		{"a change that mails, limited", "PATCH", "/once/7", 429, 2},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &server{answer: script(c.first)}
				p := newPacer(t, pacer.Options{Base: s})
				body := ""
				if c.method != "GET" {
					body = `{"user":{}}`
				}
				resp, err := p.RoundTrip(request(t, t.Context(), c.method, c.path, body))
				if len(s.arrived) != c.tries {
					t.Errorf("%d tries, want %d", len(s.arrived), c.tries)
				}
				switch {
				case c.tries == 2 && (err != nil || resp.StatusCode != 200):
					t.Errorf("the repeat gave %v", err)
				case c.tries == 1 && c.first == cut && (err == nil || errors.Is(err, pacer.ErrNotSent)):
					t.Errorf("a cut call must be reported as perhaps done: %v", err)
				case c.tries == 1 && c.first != cut && (err != nil || resp.StatusCode != c.first):
					t.Errorf("the answer was not handed on: %v", err)
				}
				if body != "" && slices.ContainsFunc(s.bodies, func(b string) bool { return b != body }) {
					t.Errorf("bodies differ between tries: %q", s.bodies)
				}
			})
		})
	}
}

func TestRetryAfterIsHonoured(t *testing.T) {
	date := func(d time.Duration) string { return time.Now().Add(d).UTC().Format(http.TimeFormat) }
	cases := map[string]struct {
		headers func() []string
		least   time.Duration
		most    time.Duration
	}{
		"seconds": {func() []string { return []string{"Retry-After", "120"} }, 120 * time.Second, 122 * time.Second},
		"a date":  {func() []string { return []string{"Retry-After", date(30 * time.Second)} }, 29 * time.Second, 32 * time.Second},
		"a date of a skewed server": {func() []string {
			return []string{"Retry-After", date(time.Hour + 40*time.Second), "Date", date(time.Hour)}
		}, 40 * time.Second, 42 * time.Second},
		"a date that is past":    {func() []string { return []string{"Retry-After", date(-time.Hour)} }, 0, 2 * time.Second},
		"nonsense is no promise": {func() []string { return []string{"Retry-After", "soon"} }, 0, 2 * time.Second},
		"a negative number":      {func() []string { return []string{"Retry-After", "-5"} }, 0, 2 * time.Second},
		"a fraction of a second": {func() []string { return []string{"Retry-After", "1.5"} }, 1500 * time.Millisecond, 3 * time.Second},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &server{answer: func(n int, _ *http.Request) (*http.Response, error) {
					if n == 1 {
						return reply(429, "", c.headers()...), nil
					}
					return reply(200, "[]"), nil
				}}
				p := newPacer(t, pacer.Options{Base: s})
				get(t, p)
				if gap := s.gaps()[0]; gap < c.least || gap > c.most {
					t.Errorf("waited %s, want %s to %s", gap, c.least, c.most)
				}
			})
		})
	}
}

func TestALongRetryAfterEndsTheCallAndHoldsForTheNext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &server{answer: func(n int, _ *http.Request) (*http.Response, error) {
			if n == 1 {
				return reply(503, "", "Retry-After", "1800"), nil
			}
			return reply(200, "[]"), nil
		}}
		p := newPacer(t, pacer.Options{Base: s, Patience: time.Minute})
		started := time.Now()
		resp, err := p.RoundTrip(request(t, t.Context(), "GET", "/users", ""))
		if err != nil || resp.StatusCode != 503 || time.Since(started) > time.Second {
			t.Errorf("got %v after %s", err, time.Since(started))
		}
		_, err = p.RoundTrip(request(t, t.Context(), "GET", "/users", ""))
		if !errors.Is(err, pacer.ErrNotSent) || len(s.arrived) != 1 {
			t.Errorf("the server was asked again: %v", err)
		}
		<-time.After(30 * time.Minute)
		get(t, p)
	})
}

func TestWaitsGrowToAMinuteAndTriesEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		always := slices.Repeat([]int{503}, 1000)
		s := &server{answer: script(always...)}
		p := newPacer(t, pacer.Options{Base: s, Patience: time.Hour, Tries: 12})
		resp, err := p.RoundTrip(request(t, t.Context(), "GET", "/users", ""))
		if err != nil || resp.StatusCode != 503 || len(s.arrived) != 12 {
			t.Fatalf("after %d tries: %v", len(s.arrived), err)
		}
		var all time.Duration
		for i, gap := range s.gaps() {
			all += gap
			if most := min(time.Minute, time.Second<<i) + 300*time.Millisecond; gap > most {
				t.Errorf("wait %d is %s, want at most %s", i, gap, most)
			}
		}
		if all < 20*time.Second { // of three minutes on average
			t.Errorf("all waits together are %s", all)
		}
	})
}

func TestPatienceEndsACall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &server{answer: script(slices.Repeat([]int{429}, 1000)...)}
		p := newPacer(t, pacer.Options{Base: s, Patience: 2 * time.Minute, Tries: 1000})
		started := time.Now()
		resp, err := p.RoundTrip(request(t, t.Context(), "POST", "/users", "{}"))
		if err != nil || resp.StatusCode != 429 {
			t.Errorf("got %v", err)
		}
		if took := time.Since(started); took > 2*time.Minute {
			t.Errorf("took %s", took)
		}
	})
}

func TestASilentServerIsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &server{there: func() time.Duration { return time.Hour }}
		p := newPacer(t, pacer.Options{Base: s, Timeout: 40 * time.Second, Tries: 2})
		started := time.Now()
		_, err := p.RoundTrip(request(t, t.Context(), "GET", "/users", ""))
		if err == nil || !strings.Contains(err.Error(), "no whole answer within 40s") || errors.Is(err, pacer.ErrNotSent) {
			t.Errorf("got %v", err)
		}
		if took := time.Since(started); took < 80*time.Second || took > 90*time.Second {
			t.Errorf("two tries took %s", took)
		}
	})
}

func TestAWriteUnderWayMayFinishWhenCancelled(t *testing.T) {
	cases := []struct {
		method string
		takes  time.Duration
		done   bool
	}{
		{"POST", 8 * time.Second, true},
		{"POST", 30 * time.Second, false},
		{"GET", 8 * time.Second, false},
	}
	for _, c := range cases {
		synctest.Test(t, func(t *testing.T) {
			s := &server{there: func() time.Duration { return c.takes }}
			p := newPacer(t, pacer.Options{Base: s})
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			started := time.Now()
			_, err := p.RoundTrip(request(t, ctx, c.method, "/users", ""))
			if (err == nil) != c.done {
				t.Errorf("%s of %s: %v", c.method, c.takes, err)
			}
			if took := time.Since(started); took > 11*time.Second || c.method == "GET" && took > time.Second {
				t.Errorf("%s of %s took %s", c.method, c.takes, took)
			}
			if errors.Is(err, pacer.ErrNotSent) {
				t.Errorf("%s of %s is reported as not sent", c.method, c.takes)
			}
		})
	}
}

func TestAChangeThatMayHaveHappenedIsNeverReportedAsNotSent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &server{answer: script(503, 503, 503, 503, 503)}
		p := newPacer(t, pacer.Options{Base: s, FirstWait: time.Hour, LongestWait: time.Hour, Patience: 10 * time.Hour})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := p.RoundTrip(request(t, ctx, "PATCH", "/users/7", "{}"))
		if err == nil || errors.Is(err, pacer.ErrNotSent) || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
	})
}

func TestTheServersClockIsObserved(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &server{answer: func(int, *http.Request) (*http.Response, error) {
			return reply(200, "[]", "Date", time.Now().Add(90*time.Minute).UTC().Format(http.TimeFormat)), nil
		}}
		p := newPacer(t, pacer.Options{Base: s})
		if !p.Stats().SkewSeen.IsZero() {
			t.Error("skew known before a call")
		}
		get(t, p)
		if st := p.Stats(); (st.Skew-90*time.Minute).Abs() > time.Second || st.SkewSeen.IsZero() {
			t.Errorf("skew %s, seen %s", st.Skew, st.SkewSeen)
		}
	})
}

func TestWhoeverWaitsForACallIsNotKeptForAsLongAsOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &server{answer: func(int, *http.Request) (*http.Response, error) { return reply(503, ""), nil }}
		p := newPacer(t, pacer.Options{Base: s, Tries: 1000})
		began := time.Now()
		resp, err := p.Within(30 * time.Second).RoundTrip(request(t, t.Context(), "GET", "/users", ""))
		if took := time.Since(began); err != nil || resp.StatusCode != 503 || took > 30*time.Second || len(s.arrived) < 3 {
			t.Errorf("after %s and %d tries: %v", took, len(s.arrived), err)
		}
	})
}

func TestWhoeverWaitsForATurnDoesNotWaitForTheEndOfAnotherCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &server{answer: func(int, *http.Request) (*http.Response, error) { return reply(503, ""), nil }}
		p := newPacer(t, pacer.Options{Base: s, Tries: 1000})
		ctx, cancel := context.WithCancel(t.Context())
		go func() { _, _ = p.RoundTrip(request(t, ctx, "GET", "/users", "")) }()
		synctest.Wait()
		began := time.Now()
		_, err := p.Within(7 * time.Second).RoundTrip(request(t, t.Context(), "POST", "/users", "{}"))
		took := time.Since(began)
		cancel()
		synctest.Wait() // the other call has ended, so that what it left behind may be looked at
		if !errors.Is(err, pacer.ErrNotSent) || took != 7*time.Second || slices.Contains(s.bodies, "{}") {
			t.Errorf("after %s: %v", took, err)
		}
	})
}

func TestItCanBeSaidHowItGoesWithTheCallUnderWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &server{answer: script(503, cut, 429, 502)}
		p := newPacer(t, pacer.Options{Base: s})
		var seen []pacer.Trial
		began := time.Now()
		s.there = func() time.Duration { seen = append(seen, p.Stats().Trial); return time.Millisecond }
		if _, err := p.RoundTrip(request(t, t.Context(), "GET", "/users", "")); err != nil {
			t.Fatal(err)
		}
		for i, last := range []string{"", "503 Service Unavailable", "connection reset by peer", "429 Too Many Requests", "502 Bad Gateway"} {
			if got := seen[i]; got.Since != began || got.Tries != i+1 || got.Last != last {
				t.Errorf("at try %d: %+v, want %q since %s", i+1, got, last, began)
			}
		}
		if got := p.Stats().Trial; got != (pacer.Trial{}) {
			t.Errorf("afterwards: %+v", got)
		}
	})
}

func TestACallThatWasGivenUpForAnotherIsNotForgottenWhileTheServerIsDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &server{answer: script(503, 503, 503, 503)}
		p := newPacer(t, pacer.Options{Base: s, Tries: 2})
		began := time.Now()
		for range 2 {
			if resp, err := p.RoundTrip(request(t, t.Context(), "GET", "/users", "")); err != nil || resp.StatusCode != 503 {
				t.Fatal(err)
			}
		}
		var seen []pacer.Trial
		s.there = func() time.Duration { seen = append(seen, p.Stats().Trial); return time.Millisecond }
		for range 2 {
			if _, err := p.RoundTrip(request(t, t.Context(), "GET", "/users", "")); err != nil {
				t.Fatal(err)
			}
		}
		if seen[0].Since != began || seen[0].Tries != 5 || seen[1].Since == began || seen[1].Tries != 1 {
			t.Errorf("%+v; and after a good answer %+v", seen[0], seen[1])
		}
	})
}

func TestAServerThatWasDownYesterdayIsNotSaidToHaveBeenDownSince(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &server{answer: script(503)}
		p := newPacer(t, pacer.Options{Base: s, Tries: 1})
		if _, err := p.RoundTrip(request(t, t.Context(), "GET", "/users", "")); err != nil {
			t.Fatal(err)
		}
		time.Sleep(24 * time.Hour)
		began := time.Now()
		var seen pacer.Trial
		s.there = func() time.Duration { seen = p.Stats().Trial; return time.Millisecond }
		if _, err := p.RoundTrip(request(t, t.Context(), "GET", "/users", "")); err != nil || seen.Since != began || seen.Tries != 1 {
			t.Errorf("%v; %+v", err, seen)
		}
	})
}
