package kisisim

import (
	"net/http"
	"strconv"
	"time"
)

// limiter counts requests per user of a key, or per address for callers without one (§1.6). Sim.mu guards it.
type limiter struct {
	rate    int
	recent  map[string][]tick
	patient map[string]time.Time // not before, as announced by Retry-After
}

// tick is one counted request. Only the client's own can make it guilty of going too fast.
type tick struct {
	at    time.Time
	ours  bool
	count int
}

// verdict of one request.
type verdict struct {
	over      bool
	guilty    bool // the client's own requests alone are over the limit
	impatient bool // it came before the time that an earlier Retry-After named
	wait      time.Duration
}

func (l *limiter) check(who string, now time.Time, a *Assumptions) verdict {
	v := verdict{impatient: now.Before(l.patient[who])}
	if l.rate < 0 {
		return v
	}
	kept := l.window(who, now, a)
	total, own := count(kept)
	v.over, v.guilty = total >= l.rate, own >= l.rate
	if v.over {
		v.wait = l.untilFree(kept, total, a).Sub(now)
	}
	if !v.over || !a.RefusalsFree {
		kept = append(kept, tick{now, true, 1})
	}
	l.recent[who] = kept
	return v
}

// untilFree is the time at which one more request will be served, if none comes before.
func (l *limiter) untilFree(kept []tick, total int, a *Assumptions) time.Time {
	at := kept[0].at
	if a.Window == Fixed {
		return at.Truncate(time.Second).Add(time.Second)
	}
	for _, t := range kept {
		if at = t.at; total-t.count < l.rate {
			break
		}
		total -= t.count
	}
	return at.Add(time.Second)
}

// window forgets what lies more than a second back, or, when the window is fixed, in an earlier second.
func (l *limiter) window(who string, now time.Time, a *Assumptions) []tick {
	var kept []tick
	for _, t := range l.recent[who] {
		if a.Window == Fixed && t.at.Unix() == now.Unix() || a.Window == Sliding && now.Sub(t.at) < time.Second {
			kept = append(kept, t)
		}
	}
	return kept
}

func count(ticks []tick) (total, own int) {
	for _, t := range ticks {
		total += t.count
		if t.ours {
			own += t.count
		}
	}
	return total, own
}

// spend uses up n requests of who's second on behalf of somebody else.
func (l *limiter) spend(who string, now time.Time, n int) {
	l.recent[who] = append(l.recent[who], tick{now, false, n})
}

// tooMany is a 429, with Retry-After if the assumptions have it; the wait is rounded up to whole seconds.
func (x *exchange) tooMany(wait time.Duration, form RetryAfter) response {
	r := problem(http.StatusTooManyRequests, "Too many requests", "000429")
	switch x.st.assume.RateBody {
	case RateText:
		r.header.Set("Content-Type", "text/plain")
		r.body = []byte("Retry later\n")
	case RateEmpty:
		r.header.Del("Content-Type")
		r.body = nil
	}
	whole := max(1, int((wait+time.Second-1)/time.Second))
	back := x.now.Add(time.Duration(whole) * time.Second)
	switch form {
	case RetrySeconds:
		r.header.Set("Retry-After", strconv.Itoa(whole))
		x.sim.limits.patient[x.who] = back
	case RetryDate:
		r.header.Set("Retry-After", back.UTC().Format(http.TimeFormat))
		x.sim.limits.patient[x.who] = back.Truncate(time.Second)
	}
	return r
}
