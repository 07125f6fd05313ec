package winservice

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/windows/svc/eventlog"
	"golang.org/x/sys/windows/svc/mgr"
)

// The test's own program is the service: started with the word serve and a folder it writes there what happens to it. It does not ask
// svc.IsWindowsService, which knows the services of Wine as little as those of a container.
func TestMain(m *testing.M) {
	if len(os.Args) != 3 || os.Args[1] != "serve" {
		os.Exit(m.Run())
	}
	folder := os.Args[2]
	write := func(name, text string) { _ = os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600) }
	err := serve(context.Background(), func(ctx context.Context, m Manager) error {
		write("begun", m.Name)
		if _, err := os.Stat(filepath.Join(folder, "fail")); err == nil {
			return errors.New("told to fail")
		}
		m.Ready()
		<-ctx.Done()
		write("ended", "")
		return nil
	})
	if err != nil {
		write("failed", err.Error())
	}
	os.Exit(0)
}

// made makes a service of this program, with nothing but what starting and stopping needs.
func made(t *testing.T, name, folder string) {
	t.Helper()
	m, err := mgr.Connect()
	if err != nil {
		t.Fatalf("this test needs an administrator: %v", err)
	}
	defer func() { _ = m.Disconnect() }()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	s, err := m.CreateService(name, program, mgr.Config{StartType: mgr.StartManual}, "serve", folder)
	if err != nil {
		t.Fatal(err)
	}
	_ = s.Close()
	t.Cleanup(func() {
		if err := Remove(context.Background(), name); err != nil && !errors.Is(err, ErrNone) {
			t.Error(err)
		}
	})
}

// scratch makes a folder, and lets it be when it cannot be removed: a file stays busy for a moment after the service that wrote it ended.
func scratch(t *testing.T) string {
	t.Helper()
	folder, err := os.MkdirTemp("", "winservice")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(folder) })
	return folder
}

func TestAServiceStartsStopsGracefullyAndIsRemoved(t *testing.T) {
	folder, name := scratch(t), "kisi-sync-test"
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	made(t, name, folder)
	if err := Stop(ctx, name); err != nil {
		t.Errorf("to stop what does not run: %v", err)
	}
	for range 2 { // also when it runs already
		if err := Start(ctx, name); err != nil {
			t.Fatal(err)
		}
	}
	if raw, err := os.ReadFile(filepath.Join(folder, "begun")); err != nil || string(raw) != name {
		t.Errorf("it takes itself for %q, %v", raw, err)
	}
	if err := Remove(ctx, name); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(folder, "ended")); err != nil {
		t.Errorf("it was not left to end: %v", err)
	}
	if err := Start(ctx, name); !errors.Is(err, ErrNone) {
		t.Errorf("got %v", err)
	}
}

func TestAServiceThatEndsInsteadOfRunningIsSaidToHaveEnded(t *testing.T) {
	folder, name := scratch(t), "kisi-sync-test-fails"
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	made(t, name, folder)
	if err := os.WriteFile(filepath.Join(folder, "fail"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := Start(ctx, name); err == nil || !strings.Contains(err.Error(), "has ended (exit code 1)") {
		t.Errorf("got %v", err)
	}
}

// Wine keeps of the access lists what a file of Unix can; Windows keeps them.
func TestAServiceIsFurnishedWithFoldersAndASourceOfEvents(t *testing.T) {
	folder, name := scratch(t), "kisi-sync-test-furnished"
	t.Cleanup(func() { _ = eventlog.Remove(name) })
	o := Options{Name: name, Config: filepath.Join(folder, "conf", "config.yaml")}
	if err := o.furnish(); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(StateFolder(o.Config)); err != nil || !info.IsDir() {
		t.Errorf("the folder of the state: %v, %v", info, err)
	}
	events, end, err := OpenEvents(name, slog.LevelInfo)
	if err != nil {
		t.Fatal(err)
	}
	slog.New(events).Info("furnished", "key", "value")
	if err := end(); err != nil {
		t.Error(err)
	}
}
