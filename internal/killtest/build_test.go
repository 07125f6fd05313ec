//go:build unix

package killtest

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"
)

var (
	shipped = flag.Bool("shipped", false, "end the program as it is shipped, at its own pace and by the machine's clock; takes many minutes")
	every   = flag.Bool("every", false, "kill at every single write to the state file, not only at two of each commit")
	pairs   = flag.Int("pairs", 24, "how many pairs of kills")
	seed    = flag.Uint64("seed", 1, "where the pairs of kills begin")
)

// binaryVariable holds the path of the program while the tests run.
const binaryVariable = "KILLTEST_BINARY"

// TestMain builds the program once. When it was started as a launcher it becomes the program instead.
func TestMain(m *testing.M) {
	if os.Getenv(launchVariable) != "" {
		fmt.Fprintln(os.Stderr, launch(os.Args[1:]))
		os.Exit(111)
	}
	flag.Parse()
	_ = flag.Set("test.parallel", parallel())
	os.Exit(built(m))
}

// sparsely says whether the nth of many places is tried: fewer where the race detector watches. The one test command runs these tests
// without it, too.
func sparsely(nth int) bool { return !watched || nth%7 == 0 }

// parallel is how many worlds live side by side. The shipped program mostly waits.
func parallel() string {
	if *shipped {
		return "64"
	}
	return fmt.Sprint(2 + runtime.GOMAXPROCS(0))
}

func built(m *testing.M) int {
	dir, err := os.MkdirTemp("", "killtest")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer func() { _ = os.RemoveAll(dir) }()
	if err := build(dir); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}

// build makes the program, with the clock of testdata in the place of its own.
func build(dir string) error {
	root, err := filepath.Abs("../..")
	if err != nil {
		return err
	}
	overlay, err := json.Marshal(map[string]map[string]string{"Replace": {
		filepath.Join(root, "cmd", "kisi-sync", "clock.go"): filepath.Join(root, "internal", "killtest", "testdata", "clock.go"),
	}})
	if err != nil {
		return err
	}
	file, binary := filepath.Join(dir, "overlay.json"), filepath.Join(dir, "kisi-sync")
	if err := os.WriteFile(file, overlay, 0o600); err != nil {
		return err
	}
	args := []string{"build", "-o", binary, "-overlay", file, "./cmd/kisi-sync"}
	if *shipped {
		args = []string{"build", "-o", binary, "./cmd/kisi-sync"}
	}
	cmd := exec.Command("go", args...)
	cmd.Dir = root
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("build the program: %w\n%s", err, out)
	}
	if err := os.Chmod(dir, 0o755); err != nil { // somebody without rights runs it too
		return err
	}
	return os.Setenv(binaryVariable, binary)
}
