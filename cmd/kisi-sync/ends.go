package main

import (
	"cmp"
	"slices"
	"time"

	"github.com/kisi-sync/kisi-sync/cmd/kisi-sync/internal/voice"
	"github.com/kisi-sync/kisi-sync/config"
)

// statusEnd is a certificate or a secret that ends soon, or has ended.
type statusEnd struct {
	What string `json:"what"` // the key in the file
	At   string `json:"at"`
	Days int    `json:"days"` // that are left, whole ones; negative afterwards

	at time.Time
}

// soon is how long before the end people are told.
const soon = 30 * 24 * time.Hour

// endsSoon returns what of the file ends soon, the next first.
func endsSoon(settings *config.Settings) (all []statusEnd) {
	for what, at := range expiries(settings) {
		if left := at.Sub(now()); left < soon {
			all = append(all, statusEnd{What: what, At: at.UTC().Format(time.RFC3339), Days: int(left.Hours() / 24), at: at})
		}
	}
	slices.SortFunc(all, func(a, b statusEnd) int { return cmp.Or(a.at.Compare(b.at), cmp.Compare(a.What, b.What)) })
	return all
}

// endHint says what to do about what ends: a certificate says its end itself, of a secret the file does.
func endHint(settings *config.Settings, what string) string {
	if _, secret := settings.SecretEnds()[what]; secret {
		return "put a new one in its place, and write its day after expires: in the file"
	}
	return "put a new one in its place"
}

// words say when it ends.
func (e *statusEnd) words(zone *time.Location) string {
	day := e.at.In(zone).Format(time.DateOnly)
	switch left := e.at.Sub(now()); {
	case left < 0:
		return e.What + " has ended on " + day
	case left < 24*time.Hour:
		return e.What + " ends on " + day + ", within a day"
	}
	return e.What + " ends on " + day + ", in " + voice.Count(e.Days, "day", "days")
}
