package pacer

import (
	"net/http"
	"time"
)

// Stats are counters since the Pacer was made.
type Stats struct {
	Calls   int64         // calls that were let through, each counted once
	Tries   int64         // requests that left, repeats included
	Retries int64         // repeats among them
	Limited int64         // answers with status 429
	Refused int64         // calls that were not on the list
	Waited  time.Duration // spent waiting: for the pace, for the server, between tries
	Rate    float64       // present pace in calls a second; below the configured one after a 429

	// Skew is the server's clock minus ours by the last Date header, good to
	// about a second; SkewSeen is when, and zero if there was none.
	Skew     time.Duration
	SkewSeen time.Time

	Trial Trial // how the call under way goes; its zero value when there is none
}

// Trial is what has been tried since the server last answered as it should: perhaps over several calls, as when one was given up for
// another.
type Trial struct {
	Since time.Time // when the first try was sent; zero: there is none
	Tries int
	// Last is how the last try ended: a status, or why there was none. "" as long as none has ended.
	Last string

	ended time.Time // the last try
}

// forget lets go of tries that ended before the longest wait between two: nobody has asked since.
func (t *Trial) forget(now time.Time, longest time.Duration) {
	if !t.ended.IsZero() && now.Sub(t.ended) > longest {
		*t = Trial{}
	}
}

func (t *Trial) sent(now time.Time) {
	if t.Since.IsZero() {
		t.Since = now
	}
	t.Tries++
}

func (t *Trial) over(o outcome, now time.Time) {
	if o.resp != nil && o.resp.StatusCode < 500 && o.resp.StatusCode != http.StatusTooManyRequests {
		*t = Trial{}
		return
	}
	t.Last, t.ended = o.words(), now
}

// Stats returns the present counters.
func (p *Pacer) Stats() Stats {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := p.stats
	s.Rate = p.pace.rate
	if p.busy {
		s.Trial = p.trial
	}
	return s
}

func (p *Pacer) count(change func(*Stats)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	change(&p.stats)
}

// observeDate compares the middle of the call with the header, which counts
// whole seconds and so lags half a second on average.
func (s *Stats) observeDate(header string, sent, answered time.Time) {
	date, err := http.ParseTime(header)
	if err != nil {
		return
	}
	middle := sent.Add(answered.Sub(sent) / 2)
	s.Skew = date.Add(time.Second / 2).Sub(middle.Round(0))
	s.SkewSeen = answered
}
