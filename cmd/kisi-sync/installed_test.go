package main

import (
	"os"
	"path/filepath"
	"testing"
)

func TestWithoutAFileHereTheInstalledOneIsMeant(t *testing.T) {
	dir := t.TempDir()
	here, installed := filepath.Join(dir, "config.yaml"), filepath.Join(dir, "etc.yaml")
	if got := firstThere(here, installed); got != here {
		t.Errorf("with none: %s", got)
	}
	for _, file := range []string{installed, here} { // first one is there, then both
		if err := os.WriteFile(file, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if got := firstThere(here, installed); got != file {
			t.Errorf("%s, want %s", got, file)
		}
	}
}
