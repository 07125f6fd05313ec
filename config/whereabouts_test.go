package config_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/kisi-sync/kisi-sync/config"
	"github.com/kisi-sync/kisi-sync/connectors/all"
)

func TestAFileWithMistakesStillSaysWhereItsDaemonAnswers(t *testing.T) {
	const head = "mode: fulll\ninstallation: oslo-1 # ours\nstate: kept/kisi.db\nadmin:\n  # for people\n  socket: run/s.sock\n"
	for name, text := range map[string]string{
		"an unknown value":        head,
		"an unknown key":          head + "ruls: []\n",
		"a bracket that is open":  head + "rules:\n  - name: x\n    grant: [Staff\n",
		"a tab":                   head + "rules:\n\t- name: x\n",
		"mistakes before it":      "rules: [\n" + head,
		"the same key twice":      head + "rules: []\nrules: []\n",
		"lines that end like DOS": "mode: fulll\r\ninstallation: oslo-1\r\nstate: kept/kisi.db\r\nadmin: {socket: run/s.sock}\r\n}\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, "config.yaml")
			if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			loader := config.Loader{Types: all.Types(), LookupEnv: func(string) (string, bool) { return "", false }}
			if _, err := loader.Load(path); err == nil {
				t.Fatal("the file is well-formed")
			}
			s, err := loader.Whereabouts(path)
			if err != nil {
				t.Fatal(err)
			}
			got := [3]string{s.Policy().Installation, s.State, s.Socket()}
			if want := [3]string{"oslo-1", filepath.Join(dir, "kept/kisi.db"), filepath.Join(dir, "run/s.sock")}; got != want {
				t.Errorf("got %q, want %q", got, want)
			}
		})
	}
}

func TestAFileWithMistakesInThatVeryPlaceSaysTheUsualOne(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "config.yaml")
	if err := os.WriteFile(path, []byte("installation: oslo-1\nadmin: {socket: [\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := config.Loader{LookupEnv: func(string) (string, bool) { return "", false }}.Whereabouts(path)
	if want := filepath.Join(dir, "kisi-sync.db"); err != nil || s.State != want || s.Socket() != "" {
		t.Errorf("got %q, %q, %v; want %q and no socket", s.State, s.Socket(), err, want)
	}
}

func TestAFileThatIsNotThereSaysNothingOfADaemon(t *testing.T) {
	if _, err := (config.Loader{}).Whereabouts(filepath.Join(t.TempDir(), "config.yaml")); err == nil {
		t.Error("no error")
	}
}
