package config

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/kisi-sync/kisi-sync/internal/access"
	"github.com/kisi-sync/kisi-sync/internal/secret"
	"github.com/kisi-sync/kisi-sync/internal/syslog"
	"github.com/kisi-sync/kisi-sync/mapping"
	"github.com/kisi-sync/kisi-sync/sync/plan"
)

// loadText loads a text from a folder with the secrets of the tests.
func loadText(t *testing.T, data []byte) *Settings {
	t.Helper()
	s, err := testLoader().Load(inFolder(t, "config.yaml", data))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func loadFile(t *testing.T, name string) *Settings {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return loadText(t, data)
}

func TestEveryKeyArrivesInTheSettings(t *testing.T) {
	s := loadFile(t, "whole.yaml")
	type seen struct {
		Kisi    Kisi
		Sources []Source
		Expect  []Expectation
		Approve Approvals
		Policy  plan.Policy
		Limits  plan.Limits
		State   string
		Zone    string
		Log     Log
	}
	got := seen{s.Kisi, s.Sources, s.Expect, s.Approvals, s.Policy(), s.Limits(), s.State, s.Schedule.Zone.String(), s.Log}
	want := seen{
		Kisi: Kisi{Domain: "acme", APIKey: secret.Ref{Env: "KISI_API_KEY"}, URL: "http://127.0.0.1:8080", Rate: 2, Program: Program{"acme-sync", "it@example.com"}},
		Sources: []Source{
			{Name: "staff", ID: "corp", Was: []string{"old-corp", "older_corp"}, Type: "tree", Config: &treeSettings{
				URL: "ldaps://dc1.example.com", Base: "dc=example,dc=com", Preset: "rich", Port: 3269, Timeout: 36 * time.Hour,
				Login: &treeLogin{User: "reader", Password: secret.Ref{File: "password"}}, Only: []string{"a", "007"},
				Extra: map[string]string{"colour": "yellow", "12": "1e3"}, Follow: true, treeTLS: treeTLS{CA: "ca.pem"},
			}},
			{Name: "contractors", ID: "contractors", Was: []string{"temps"}, Type: "sheet", Config: &sheetSettings{Path: "people.csv"}, StaleAfter: 72 * time.Hour, ReadEvery: 90 * time.Minute},
		},
		Expect:  []Expectation{{mapping.Expectation{Person: "ana@example.com", Has: []string{"HQ Staff"}, Lacks: []string{"Server Room"}}, s.File, 89}},
		Approve: Approvals{By: []string{"lea", "mia"}},
		Policy:  plan.Policy{Installation: "berlin-1", Mode: plan.AddOnly, Managed: true, Existing: plan.ReportOnly, Repair: true},
		Limits:  plan.Limits{Window: 12 * time.Hour, Disabled: 100, Removals: plan.Removals{People: 0, PercentOfGroup: 5, GroupsAbove: 20}, Grants: 50, Sensitive: 0},
		State:   filepath.Join(s.Dir, "kisi-sync.bolt"),
		Zone:    "Europe/Berlin",
		Log:     Log{Format: "json", Level: slog.LevelDebug, Syslog: Collector{Address: syslog.Address{Network: "udp", Host: "log.example.com:514"}}},
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(treeSettings{})); diff != "" {
		t.Errorf("settings (-want +got):\n%s", diff)
	}
}

func TestEveryKeyArrivesInTheMapping(t *testing.T) {
	everybody := "Everybody of the house"
	want := mapping.Spec{
		Installation: "berlin-1",
		Sources: []mapping.Source{
			{Name: "staff", ID: "corp", Was: []string{"old-corp", "older_corp"}, Domains: []string{"example.com", "example.org"}, Attributes: []mapping.Attribute{
				{Name: "contract_end", From: "contractEndDate"}, {Name: "teams", From: "memberships", List: true}, {Name: "badge_number", From: "badgeNumber"},
			}, Says: []mapping.Part{{Key: "base", Text: "dc=example,dc=com"}, {Key: "emails", Text: "Example.com, example.org"}, {Key: "preset", Text: "rich"},
				{Key: "url", Text: "ldaps://dc1.example.com"}}},
			{Name: "contractors", ID: "contractors", Was: []string{"temps"}, MayGrant: []string{"Contractors"}, Lists: true, Attributes: []mapping.Attribute{
				{Name: "team", From: "Team"}, {Name: "badge", From: "badge"},
			}, Says: []mapping.Part{{Key: "emails", Text: "any"}, {Key: "path", Text: "people.csv"}}},
		},
		Precedence:         []string{"staff", "contractors"},
		SamePersonBy:       "badge_number",
		CreateWithoutDoors: true,
		Leavers: mapping.Leavers{Disabled: 15 * time.Minute, Deleted: time.Hour, LeftScope: after(48 * time.Hour), NoDoors: after(0),
			After: laterRungs()},
		SensitiveDoors: []string{"HQ / Server Room", "12"},
		Groups: []mapping.Group{
			{Name: "Contractors", ID: 4711, Members: true},
			{Name: "HQ Staff", Everywhere: true, Create: true, Members: true, Openings: true, Description: &everybody, Doors: []string{"HQ / Main entrance", "12"},
				Stops: []mapping.StopName{{Place: "HQ", Elevator: "Lift A", Stop: "Floor 3"}}},
			{Name: "Server Room", Place: "HQ", Members: true, Sensitive: true},
		},
		Rules: []mapping.Rule{
			{Name: "hq", From: mapping.Selector{Source: "staff", Group: "CN=Staff,OU=Groups,DC=example,DC=com"}, Grant: []string{"HQ Staff"},
				Role: access.DoorAccess, Begin: &mapping.Date{Fixed: "2026-01-01"}, Until: &mapping.Date{Fixed: "2026-12-31T18:00:00+01:00"}},
			{Name: "contractors", From: mapping.Selector{Source: "contractors", Everyone: true}, Where: `person.team == "Facility"`, Grant: []string{"Contractors"},
				Role: access.GroupManager, Begin: &mapping.Date{Attribute: "badge", Shift: mapping.Shift{N: -2, Unit: "w"}},
				Until: &mapping.Date{Attribute: "team", Shift: mapping.Shift{N: 1, Unit: "y"}, Format: "DD.MM.YYYY", Missing: mapping.Open}, Notify: true},
		},
	}
	got := loadFile(t, "whole.yaml").MappingSpec()
	if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(mapping.Spec{}, "Zone")); diff != "" {
		t.Errorf("mapping.Spec (-want +got):\n%s", diff)
	}
	if got.Zone.String() != "Europe/Berlin" {
		t.Errorf("zone %v", got.Zone)
	}
}

func after(d time.Duration) *time.Duration { return &d }

func TestWhoMayApproveIsSaidByTheFile(t *testing.T) {
	if a := loadFile(t, "least.yaml").Approvals; !a.Allow("anybody") {
		t.Error("without approvals whoever may run the command may approve")
	}
	if a := loadFile(t, "whole.yaml").Approvals; !a.Allow("mia") || a.Allow("Mia") || a.Allow("") || a.Allow("root") {
		t.Errorf("%v", a)
	}
}

func TestExistingUsersMayBeAdopted(t *testing.T) {
	for word, want := range map[string]plan.Existing{"report": plan.ReportOnly, "manage_our_rights": plan.ManageOurRights, "adopt": plan.Adopt} {
		if got := loadText(t, append(least(t), "existing_kisi_users: "+word+"\n"...)).Policy().Existing; got != want {
			t.Errorf("%s: %v", word, got)
		}
	}
}

func TestNeverToSuspendLeaversOfTheDirectoryIsWarnedOf(t *testing.T) {
	s := loadText(t, append(least(t), "leavers: {deleted: {suspend: never}, vanished: {suspend: never}, no_doors: {suspend: never}}\n"...))
	if got := s.MappingSpec().Leavers; got.Deleted != mapping.Never || got.Vanished != mapping.Never || got.NoDoors != nil {
		t.Errorf("%+v", got)
	}
	if len(s.Warnings) != 2 || !strings.Contains(s.Warnings[0].Text, "keeps every door") {
		t.Errorf("%v", s.Warnings)
	}
}

// laterRungs are those of whole.yaml.
func laterRungs() map[access.CauseKind]mapping.Rungs {
	rest := mapping.Rungs{Revoke: 30 * 24 * time.Hour, Delete: mapping.Never}
	return map[access.CauseKind]mapping.Rungs{access.Disabled: {Revoke: rest.Revoke, Delete: 180 * 24 * time.Hour}, access.Deleted: rest,
		access.LeftScope: rest, access.NoDoors: rest}
}

func TestDefaultsAreTheCarefulOnes(t *testing.T) {
	s := loadFile(t, "least.yaml")
	if got, want := s.Policy(), (plan.Policy{Installation: "berlin-1", Mode: plan.Observe}); got != want {
		t.Errorf("policy %+v, want %+v", got, want)
	}
	want := plan.Limits{Window: 24 * time.Hour, Disabled: 200, Removals: plan.Removals{People: 20, PercentOfGroup: 10, GroupsAbove: 10}, Grants: 200, Sensitive: -1}
	if got := s.Limits(); got != want {
		t.Errorf("limits %+v, want %+v", got, want)
	}
	leavers := mapping.Leavers{Vanished: 24 * time.Hour, After: map[access.CauseKind]mapping.Rungs{}}
	if diff := cmp.Diff(leavers, s.MappingSpec().Leavers); diff != "" {
		t.Errorf("leavers (-want +got):\n%s", diff)
	}
	if s.Kisi.URL != "https://api.kisi.io" || s.Kisi.Rate != 4 {
		t.Errorf("kisi %+v", s.Kisi)
	}
	if s.Schedule.Zone != time.UTC {
		t.Errorf("zone %v, want UTC", s.Schedule.Zone)
	}
}

func TestSchedulesAreOfTheirZone(t *testing.T) {
	s := loadText(t, append(least(t), "schedule: {full: '0 3 * * *', time_zone: Asia/Tokyo}\n"...))
	at := time.Date(2026, 3, 31, 12, 0, 0, 0, time.UTC)
	if got, want := s.Schedule.Full.Next(at), time.Date(2026, 3, 31, 18, 0, 0, 0, time.UTC); !got.Equal(want) {
		t.Errorf("next full run at %v, want %v", got, want)
	}
	if got := s.Schedule.Changes.Next(at).Sub(at); got != time.Minute {
		t.Errorf("next changes run after %v, want 1m", got)
	}
}

func least(t *testing.T) []byte {
	t.Helper()
	data, err := os.ReadFile("testdata/least.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// What show prints is a file that means the same.
func TestShownSettingsMeanTheSame(t *testing.T) {
	for _, name := range []string{"whole.yaml", "least.yaml"} {
		t.Run(name, func(t *testing.T) {
			s := loadFile(t, name)
			shown, err := s.Show()
			if err != nil {
				t.Fatal(err)
			}
			golden(t, filepath.Join("testdata", strings.TrimSuffix(name, ".yaml")+".show.txt"), strings.ReplaceAll(string(shown), s.Dir, "DIR"))
			again := loadText(t, shown)
			options := []cmp.Option{cmp.AllowUnexported(treeSettings{}), cmpopts.IgnoreFields(Expectation{}, "Line")}
			if diff := cmp.Diff(s.Sources, again.Sources, options...); diff != "" {
				t.Errorf("sources (-file +shown):\n%s", diff)
			}
			if diff := cmp.Diff(s.MappingSpec(), again.MappingSpec(), cmpopts.IgnoreFields(mapping.Spec{}, "Zone")); diff != "" {
				t.Errorf("mapping (-file +shown):\n%s", diff)
			}
			if s.Policy() != again.Policy() || s.Limits() != again.Limits() || s.Kisi != again.Kisi || s.State != again.State {
				t.Errorf("shown settings differ:\n%s", shown)
			}
		})
	}
}

func TestShownSettingsHoldNoSecret(t *testing.T) {
	shown, err := loadFile(t, "whole.yaml").Show()
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(shown), "secret-of") {
		t.Errorf("a secret is shown:\n%s", shown)
	}
}

func TestTheStateIsWhereSystemdSays(t *testing.T) {
	loader := testLoader()
	loader.LookupEnv = func(name string) (string, bool) {
		if name == "STATE_DIRECTORY" {
			return "/var/lib/kisi-sync:/var/lib/other", true
		}
		return "", false
	}
	path := inFolder(t, "config.yaml", least(t))
	s, err := loader.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	if want := filepath.Join("/var/lib/kisi-sync", "kisi-sync.db"); s.State != want {
		t.Errorf("state %s, want %s", s.State, want)
	}
	loader.LookupEnv = testEnv
	if s, err = loader.Load(path); err != nil {
		t.Fatal(err)
	}
	if want := filepath.Join(filepath.Dir(path), "kisi-sync.db"); s.State != want {
		t.Errorf("state %s, want %s", s.State, want)
	}
}

func TestTheStateOfTheInstalledFileIsThatOfTheService(t *testing.T) {
	for _, c := range []struct {
		file  string
		there []string
		want  string
	}{
		{"/etc/kisi-sync/config.yaml", []string{"/var/lib/kisi-sync"}, "/var/lib/kisi-sync/kisi-sync.db"},
		{"/etc/kisi-sync/acme/config.yaml", []string{"/var/lib/kisi-sync", "/var/lib/kisi-sync/acme"}, "/var/lib/kisi-sync/acme/kisi-sync.db"},
		{"/etc/kisi-sync/acme/config.yaml", []string{"/var/lib/kisi-sync"}, "/etc/kisi-sync/acme/kisi-sync.db"},
		{"/etc/kisi-sync/config.yaml", nil, "/etc/kisi-sync/kisi-sync.db"},
		{"/etc/kisi-sync/config.yaml", []string{"/var/lib/kisi-sync", "/etc/kisi-sync/kisi-sync.db"}, "/etc/kisi-sync/kisi-sync.db"},
		{"/srv/doors/config.yaml", []string{"/var/lib/kisi-sync"}, "/srv/doors/kisi-sync.db"},
	} {
		loader := testLoader()
		loader.SkipSecrets = true
		loader.Exists = func(path string) bool { return slices.Contains(c.there, filepath.ToSlash(path)) }
		s, err := loader.Parse(c.file, least(t))
		if err != nil {
			t.Fatal(err)
		}
		if got := filepath.ToSlash(s.State); got != c.want {
			t.Errorf("%s, where there is %v: %s, want %s", c.file, c.there, got, c.want)
		}
	}
}

func TestEditorsNeedNoSecrets(t *testing.T) {
	data := []byte(strings.Replace(string(least(t)), "{file: key}", "{file: nowhere}", 1))
	path := inFolder(t, "config.yaml", data)
	if _, err := testLoader().Load(path); err == nil {
		t.Fatal("a missing secret was not reported")
	}
	loader := testLoader()
	loader.SkipSecrets = true
	if _, err := loader.Load(path); err != nil {
		t.Error(err)
	}
}

func TestAFileThatOthersMayChangeIsRefused(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("there are no modes")
	}
	for mode, want := range map[fs.FileMode]string{0o600: "", 0o640: "", 0o644: "may read the file", 0o660: "whole group may change", 0o666: "refused"} {
		path := inFolder(t, "config.yaml", least(t))
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		s, err := testLoader().Load(path)
		switch {
		case want == "refused":
			if err == nil || !strings.Contains(err.Error(), "every account of this machine may change the file") {
				t.Errorf("mode %#o: %v, want a problem", mode, err)
			}
		case err != nil:
			t.Errorf("mode %#o: %v", mode, err)
		case want == "" && len(s.Warnings) > 0, want != "" && (len(s.Warnings) != 1 || !strings.Contains(s.Warnings[0].Text, want)):
			t.Errorf("mode %#o: warnings %v, want %q", mode, s.Warnings, want)
		}
	}
}

func TestAConnectorsWarningIsPassedOn(t *testing.T) {
	text := strings.Replace(string(least(t)), "type: sheet\n    path: people.csv", "type: tree\n    url: ldaps://x\n    base: dc=x", 1)
	s := loadText(t, []byte(text))
	if len(s.Warnings) != 1 || s.Warnings[0].Path != "sources.corp.login" || s.Warnings[0].Line != 8 {
		t.Errorf("warnings %v", s.Warnings)
	}
}

func TestAFileThatCannotBeReadIsNoListOfProblems(t *testing.T) {
	var problems *Problems
	for _, path := range []string{filepath.Join(t.TempDir(), "none.yaml"), t.TempDir()} {
		if _, err := testLoader().Load(path); err == nil || errors.As(err, &problems) {
			t.Errorf("Load(%s): %v", path, err)
		}
	}
}

func TestAFileThatIsTooLargeIsRefusedBeforeItIsParsed(t *testing.T) {
	data := append(least(t), "# "+strings.Repeat("x", maxSize)...)
	_, err := testLoader().Parse("config.yaml", data)
	if err == nil || !strings.Contains(err.Error(), "larger than 5 MiB") {
		t.Errorf("%.200v", err)
	}
}

func TestAReportStopsAtAHundredProblems(t *testing.T) {
	for n, want := range map[int]string{250: "and 150 more problems", 100_000: "and more than 900 other problems"} {
		var text strings.Builder
		for i := range n {
			fmt.Fprintf(&text, "unknown_%d: 1\n", i)
		}
		loader := testLoader()
		loader.SkipSecrets = true
		_, err := loader.Parse("config.yaml", append(least(t), text.String()...))
		var problems *Problems
		if !errors.As(err, &problems) || len(problems.List) != maxProblems+1 || !strings.HasSuffix(err.Error(), want) {
			t.Errorf("%d unknown keys: %d problems, the last is %v", n, len(problems.List), problems.List[len(problems.List)-1])
		}
	}
}

func TestAListOfTooManyIsRefused(t *testing.T) {
	text := strings.Replace(string(least(t)), "emails: any", "emails: ["+strings.Repeat("example.com, ", maxEntries+1)+"]", 1)
	_, err := testLoader().Parse("config.yaml", []byte(text))
	if err == nil || !strings.Contains(err.Error(), "sources.corp.emails: has 5001 entries") {
		t.Errorf("%.200v", err)
	}
}

func TestDurationsAreReadAndWritten(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"90s": 90 * time.Second, "15m": 15 * time.Minute, "24h": 24 * time.Hour, "3d": 72 * time.Hour, "1d12h": 36 * time.Hour, "1h30m": 90 * time.Minute, "0s": 0,
	} {
		got, err := parseDuration(text)
		if err != nil || got != want {
			t.Errorf("parseDuration(%q) = %v, %v, want %v", text, got, err, want)
		}
		again, err := parseDuration(formatDuration(got))
		if err != nil || again != want {
			t.Errorf("%q becomes %q, which is %v, %v", text, formatDuration(got), again, err)
		}
	}
	for _, text := range []string{"", "d", "24", "-1h", "+1h", "1.5d", "1y", "1d-1h", "99999d", "9999999h", "1h1d", "at_once", " 1h"} {
		if got, err := parseDuration(text); err == nil {
			t.Errorf("parseDuration(%q) = %v, want an error", text, got)
		}
	}
}

func TestTheNearestWordIsProposed(t *testing.T) {
	known := []string{"sources", "schedule", "state", "rules", "mode"}
	for word, want := range map[string]string{"sourcs": "sources", "Mode": "mode", "rulse": "rules", "shedule": "schedule", "kitchen": "", "": "", "x": ""} {
		if got := nearest(word, known); got != want {
			t.Errorf("nearest(%q) = %q, want %q", word, got, want)
		}
	}
}
