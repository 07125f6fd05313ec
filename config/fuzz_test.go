package config

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

// Whatever a file holds, it gives settings or problems, and settings can be shown and read again.
func FuzzParse(f *testing.F) {
	for _, pattern := range []string{"testdata/*.bad.yaml", "testdata/*.yaml"} {
		files, err := filepath.Glob(pattern)
		if err != nil {
			f.Fatal(err)
		}
		for _, file := range files {
			data, err := os.ReadFile(file)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(data)
		}
	}
	loader := testLoader()
	loader.SkipSecrets = true
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := loader.Parse("config.yaml", data)
		if err != nil {
			var problems *Problems
			if !errors.As(err, &problems) || len(problems.List) == 0 || err.Error() == "" {
				t.Fatalf("Parse: %v, want *Problems", err)
			}
			return
		}
		shown, err := s.Show()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := loader.Parse("config.yaml", shown); err != nil {
			t.Fatalf("shown settings are not read again: %v\n%s", err, shown)
		}
	})
}
