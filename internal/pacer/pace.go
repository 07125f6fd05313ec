package pacer

import "time"

const (
	// slack is added to the window for the coarseness of clocks and timers.
	slack = 2 * time.Millisecond

	// After a 429 the pace shrinks to this share, but not below the floor;
	// each good answer gives a little back, so that some 60 calls undo one 429.
	shrink = 0.7
	floor  = 0.125
	regain = 0.005
)

// pace decides when the next call may leave. Two rules hold at once:
//
//	spacing  calls leave 1/rate apart; a call that was late may be caught up
//	         by one place, so that slow timers do not eat the rate
//	window   call n leaves one window after call n-quota was answered
//
// The second is what makes a 429 impossible while nobody else uses the quota:
// the server counts a call somewhere between its sending and its answer, so
// measuring from the answer to the next sending is right for any delay on the
// way, in both directions. It costs nothing while quota/rate windows are
// longer than a round trip.
//
//	client   s1───────e1            s6
//	server       ^counted                ^counted      s6 ≥ e1 + window
type pace struct {
	aim     float64 // what we were asked for
	rate    float64 // what we do: less than aim after a 429
	window  time.Duration
	next    time.Time   // spacing: not before
	quiet   time.Time   // the server wants no call before
	ended   []time.Time // ring: when the last quota calls were answered
	current int         // place in the ring of the oldest
}

func newPace(o Options) pace {
	p := pace{aim: o.Rate, rate: o.Rate, window: o.Window, ended: make([]time.Time, o.Quota)}
	if !o.After.IsZero() {
		p.hush(o.After.Add(o.Window + slack))
	}
	return p
}

// turn returns the earliest moment for the next call; it may be past.
func (c *pace) turn() time.Time {
	at := later(c.next, c.quiet)
	if oldest := c.ended[c.current]; !oldest.IsZero() {
		at = later(at, oldest.Add(c.window+slack))
	}
	return at
}

// left notes that a call is leaving now.
func (c *pace) left(now time.Time) {
	interval := time.Duration(float64(time.Second) / c.rate)
	c.next = later(c.next, now.Add(-interval)).Add(interval)
}

// over notes that a call's answer, or its failure, is here.
func (c *pace) over(now time.Time) {
	c.ended[c.current] = now
	c.current = (c.current + 1) % len(c.ended)
}

// limited slows down after a 429.
func (c *pace) limited() { c.rate = max(c.rate*shrink, c.aim*floor) }

// calm speeds up again after a good answer.
func (c *pace) calm() { c.rate = min(c.rate+c.aim*regain, c.aim) }

// hush lets no call leave before at.
func (c *pace) hush(at time.Time) { c.quiet = later(c.quiet, at) }

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
