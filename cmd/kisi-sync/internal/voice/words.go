package voice

import (
	"fmt"
	"strings"
	"time"
)

// Round leaves out of a duration what nobody reads.
func Round(d time.Duration) time.Duration {
	if d > time.Second {
		return d.Round(100 * time.Millisecond)
	}
	return d.Round(time.Millisecond)
}

// Count says a number with its noun: "1 step", "3 steps".
func Count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// Roughly says a duration as people do: "a second", "3 minutes".
func Roughly(d time.Duration) string {
	switch {
	case d < 1500*time.Millisecond:
		return "a second"
	case d < 2*time.Minute:
		return Count(int(d.Round(time.Second).Seconds()), "second", "seconds")
	case d < 2*time.Hour:
		return Count(int(d.Round(time.Minute).Minutes()), "minute", "minutes")
	}
	return fmt.Sprintf("%.1f hours", d.Hours())
}

// Names lists people, not too many.
func Names(people []string) string {
	const enough = 6
	if len(people) <= enough {
		return strings.Join(people, ", ")
	}
	return fmt.Sprintf("%s and %d more (--json lists all)", strings.Join(people[:enough-1], ", "), len(people)-enough+1)
}

// OrNone is the text, or, of an empty one, what is said instead.
func OrNone(text, none string) string {
	if text == "" {
		return none
	}
	return text
}

// Moment says a time that a document has as RFC 3339 as the file would, in its time zone. What is no such time stays as it is.
func Moment(rfc3339 string, zone *time.Location) string {
	t, err := time.Parse(time.RFC3339, rfc3339)
	if err != nil {
		return rfc3339
	}
	return t.In(zone).Format("2006-01-02 15:04 MST")
}

// Asked says who, or what, asked for a run.
func Asked(by string) string {
	switch by {
	case "":
		return "asked by nobody known"
	case "start":
		return "at the start of the daemon"
	case "reload":
		return "after the file was read again"
	}
	return "asked by " + by
}

// Doubts says how much is not believed, and why.
func Doubts(n int, why string) string {
	text := Count(n, "absence is", "absences are") + " not believed"
	if why != "" {
		text += " (" + why + ")"
	}
	return text
}
