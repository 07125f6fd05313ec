package main

import (
	"bytes"
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/kisi-sync/kisi-sync/config"
	"github.com/kisi-sync/kisi-sync/connectors/all"
	"github.com/kisi-sync/kisi-sync/internal/admin"
	"github.com/kisi-sync/kisi-sync/internal/record"
)

// An upgrade by script asks the new program whether it takes the file, while the old one runs: the old one's opinion is worth nothing then.
func TestCheckOfAnotherVersionThanTheDaemonsJudgesTheFileItself(t *testing.T) {
	settings := example(t)
	text, err := os.ReadFile(settings.File)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(settings.File, append(text, "key_of_old_times: yes\n"...), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		version, verb string
		code, relayed int
	}{{"v0.0.1", "check", 2, 0}, {"v0.0.1", "plans", 0, 1}, {version(), "check", 0, 1}} {
		var given atomic.Int32
		stop := answering(t, settings, c.version, &given)
		var out, said bytes.Buffer
		code := run(t.Context(), world{in: strings.NewReader(""), out: &out, err: &said, args: []string{c.verb, "--config", settings.File}})
		stop()
		relayed := int(given.Load())
		if code != c.code || relayed != c.relayed || !strings.Contains(said.String(), "key_of_old_times") && c.relayed == 0 {
			t.Errorf("%s beside %s: exit code %d, relayed %d: %s", c.verb, c.version, code, relayed, said.String())
		}
	}
}

// answering is a daemon that does nothing and counts what it is given to do, until the returned function is called.
func answering(t *testing.T, settings *config.Settings, version string, given *atomic.Int32) (stop func()) {
	t.Helper()
	who := identity(settings)
	who.Version = version
	listener, err := admin.Listen(socketOf(settings))
	if err != nil {
		t.Fatal(err)
	}
	server := admin.New(admin.Options{Identity: who, Ops: healthy{}, Log: slog.New(slog.DiscardHandler),
		Commands: func(context.Context, admin.Command) int { given.Add(1); return 0 }})
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(ctx, listener) }()
	return func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
}

// healthy is a daemon with nothing to tell.
type healthy struct{ admin.Ops }

func (healthy) Status(context.Context) (record.Status, error) { return record.Status{}, nil }

// example loads a copy of the example file, in a folder of its own.
func example(t *testing.T) *config.Settings {
	t.Helper()
	text, err := os.ReadFile("../../config.example.yaml")
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "config.yaml")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	settings, err := config.Loader{Types: all.Types(), SkipSecrets: true}.Load(file)
	if err != nil {
		t.Fatal(err)
	}
	return settings
}
