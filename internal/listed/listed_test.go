package listed

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestWhatValueWritesParseReads(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		e := Entry{Role: rapid.SampledFrom([]string{"", DoorAccess, GroupManager, "observer"}).Draw(t, "role"), Notify: rapid.Bool().Draw(t, "notify"),
			From: rapid.SampledFrom([]string{"", "2026-01-01", "2026-03-01T08:00:00+01:00"}).Draw(t, "from"), Until: rapid.SampledFrom([]string{"", "2026-03-31"}).Draw(t, "until")}
		name := rapid.StringMatching(`.*\S.*`).Draw(t, "name")
		switch rapid.IntRange(0, 2).Draw(t, "scope") {
		case 0:
			e.Group = name
		case 1:
			e.Place = name
		default:
			e.Organization = true
		}
		got, err := Parse(e.Value())
		if f := e.Check(); (f == nil) != (err == nil) {
			t.Fatalf("Check says %v, Parse %v", f, err)
		}
		if err == nil && got != e {
			t.Fatalf("got %+v, want %+v", got, e)
		}
	})
}

func TestEntriesThatMeanNothingAreRefusedInWords(t *testing.T) {
	for _, c := range []struct {
		entry Entry
		want  string
	}{
		{Entry{}, "group is missing"},
		{Entry{Group: "Visitors", Place: "HQ"}, "group is said with another scope"},
		{Entry{Place: "HQ"}, "role is missing"},
		{Entry{Organization: true, Role: "observer", Until: "2026-03-31"}, "until means nothing here"},
		{Entry{Group: "Visitors", Role: "observer"}, `role "observer" is no role in a group`},
		{Entry{Group: "Visitors", From: "1.3.2026"}, `from "1.3.2026" is not a date`},
		{Entry{Group: "Visitors", Until: "2026-03-31T18:00:00"}, `until "2026-03-31T18:00:00" is not a date`},
		{Entry{Group: "Visitors", From: "2026-03-31", Until: "2026-03-01"}, "until 2026-03-01 is before from"},
		{Entry{Group: "Visitors", From: "2026-03-31T09:00:00Z", Until: "2026-03-31T08:00:00Z"}, "until 2026-03-31T08:00:00Z is before from"},
		{Entry{Group: "Visitors", From: "2026-03-31T09:00:00Z", Until: "2026-03-31"}, ""},
	} {
		got := ""
		if f := c.entry.Check(); f != nil {
			got = f.Field + " " + f.Text
		}
		if !strings.HasPrefix(got, c.want) || c.want == "" && got != "" {
			t.Errorf("%+v: %q, want %q", c.entry, got, c.want)
		}
	}
}
