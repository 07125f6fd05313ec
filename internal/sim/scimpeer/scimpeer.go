// Package scimpeer runs SCIM software that nobody of this project wrote, for its tests: a service provider out of scimmy, and two libraries
// that say what they make of a filter or a patch.
//
// It promises that nothing of it outlives its test and that it listens on loopback only. Node and the packages of node/package-lock.json must
// be there, as `bash .ci/test` puts them: without them a test is skipped on a laptop and fails in CI. It must not be used outside tests.
package scimpeer

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

//go:embed node/oracle.cjs node/server.cjs node/package-lock.json
var files embed.FS

// hint says how the packages come.
const hint = "this test needs node and the packages of internal/sim/scimpeer/node in %s: run `bash .ci/test ./internal/sim/scimpeer`"

// modules returns the folder that holds node_modules, and ends or skips the test when there is none.
func modules(t testing.TB) string {
	t.Helper()
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	lock, err := files.ReadFile("node/package-lock.json")
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(lock)
	folder := filepath.Join(cache, "kisi-sync-tests", "scimpeer-"+hex.EncodeToString(sum[:8]))
	_, nodeErr := exec.LookPath("node")
	if _, err := os.Stat(filepath.Join(folder, "ready")); err == nil && nodeErr == nil {
		return folder
	}
	if os.Getenv("CI") == "true" {
		t.Fatalf(hint, folder)
	}
	t.Skipf(hint, folder)
	return ""
}

// script writes one of our scripts where node finds it.
func script(t testing.TB, name string) string {
	t.Helper()
	text, err := files.ReadFile("node/" + name)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
