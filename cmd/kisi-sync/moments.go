package main

import (
	"context"
	"regexp"
	"strings"
	"time"

	"github.com/kisi-sync/kisi-sync/config"
	"github.com/kisi-sync/kisi-sync/internal/access"
	"github.com/kisi-sync/kisi-sync/sync/plan"
)

// clocks tell moments that are kept in UTC, so that they can be compared whatever becomes of a zone, as plans do: by the clock of the place
// whose group a text names, else by that of the file. The zero clocks leave texts as they are.
type clocks struct {
	file   *time.Location
	groups map[string]*time.Location // of places, by name; looked up only
}

// cataloged remembers what there is in Kisi.
type cataloged interface {
	Catalog(ctx context.Context) (*access.Catalog, error)
}

// newClocks returns the clocks of what is remembered of Kisi. Nothing needs to be.
func newClocks(ctx context.Context, settings *config.Settings, from cataloged) (clocks, error) {
	known, err := from.Catalog(ctx)
	return clocksOf(settings, known), err
}

// clocksOf are the clocks of what there is in Kisi; nil: nothing is known of it.
func clocksOf(settings *config.Settings, known *access.Catalog) clocks {
	c := clocks{file: settings.Schedule.Zone, groups: map[string]*time.Location{}}
	if known == nil {
		return c
	}
	places := map[access.RemoteID]*time.Location{0: c.file}
	for _, p := range known.Places {
		places[p.ID] = c.file
		if zone, err := time.LoadLocation(p.Zone); err == nil && p.Zone != "" {
			places[p.ID] = zone
		}
	}
	for _, g := range known.Groups {
		zone := places[g.Place]
		if other, twice := c.groups[g.Name]; twice && other != zone || zone == nil {
			zone = c.file // nobody knows which of the two is meant
		}
		c.groups[g.Name] = zone
	}
	return c
}

// describes says steps for people, moments by the clock at the door.
func (s *session) describes(known *access.Catalog) func(*plan.Step) string {
	clocks := clocksOf(s.settings, known)
	return func(step *plan.Step) string { return clocks.local(step.Describe(known)) }
}

// local says the moments of a text by the clock of the group that it names.
func (c clocks) local(text string) string {
	if c.file == nil || !strings.Contains(text, " UTC") {
		return text
	}
	const layout = "2006-01-02 15:04 MST"
	return regexp.MustCompile(`\d{4}-\d\d-\d\d \d\d:\d\d UTC`).ReplaceAllStringFunc(text, func(moment string) string {
		at, err := time.Parse(layout, moment)
		if err != nil {
			return moment
		}
		return at.In(c.zoneOf(text)).Format(layout)
	})
}

// zoneOf is that of the longest name of a group in a text.
func (c clocks) zoneOf(text string) *time.Location {
	zone, longest := c.file, ""
	for name, its := range c.groups {
		longer := len(name) > len(longest) || len(name) == len(longest) && name < longest
		if longer && strings.Contains(text, name) {
			zone, longest = its, name
		}
	}
	return zone
}
