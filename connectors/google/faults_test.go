package google

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/kisi-sync/kisi-sync/internal/directory"
	"github.com/kisi-sync/kisi-sync/internal/sim/googlesim"
	"github.com/kisi-sync/kisi-sync/internal/sim/simhttp"
)

// staffed has a group and several pages of everything.
func staffed(t *testing.T) *workspace {
	w := newWorkspace(t)
	w.Behave(googlesim.Habits{PageSize: 3})
	var all []string
	for i := range 7 {
		w.AddUser(user(fmt.Sprint("p", i), "/"))
		all = append(all, address(fmt.Sprint("p", i)))
	}
	for i := range 7 {
		w.AddGroup(address(fmt.Sprint("g", i)), fmt.Sprint("g", i), all...)
	}
	return w
}

func ignore(*directory.Record) error { return nil }

// What is said with a status of 200 may be a lie, and what is said with another must not be taken for an empty directory (case 13). Each
// call of a read is spoilt in each way, one after another.
func TestNoLieAtAnyPlaceOfAReadIsBelieved(t *testing.T) {
	w := staffed(t)
	s := w.settings()
	if _, err := w.open(s).Fetch(t.Context(), directory.Cursor{}, ignore); err != nil {
		t.Fatal(err)
	}
	for pattern, calls := range w.Counts() {
		for n := range calls {
			for _, lie := range lies() {
				t.Run(fmt.Sprint(pattern, " ", n+1, " ", lie), func(t *testing.T) {
					t.Parallel()
					w := staffed(t)
					in := w.Inject(simhttp.Fault{Pattern: pattern, Nth: n + 1, Do: lie})
					receipt, err := w.open(w.settings()).Fetch(t.Context(), directory.Cursor{}, ignore)
					if err == nil || receipt.Coverage != 0 || in.Hits() == 0 {
						t.Errorf("%v, %v, %d hits", receipt.Coverage, err, in.Hits())
					}
				})
			}
		}
	}
}

func lies() []simhttp.Action {
	return []simhttp.Action{simhttp.LoginPage(), simhttp.Half(), simhttp.Answer(200, "{}", nil), simhttp.Answer(200, "null", nil), simhttp.Answer(200, "[]", nil),
		simhttp.Answer(400, googlesim.Problem(400, "invalid", "Invalid Input: pageToken"), nil), simhttp.Answer(403, googlesim.Problem(403, "forbidden", "Not Authorized to access this resource/api"), nil)}
}

// The client library repeats nothing. A quota, a gateway that is restarted and a line that is cut are waited out (cases 4 and 11).
func TestWhatPassesIsWaitedOut(t *testing.T) {
	for _, do := range []simhttp.Action{
		simhttp.Answer(403, googlesim.Problem(403, "quotaExceeded", "Quota exceeded"), header("Retry-After", "1")),
		simhttp.Answer(403, googlesim.Problem(403, "userRateLimitExceeded", "User Rate Limit Exceeded"), header("Retry-After", "1")),
		simhttp.Answer(403, `{"error": {"code": 403, "status": "RESOURCE_EXHAUSTED", "message": "Quota exceeded"}}`, header("Retry-After", "1")),
		simhttp.Answer(429, googlesim.Problem(429, "rateLimitExceeded", "Rate Limit Exceeded"), header("Retry-After", "1")),
		simhttp.Later(503, 1), simhttp.Cut(), simhttp.Drop(),
	} {
		t.Run(do.String(), func(t *testing.T) {
			t.Parallel()
			w := staffed(t)
			in := w.Inject(simhttp.Fault{Pattern: googlesim.ListMembers, Nth: 4, Do: do})
			r := follow(w, w.settings())
			r.Full()
			if in.Hits() != 1 || len(r.Members("g6")) != 7 || len(r.People()) != 8 {
				t.Errorf("%d hits, g6 is %v, people are %v", in.Hits(), r.Members("g6"), r.People())
			}
		})
	}
}

func header(name, value string) http.Header { return http.Header{name: {value}} }

// A quota that does not come back within our patience is an error that says so, and no other 403 is waited for.
func TestOtherRefusalsAreNotWaitedFor(t *testing.T) {
	w := staffed(t)
	began := time.Now()
	w.Enable(false)
	if _, err := w.open(w.settings()).Fetch(t.Context(), directory.Cursor{}, ignore); err == nil || !strings.Contains(err.Error(), "accessNotConfigured") {
		t.Errorf("got %v", err)
	}
	if took := time.Since(began); took > 20*time.Second {
		t.Errorf("it took %v", took)
	}
}

func TestCancellingEndsAReadThatHangsAtEachKindOfCall(t *testing.T) {
	for _, pattern := range []string{googlesim.Token, googlesim.ListUsers, googlesim.ListGroups, googlesim.ListMembers, googlesim.ListUnits} {
		w := staffed(t)
		ctx, cancel := context.WithCancel(t.Context())
		w.Inject(simhttp.Fault{Pattern: pattern, Do: simhttp.Do("cancel", cancel)})
		w.Inject(simhttp.Fault{Pattern: pattern, Count: simhttp.Always, Do: simhttp.Hang()})
		if _, err := w.open(w.settings()).Fetch(ctx, directory.Cursor{}, ignore); !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v", pattern, err)
		}
	}
}

// "The page token is only valid for three days", and a list may be read slowly.
func TestAListThatExpiresVoidsTheRead(t *testing.T) {
	w := newWorkspace(t)
	w.Behave(googlesim.Habits{PageSize: 1})
	w.AddUser(user("ana", "/"))
	s := w.settings()
	s.Groups.Kinds = []string{ofUnits}
	w.Inject(simhttp.Fault{Pattern: googlesim.ListUsers, Do: simhttp.Do("three days", w.ExpirePages),
		Where: func(c simhttp.Call) bool { return asksForThose(c) && c.Query.Get("pageToken") != "" }})
	_, err := w.open(s).Fetch(t.Context(), directory.Cursor{}, ignore)
	if err == nil || !strings.Contains(err.Error(), "the list expired while it was read") {
		t.Errorf("got %v", err)
	}
}

// Two that share a quota which is too small for one are held up, and both read everything.
func TestTwoWhoShareASmallQuotaBothReadEverything(t *testing.T) {
	t.Parallel()
	w := staffed(t)
	w.Limit(15, time.Second, 403, "userRateLimitExceeded")
	both, sources := make(chan int, 2), []*source{w.open(w.settings()), w.open(w.settings())}
	for _, s := range sources {
		go func() {
			people := 0
			_, err := s.Fetch(t.Context(), directory.Cursor{}, func(r *directory.Record) error {
				if r.Kind == directory.PersonIs {
					people++
				}
				return nil
			})
			if err != nil {
				t.Errorf("got %v", err)
			}
			both <- people
		}()
	}
	if one, other := <-both, <-both; one != 8 || other != 8 {
		t.Errorf("read %d and %d of 8", one, other)
	}
	if sources[0].line.Stats().Limited+sources[1].line.Stats().Limited == 0 {
		t.Error("the quota held nobody up")
	}
}
