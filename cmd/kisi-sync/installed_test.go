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
	if err := os.WriteFile(filepath.Join(dir, "file"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	shut := filepath.Join(dir, "file", "config.yaml") // which cannot be looked at, as in a folder of somebody else
	if got := firstThere(here, shut); got != shut {
		t.Errorf("where the installed one must not be looked at: %s", got)
	}
	if err := os.WriteFile(installed, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if got := firstThere(shut, installed); got != installed {
		t.Errorf("in a folder that must not be looked into: %s", got)
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
