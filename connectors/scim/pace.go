package scim

import (
	"sync"
	"time"
)

// pace lets so many requests a second through, and twice as many at once.
type pace struct {
	rate float64
	now  func() time.Time

	mu   sync.Mutex
	left float64
	at   time.Time
}

func newPace(rate int, now func() time.Time) *pace {
	return &pace{rate: float64(rate), now: now, left: 2 * float64(rate), at: now()}
}

// take says whether a request may go on, and if not, after how long to try again.
func (p *pace) take() (wait time.Duration, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.now()
	if passed := now.Sub(p.at).Seconds(); passed > 0 {
		p.left = min(2*p.rate, p.left+passed*p.rate)
	}
	p.at = now
	if p.left < 1 {
		return time.Duration((1 - p.left) / p.rate * float64(time.Second)), false
	}
	p.left--
	return 0, true
}
