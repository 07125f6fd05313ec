package main

import (
	"compress/gzip"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// upgradeKeeps goes from one version to another. The state is one that an older program wrote, in a form that the new one has to change.
func upgradeKeeps(t *testing.T, before, after *release) {
	if os.Getuid() != 0 && os.Getenv("CI") == "" {
		t.Skip("installs packages as root, in a copy of this machine's root")
	}
	state := oldState(t)
	for _, kind := range []string{"deb", "rpm"} {
		t.Run(kind, func(t *testing.T) {
			said, err := exec.CommandContext(t.Context(), "unshare", "--mount", "--net", "bash", "testdata/upgrade.sh",
				kind, before.name(here(), "."+kind), after.name(here(), "."+kind), state, "testdata/config.yaml").CombinedOutput()
			t.Logf("%s", said)
			if err != nil {
				t.Fatal(err)
			}
		})
	}
}

// oldState unpacks a state file of schema 1.
func oldState(t *testing.T) string {
	t.Helper()
	packed, err := os.Open("../../internal/store/testdata/schema1.db.gz")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = packed.Close() }()
	unpacked, err := gzip.NewReader(packed)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := io.ReadAll(unpacked)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "state.db")
	if err := os.WriteFile(path, raw, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
