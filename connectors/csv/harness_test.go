package csv

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/kisi-sync/kisi-sync/connectors"
	"github.com/kisi-sync/kisi-sync/connectors/connectortest"
	"github.com/kisi-sync/kisi-sync/internal/directory"
)

// settings are the defaults for a path.
func settings(path string) *Settings {
	s := New().(*Settings)
	s.Path = path
	return s
}

// open opens a source that was asked for attributes, as the engine does.
func open(t testing.TB, s *Settings, attributes ...string) connectors.Source {
	t.Helper()
	opened, err := s.Open(connectors.Env{Name: "hr", Attributes: attributes, Log: slog.New(slog.DiscardHandler), Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	return opened
}

// write replaces a file as careful programs do: written elsewhere, a while ago, and renamed.
func write(t testing.TB, path, text string) {
	t.Helper()
	if err := os.WriteFile(path+".new", []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	written := time.Now().Add(-time.Minute)
	if err := os.Chtimes(path+".new", written, written); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		t.Fatal(err)
	}
}

// file writes a table of its own and returns its path.
func file(t testing.TB, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "people.csv")
	write(t, path, text)
	return path
}

// failure reads a source that must not be believed and returns why.
func failure(t testing.TB, s connectors.Source) string {
	t.Helper()
	receipt, err := s.Fetch(context.Background(), directory.Cursor{}, func(*directory.Record) error { return nil })
	if err == nil {
		t.Fatalf("the file is believed: %+v", receipt)
	}
	if receipt.Coverage != 0 {
		t.Errorf("an error comes with the receipt %+v", receipt)
	}
	return err.Error()
}

// read reads everything once.
func read(t testing.TB, s *Settings, attributes ...string) *connectortest.Reader {
	t.Helper()
	r := connectortest.Follow(t, open(t, s, attributes...))
	r.Full()
	return r
}
