package daemon

import (
	"time"

	"github.com/robfig/cron/v3"
)

// clock is a schedule on its way.
type clock struct {
	schedule   cron.Schedule
	from, next time.Time // next was worked out at from; zero: there is none
}

func newClock(s cron.Schedule, now time.Time) clock {
	c := clock{schedule: steady(s)}
	c.set(now)
	return c
}

func (c *clock) set(now time.Time) { c.from, c.next = now, c.schedule.Next(now) }

// tick says whether the time has come. Of ticks that were missed, because the machine slept or the clock was set forward, there is one.
// A clock that was set back brings no tick a second time; but when it was set back by more than an interval, nothing would happen for
// longer than that, and the schedule begins anew.
func (c *clock) tick(now time.Time) bool {
	switch {
	case c.next.IsZero():
		return false
	case !now.Before(c.next):
		c.set(now)
		return true
	case c.from.Sub(now) > c.next.Sub(c.from):
		c.set(now)
	}
	return false
}

// steady makes a schedule of fixed hours survive the change to and from daylight-saving time: a time that does not come to pass that day
// is made up for when the clocks have jumped, and one that comes twice counts once. Schedules of every hour, and those of @every, go by
// what really passes and are left alone.
func steady(s cron.Schedule) cron.Schedule {
	spec, ok := s.(*cron.SpecSchedule)
	const everyHour = 1<<24 - 1
	if !ok || spec.Hour&everyHour == everyHour {
		return s
	}
	plain := *spec
	plain.Location = time.UTC
	return wall{&plain, spec.Location}
}

// wall is a schedule by what a clock on the wall shows. It is worked out in UTC, where nothing jumps, and then put into the zone.
type wall struct {
	schedule *cron.SpecSchedule // in UTC
	zone     *time.Location
}

// Next implements cron.Schedule.
func (w wall) Next(t time.Time) time.Time {
	for shown := w.shown(t); ; {
		shown = w.schedule.Next(shown)
		if shown.IsZero() {
			return shown
		}
		if at := w.at(shown); at.After(t) {
			return at
		}
	}
}

// shown returns what the clock on the wall shows, as if that were UTC.
func (w wall) shown(t time.Time) time.Time {
	_, offset := t.In(w.zone).Zone()
	return t.UTC().Add(time.Duration(offset) * time.Second)
}

// at returns the first moment at which the clock on the wall has come to show a time, or has jumped over it.
func (w wall) at(shown time.Time) time.Time {
	const widest = 26 * time.Hour // zones are at most 14 hours off, and jumps an hour or, once, a day
	low, high := shown.Add(-widest), shown.Add(widest)
	// What is shown does not always rise with time, but the first moment at which it is late enough can be found from the last
	// change of the zone's offset on: between two changes it rises.
	for _, part := range w.parts(low, high) {
		if moment := shown.Add(-part.offset); moment.Before(part.until) {
			if moment.Before(part.from) {
				return part.from
			}
			return moment
		}
	}
	return high
}

// part is a time during which a zone has one offset.
type part struct {
	from, until time.Time
	offset      time.Duration
}

func (w wall) parts(low, high time.Time) []part {
	var all []part
	for from := low; from.Before(high); {
		_, offset := from.In(w.zone).Zone()
		_, until := from.In(w.zone).ZoneBounds()
		if until.IsZero() || until.After(high) {
			until = high
		}
		all = append(all, part{from, until, time.Duration(offset) * time.Second})
		from = until
	}
	return all
}
