package config_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/kisi-sync/kisi-sync/config"
	"github.com/kisi-sync/kisi-sync/connectors/all"
	"github.com/kisi-sync/kisi-sync/internal/access"
	"github.com/kisi-sync/kisi-sync/internal/directory"
	"github.com/kisi-sync/kisi-sync/mapping"
)

// Each example of docs/rules.md loads, and does what it says it does.
func TestTheExamplesAboutRulesAreSo(t *testing.T) {
	page, err := os.ReadFile("../docs/rules.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := regexp.MustCompile("(?s)```yaml( main)?\n(.*?)```").FindAllStringSubmatch(string(page), -1)
	if len(blocks) < 7 || blocks[0][1] == "" {
		t.Fatalf("%d examples", len(blocks))
	}
	for i, block := range blocks[1:] {
		t.Run(strconv.Itoa(i+1), func(t *testing.T) {
			s := loadExample(t, blocks[0][2], block[2])
			if len(s.Expect) == 0 {
				t.Fatal("the example expects nothing")
			}
			var expectations []mapping.Expectation
			for _, e := range s.Expect {
				expectations = append(expectations, e.Expectation)
			}
			in := mapping.Input{People: exampleDirectory(t), Catalog: &access.Catalog{Groups: []access.Group{{ID: 1, Name: "HQ Staff"}, {ID: 2, Name: "Lab"}}},
				At: time.Date(2026, 3, 15, 12, 0, 0, 0, time.UTC)}
			for k, got := range s.Rules().Test(in, expectations) {
				if len(got.Wrong)+len(got.Open) > 0 {
					t.Errorf("%+v: %+v %v", expectations[k], got.Wrong, got.Open)
				}
			}
		})
	}
}

// loadExample loads the main file of the page with an example included.
func loadExample(t *testing.T, main, example string) *config.Settings {
	t.Helper()
	dir := t.TempDir()
	main = strings.Replace(main, "rules: []\n", "include: example.yaml\n", 1)
	for name, text := range map[string]string{"config.yaml": main, "example.yaml": example} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s, err := config.Loader{Types: all.Types(), SkipSecrets: true}.Load(filepath.Join(dir, "config.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// exampleDirectory has the people whom the page tells of at its end.
func exampleDirectory(t *testing.T) *directory.View {
	t.Helper()
	person := func(id string, attributes ...string) directory.Record {
		r := directory.Record{Kind: directory.PersonIs, ID: id, Email: id + "@example.com", Name: id, Active: directory.Yes}
		for i := 0; i < len(attributes); i += 2 {
			r.Attrs = append(r.Attrs, directory.Attr{Name: attributes[i], Values: []string{attributes[i+1]}})
		}
		return r
	}
	group := func(name string, members ...string) []directory.Record {
		out := []directory.Record{{Kind: directory.GroupIs, ID: "id of " + name, Name: name}, {Kind: directory.MembersFrom, ID: "id of " + name}}
		for _, m := range members {
			out = append(out, directory.Record{Kind: directory.MemberIs, ID: "id of " + name, Member: directory.Ref{Kind: directory.ByID, Value: m}})
		}
		return out
	}
	seal := func(source string, groups [][]directory.Record, people ...directory.Record) *directory.Snapshot {
		b := directory.Build(source, nil)
		for _, g := range groups {
			people = append(people, g...)
		}
		for i := range people {
			if err := b.Put(&people[i]); err != nil {
				t.Fatal(err)
			}
		}
		s, _, err := b.Seal(directory.Receipt{Coverage: directory.Complete, At: time.Date(2026, 3, 15, 11, 0, 0, 0, time.UTC)}, nil)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	corp := seal("corp", [][]directory.Record{group("Staff", "ana", "bo", "cy"), group("Externals", "cy")},
		person("ana", "accountExpires", "9223372036854775807", "department", "IT", "hireDate", "01.09.2025", "project", "lab-7"),
		person("bo", "accountExpires", "134433468000000000", "department", "IT", "hireDate", "01.03.2026"),
		person("cy", "accountExpires", "0", "department", "Board", "hireDate", "01.02.2020"))
	return directory.Join(corp, seal("hr", [][]directory.Record{group("On leave", "cy")}, person("cy")))
}
