package main

import (
	"fmt"
	"time"

	"github.com/kisi-sync/kisi-sync/cmd/kisi-sync/internal/exit"
)

// parseTime reads a moment as people write it, in the time zone of the file. A day alone is its beginning, or its last second.
func parseTime(text string, zone *time.Location, endOfDay bool) (time.Time, error) {
	if t, err := time.ParseInLocation(time.DateOnly, text, zone); err == nil {
		if endOfDay {
			t = t.AddDate(0, 0, 1).Add(-time.Second)
		}
		return t, nil
	}
	for _, layout := range []string{"2006-01-02 15:04", "2006-01-02T15:04", time.DateTime, time.RFC3339} {
		if t, err := time.ParseInLocation(layout, text, zone); err == nil {
			return t, nil
		}
	}
	return time.Time{}, exit.Usage(fmt.Errorf("%q is not a date", text), "write 2026-03-31, or 2026-03-31T18:00")
}
