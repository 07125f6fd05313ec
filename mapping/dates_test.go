package mapping

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kisi-sync/kisi-sync/internal/access"
)

func TestDatesAreReadInFormsThatCannotMeanAnotherDay(t *testing.T) {
	berlin := zone(t, "Europe/Berlin")
	for text, want := range map[string]struct{ begin, end string }{
		"2026-03-28":                {"2026-03-27T23:00:00Z", "2026-03-28T22:59:59Z"},
		"2026-03-29":                {"2026-03-28T23:00:00Z", "2026-03-29T21:59:59Z"}, // clocks go forward: 23 hours
		"2026-10-25":                {"2026-10-24T22:00:00Z", "2026-10-25T22:59:59Z"}, // and back: 25 hours
		"20260331":                  {"2026-03-30T22:00:00Z", "2026-03-31T21:59:59Z"},
		" 2026-03-31 ":              {"2026-03-30T22:00:00Z", "2026-03-31T21:59:59Z"},
		"2026-12-31":                {"2026-12-30T23:00:00Z", "2026-12-31T22:59:59Z"},
		"2026-03-31T18:00:00+02:00": {"2026-03-31T16:00:00Z", "2026-03-31T16:00:00Z"},
		"2026-03-31T18:00:00.9Z":    {"2026-03-31T18:00:00Z", "2026-03-31T18:00:00Z"},
		"20260331235959Z":           {"2026-03-31T23:59:59Z", "2026-03-31T23:59:59Z"},
		"20260331235959.0Z":         {"2026-03-31T23:59:59Z", "2026-03-31T23:59:59Z"},
		"202603312359Z":             {"2026-03-31T23:59:00Z", "2026-03-31T23:59:00Z"},
		"2026033123Z":               {"2026-03-31T23:00:00Z", "2026-03-31T23:00:00Z"},
		"2026033123.5Z":             {"2026-03-31T23:30:00Z", "2026-03-31T23:30:00Z"},
		"20260331120000+0200":       {"2026-03-31T10:00:00Z", "2026-03-31T10:00:00Z"},
		"20260331120000,25-05":      {"2026-03-31T17:00:00Z", "2026-03-31T17:00:00Z"},
	} {
		m, err := parseDate(text, berlin)
		if err != nil {
			t.Errorf("%q: %v", text, err)
			continue
		}
		if b, e := m.begin().Time().Format(time.RFC3339), m.end(berlin).Time().Format(time.RFC3339); b != want.begin || e != want.end {
			t.Errorf("%q: %s to %s, want %s to %s", text, b, e, want.begin, want.end)
		}
	}
}

func TestWhatIsNoDateIsRefused(t *testing.T) {
	for _, text := range []string{
		"", "31.03.2026", "03/31/2026", "2026-3-1", "2026-02-30", "20260230", "2026-03-31T18:00:00", "2026-03-31 18:00:00Z", "20260331235959", "20260331235959.Z",
		"20260331235959+1", "20260332000000Z", "never", "0", "9223372036854775807", "133500000000000000", "26-03-31", "2026-W14-2", strings.Repeat("1", 5000),
		"２０２６-03-31",
	} {
		if m, err := parseDate(text, time.UTC); err == nil {
			t.Errorf("%q became %v", text, m)
		}
	}
}

func TestADayBeginsWhenItsDateDoesEvenWhereClocksChangeAtMidnight(t *testing.T) {
	for _, c := range []struct {
		zone       string
		y, m, d    int
		begin, end string
	}{
		{"America/Santiago", 2025, 9, 7, "2025-09-07T04:00:00Z", "2025-09-08T02:59:59Z"}, // 0:00 does not exist
		{"America/Santiago", 2025, 4, 5, "2025-04-05T03:00:00Z", "2025-04-06T03:59:59Z"}, // 23:00 comes twice
		{"America/Havana", 2025, 11, 2, "2025-11-02T04:00:00Z", "2025-11-03T04:59:59Z"},  // 0:00 comes twice
		{"Asia/Beirut", 2025, 3, 30, "2025-03-29T22:00:00Z", "2025-03-30T20:59:59Z"},     // 0:00 does not exist
		{"Pacific/Apia", 2011, 12, 31, "2011-12-30T10:00:00Z", "2011-12-31T09:59:59Z"},   // the day before does not exist
		{"America/St_Johns", 2026, 7, 1, "2026-07-01T02:30:00Z", "2026-07-02T02:29:59Z"}, // half an hour
	} {
		z := zone(t, c.zone)
		m := moment{at: startOfDay(c.y, time.Month(c.m), c.d, z), day: true}
		if b, e := m.begin().Time().Format(time.RFC3339), m.end(z).Time().Format(time.RFC3339); b != c.begin || e != c.end {
			t.Errorf("%s %d-%d-%d: %s to %s, want %s to %s", c.zone, c.y, c.m, c.d, b, e, c.begin, c.end)
		}
	}
}

func TestAnEndIsNeverForever(t *testing.T) {
	for _, text := range []string{"1969-12-31", "0001-01-01", "1970-01-01T00:00:00Z", "19691231235959Z", "9999-12-31"} {
		m, err := parseDate(text, time.UTC)
		if err != nil {
			t.Fatal(err)
		}
		if m.end(time.UTC) == 0 {
			t.Errorf("%q has no end", text)
		}
	}
}

func FuzzParseDate(f *testing.F) {
	for _, s := range []string{"2026-03-31", "20260331235959.0Z", "2026-03-31T18:00:00+02:00", "2026033123.5-0530", "20260331120000,25+14"} {
		f.Add(s)
	}
	berlin := zone(f, "Europe/Berlin")
	f.Fuzz(func(t *testing.T, s string) {
		m, err := parseDate(s, berlin)
		if err != nil {
			return
		}
		if m.end(berlin) == 0 || m.begin() > m.end(berlin) && m.begin() != access.At(m.at) {
			t.Errorf("%q: %d to %d", s, m.begin(), m.end(berlin))
		}
		if m.day && !strings.Contains(strings.ReplaceAll(s, "-", ""), m.at.In(berlin).Format("20060102")) {
			t.Errorf("%q is %v", s, m.at)
		}
	})
}

func TestDatesOfRules(t *testing.T) {
	open := func(s *Spec) { s.Rules[2].Until.Missing = Open }
	holds := func(r *Rules) []access.Account {
		return []access.Account{account(7, "ana@x.org", "con:9", owned(r, 103, "contractors"))}
	}
	start := func(missing Missing) func(*Spec) {
		return func(s *Spec) {
			s.Sources[1].Attributes = append(s.Sources[1].Attributes, Attribute{Name: "starts", From: "starts"})
			s.Rules[2].Begin = &Date{Attribute: "starts", Missing: missing}
		}
	}
	for _, c := range []struct {
		name      string
		scene     scene
		want      []string
		due       string
		conflicts string
	}{
		{"an end is kept in the grant", scene{con: records(person("9", "ana@x.org", "until", "2026-03-31"))},
			[]string{"0 ana@x.org [con:9] keep +Contractors until 2026-03-31T23:59:59Z [contractors]"}, "2026-04-01T00:00:00Z", ""},
		{"on the last day it still holds", scene{con: records(person("9", "ana@x.org", "until", "2026-03-15")), accounts: holds},
			[]string{"7 ana@x.org [con:9] keep +Contractors until 2026-03-15T23:59:59Z [contractors]"}, "2026-03-16T00:00:00Z", ""},
		{"after it, it has expired", scene{con: records(person("9", "ana@x.org", "until", "2026-03-14")), accounts: holds},
			[]string{"7 ana@x.org [con:9] keep -103 (expired: until 2026-03-14 has passed)"}, "", ""},
		{"and is not given", scene{con: records(person("9", "ana@x.org", "until", "2026-03-14"))}, nil, "", ""},
		{"a beginning in the future is granted now", scene{spec: start(Refuse), con: records(person("9", "ana@x.org", "starts", "2026-03-20", "until", "2026-03-31"))},
			[]string{"0 ana@x.org [con:9] keep +Contractors from 2026-03-20T00:00:00Z until 2026-03-31T23:59:59Z [contractors]"}, "2026-04-01T00:00:00Z", ""},
		{"a day that is both is a day", scene{spec: start(Refuse), con: records(person("9", "ana@x.org", "starts", "2026-03-20", "until", "2026-03-20"))},
			[]string{"0 ana@x.org [con:9] keep +Contractors from 2026-03-20T00:00:00Z until 2026-03-20T23:59:59Z [contractors]"}, "2026-03-21T00:00:00Z", ""},
		{"an end before its beginning is refused", scene{spec: start(Refuse), con: records(person("9", "ana@x.org", "starts", "2026-04-02", "until", "2026-04-01"))}, nil, "", "date_order"},
		{"and takes nothing away", scene{spec: start(Refuse), con: records(person("9", "ana@x.org", "starts", "2026-04-02", "until", "2026-04-01")), accounts: holds},
			[]string{"7 ana@x.org [con:9] keep +Contractors unsure [contractors]"}, "", "date_order"},
		{"an unreadable end is refused, not forever", scene{con: records(person("9", "ana@x.org", "until", "31.03.2026"))}, nil, "", "bad_date"},
		{"nor does it take away", scene{con: records(person("9", "ana@x.org", "until", "soon")), accounts: holds},
			[]string{"7 ana@x.org [con:9] keep +Contractors unsure [contractors]"}, "", "bad_date"},
		{"an unreadable end is refused though a missing one would be open", scene{spec: open, con: records(person("9", "ana@x.org", "until", "soon"))}, nil, "", "bad_date"},
		{"an empty end is refused though a missing one would be open", scene{spec: open, con: records(person("9", "ana@x.org", "until", ""))}, nil, "", "missing_attribute"},
		{"a missing end is refused", scene{con: records(person("9", "ana@x.org"))}, nil, "", "missing_attribute"},
		{"nor does it take away either", scene{con: records(person("9", "ana@x.org")), accounts: holds},
			[]string{"7 ana@x.org [con:9] keep +Contractors unsure [contractors]"}, "", "missing_attribute"},
		{"a missing end is open where the file says so", scene{spec: open, con: records(person("9", "ana@x.org"))},
			[]string{"0 ana@x.org [con:9] keep +Contractors [contractors]"}, "", ""},
		{"two ends are an error", scene{spec: open, con: records(person("9", "ana@x.org", "until", "2026-03-31", "until", "2027-03-31"))}, nil, "", "several_values"},
		{"of several ends the last counts, and the highest role", scene{spec: func(s *Spec) {
			s.Rules = append(s.Rules, Rule{Name: "bosses", From: Selector{Source: "contractors", Everyone: true}, Grant: []string{"Contractors"}, Role: access.GroupManager,
				Until: &Date{Fixed: "2026-03-20"}})
		}, con: records(person("9", "ana@x.org", "until", "2026-03-31"))},
			[]string{"0 ana@x.org [con:9] keep +Contractors as group_manager until 2026-03-31T23:59:59Z [bosses, contractors]"}, "2026-03-21T00:00:00Z", ""},
		{"open goes before any end", scene{spec: func(s *Spec) {
			s.Rules = append(s.Rules, Rule{Name: "x", From: Selector{Source: "contractors", Everyone: true}, Grant: []string{"Contractors"}})
		}, con: records(person("9", "ana@x.org", "until", "2026-03-31"))},
			[]string{"0 ana@x.org [con:9] keep +Contractors [contractors, x]"}, "2026-04-01T00:00:00Z", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.scene.corp = records(staff(), admins())
			_, _, out := c.scene.play(t)
			if diff := cmp.Diff(c.want, tell(out.Desired)); diff != "" {
				t.Error(diff)
			}
			due := ""
			if out.Desired.Due != 0 {
				due = out.Desired.Due.Time().Format(time.RFC3339)
			}
			if due != c.due {
				t.Errorf("due %s, want %s", due, c.due)
			}
			if got := kinds(out.Conflicts); got != c.conflicts {
				t.Errorf("conflicts %q, want %q: %+v", got, c.conflicts, out.Conflicts)
			}
		})
	}
}
