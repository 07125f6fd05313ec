package kisisim

import (
	"net/http"
	"testing"
	"time"
)

// paced is Acme with the real limit and a clock that the test moves.
func paced(t *testing.T, assume Assumptions) (*kit, *clock) {
	t.Helper()
	c := newClock()
	return visitWith(t, Options{Assume: assume, Now: c.Now}), c
}

func (k *kit) statuses(n int) (ok, over int) {
	k.t.Helper()
	for range n {
		switch k.do("GET", "/login", nil).status {
		case 200:
			ok++
		case 429:
			over++
		}
	}
	return ok, over
}

func TestTheSixthRequestOfASecondIsTooMany(t *testing.T) {
	k, clock := paced(t, Assumptions{})
	ok, over := k.statuses(5)
	wantEqual(t, ok, 5, "served")
	wantEqual(t, over, 0, "refused")
	clock.pass(999 * time.Millisecond)
	r := k.want(429, "GET", "/login", nil)
	r.wantBody(`{"code":"000429","error":"Too many requests"}`)
	wantEqual(t, r.header.Get("Retry-After"), "", "Retry-After")
	wantEqual(t, k.Counts().TooMany, 1, "counted")
	k.wantBroken(OverRate)
}

func TestARefusedRequestCountsUnlessTheSwitchSaysOtherwise(t *testing.T) {
	for _, free := range []bool{false, true} {
		k, clock := paced(t, Assumptions{RefusalsFree: free})
		k.statuses(5)
		clock.pass(500 * time.Millisecond)
		k.statuses(5)
		clock.pass(500 * time.Millisecond)
		ok, _ := k.statuses(1)
		wantEqual(t, ok == 1, free, "served half a second after the refusals")
		k.Allow(OverRate)
	}
}

func TestTheWindowSlidesUnlessItIsFixed(t *testing.T) {
	for _, fixed := range []bool{false, true} {
		a := Assumptions{}
		if fixed {
			a.Window = Fixed
		}
		k, clock := paced(t, a)
		clock.pass(900 * time.Millisecond)
		k.statuses(5)
		clock.pass(100 * time.Millisecond) // the next second of the clock
		ok, over := k.statuses(5)
		wantEqual(t, ok == 5 && over == 0, fixed, "ten requests in 100 ms")
		k.Allow(OverRate)
	}
}

func TestRetryAfter(t *testing.T) {
	k, _ := paced(t, Assumptions{RetryAfter: RetrySeconds})
	k.statuses(5)
	wantEqual(t, k.want(429, "GET", "/login", nil).header.Get("Retry-After"), "1", "seconds")
	k.Allow(OverRate)

	k, clock := paced(t, Assumptions{RetryAfter: RetryDate})
	k.statuses(5)
	got := k.want(429, "GET", "/login", nil).header.Get("Retry-After")
	wantEqual(t, got, clock.now.Add(time.Second).Format(http.TimeFormat), "date")
	k.Allow(OverRate)
}

func TestComingBeforeRetryAfterIsNoticed(t *testing.T) {
	k, clock := paced(t, Assumptions{})
	k.Inject(Fault{Do: TooManyUntil(30 * time.Second)})
	r := k.want(429, "GET", "/login", nil)
	wantEqual(t, r.header.Get("Retry-After"), "30", "Retry-After")
	clock.pass(29 * time.Second)
	k.want(200, "GET", "/login", nil)
	k.wantBroken(OverRate)
	clock.pass(time.Second)
	k.want(200, "GET", "/login", nil)
	wantEqual(t, len(k.violations), 1, "violations")
}

func TestTheBodyOfA429IsASwitch(t *testing.T) {
	for body, want := range map[RateBody]string{RateText: "Retry later\n", RateEmpty: ""} {
		k, _ := paced(t, Assumptions{RateBody: body})
		k.statuses(5)
		k.want(429, "GET", "/login", nil).wantBody(want)
		k.Allow(OverRate)
	}
}

func TestTheQuotaBelongsToTheUserNotToTheKey(t *testing.T) {
	k, _ := paced(t, Assumptions{})
	k.AddKey(k.KeyUser, "second key")
	k.AddKey(k.Owner, "owner's key")
	k.statuses(3)
	k.key = "second key"
	ok, over := k.statuses(3)
	wantEqual(t, ok, 2, "served")
	wantEqual(t, over, 1, "refused")
	k.key = "owner's key"
	ok, _ = k.statuses(5)
	wantEqual(t, ok, 5, "served to another user")
	k.Allow(OverRate)
}

func TestCallersWithoutAKeyShareTheQuotaOfTheirAddress(t *testing.T) {
	k, _ := paced(t, Assumptions{})
	k.key = "guess"
	for range 5 {
		k.want(401, "GET", "/login", nil)
	}
	k.key = ""
	k.want(429, "GET", "/login", nil)
	k.Allow(OverRate)
}

func TestAnotherProgramUsesUpTheQuotaWithoutGuiltOfOurs(t *testing.T) {
	k, clock := paced(t, Assumptions{RetryAfter: RetrySeconds})
	k.Spend(k.Key, 4)
	k.want(200, "GET", "/login", nil)
	k.want(429, "GET", "/login", nil)
	clock.pass(time.Second)
	k.want(200, "GET", "/login", nil)
}

func TestTheLimiterWorksInRealTime(t *testing.T) {
	k := visitWith(t, Options{})
	begun := time.Now()
	ok, over := k.statuses(6)
	if time.Since(begun) < time.Second && (ok != 5 || over != 1) {
		t.Errorf("served %d, refused %d", ok, over)
	}
	k.Allow(OverRate)
}
