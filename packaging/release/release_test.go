package main

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// here is this machine, as far as Linux is concerned.
func here() target { return target{"linux", runtime.GOARCH} }

// version prepares the making of a version for this machine.
func version(t *testing.T, root, number string) *release {
	t.Helper()
	return &release{root: root, out: filepath.Join(t.TempDir(), "dist"), version: number, commit: strings.Repeat("c", 40),
		moment: time.Unix(1_790_000_000, 0).UTC(), targets: []target{here()}, say: io.Discard}
}

// made makes it.
func made(t *testing.T, root, number, tools string) *release {
	t.Helper()
	r := version(t, root, number)
	r.tools = tools
	if err := r.make(t.Context()); err != nil {
		t.Fatal(err)
	}
	return r
}

func TestTheNoticesAreThoseOfWhatIsInTheProgram(t *testing.T) {
	want, err := notices(t.Context(), "../..")
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(filepath.Join("../..", noticesFile))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("%s is stale; run: go run ./packaging/release notices\n%.2000s", noticesFile, diff)
	}
}

func TestALicenceIsKnownByItsSentences(t *testing.T) {
	apache, err := os.ReadFile("../../LICENSE")
	if err != nil {
		t.Fatal(err)
	}
	for want, text := range map[string]string{
		"Apache-2.0":   string(apache),
		"MIT":          "Permission is hereby granted, free\nof charge, to any person … THE SOFTWARE IS PROVIDED \"AS IS\"",
		"BSD-3-Clause": "Redistribution and use in source and binary forms … Neither the name of",
		"BSD-2-Clause": "Redistribution and use in source and binary forms … THIS SOFTWARE",
		"":             "GNU GENERAL PUBLIC LICENSE",
	} {
		if got := (&module{texts: []string{text}}).licence(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

// Making takes a while, so what is made is looked at from all sides.
func TestARelease(t *testing.T) {
	tools := t.TempDir()
	first := made(t, "../..", "1.2.3", tools)
	t.Run("has every file, and a bill of materials that tells what is in the program", func(t *testing.T) {
		for _, name := range []string{".tar.gz", ".cdx.json", ".deb", ".rpm"} {
			if _, err := os.Stat(first.name(here(), name)); err != nil {
				t.Error(err)
			}
		}
		billIsWhole(t, first)
	})
	// The copy is in a folder with another name and another depth. What an empty build cache would bring to light shows
	// `go run ./packaging/release -twice`, which takes minutes.
	t.Run("is the same when it is made in another folder", func(t *testing.T) {
		if err := first.compare(made(t, copied(t, "../.."), "1.2.3", tools)); err != nil {
			t.Error(err)
		}
	})
	t.Run("keeps state and configuration when it is upgraded", func(t *testing.T) {
		upgradeKeeps(t, first, made(t, "../..", "1.3.0", tools))
	})
}

// copied copies what git knows of the module.
func copied(t *testing.T, root string) string {
	t.Helper()
	list, err := output(t.Context(), root, nil, "git", "ls-files", "--cached", "--others", "--exclude-standard")
	if err != nil {
		t.Fatal(err)
	}
	to := filepath.Join(t.TempDir(), "some where", "else")
	for name := range strings.Lines(list) {
		name = strings.TrimSpace(name)
		raw, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			continue // deleted, and not yet committed
		}
		path := filepath.Join(to, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, raw, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return to
}

// billIsWhole compares a bill of materials with go.mod: what the program must have, what it must not have, and that each has a licence.
func billIsWhole(t *testing.T, r *release) {
	t.Helper()
	raw, err := os.ReadFile(r.name(here(), ".cdx.json"))
	if err != nil {
		t.Fatal(err)
	}
	var b bill
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&b); err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, c := range b.Components {
		names = append(names, c.Name)
		if c.Version == "" || len(c.Licences) != 1 {
			t.Errorf("%+v", c)
		}
	}
	for _, name := range []string{"std", "go.etcd.io/bbolt", "github.com/go-ldap/ldap/v3"} {
		if !slices.Contains(names, name) {
			t.Errorf("%s is not in %v", name, names)
		}
	}
	if slices.Contains(names, "github.com/google/go-cmp") {
		t.Error("what only tests use is not in the program")
	}
	if len(b.Dependencies) != len(names)+1 || b.Metadata.Component.Version != "v1.2.3" || b.Metadata.Timestamp != "2026-09-21T14:13:20Z" {
		t.Errorf("%+v %+v", b.Metadata, b.Dependencies)
	}
}

// The service belongs to no package, so an upgrade must stop it, must not remove it, and starts it again when all is in place.
func TestTheMSIStopsAndStartsTheServiceAtTheRightMoments(t *testing.T) {
	r := version(t, "../..", "1.2.3")
	windows := target{"windows", "amd64"}
	program := filepath.Join(r.out, "kisi-sync.exe")
	if err := os.MkdirAll(filepath.Join(r.out, ".work"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(program, []byte("MZ"), 0o644); err != nil {
		t.Fatal(err)
	}
	root, err := filepath.Abs(r.root)
	if err != nil {
		t.Fatal(err)
	}
	r.root = root
	if err := r.windowsPackage(t.Context(), windows, program); err != nil {
		t.Fatal(err)
	}
	for table, want := range map[string][]string{
		"File":                   {"Exe\tProgram\tkisi-sync.exe", "Example\tTexts\tconfig.example.yaml", "Licence\tTexts\tLICENSE.txt"},
		"ServiceControl":         {"Service\tkisi-sync\t34\t"}, // stop when installing and when removing; delete never
		"InstallExecuteSequence": {"RemoveService\tREMOVE=\"ALL\" AND NOT UPGRADINGPRODUCTCODE\t3400", "StartService\tNOT REMOVE\t6500", "InstallFiles\t\t4000", "InstallFinalize\t\t6600"},
		"CustomAction":           {"StartService\t3154\tExe\tservice start", "RemoveService\t3154\tExe\tservice remove"}, // deferred, as the system, result ignored
		"Upgrade":                {"{7B6E1C55-9E0C-4C0B-8E55-0C9B8E6B7D21}\t\t1.2.3"},
		"Property":               {"ProductVersion\t1.2.3"},
	} {
		got, err := output(t.Context(), "", nil, "msiinfo", "export", r.name(windows, ".msi"), table)
		if err != nil {
			t.Fatal(err)
		}
		for _, row := range want {
			if !strings.Contains(got, row) {
				t.Errorf("table %s has no row %q:\n%s", table, row, got)
			}
		}
	}
}

func TestAZipIsTheSameEachTimeAndWhole(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a")
	if err := os.WriteFile(path, []byte("text"), 0o600); err != nil {
		t.Fatal(err)
	}
	pack := func() []byte {
		var b bytes.Buffer
		if err := packZip(&b, "top", []item{{"a", path, true}}, time.Unix(1_790_000_000, 0).UTC()); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	first := pack()
	if later := time.Unix(1, 0); os.Chtimes(path, later, later) != nil || !bytes.Equal(first, pack()) {
		t.Error("it depends on when the file was written")
	}
	z, err := zip.NewReader(bytes.NewReader(first), int64(len(first)))
	if err != nil || len(z.File) != 1 || z.File[0].Name != "top/a" || z.File[0].Mode() != 0o755 {
		t.Errorf("%+v %v", z, err)
	}
}

func TestWhatIsNoVersionOrSystemIsRefused(t *testing.T) {
	for _, number := range []string{"", "v1.2.3", "1.2", "1.2.3 ", "1.2.3;id"} {
		if err := version(t, "../..", number).make(t.Context()); err == nil || !strings.Contains(err.Error(), "is no version") {
			t.Errorf("%q: %v", number, err)
		}
	}
	if _, err := chosen("linux/amd64,plan9/mips"); err == nil || !strings.Contains(err.Error(), "plan9/mips") {
		t.Errorf("got %v", err)
	}
}

// What systemd says of the units: that it understands every line, and how much is left of what a service could do to the machine
// (0 nothing, 10 everything; above 4 it calls it medium).
func TestTheUnitsAreSoundAndShutIn(t *testing.T) {
	for _, unit := range []string{"kisi-sync.service", "kisi-sync@.service"} {
		path := filepath.Join("..", "systemd", unit)
		out, err := exec.CommandContext(t.Context(), "systemd-analyze", "security", "--offline=true", "--threshold=15", path).CombinedOutput()
		if err != nil {
			t.Errorf("%s is exposed by more than 1.5: %v\n%s", unit, err, out)
		}
		for line := range strings.Lines(string(out)) {
			if strings.HasPrefix(line, "→") {
				t.Log(strings.TrimSpace(line))
			}
		}
		raw, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		// A mistake in the file ends with 2 and must not start again; a panic of Go ends with 2 too unless it dies of the signal, and must.
		for _, line := range []string{"RestartPreventExitStatus=2\n", "Environment=GOTRACEBACK=crash\n", "LimitCORE=0\n"} {
			if !bytes.Contains(raw, []byte("\n"+line)) {
				t.Errorf("%s has no line %s", unit, line)
			}
		}
		if text := complaints(t, path); text != "" {
			t.Errorf("%s: systemd-analyze verify says\n%s", unit, text)
		}
	}
}

// complaints returns what systemd does not like in a unit, with a program put where the package puts kisi-sync.
func complaints(t *testing.T, path string) string {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	unit := filepath.Join(t.TempDir(), strings.Replace(filepath.Base(path), "@.", "@acme.", 1))
	text := strings.ReplaceAll(string(raw), "/usr/bin/kisi-sync", "/bin/sh")
	if err := os.WriteFile(unit, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	out, err := exec.CommandContext(t.Context(), "systemd-analyze", "verify", "--man=no", "--recursive-errors=no", unit).CombinedOutput()
	if err != nil && len(out) == 0 {
		return err.Error()
	}
	return strings.TrimSpace(string(out))
}
