package webapi

import (
	"context"
	"slices"
	"sync"
	"time"
)

// After a 429 the concurrency and the rate shrink to these shares, the latter not below the floor; good answers give them back
// slowly. Whoever else shares the quota does the same, so that all get through.
const (
	narrow = 0.5
	shrink = 0.7
	floor  = 0.125
	regain = 0.005
)

// slots bound the calls under way. Who waits is served in order.
type slots struct {
	mu      sync.Mutex
	most    float64
	present float64 // how many are allowed now: between 1 and most
	busy    int
	queue   []chan struct{} // closed when its owner has a slot
}

func newSlots(most int) *slots { return &slots{most: float64(most), present: float64(most)} }

// take waits for a slot; it returns early, without one, when ctx is done.
func (s *slots) take(ctx context.Context) error {
	s.mu.Lock()
	mine := make(chan struct{})
	s.queue = append(s.queue, mine)
	s.serve()
	s.mu.Unlock()
	select {
	case <-mine:
		if ctx.Err() == nil {
			return nil
		}
	case <-ctx.Done():
	}
	s.leave(mine)
	return context.Cause(ctx)
}

// leave gives up a place in the queue, or the slot that was given meanwhile.
func (s *slots) leave(mine chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if i := slices.Index(s.queue, mine); i >= 0 {
		s.queue = slices.Delete(s.queue, i, i+1)
		return
	}
	s.busy--
	s.serve()
}

func (s *slots) free() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.busy--
	s.serve()
}

// serve hands out what is free. The lock is held.
func (s *slots) serve() {
	for len(s.queue) > 0 && s.busy < int(s.present) {
		s.busy++
		close(s.queue[0])
		s.queue = s.queue[1:]
	}
}

// limited lets fewer calls be under way.
func (s *slots) limited() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.present = max(1, s.present*narrow)
}

// calm lets one more be under way after about as many good answers as there are slots, four times over.
func (s *slots) calm() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.present = min(s.most, s.present+0.25/s.present)
	s.serve()
}

func (s *slots) underWay() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.busy
}

// pace decides when the next call of a class may leave: not while the vendor wants quiet, and on average 1/rate apart with a burst
// at the beginning (the generic cell rate algorithm: due is when a full bucket would be full again).
type pace struct {
	aim, rate float64 // 0: as fast as the vendor takes
	burst     int
	due       time.Time
	quiet     time.Time
}

// turn returns the earliest moment for the next call; it may be past.
func (p *pace) turn() time.Time {
	if p.rate == 0 {
		return p.quiet
	}
	return later(p.quiet, p.due.Add(-time.Duration(p.burst-1)*p.interval()))
}

func (p *pace) interval() time.Duration { return time.Duration(float64(time.Second) / p.rate) }

// left notes that a call is leaving now.
func (p *pace) left(now time.Time) {
	if p.rate > 0 {
		p.due = later(p.due, now).Add(p.interval())
	}
}

func (p *pace) limited() { p.rate = max(p.rate*shrink, p.aim*floor) }
func (p *pace) calm()    { p.rate = min(p.rate+p.aim*regain, p.aim) }

// hush lets no call leave before at.
func (p *pace) hush(at time.Time) { p.quiet = later(p.quiet, at) }

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
