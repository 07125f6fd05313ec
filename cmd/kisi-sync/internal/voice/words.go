package voice

import (
	"fmt"
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
