package pacer_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kisi-sync/kisi-sync/internal/pacer"
)

// network draws a delay for each way.
func network(seed uint64, least, most time.Duration) func() time.Duration {
	var mu sync.Mutex
	random := rand.New(rand.NewPCG(seed, 1))
	return func() time.Duration {
		mu.Lock()
		defer mu.Unlock()
		return least + time.Duration(random.Int64N(int64(most-least)+1))
	}
}

func TestTheServersWindowIsNeverOverfullAndTheRateIsUsed(t *testing.T) {
	const calls = 400
	cases := map[string]struct {
		rate        float64
		quota       int
		least, most time.Duration // of each way
		share       float64       // of the rate, at least
	}{
		"default pace, near":        {4, 5, 0, 2 * time.Millisecond, 0.99},
		"default pace, far":         {4, 5, 20 * time.Millisecond, 90 * time.Millisecond, 0.99},
		"default pace, very uneven": {4, 5, 0, 120 * time.Millisecond, 0.95},
		"full quota, near":          {5, 5, 0, 5 * time.Millisecond, 0.98},
		"full quota, far":           {5, 5, 10 * time.Millisecond, 40 * time.Millisecond, 0.90},
		"one a second":              {1, 1, 0, 10 * time.Millisecond, 0.97},
		"quota as the rate":         {4, 0, 0, 5 * time.Millisecond, 0.98},
		"beyond one in flight":      {5, 5, 200 * time.Millisecond, 900 * time.Millisecond, 0},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &server{quota: c.quota, there: network(1, c.least, c.most), back: network(2, c.least, c.most)}
				if c.quota == 0 {
					s.quota = int(c.rate)
				}
				p := newPacer(t, pacer.Options{Base: s, Rate: c.rate, Quota: c.quota})
				started := time.Now()
				for range calls {
					get(t, p)
				}
				took := time.Since(started)
				share := calls / took.Seconds() / c.rate
				t.Logf("%.1f %% of the rate used", 100*share)
				if s.limited != 0 || len(s.arrived) != calls {
					t.Errorf("%d of %d calls were too many for the server", s.limited, len(s.arrived))
				}
				if share < c.share || share > 1.01 {
					t.Errorf("%.1f %% of the rate used", 100*share)
				}
			})
		})
	}
}

func TestCallsAreSpacedEvenly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &server{there: network(3, time.Millisecond, 2*time.Millisecond)}
		p := newPacer(t, pacer.Options{Base: s, Rate: 4, Quota: 5})
		for range 20 {
			get(t, p)
		}
		for i, gap := range s.gaps()[1:] { // one place of credit is there at first
			if gap < 240*time.Millisecond || gap > 260*time.Millisecond {
				t.Errorf("gap %d is %s", i, gap)
			}
		}
	})
}

func TestOneCallIsUnderWayAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &server{there: network(4, 0, 300*time.Millisecond)}
		p := newPacer(t, pacer.Options{Base: s})
		var all sync.WaitGroup
		for range 20 {
			all.Go(func() { get(t, p) })
		}
		all.Wait()
		if s.crowded || len(s.arrived) != 20 {
			t.Errorf("crowded: %t, calls: %d", s.crowded, len(s.arrived))
		}
	})
}

func TestAfterA429ThePaceShrinksAndRecoversSlowly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &server{answer: script(200, 429, 429)}
		p := newPacer(t, pacer.Options{Base: s, Rate: 4, Quota: 5})
		get(t, p)
		get(t, p) // 429, 429, 200
		slow := p.Stats().Rate
		if slow > 2.1 || slow < 1.9 {
			t.Errorf("after two 429 the rate is %.2f", slow)
		}
		for range 10 {
			get(t, p)
		}
		if r := p.Stats().Rate; r <= slow || r > 2.5 {
			t.Errorf("ten calls later the rate is %.2f", r)
		}
		for range 120 {
			get(t, p)
		}
		if r := p.Stats().Rate; r != 4 {
			t.Errorf("much later the rate is %.2f", r)
		}
		if st := p.Stats(); st.Limited != 2 || st.Retries != 2 || st.Calls != 132 || st.Tries != 134 {
			t.Errorf("counters: %+v", st)
		}
	})
}

func TestTwoClientsOnOneQuotaBothGetThrough(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &server{quota: 5, there: network(5, 0, 20*time.Millisecond), back: network(6, 0, 20*time.Millisecond)}
		var both sync.WaitGroup
		for range 2 {
			p := newPacer(t, pacer.Options{Base: s, Rate: 5, Quota: 5})
			both.Go(func() {
				for range 200 {
					get(t, p)
				}
			})
		}
		both.Wait()
		if share := float64(s.limited) / float64(len(s.arrived)); share > 0.1 {
			t.Errorf("%.0f %% of the calls were refused", 100*share)
		}
	})
}

func TestTheRateMustFitTheQuota(t *testing.T) {
	for _, bad := range []pacer.Options{{Rate: 6, Quota: 5}, {Rate: -1}, {Rate: 4, Quota: -1}} {
		bad.Origin, bad.Allow = origin, allow
		if _, err := pacer.New(bad); err == nil {
			t.Errorf("rate %g, quota %d: accepted", bad.Rate, bad.Quota)
		}
	}
	for _, good := range []pacer.Options{{Rate: 5, Quota: 5}, {Rate: 4.5}, {Rate: 0.2}, {Rate: 5.5, Quota: 5}} {
		good.Origin, good.Allow = origin, allow
		if _, err := pacer.New(good); err != nil {
			t.Errorf("rate %g, quota %d: %v", good.Rate, good.Quota, err)
		}
	}
}

func TestACancelledCallDoesNotWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &server{answer: script(429, 429, 429, 429)}
		p := newPacer(t, pacer.Options{Base: s})
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
		defer cancel()
		started := time.Now()
		_, err := p.RoundTrip(request(t, ctx, "POST", "/users", "{}"))
		if !errors.Is(err, context.DeadlineExceeded) || !errors.Is(err, pacer.ErrNotSent) {
			t.Errorf("got %v", err)
		}
		if took := time.Since(started); took > 10*time.Millisecond {
			t.Errorf("it took %s", took)
		}
		cancel()
		calls := len(s.arrived)
		if _, err := p.RoundTrip(request(t, ctx, "POST", "/users", "{}")); !errors.Is(err, pacer.ErrNotSent) {
			t.Errorf("got %v", err)
		}
		if len(s.arrived) != calls {
			t.Error("a call left after its context was cancelled")
		}
	})
}

func TestACallInTheQueueCanBeCancelled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &server{there: func() time.Duration { return 20 * time.Second }}
		p := newPacer(t, pacer.Options{Base: s})
		var first sync.WaitGroup
		first.Go(func() { get(t, p) })
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := p.RoundTrip(request(t, ctx, "GET", "/users", "")); !errors.Is(err, pacer.ErrNotSent) {
			t.Errorf("got %v", err)
		}
		first.Wait()
		if len(s.arrived) != 1 {
			t.Errorf("%d calls arrived", len(s.arrived))
		}
	})
}

func TestTheFirstCallLeavesOneWindowAfterAnotherProcessStopped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &server{}
		began := time.Now()
		p := newPacer(t, pacer.Options{Base: s, Rate: 5, Quota: 5, After: began.Add(-200 * time.Millisecond)})
		get(t, p)
		if waited := time.Since(began); waited < 800*time.Millisecond || waited > 900*time.Millisecond {
			t.Errorf("waited %s", waited)
		}
	})
}
