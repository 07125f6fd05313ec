package store

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

func TestWhatAKilledProcessLeftWithoutANameIsSweptAwayWhenTheFileIsOpened(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "a [b]*")
	if err := os.Mkdir(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	for name, age := range map[string]time.Duration{
		"kisi-sync.db.new-123": 0, "kisi-sync.db.part-1": 25 * time.Hour, "kisi-sync.db.part-2": time.Hour,
		"kisi-sync.db.part-of-mine": 48 * time.Hour, "kisi-sync.db.new-": 48 * time.Hour, "other.db.new-5": 48 * time.Hour,
	} {
		path := filepath.Join(folder, name)
		if err := os.WriteFile(path, []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(path, now.Add(-age), now.Add(-age)); err != nil {
			t.Fatal(err)
		}
	}
	s, err := Open(filepath.Join(folder, "kisi-sync.db"), Options{Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	files, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	var left []string
	for _, f := range files {
		left = append(left, f.Name())
	}
	want := []string{"kisi-sync.db", "kisi-sync.db.new-", "kisi-sync.db.part-2", "kisi-sync.db.part-of-mine", "other.db.new-5"}
	if !slices.Equal(left, want) {
		t.Errorf("left: %v, want %v", left, want)
	}
}
