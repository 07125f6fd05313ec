package main

import (
	"testing"
	"time"

	"github.com/kisi-sync/kisi-sync/config"
	"github.com/kisi-sync/kisi-sync/internal/access"
)

// Issue 5: what is kept has its moments in UTC, and is told as plans are: by the clock of the place, else of the file.
func TestWhatIsKeptIsToldByTheClockAtTheDoor(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	settings := &config.Settings{}
	settings.Schedule.Zone = berlin
	c := clocksOf(settings, &access.Catalog{
		Places: []access.Place{{ID: 1, Name: "Lisbon", Zone: "Europe/Lisbon"}, {ID: 2, Name: "Tokyo", Zone: "Asia/Tokyo"}, {ID: 3, Name: "Nowhere"}, {ID: 4, Name: "Mars", Zone: "Mars/Olympus"}},
		Groups: []access.Group{{Name: "Lab", Place: 1}, {Name: "Lab East", Place: 2}, {Name: "Garage", Place: 1}, {Name: "Garage", Place: 2}, {Name: "Roof", Place: 3}, {Name: "Base", Place: 4}, {Name: "Staff"}},
	})
	for text, want := range map[string]string{
		"holds Lab as door_access until 2026-12-31 23:59 UTC":          "holds Lab as door_access until 2026-12-31 23:59 WET",
		"holds Lab East from 2026-01-01 15:00 UTC until now":           "holds Lab East from 2026-01-02 00:00 JST until now",
		"Garage until 2026-12-31 22:59 UTC":                            "Garage until 2026-12-31 23:59 CET",
		"Roof from 2026-07-01 10:00 UTC until 2026-12-31 22:59 UTC":    "Roof from 2026-07-01 12:00 CEST until 2026-12-31 23:59 CET",
		"Base until 2026-12-31 22:59 UTC":                              "Base until 2026-12-31 23:59 CET",
		"Staff until 2026-12-31 22:59 UTC; deleted since 2026-03-15":   "Staff until 2026-12-31 23:59 CET; deleted since 2026-03-15",
		"no day at all: 2026-99-99 99:99 UTC, and nothing said by UTC": "no day at all: 2026-99-99 99:99 UTC, and nothing said by UTC",
		"told by a clock already: Staff until 2026-12-31 23:59 CET":    "told by a clock already: Staff until 2026-12-31 23:59 CET",
		"seconds are another matter: 2026-12-31 22:59:01 UTC":          "seconds are another matter: 2026-12-31 22:59:01 UTC",
	} {
		if got := c.local(text); got != want {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
	if text := "Staff until 2026-12-31 22:59 UTC"; (clocks{}).local(text) != text {
		t.Error("clocks that know nothing changed a text")
	}
}
