package config

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"

	"github.com/kisi-sync/kisi-sync/mapping"
)

// durationExpected names the kind of value in messages.
const durationExpected = "a duration such as 90s, 15m, 24h or 3d"

// atOnce is the word for no delay, and never for one without end.
const (
	atOnce = "at_once"
	never  = "never"
)

// advised is an error that knows what to do next.
type advised struct{ text, hint string }

func (a *advised) Error() string { return a.text }

// hintOf returns the advice of an error, "" if it has none.
func hintOf(err error) string {
	var a *advised
	if errors.As(err, &a) {
		return a.hint
	}
	return ""
}

// span is a length of time: "90s", "15m", "24h", "3d", "1d12h". Days have 24 hours.
type span time.Duration

// delay is a span, or at_once.
type delay time.Duration

// patience is a delay, or never.
type patience time.Duration

// UnmarshalText reads a span; zero is not one.
func (s *span) UnmarshalText(text []byte) error {
	d, err := parseDuration(string(text))
	if err == nil && d == 0 {
		err = &advised{"expected " + durationExpected + ", got " + strconv.Quote(string(text)), "remove the key to do without"}
	}
	*s = span(d)
	return err
}

// UnmarshalText reads a patience.
func (p *patience) UnmarshalText(text []byte) error {
	if string(text) == never {
		*p = patience(mapping.Never)
		return nil
	}
	err := (*delay)(p).UnmarshalText(text)
	var a *advised
	if errors.As(err, &a) && a.hint == "" {
		a.hint = "or write " + atOnce + ", or " + never
	}
	return err
}

// UnmarshalText reads a delay.
func (d *delay) UnmarshalText(text []byte) error {
	switch string(text) {
	case atOnce:
		*d = 0
		return nil
	case never:
		return &advised{"expected " + atOnce + " or " + durationExpected + ", got " + strconv.Quote(never),
			"whoever a directory disables must lose the doors one day"}
	}
	wait, err := parseDuration(string(text))
	if err == nil && wait == 0 {
		err = &advised{"expected " + atOnce + " or " + durationExpected + ", got " + strconv.Quote(string(text)), "write " + atOnce}
	}
	*d = delay(wait)
	return err
}

// MarshalYAML writes a span as UnmarshalText reads it.
func (s span) MarshalYAML() (any, error) { return formatDuration(time.Duration(s)), nil }

// MarshalYAML writes a delay as UnmarshalText reads it.
func (d delay) MarshalYAML() (any, error) {
	if d == 0 {
		return atOnce, nil
	}
	return formatDuration(time.Duration(d)), nil
}

// MarshalYAML writes a patience as UnmarshalText reads it.
func (p patience) MarshalYAML() (any, error) {
	if p < 0 {
		return never, nil
	}
	return delay(p).MarshalYAML()
}

// after returns the patience as mapping wants it where never is the rule; nil for never.
func (p patience) after() *time.Duration {
	if p < 0 {
		return nil
	}
	wait := time.Duration(p)
	return &wait
}

// IsZero makes omitzero leave out a span that was not written.
func (s span) IsZero() bool { return s == 0 }

var _ yaml.Marshaler = delay(0)

// days is what Go's own durations do not know.
var days = regexp.MustCompile(`^([0-9]{1,4})d`)

// maxDuration bounds every duration of the file, so that none overflows when times are added.
const maxDuration = 10 * 365 * 24 * time.Hour

// parseDuration reads Go's durations and days. Numbers without a unit, signs and fractions of days are refused.
func parseDuration(text string) (time.Duration, error) {
	bad := &advised{text: "expected " + durationExpected + ", got " + strconv.Quote(shorten(text))}
	if strings.Trim(text, "0123456789") == "" && text != "" {
		bad.hint = "give it a unit, such as " + shorten(text) + "h"
		return 0, bad
	}
	var total time.Duration
	rest := text
	if m := days.FindStringSubmatch(text); m != nil {
		n, err := strconv.Atoi(m[1])
		if err != nil {
			return 0, bad
		}
		total, rest = time.Duration(n)*24*time.Hour, text[len(m[0]):]
	}
	if rest != "" || text == "" {
		part, err := time.ParseDuration(rest)
		if err != nil || strings.ContainsAny(rest[:1], "+-") {
			return 0, bad
		}
		total += part
	}
	if total > maxDuration || total < 0 {
		return 0, &advised{text: shorten(text) + " is longer than ten years"}
	}
	return total, nil
}

// formatDuration writes whole days and hours without the zeros of time.Duration.
func formatDuration(d time.Duration) string {
	const day = 24 * time.Hour
	if d >= 2*day && d%day == 0 {
		return fmt.Sprintf("%dd", d/day)
	}
	text := d.String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}
