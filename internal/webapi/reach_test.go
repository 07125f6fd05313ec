package webapi_test

import (
	"errors"
	"net"
	"net/http"
	"net/http/httptrace"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kisi-sync/kisi-sync/internal/pacer"
	"github.com/kisi-sync/kisi-sync/internal/webapi"
)

// absent is a host that refuses connections.
type absent struct{}

func (absent) RoundTrip(r *http.Request) (*http.Response, error) {
	if trace := httptrace.ContextClientTrace(r.Context()); trace != nil && trace.GetConn != nil {
		trace.GetConn(r.URL.Host)
	}
	return nil, &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}
}

func TestAHostThatIsNotThereIsGivenUpWithinReachWhileSomebodyWaits(t *testing.T) {
	for name, c := range map[string]struct {
		reach       time.Duration
		least, most time.Duration
	}{
		"somebody waits": {5 * time.Second, 0, 5 * time.Second},
		"nobody does":    {0, 5 * time.Second, 10 * time.Minute},
	} {
		synctest.Test(t, func(t *testing.T) {
			transport := open(t, webapi.Options{Base: absent{}, Reach: c.reach, FirstWait: 2 * time.Second})
			began := time.Now()
			_, err := call(t.Context(), transport, http.MethodGet, origin+"/users")
			if took := time.Since(began); took < c.least || took > c.most || !errors.Is(err, pacer.ErrNotSent) || !errors.Is(err, syscall.ECONNREFUSED) {
				t.Errorf("%s: after %s: %v", name, took, err)
			}
			if transport.Stats().Tries < 2 {
				t.Errorf("%s: tried once", name)
			}
		})
	}
}

func TestAnAnswerIsWaitedForBeyondReach(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := &vendor{takes: 20 * time.Second, answer: func(n int, _ *http.Request) (*http.Response, error) {
			if n == 1 {
				return reply(http.StatusServiceUnavailable, nil), nil
			}
			return nil, nil
		}}
		if _, err := call(t.Context(), open(t, webapi.Options{Base: v, Reach: time.Second}), http.MethodGet, origin+"/users"); err != nil {
			t.Error(err)
		}
	})
}

// unnamed is a host whose name nobody knows.
type unnamed struct{}

func (unnamed) RoundTrip(*http.Request) (*http.Response, error) {
	return nil, &net.OpError{Op: "dial", Err: &net.DNSError{Name: "vendr.example", Err: "no such host", IsNotFound: true}}
}

func TestANameThatNobodyKnowsIsAskedForOnceAndToldApart(t *testing.T) {
	transport := open(t, webapi.Options{Base: unnamed{}})
	_, err := call(t.Context(), transport, http.MethodGet, origin+"/users")
	var told *webapi.LineError
	if !errors.As(err, &told) || !strings.Contains(told.Hint(), "nobody knows the name vendr.example") || transport.Stats().Tries != 1 {
		t.Errorf("%d tries: %v, %+v", transport.Stats().Tries, err, told)
	}
}
