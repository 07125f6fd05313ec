package mapping

import (
	"errors"
	"strings"
	"time"

	"github.com/kisi-sync/kisi-sync/internal/access"
)

// moment is a date as somebody wrote it: a point in time, or a whole day, or never.
type moment struct {
	at    time.Time // the point, or the first instant of the day
	day   bool
	never bool // the directory says in so many words that there is no such date; at is zero
}

var errDate = errors.New("not a date")

// dateForms are what is taken for a date, for people to read.
const dateForms = "2026-03-31, 2026-03-31T18:00:00+02:00, 20260331 or 20260331180000Z"

// parseDate reads a date in one of the forms that cannot be taken for another day: 2006-01-02 and RFC 3339; 20060102 and
// GeneralizedTime (RFC 4517 section 3.3.13), whose zone is required. Days are days in zone.
func parseDate(s string, zone *time.Location) (moment, error) {
	s = strings.TrimSpace(s)
	if len(s) > 40 {
		return moment{}, errDate
	}
	for _, layout := range [...]string{"2006-01-02", "20060102"} {
		if len(s) == len(layout) {
			if t, err := time.Parse(layout, s); err == nil {
				y, m, d := t.Date()
				return moment{at: startOfDay(y, m, d, zone), day: true}, nil
			}
		}
	}
	if t, err := time.Parse(time.RFC3339, s); err == nil {
		return moment{at: t}, nil
	}
	return generalizedTime(s)
}

// generalizedTime reads YYYYMMDDHH[MM[SS]][.fraction](Z|±HH[MM]). The fraction is of the smallest unit that is given.
func generalizedTime(s string) (moment, error) {
	digits := 0
	for digits < len(s) && s[digits] >= '0' && s[digits] <= '9' {
		digits++
	}
	layout, unit := "", time.Duration(0)
	switch digits {
	case 10:
		layout, unit = "2006010215", time.Hour
	case 12:
		layout, unit = "200601021504", time.Minute
	case 14:
		layout, unit = "20060102150405", time.Second
	default:
		return moment{}, errDate
	}
	fraction, zone := cutFraction(s[digits:], unit)
	t, err := time.Parse(layout, s[:digits])
	if err != nil || fraction < 0 {
		return moment{}, errDate
	}
	east, ok := zoneOffset(zone)
	if !ok {
		return moment{}, errDate
	}
	return moment{at: t.Add(fraction - east)}, nil
}

// cutFraction takes ".5" or ",5" off the front; the fraction is negative when it has no digits.
func cutFraction(s string, unit time.Duration) (time.Duration, string) {
	if s == "" || s[0] != '.' && s[0] != ',' {
		return 0, s
	}
	fraction, weight, i := time.Duration(0), unit, 1
	for ; i < len(s) && s[i] >= '0' && s[i] <= '9'; i++ {
		weight /= 10
		fraction += weight * time.Duration(s[i]-'0')
	}
	if i == 1 {
		return -1, s
	}
	return fraction, s[i:]
}

func zoneOffset(s string) (time.Duration, bool) {
	if s == "Z" {
		return 0, true
	}
	for _, layout := range [...]string{"-0700", "-07"} {
		if t, err := time.Parse(layout, s); err == nil && len(s) == len(layout) {
			_, seconds := t.Zone()
			return time.Duration(seconds) * time.Second, true
		}
	}
	return 0, false
}

// startOfDay returns the first instant of a day in a zone. Where clocks are put forward at midnight that is not 0:00; where they
// are put back it is the first of two.
func startOfDay(y int, m time.Month, d int, zone *time.Location) time.Time {
	y, m, d = time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Date() // the 32nd is the 1st
	t := time.Date(y, m, d, 0, 0, 0, 0, zone)
	began, ends := t.ZoneBounds()
	switch {
	case t.Day() != d:
		return ends
	case t.Hour()+t.Minute()+t.Second() != 0:
		return began
	case began.IsZero():
		return t
	}
	_, before := began.Add(-time.Second).Zone()
	_, now := t.Zone()
	if first := t.Add(time.Duration(now-before) * time.Second); before > now && first.Before(began) {
		return first
	}
	return t
}

// begin returns the instant from which a date counts as a beginning; 0, open, before 1970.
func (m moment) begin() access.Instant { return access.At(m.at) }

// end returns the last instant of a date as an end: the last second of a day. It is 0, which means no end at all, for never only.
func (m moment) end(zone *time.Location) access.Instant {
	t := m.at
	switch {
	case m.never:
		return 0
	case m.day:
		y, month, d := t.In(zone).Date()
		t = startOfDay(y, month, d+1, zone).Add(-time.Second)
	}
	return max(1, access.At(t))
}

// bound is the beginning or the end that a rule sets, made ready.
type bound struct {
	Date
	fixed  access.Instant // of Date.Fixed, in the zone of the file
	from   string         // the directory's name of Date.Attribute
	format dateFormat     // of the attribute
	isEnd  bool
}

// dateIn is what a bound comes to for one person in one zone; at is 0 where it is open.
type dateIn struct {
	at     access.Instant
	text   string // the date as it was written
	opened *fault // there is a value that cannot be read, and the file says to do without; nil: there is none
}

// instant returns where a bound lies that a date was read for.
func (b *bound) instant(m moment, zone *time.Location) access.Instant {
	if m = b.Shift.from(m, zone); b.isEnd {
		return m.end(zone)
	}
	return m.begin()
}
