package mapping

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// dateFormat is how a directory writes dates. The zero dateFormat takes whatever cannot be read as another day (parseDate).
type dateFormat struct {
	name   string // one of formatNames, or a pattern as the file says it; "": the zero one
	layout string // of a pattern, as package time wants it
	time   bool   // the pattern has a time of day
	utc    bool   // and says that it is UTC's
}

// The formats that have a name. Numbers are never guessed: one of epoch seconds is also one of milliseconds, in another year.
const (
	formatAuto       = "auto"
	formatISO        = "iso"
	formatLDAP       = "generalized_time"
	formatFiletime   = "filetime"
	formatEpoch      = "epoch_seconds"
	formatEpochMilli = "epoch_milliseconds"
)

func formatNames() []string {
	return []string{formatAuto, formatISO, formatLDAP, formatFiletime, formatEpoch, formatEpochMilli}
}

// parseFormat reads what the file says about a format: a name, or a pattern such as DD.MM.YYYY.
func parseFormat(text string) (f dateFormat, hint string, err error) {
	switch {
	case text == "" || text == formatAuto:
		return dateFormat{}, "", nil
	case slices.Contains(formatNames(), text):
		return dateFormat{name: text}, "", nil
	}
	p := pattern{rest: text, seen: map[string]bool{}}
	if problem := p.parse(); problem != "" {
		hint := didYouMean(text, formatNames())
		if hint == "" {
			hint = "write a pattern such as DD.MM.YYYY or YYYY-MM-DD hh:mm, or one of " + strings.Join(formatNames(), ", ")
		}
		return dateFormat{}, hint, fmt.Errorf("%q is no format of dates: %s", text, problem)
	}
	return dateFormat{name: text, layout: p.layout.String(), time: p.seen["hh"], utc: p.utc}, "", nil
}

// pattern is one on its way to a layout of package time.
type pattern struct {
	rest   string
	layout strings.Builder
	seen   map[string]bool
	utc    bool
}

// patternPart is what a pattern is made of. Short ones have one digit or two, so they must not touch another.
type patternPart struct {
	text, layout, means string
	short               bool
}

func patternParts() []patternPart {
	return []patternPart{{"YYYY", "2006", "year", false}, {"MMM", "Jan", "month", false}, {"MM", "01", "month", false}, {"M", "1", "month", true},
		{"DD", "02", "day", false}, {"D", "2", "day", true}, {"hh", "15", "hh", false}, {"mm", "04", "mm", false}, {"ss", "05", "ss", false}}
}

// parse returns what is wrong with the pattern.
func (p *pattern) parse() string {
	const longest = 40
	if len(p.rest) > longest {
		return fmt.Sprintf("longer than %d bytes", longest)
	}
	touching, short := false, false // another part stands right before, and is a short one
	for p.rest != "" {
		i := slices.IndexFunc(patternParts(), func(x patternPart) bool { return strings.HasPrefix(p.rest, x.text) })
		if i < 0 {
			if problem := p.literal(); problem != "" {
				return problem
			}
			touching, short = false, false
			continue
		}
		x := patternParts()[i]
		switch {
		case p.utc:
			return "Z must be at the end"
		case p.seen[x.means]:
			return "it has two parts for one " + x.means
		case touching && (short || x.short):
			return "a part with one digit or two needs a sign around it"
		}
		p.seen[x.means], touching, short = true, true, x.short
		p.layout.WriteString(x.layout)
		p.rest = p.rest[len(x.text):]
	}
	return p.lacks()
}

// literal takes a sign that stands for itself, T between date and time, or Z for UTC.
func (p *pattern) literal() string {
	c := p.rest[0]
	switch {
	case p.utc:
		return "Z must be at the end"
	case c == 'Z':
		p.utc = true
	case strings.IndexByte("./-: ,'T", c) < 0:
		return fmt.Sprintf("%q means nothing in it", string([]rune(p.rest)[:1]))
	}
	p.layout.WriteByte(c)
	p.rest = p.rest[1:]
	return ""
}

func (p *pattern) lacks() string {
	for _, means := range []string{"year", "month", "day"} {
		if !p.seen[means] {
			return "it has no " + means
		}
	}
	switch {
	case p.seen["mm"] && !p.seen["hh"], p.seen["ss"] && !p.seen["mm"]:
		return "its time has no hours or minutes"
	case p.utc && !p.seen["hh"]:
		return "a day has no Z"
	}
	return ""
}

// read reads a date that somebody wrote. Days, and times without a zone, are those of a clock on the wall in zone.
func (f dateFormat) read(s string, zone *time.Location) (moment, error) {
	s = strings.TrimSpace(s)
	switch f.name {
	case "":
		return parseDate(s, zone)
	case formatISO:
		return parseISO(s, zone)
	case formatLDAP:
		return generalizedTime(s)
	case formatFiletime:
		return filetime(s)
	case formatEpoch:
		return epoch(s, 1)
	case formatEpochMilli:
		return epoch(s, 1000)
	}
	if len(s) > 60 {
		return moment{}, errDate
	}
	t, err := time.Parse(f.layout, s)
	switch {
	case err != nil:
		return moment{}, errDate
	case f.utc:
		return moment{at: t}, nil
	}
	return wall(t, zone, !f.time), nil
}

// wall returns what a clock on the wall shows in zone.
func wall(t time.Time, zone *time.Location, day bool) moment {
	if day {
		y, m, d := t.Date()
		return moment{at: startOfDay(y, m, d, zone), day: true}
	}
	return moment{at: onTheWall(t, zone)}
}

// words says how a date should be written.
func (f dateFormat) words() string {
	switch f.name {
	case "":
		return dateForms
	case formatISO:
		return "2026-03-31 or 2026-03-31T18:00"
	case formatLDAP:
		return "20260331180000Z"
	case formatFiletime:
		return "a FILETIME of Windows such as 133883712000000000, 0 for never"
	case formatEpoch:
		return "seconds since 1970 such as 1774980000"
	case formatEpochMilli:
		return "milliseconds since 1970 such as 1774980000000"
	}
	return f.name
}

// parseISO reads the forms of ISO 8601 that people and programs write: a day, or a day and a time. A time without a zone is that of a
// clock on the wall.
func parseISO(s string, zone *time.Location) (moment, error) {
	if len(s) > 40 {
		return moment{}, errDate
	}
	if m, err := parseDate(s, zone); err == nil {
		return m, nil
	}
	s = strings.Replace(s, " ", "T", 1)
	for _, clock := range [...]string{"2006-01-02T15:04:05", "2006-01-02T15:04", "20060102T150405", "20060102T1504"} {
		if t, err := time.Parse(clock, s); err == nil {
			return wall(t, zone, false), nil
		}
		for _, offset := range [...]string{"Z07:00", "Z0700", "Z07"} {
			if t, err := time.Parse(clock+offset, s); err == nil {
				return moment{at: t}, nil
			}
		}
	}
	return moment{}, errDate
}

// filetime reads hundreds of nanoseconds since 1601 ([MS-DTYP] 2.3.3), as accountExpires has them: 0 and the highest number mean never
// ([MS-ADA1] 2.1).
func filetime(s string) (moment, error) {
	const (
		second  = 10_000_000
		of1970  = 11_644_473_600 // seconds from 1601 to 1970
		atMost  = 1<<63 - 1
		atLeast = of1970 * second // before 1970 nobody's account ended; it is a number of another kind
	)
	n, ok := digits(s)
	switch {
	case !ok || n != 0 && n < atLeast:
		return moment{}, errDate
	case n == 0 || n == atMost:
		return moment{never: true}, nil
	}
	return year(time.Unix(n/second-of1970, 0))
}

// epoch reads seconds since 1970, or parts of them. A number of milliseconds that is one of seconds more likely is refused, and the other
// way around: a date would be fifty years ago, or in fifty thousand.
func epoch(s string, unit int64) (moment, error) {
	n, ok := digits(s)
	if !ok || unit > 1 && n < 100_000_000*unit {
		return moment{}, errDate
	}
	return year(time.Unix(n/unit, 0))
}

func digits(s string) (int64, bool) {
	n, err := strconv.ParseInt(s, 10, 64)
	return n, err == nil && s[0] != '-' && s[0] != '+'
}

// year refuses years that no calendar has.
func year(t time.Time) (moment, error) {
	if t.UTC().Year() > 9999 {
		return moment{}, errDate
	}
	return moment{at: t.UTC()}, nil
}

// onTheWall returns when the clocks of a zone show what t shows. A time that they show twice is the first of the two; one that they leave
// out, as they are put forward, is the moment at which they are.
func onTheWall(t time.Time, zone *time.Location) time.Time {
	y, m, d := t.Date()
	out := time.Date(y, m, d, t.Hour(), t.Minute(), t.Second(), 0, zone)
	began, ends := out.ZoneBounds()
	_, offset := out.Zone()
	switch shown := out.Add(time.Duration(offset) * time.Second).UTC(); {
	case shown.Truncate(time.Second).After(t.UTC().Truncate(time.Second)):
		return began
	case shown.Truncate(time.Second).Before(t.UTC().Truncate(time.Second)):
		return ends
	case began.IsZero():
		return out
	}
	_, before := began.Add(-time.Second).Zone()
	if first := out.Add(time.Duration(offset-before) * time.Second); before > offset && first.Before(began) {
		return first
	}
	return out
}
