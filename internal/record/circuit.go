package record

import "time"

// Circuit is for how long Kisi is left alone because it did not work lately. The zero Circuit is closed: Kisi works, as far as is known.
type Circuit struct {
	Failures int       // runs in a row that ended because Kisi did not work; 0: closed
	Since    time.Time // the first of them
	Until    time.Time // no run asks before
	Why      string    // how the last of them ended
}

// How long Kisi is left alone: twice as long after each failure. A probe is one call, so the longest is as long as somebody who leaves
// may have to wait once Kisi works again.
const (
	firstRest   = time.Minute
	longestRest = 15 * time.Minute
)

// Open says that Kisi did not work lately.
func (c *Circuit) Open() bool { return c.Failures > 0 }

// Rests says that Kisi is to be left alone now. An end that lies further ahead than any can was written by a wrong clock.
func (c *Circuit) Rests(now time.Time) bool {
	return c.Open() && now.Before(c.Until) && c.Until.Sub(now) <= longestRest
}

// Failed returns the circuit after one more failure.
func (c *Circuit) Failed(now time.Time, why string) Circuit {
	const doublings = 4 // a minute becomes more than the longest
	next := Circuit{Failures: c.Failures + 1, Since: c.Since, Why: why}
	if !c.Open() {
		next.Since = now
	}
	next.Until = now.Add(min(firstRest<<min(c.Failures, doublings), longestRest))
	return next
}
