package config

import (
	"errors"
	"flag"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden files of this package anew")

// Each broken file of testdata has its message beside it.
func TestEachBadFileGivesItsMessage(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the messages speak of modes of files")
	}
	files, err := filepath.Glob("testdata/*.bad.yaml")
	if err != nil || len(files) < 60 {
		t.Fatalf("%d bad files, want at least 60 (%v)", len(files), err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".bad.yaml")
		t.Run(name, func(t *testing.T) {
			golden(t, strings.TrimSuffix(file, ".yaml")+".txt", messages(t, file))
		})
	}
}

// messages loads a bad file from a folder of its own, which the messages call DIR.
func messages(t *testing.T, file string) string {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	path := inFolder(t, "config.yaml", data)
	_, err = testLoader().Load(path)
	var problems *Problems
	if !errors.As(err, &problems) {
		t.Fatalf("Load: %v, want *Problems", err)
	}
	text := strings.ReplaceAll(err.Error(), filepath.Dir(path)+string(filepath.Separator)+"config.yaml", "config.yaml")
	text = strings.ReplaceAll(text, filepath.Dir(path), "DIR") + "\n"
	if strings.Contains(text, "secret-of") {
		t.Errorf("a message shows a secret:\n%s", text)
	}
	return text
}

// golden compares a text with a file, or writes the file.
func golden(t *testing.T, file, text string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("%v; write it with: go test ./config -update", err)
	}
	if diff := cmp.Diff(string(want), text); diff != "" {
		t.Errorf("%s (-want +got):\n%s", file, diff)
	}
}

// A message without its file would never be checked.
func TestEachMessageHasItsBadFile(t *testing.T) {
	texts, err := filepath.Glob("testdata/*.bad.txt")
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range texts {
		if _, err := os.Stat(strings.TrimSuffix(text, ".txt") + ".yaml"); err != nil {
			t.Error(err)
		}
	}
}
