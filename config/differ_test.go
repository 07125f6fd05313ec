package config_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kisi-sync/kisi-sync/config"
	"github.com/kisi-sync/kisi-sync/connectors/all"
)

func TestDifferencesNameSettingsByTheirPath(t *testing.T) {
	load := func(text string) *config.Settings {
		s, err := config.Loader{Types: all.Types(), SkipSecrets: true}.Parse("config.yaml", []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	text := example(t)
	before := load(text)
	for old, now := range map[string]string{
		"  removals: {people: 20,": "  removals: {people: 5,", "    emails: [example.com]\n": "    emails: [example.com, example.org]\n",
		"    id: 40312 ": "    id: 40313 ", "  - name: guests\n": "  - name: visitors\n",
	} {
		if !strings.Contains(text, old) {
			t.Fatalf("the example has no %q", old)
		}
		text = strings.Replace(text, old, now, 1)
	}
	got, err := before.Differences(load(text))
	want := []config.Difference{{"groups.Visitors.id", "40312", "40313"}, {"limits.removals.people", "20", "5"}, {"sources.corp.emails", "[example.com]", "[example.com, example.org]"}}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Error(diff, err)
	}
}
