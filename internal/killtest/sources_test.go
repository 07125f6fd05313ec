//go:build unix

package killtest

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestTheProgramIsThatOfTheseSources reads what the program is built of. The go command remembers by that which result is of which
// program: that these tests build one by themselves it cannot know.
func TestTheProgramIsThatOfTheseSources(t *testing.T) {
	files := 0
	err := filepath.WalkDir("../..", func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (d.Name() == ".git" || d.Name() == "sim"):
			return fs.SkipDir
		case d.IsDir() || strings.HasSuffix(path, "_test.go") || !strings.HasSuffix(path, ".go") && !strings.HasPrefix(d.Name(), "go."):
			return nil
		}
		files++
		_, err = os.Stat(path)
		return err
	})
	if err != nil || files < 100 {
		t.Errorf("found %d files: %v", files, err)
	}
}
