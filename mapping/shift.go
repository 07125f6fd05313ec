package mapping

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Shift is a length of time by the calendar: N days, weeks, months or years; negative ones lead back. The zero Shift is none.
type Shift struct {
	N    int
	Unit string // one of shiftUnits
}

func shiftUnits() []string { return []string{"d", "w", "mo", "y"} }

// mostShift bounds every Shift; ten years of days.
const mostShift = 3660

// ParseShift reads a length of time such as 30d, 2w, 6mo or 1y.
func ParseShift(text string) (Shift, error) {
	number := strings.TrimRight(text, "abcdefghijklmnopqrstuvwxyz")
	n, err := strconv.Atoi(number)
	unit := text[len(number):]
	known := false
	for _, u := range shiftUnits() {
		known = known || u == unit
	}
	if err != nil || !known || n < 1 || n > mostShift || number[0] == '+' || number[0] == '0' {
		return Shift{}, fmt.Errorf("%q is no length of time", text)
	}
	return Shift{N: n, Unit: unit}, nil
}

// words says the Shift as the file does.
func (s Shift) words() string {
	if s.N < 0 {
		return strconv.Itoa(-s.N) + s.Unit + " before"
	}
	return strconv.Itoa(s.N) + s.Unit + " after"
}

// from returns the moment that lies so long after another: the same time of day on another day, as clocks on the wall show it. Where a
// month is too short for the day, it is the month's last one.
func (s Shift) from(m moment, zone *time.Location) moment {
	if s.N == 0 || m.never {
		return m
	}
	local := m.at.In(zone)
	y, month, d := local.Date()
	switch s.Unit {
	case "d":
		d += s.N
	case "w":
		d += 7 * s.N
	case "mo":
		y, month, d = addMonths(y, month, d, s.N)
	case "y":
		y, month, d = addMonths(y, month, d, 12*s.N)
	}
	if m.day {
		return moment{at: startOfDay(y, month, d, zone), day: true}
	}
	return moment{at: onTheWall(time.Date(y, month, d, local.Hour(), local.Minute(), local.Second(), 0, time.UTC), zone)}
}

func addMonths(y int, month time.Month, d, n int) (int, time.Month, int) {
	last := time.Date(y, month+time.Month(n)+1, 0, 0, 0, 0, 0, time.UTC)
	return last.Year(), last.Month(), min(d, last.Day())
}
