package daemon

import (
	"testing"
	"time"

	"github.com/robfig/cron/v3"
)

func in(t *testing.T, zone, text string) (cron.Schedule, *time.Location) {
	t.Helper()
	place, err := time.LoadLocation(zone)
	if err != nil {
		t.Fatal(err)
	}
	s, err := cron.ParseStandard("CRON_TZ=" + zone + " " + text)
	if err != nil {
		t.Fatal(err)
	}
	return s, place
}

// cases.md 109: every day has its run, and only one, on the days when clocks jump too.
func TestADailyScheduleComesOnceADayInEveryZone(t *testing.T) {
	t.Parallel()
	for _, zone := range []string{"UTC", "Europe/Berlin", "America/New_York", "America/Santiago", "Australia/Lord_Howe", "Africa/Casablanca"} {
		for _, at := range []string{"0 0 * * *", "30 1 * * *", "0 2 * * *", "30 2 * * *", "30 23 * * *"} {
			s, place := in(t, zone, at)
			c := newClock(s, time.Date(2024, 1, 1, 23, 59, 0, 0, place))
			for day := time.Date(2024, 1, 2, 12, 0, 0, 0, place); day.Year() < 2026; day = day.AddDate(0, 0, 1) {
				if got := c.next.In(place); got.Year() != day.Year() || got.YearDay() != day.YearDay() {
					t.Fatalf("%s %q: after %s comes %s, want one on %s", zone, at, c.from.In(place), got, day.Format(time.DateOnly))
				}
				if !c.tick(c.next) {
					t.Fatalf("%s %q: no tick at %s", zone, at, c.next)
				}
			}
		}
	}
}

// What is asked for every hour or oftener goes by what really passes.
func TestAScheduleOfEveryHourIsAsEvenWhenClocksJump(t *testing.T) {
	t.Parallel()
	for _, at := range []string{"*/5 * * * *", "@every 5m"} {
		s, place := in(t, "Europe/Berlin", at)
		for _, night := range []time.Time{time.Date(2026, 3, 28, 22, 0, 0, 0, place), time.Date(2026, 10, 24, 22, 0, 0, 0, place)} {
			c := newClock(s, night)
			for now := night; now.Sub(night) < 10*time.Hour; now = c.next {
				if gap := c.next.Sub(c.from); gap != 5*time.Minute {
					t.Fatalf("%q: %s from %s", at, gap, c.from)
				}
				c.tick(c.next)
			}
		}
	}
}

func TestTicksThatWereMissedAreOne(t *testing.T) {
	t.Parallel()
	s, place := in(t, "Europe/Berlin", "@every 1m")
	now := time.Date(2026, 1, 1, 12, 0, 0, 0, place)
	c := newClock(s, now)
	now = now.Add(9 * time.Hour)
	if !c.tick(now) || c.tick(now) || c.tick(now.Add(59*time.Second)) || !c.tick(now.Add(time.Minute)) {
		t.Error("not one")
	}
}

func TestAClockThatIsSetBackBringsNothingTwiceAndSilencesNothing(t *testing.T) {
	t.Parallel()
	daily, place := in(t, "Europe/Berlin", "0 3 * * *")
	three := time.Date(2026, 1, 1, 3, 0, 0, 0, place)
	c := newClock(daily, three.Add(-time.Hour))
	if !c.tick(three) || c.tick(three.Add(-time.Hour)) || c.tick(three) || c.tick(three.Add(20*time.Hour)) {
		t.Error("twice")
	}
	if !c.tick(three.AddDate(0, 0, 1)) {
		t.Error("not on the next day")
	}
	often, _ := in(t, "Europe/Berlin", "@every 1m")
	c = newClock(often, three)
	back := three.Add(-6 * time.Hour)
	if c.tick(back) || !c.tick(back.Add(time.Minute)) {
		t.Error("silent for hours")
	}
}

func TestAScheduleThatNeverComesToPassIsSilent(t *testing.T) {
	t.Parallel()
	s, _ := in(t, "UTC", "0 0 31 2 *")
	c := newClock(s, time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC))
	if !c.next.IsZero() || c.tick(time.Date(2036, 1, 1, 0, 0, 0, 0, time.UTC)) {
		t.Error(c.next)
	}
}
