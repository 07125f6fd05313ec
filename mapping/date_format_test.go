package mapping

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kisi-sync/kisi-sync/internal/access"
	"github.com/kisi-sync/kisi-sync/internal/directory"
)

func TestDatesAreReadAsTheFileDeclaresThem(t *testing.T) {
	berlin := zone(t, "Europe/Berlin")
	for _, c := range []struct{ format, text, begin, end string }{
		{"filetime", "133883712000000000", "2025-04-06T00:00:00Z", "2025-04-06T00:00:00Z"},
		{"filetime", "0", "never", "never"},
		{"filetime", "9223372036854775807", "never", "never"},
		{"epoch_seconds", "1774980000", "2026-03-31T18:00:00Z", "2026-03-31T18:00:00Z"},
		{"epoch_milliseconds", "1774980000999", "2026-03-31T18:00:00Z", "2026-03-31T18:00:00Z"},
		{"generalized_time", "20260331180000.0Z", "2026-03-31T18:00:00Z", "2026-03-31T18:00:00Z"},
		{"iso", "2026-03-31", "2026-03-30T22:00:00Z", "2026-03-31T21:59:59Z"},
		{"iso", "20260331", "2026-03-30T22:00:00Z", "2026-03-31T21:59:59Z"},
		{"iso", "2026-03-31T18:00", "2026-03-31T16:00:00Z", "2026-03-31T16:00:00Z"},
		{"iso", "2026-03-31 18:00:00.250", "2026-03-31T16:00:00Z", "2026-03-31T16:00:00Z"},
		{"iso", "2026-03-31T18:00+0530", "2026-03-31T12:30:00Z", "2026-03-31T12:30:00Z"},
		{"iso", "20260331T180000Z", "2026-03-31T18:00:00Z", "2026-03-31T18:00:00Z"},
		{"DD.MM.YYYY", "31.03.2026", "2026-03-30T22:00:00Z", "2026-03-31T21:59:59Z"},
		{"D.M.YYYY", "1.4.2026", "2026-03-31T22:00:00Z", "2026-04-01T21:59:59Z"},
		{"MM/DD/YYYY", "03/31/2026", "2026-03-30T22:00:00Z", "2026-03-31T21:59:59Z"},
		{"DD-MMM-YYYY", "31-Mar-2026", "2026-03-30T22:00:00Z", "2026-03-31T21:59:59Z"},
		{"DD.MM.YYYY hh:mm", "31.03.2026 18:00", "2026-03-31T16:00:00Z", "2026-03-31T16:00:00Z"},
		{"DD.MM.YYYY hh:mm", "29.03.2026 02:30", "2026-03-29T01:00:00Z", "2026-03-29T01:00:00Z"}, // does not exist: the clocks are put forward
		{"DD.MM.YYYY hh:mm", "25.10.2026 02:30", "2026-10-25T00:30:00Z", "2026-10-25T00:30:00Z"}, // comes twice: the first
		{"DD.MM.YYYY hh:mm", "25.10.2026 03:00", "2026-10-25T02:00:00Z", "2026-10-25T02:00:00Z"},
		{"YYYYMMDDhhmmssZ", "20260331180000Z", "2026-03-31T18:00:00Z", "2026-03-31T18:00:00Z"},
	} {
		f, _, err := parseFormat(c.format)
		if err != nil {
			t.Fatal(err)
		}
		m, err := f.read(c.text, berlin)
		if err != nil {
			t.Errorf("%s %q: %v", c.format, c.text, err)
			continue
		}
		begin, end := m.begin().Time().Format(time.RFC3339), m.end(berlin).Time().Format(time.RFC3339)
		if m.never {
			begin, end = "never", "never"
			if m.end(berlin) != 0 {
				t.Errorf("%s %q: ends %v", c.format, c.text, m.end(berlin))
			}
		}
		if begin != c.begin || end != c.end {
			t.Errorf("%s %q: %s to %s, want %s to %s", c.format, c.text, begin, end, c.begin, c.end)
		}
	}
}

func TestWhatIsWrittenInAnotherFormatIsRefused(t *testing.T) {
	for format, texts := range map[string][]string{
		"filetime":           {"", "-1", "+5", "1774980000", "1774980000000", "2026-03-31", "9223372036854775808", "20260331180000Z", "1e17"},
		"epoch_seconds":      {"", "1774980000000", "133883712000000000", "-5", "1774980000.5", "2026-03-31", "0x10"},
		"epoch_milliseconds": {"", "1774980000", "0", "133883712000000000", "2026-03-31"},
		"generalized_time":   {"2026-03-31", "20260331", "31.03.2026"},
		"iso":                {"31.03.2026", "2026-W14", "2026-03-31T25:00", "2026-03-31T18:00 Europe/Berlin", "1774980000"},
		"DD.MM.YYYY":         {"2026-03-31", "3.4.2026", "31.02.2026", "31.03.26", "31.03.2026 18:00", "03/31/2026", "never", "00.00.0000"},
		"D.M.YYYY":           {"31.13.2026", "1.4.26"},
		"auto":               {"133883712000000000", "1774980000"},
	} {
		f, _, err := parseFormat(format)
		if err != nil {
			t.Fatal(err)
		}
		for _, text := range texts {
			if m, err := f.read(text, time.UTC); err == nil {
				t.Errorf("%s: %q became %v", format, text, m)
			}
		}
	}
}

func TestAPatternThatCouldMeanTwoDaysIsRefused(t *testing.T) {
	for format, want := range map[string]string{
		"DD.MM.YY": `"Y" means nothing`, "DD.MM": "no year", "2006-01-02": `"2" means nothing`, "DD/MM/YYYY DD": "two parts", "DMYYYY": "needs a sign", "YYYYM.DD": "needs a sign",
		"DD.MM.YYYY mm": "no hours", "DD.MM.YYYYZ": "no Z", "YYYY-MM-DDZhh": "at the end", "filetim": `"f" means nothing`, "DD_MM_YYYY": `"_"`,
		strings.Repeat("DD.MM.YYYY", 10): "longer", "YYYY-MM-DD hh:ss": "no hours or minutes",
	} {
		if _, hint, err := parseFormat(format); err == nil || !strings.Contains(err.Error(), want) || hint == "" {
			t.Errorf("%s: %v (%s), want %s", format, err, hint, want)
		}
	}
}

func TestALengthOfTimeGoesByTheCalendar(t *testing.T) {
	berlin := zone(t, "Europe/Berlin")
	for _, c := range []struct{ shift, date, end string }{
		{"30d", "2026-03-01", "2026-03-31T21:59:59Z"},
		{"1d", "2026-03-28", "2026-03-29T21:59:59Z"}, // 23 hours
		{"2w", "2026-10-18", "2026-11-01T22:59:59Z"},
		{"1mo", "2026-01-31", "2026-02-28T22:59:59Z"},
		{"1mo", "2024-01-31", "2024-02-29T22:59:59Z"},
		{"14mo", "2026-12-31", "2028-02-29T22:59:59Z"},
		{"1y", "2024-02-29", "2025-02-28T22:59:59Z"},
		{"1d", "2026-03-28T01:30:00Z", "2026-03-29T01:00:00Z"}, // 02:30 does not exist on the day after
		{"1d", "2026-03-27T12:00:00Z", "2026-03-28T12:00:00Z"},
		{"2d", "2026-03-27T12:00:00Z", "2026-03-29T11:00:00Z"}, // the same time of day
	} {
		s, err := ParseShift(c.shift)
		if err != nil {
			t.Fatal(err)
		}
		m, err := parseDate(c.date, berlin)
		if err != nil {
			t.Fatal(err)
		}
		if got := s.from(m, berlin).end(berlin).Time().Format(time.RFC3339); got != c.end {
			t.Errorf("%s after %s: %s, want %s", c.shift, c.date, got, c.end)
		}
	}
	if m, _ := parseDate("2026-03-31", berlin); (Shift{N: -1, Unit: "mo"}).from(m, berlin).begin().Time().Format(time.RFC3339) != "2026-02-27T23:00:00Z" {
		t.Error("a month before the 31st of March is not the 28th of February")
	}
	for _, text := range []string{"", "30", "d", "-3d", "+3d", "0d", "03d", "3661d", "5m", "1h", "1.5y", "3 d", "99999999999999999999d"} {
		if s, err := ParseShift(text); err == nil {
			t.Errorf("%q became %v", text, s)
		}
	}
}

// dated is a rule of the contractors with the until that is given.
func dated(d Date, format string) func(*Spec) {
	return func(s *Spec) {
		s.Sources[1].Attributes[0].Format = format
		d.Attribute = "until"
		s.Rules[2].Until = &d
	}
}

func TestDatesOfAttributesWithAFormat(t *testing.T) {
	until := func(value string) []any { return []any{person("9", "ana@x.org", "until", value)} }
	for _, c := range []struct {
		name      string
		spec      func(*Spec)
		con       []any
		want      string
		conflicts string
	}{
		{"a format of the attribute", dated(Date{}, "DD.MM.YYYY"), until("31.03.2026"), "+Contractors until 2026-03-31T23:59:59Z", ""},
		{"the date's own goes before it", dated(Date{Format: "MM/DD/YYYY"}, "DD.MM.YYYY"), until("03/31/2026"), "+Contractors until 2026-03-31T23:59:59Z", ""},
		{"never is without an end", dated(Date{}, "filetime"), until("0"), "+Contractors ", ""},
		{"so much later", dated(Date{Shift: Shift{N: 2, Unit: "w"}}, ""), until("2026-03-10"), "+Contractors until 2026-03-24T23:59:59Z", ""},
		{"so much earlier", dated(Date{Shift: Shift{N: -1, Unit: "mo"}}, ""), until("2026-05-31"), "+Contractors until 2026-04-30T23:59:59Z", ""},
		{"what cannot be read is refused", dated(Date{Missing: Open}, "DD.MM.YYYY"), until("2026-03-31"), "", "bad_date"},
		{"or open, and told", dated(Date{Unreadable: Open}, "DD.MM.YYYY"), until("2026-03-31"), "+Contractors ", "date_opened"},
		{"which says nothing of what is missing", dated(Date{Unreadable: Open}, ""), []any{person("9", "ana@x.org")}, "", "missing_attribute"},
		{"never is no beginning", func(s *Spec) {
			dated(Date{}, "filetime")(s)
			s.Rules[2].Begin, s.Rules[2].Until = s.Rules[2].Until, nil
		}, until("0"), "", "bad_date"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, _, out := scene{spec: c.spec, corp: records(staff(), admins()), con: records(c.con...)}.play(t)
			got := strings.Join(tell(out.Desired), "\n")
			if c.want == "" && got != "" || !strings.Contains(got, c.want) {
				t.Errorf("%s, want %s", got, c.want)
			}
			if got := kinds(out.Conflicts); got != c.conflicts {
				t.Errorf("conflicts %q, want %q: %+v", got, c.conflicts, out.Conflicts)
			}
		})
	}
}

// contractorsOf is a view in which corp was read, and is empty.
func contractorsOf(t *testing.T, people ...directory.Record) *directory.View {
	return directory.Join(read(t, "corp", nil, noon(), records(staff(), admins())...), read(t, "con", nil, noon(), people...))
}

func TestADayEndsWhereTheDoorIs(t *testing.T) {
	spec := twoSources()
	spec.Zone = zone(t, "Europe/Berlin")
	spec.Groups = append(spec.Groups, Group{Name: "Lab", Place: "Lab", Members: true})
	spec.Sources[1].MayGrant = nil
	spec.Rules[2].Grant = []string{"Contractors", "Lab"}
	rules := mustCompile(t, spec)
	for place, want := range map[string]string{
		"America/New_York": "2026-04-01T03:59:59Z", "": "2026-03-31T21:59:59Z", "Europe/Berlin": "2026-03-31T21:59:59Z", "Mars/Olympus": "2026-03-31T21:59:59Z",
	} {
		catalog := kisi()
		catalog.Places[1].Zone = place
		view := contractorsOf(t, person("9", "ana@x.org", "until", "2026-03-31"))
		out := rules.Map(Input{People: view, Catalog: catalog, At: noon()})
		got := map[string]string{}
		for _, g := range out.Desired.Wishes[0].Grants {
			got[out.Desired.Groups[g.Group].Name] = g.Until.Time().Format(time.RFC3339)
		}
		if diff := cmp.Diff(map[string]string{"Contractors": "2026-03-31T21:59:59Z", "Lab": want}, got); diff != "" {
			t.Errorf("%s: %s", place, diff)
		}
		if told := strings.Contains(kinds(out.Conflicts), UnknownZone); told != (place == "Mars/Olympus") {
			t.Errorf("%s: %+v", place, out.Conflicts)
		}
	}
}

func TestARightEndsInOnePlaceWhileItGoesOnInAnother(t *testing.T) {
	spec := twoSources()
	spec.Groups = append(spec.Groups, Group{Name: "Lab", Place: "Lab", Members: true})
	spec.Sources[1].MayGrant = nil
	spec.Rules[2].Grant = []string{"Contractors", "Lab"}
	rules := mustCompile(t, spec)
	catalog := kisi()
	catalog.Places[1].Zone = "Pacific/Honolulu"
	ana := account(7, "ana@x.org", "con:9", owned(rules, 103, "contractors"), owned(rules, 104, "contractors"))
	in := Input{People: contractorsOf(t, person("9", "ana@x.org", "until", "2026-03-14")), Catalog: catalog, Owned: ledger(ana), At: time.Date(2026, 3, 15, 3, 0, 0, 0, time.UTC)}
	out := rules.Map(in)
	want := []string{"7 ana@x.org [con:9] keep +Lab until 2026-03-15T09:59:59Z [contractors] -103 (expired: until 2026-03-14 has passed)"}
	if diff := cmp.Diff(want, tell(out.Desired)); diff != "" {
		t.Error(diff)
	}
	if want := access.At(time.Date(2026, 3, 15, 10, 0, 0, 0, time.UTC)); out.Desired.Due != want {
		t.Errorf("due %v", out.Desired.Due.Time())
	}
}

func FuzzDateFormats(f *testing.F) {
	for _, s := range [][2]string{{"DD.MM.YYYY", "31.03.2026"}, {"filetime", "133883712000000000"}, {"iso", "2026-03-31T18:00"}, {"D-M-YYYY hh:mm", "1-4-2026 02:30"}, {"MMM D, YYYY", "Mar 1, 2026"}} {
		f.Add(s[0], s[1])
	}
	berlin := zone(f, "Europe/Berlin")
	f.Fuzz(func(t *testing.T, format, text string) {
		form, _, err := parseFormat(format)
		if err != nil {
			return
		}
		m, err := form.read(text, berlin)
		if err != nil {
			return
		}
		if !m.never && m.end(berlin) == 0 || m.never && format != "filetime" {
			t.Errorf("%s %q is without an end", format, text)
		}
		if form.layout != "" && !strings.Contains(format, "MMM") {
			again, err := form.read(m.at.In(berlin).Format(form.layout), berlin)
			if !form.utc && form.time == false && (err != nil || !again.at.Equal(m.at)) {
				t.Errorf("%s %q: %v, again %v %v", format, text, m.at, again.at, err)
			}
		}
	})
}
