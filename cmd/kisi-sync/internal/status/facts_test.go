package status

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/kisi-sync/kisi-sync/cmd/kisi-sync/internal/shape"
	"github.com/kisi-sync/kisi-sync/config"
	"github.com/kisi-sync/kisi-sync/connectors/all"
	"github.com/kisi-sync/kisi-sync/internal/record"
)

func TestWhatNeedsSomebodyBecomesAFactWithoutAnAge(t *testing.T) {
	settings := exampleWith(t, "")
	at := time.Date(2026, 11, 20, 8, 0, 0, 0, time.UTC)
	old := int64(7200)
	d := &Document{Held: 3, Parked: 1, StillHas: 2, losing: true, Daemon: &record.Status{Failing: "kisi: the API key is not accepted", Failures: 4, Refused: "config.yaml:1: mode"},
		Paused: &record.Pause{By: "lea", Why: "moving"}, at: at, Trial: &Trial{since: at.Add(-3 * time.Minute), at: at},
		Sources: []Source{
			{Source: shape.Source{Name: "corp", Error: "connection refused", Doubts: 12}, Age: &old, Stale: true},
			{Source: shape.Source{Name: "guests", Error: "the server refuses the login"}},
			{Source: shape.Source{Name: "fine"}, Age: &old},
		}}
	want := map[string]string{
		"held held steps": "3 steps wait for somebody to decide", "parked parked steps": "Kisi refuses 1 step; tried again by itself",
		"degraded pause": "nothing is carried out (lea: moving), not even for leavers", "degraded source corp": "cannot be read: connection refused",
		"degraded source corp, what is missing": "12 absences are not believed, and nothing is taken away for it",
		"degraded source corp, its age":         "was not read whole for too long: its people are left exactly as they are",
		"degraded Kisi":                         "does not answer",
		"degraded log":                          "lines of it are lost, as its syslog server is away or slow",
		"degraded people who have left":         "2 people should have no access and still have some that is not ours to take",
		"credentials source guests":             "cannot be read: the server refuses the login",
		"credentials runs":                      "the last runs failed: kisi: the API key is not accepted",
		"degraded configuration":                "the changed file is not in use: config.yaml:1: mode",
	}
	for _, f := range factsOf(settings, d) {
		name := f.Topic + " " + f.About
		if want[name] != f.Text {
			t.Errorf("%s: %q, want %q", name, f.Text, want[name])
		}
		delete(want, name)
	}
	for name := range want {
		t.Errorf("%s is not told", name)
	}
}

func TestNothingIsToldWhileAllIsWell(t *testing.T) {
	settings := exampleWith(t, "")
	at := time.Date(2026, 11, 20, 8, 0, 0, 0, time.UTC)
	age := int64(60)
	d := &Document{Daemon: &record.Status{Failures: 1, Failing: "once is no trouble"}, Trial: &Trial{since: at, at: at}, at: at, Sources: []Source{{Source: shape.Source{Name: "corp"}, Age: &age}}}
	if got := factsOf(settings, d); len(got) != 0 {
		t.Errorf("told %+v", got)
	}
}

func TestWhatToDoAboutAnEndIsOfACertificateOrOfASecret(t *testing.T) {
	settings := exampleWith(t, "")
	if got := EndHint(settings, "sources.corp.tls.ca"); strings.Contains(got, "expires") {
		t.Errorf("of a certificate: %s", got)
	}
}

func TestADayIsSummedUpByItsRunsAlone(t *testing.T) {
	from := time.Date(2026, 11, 20, 8, 0, 0, 0, time.UTC)
	to := from.AddDate(0, 0, 1)
	run := func(ended time.Time, done int, err string) record.Run {
		return record.Run{Ended: ended, Calls: 2 * done, Error: err, Steps: record.Steps{Done: done}}
	}
	quiet := []record.Run{run(from, 0, ""), run(to.Add(-time.Second), 0, "down"), run(to, 5, ""), run(from.Add(-time.Second), 5, ""), run(time.Time{}, 5, "")}
	if got := daySummary(quiet, from, to); got != "" {
		t.Errorf("a quiet day: %q", got)
	}
	busy := append(quiet, run(from.Add(time.Hour), 3, ""))
	want := "3 runs, 6 calls to Kisi: 3 done.\n1 run ended early.\nkisi-sync runs lists them; kisi-sync audit show has a line for each call.\n"
	if got := daySummary(busy, from, to); got != want {
		t.Errorf("got %q", got)
	}
}

// exampleWith loads the example file with a block more, from a folder of its own.
func exampleWith(t *testing.T, block string) *config.Settings {
	t.Helper()
	text, err := os.ReadFile("../../../../config.example.yaml")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for name, content := range map[string]string{"config.yaml": string(text) + "\n" + block + "\n", "key": "a key of some length"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	settings, err := config.Loader{Types: all.Types(), SkipSecrets: true}.Load(filepath.Join(dir, "config.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	return settings
}
