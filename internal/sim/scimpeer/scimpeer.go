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
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

//go:embed node/oracle.cjs node/server.cjs node/package-lock.json
var files embed.FS

// modules returns the folder that holds node_modules, or what to do when there is none.
func modules() (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	lock, err := files.ReadFile("node/package-lock.json")
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(lock)
	folder := filepath.Join(cache, "kisi-sync-tests", "scimpeer-"+hex.EncodeToString(sum[:8]))
	if _, err := exec.LookPath("node"); err == nil {
		if _, err = os.Stat(filepath.Join(folder, "ready")); err == nil {
			return folder, nil
		}
	}
	return "", fmt.Errorf("this test needs node and the packages of internal/sim/scimpeer/node in %s: run `bash .ci/test ./internal/sim/scimpeer`", folder)
}

// Here says whether node and the packages are there. In CI they have to be.
func Here() bool {
	_, err := modules()
	return err == nil || os.Getenv("CI") == "true"
}

// need ends or skips the test when the packages are not there.
func need(t testing.TB) {
	t.Helper()
	if _, err := modules(); err != nil && Here() {
		t.Fatal(err)
	} else if err != nil {
		t.Skip(err)
	}
}
