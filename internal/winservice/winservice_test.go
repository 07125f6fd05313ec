package winservice

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The number of TrustedInstaller is the same on every Windows, and documented.
func TestTheAccountOfAServiceHasTheNumberThatWindowsGivesIt(t *testing.T) {
	const want = "S-1-5-80-956008885-3418522649-1831038044-1853292631-2271478464"
	for _, name := range []string{"TrustedInstaller", "TRUSTEDINSTALLER"} {
		if got := sid(name); got != want {
			t.Errorf("%s: %s", name, got)
		}
	}
	if got := Account("kisi-sync"); got != `NT SERVICE\kisi-sync` {
		t.Error(got)
	}
}

func TestTheFolderIsOpenToTheServiceAndToAdministratorsAlone(t *testing.T) {
	want := "D:P(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)(A;OICI;0x1200a9;;;" + sid("kisi-sync") + ")"
	if got := access("kisi-sync", mayRead); got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
	if got := StateFolder(filepath.Join("etc", "config.yaml")); got != filepath.Join("etc", "state") {
		t.Error(got)
	}
}

// book keeps events in the order in which they came.
type book struct {
	mu     sync.Mutex
	events []string
}

func (b *book) add(kind string, id uint32, text string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.events = append(b.events, fmt.Sprintf("%s %d %s", kind, id, text))
	return nil
}

func (b *book) Info(id uint32, text string) error    { return b.add("info", id, text) }
func (b *book) Warning(id uint32, text string) error { return b.add("warning", id, text) }
func (b *book) Error(id uint32, text string) error   { return b.add("error", id, text) }

func TestALineOfTheLogIsAnEvent(t *testing.T) {
	var b book
	log := slog.New(newEventHandler(&b, slog.LevelInfo))
	log.Debug("nobody asked")
	log.Info("daemon started", "mode", "full")
	log.With("source", "corp").WithGroup("read").Warn("slow", "took", "3s")
	log.Error("run failed", "err", errors.New("two\nlines"))
	log.Info("alone")
	want := []string{
		"info 1 daemon started  mode=full",
		"warning 2 slow  source=corp read.took=3s",
		`error 3 run failed  err="two\nlines"`,
		"info 1 alone",
	}
	if diff := cmp.Diff(want, b.events); diff != "" {
		t.Error(diff)
	}
}

func TestManyMayLogAtOnce(t *testing.T) {
	var b book
	log := slog.New(newEventHandler(&b, slog.LevelInfo))
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() { log.With("a", 1).Info("x") })
	}
	all.Wait()
	for _, e := range b.events {
		if e != "info 1 x  a=1" {
			t.Fatal(e)
		}
	}
	if len(b.events) != 20 {
		t.Errorf("%d events", len(b.events))
	}
}

func TestOutsideOfAServiceManagerRunJustRuns(t *testing.T) {
	failed := errors.New("failed")
	err := Run(t.Context(), func(_ context.Context, m Manager) error {
		m.Ready()
		if m.Name != "" {
			t.Errorf("it is the service %s", m.Name)
		}
		return failed
	})
	if !errors.Is(err, failed) {
		t.Errorf("got %v", err)
	}
}
