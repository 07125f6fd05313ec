package secret_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"

	"github.com/kisi-sync/kisi-sync/internal/secret"
)

// write makes a file with exactly the given mode, whatever the umask.
func write(t *testing.T, path, content string, mode fs.FileMode) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
}

// env is an environment for tests.
func env(pairs ...string) func(string) (string, bool) {
	return func(name string) (string, bool) {
		for i := 0; i < len(pairs); i += 2 {
			if pairs[i] == name {
				return pairs[i+1], true
			}
		}
		return "", false
	}
}

func TestARefNamesExactlyOnePlace(t *testing.T) {
	for _, bad := range []secret.Ref{{}, {Env: "A", File: "b"}, {Env: "A=B"}, {Env: "TWO WORDS"}} {
		if err := bad.Validate(); err == nil {
			t.Errorf("%+v was accepted", bad)
		}
		if _, err := bad.Resolve(secret.Place{}); err == nil {
			t.Errorf("%+v was resolved", bad)
		}
	}
	for _, good := range []secret.Ref{{Env: "KISI_API_KEY"}, {File: "kisi-api-key"}} {
		if err := good.Validate(); err != nil {
			t.Errorf("%+v: %v", good, err)
		}
	}
}

func TestARefDecodesStrictly(t *testing.T) {
	load := func(text string) (secret.Ref, error) {
		var settings struct {
			Key secret.Ref `yaml:"key"`
		}
		err := yaml.Load([]byte(text), &settings, yaml.WithKnownFields())
		return settings.Key, err
	}
	if got, err := load("key: {file: kisi-api-key}"); err != nil || got != (secret.Ref{File: "kisi-api-key"}) {
		t.Errorf("file: got %+v, %v", got, err)
	}
	if got, err := load("key: {env: KISI}"); err != nil || got != (secret.Ref{Env: "KISI"}) {
		t.Errorf("env: got %+v, %v", got, err)
	}
	for _, bad := range []string{"key: {vault: x}", "key: hunter2", "key: {file: [a]}"} {
		if _, err := load(bad); err == nil {
			t.Errorf("%q was accepted", bad)
		}
	}
}

func TestOneTrailingNewlineIsNotPartOfTheSecret(t *testing.T) {
	cases := map[string]string{"a": "a", "a\n": "a", "a\r\n": "a", "a\n\n": "a\n", "a\r": "a\r", " a ": " a ", "a\nb\n": "a\nb"}
	for content, want := range cases {
		path := filepath.Join(t.TempDir(), "key")
		write(t, path, content, 0o600)
		got, err := secret.Ref{File: path}.Resolve(secret.Place{})
		if err != nil || got.Reveal() != want {
			t.Errorf("%q gave %q, %v", content, got.Reveal(), err)
		}
		got, err = secret.Ref{Env: "KEY"}.Resolve(secret.Place{LookupEnv: env("KEY", content)})
		if err != nil || got.Reveal() != want {
			t.Errorf("%q in the environment gave %q, %v", content, got.Reveal(), err)
		}
	}
}

func TestRelativeFilesStartAtTheBaseAndBareNamesAmongSystemdsCredentials(t *testing.T) {
	base, credentials := t.TempDir(), t.TempDir()
	if err := os.Mkdir(filepath.Join(base, "sub"), 0o700); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(base, "both"), "from base", 0o600)
	write(t, filepath.Join(base, "only"), "only base", 0o600)
	write(t, filepath.Join(base, "sub", "both"), "from sub", 0o600)
	write(t, filepath.Join(credentials, "both"), "from systemd", 0o400)
	plain := secret.Place{Base: base, LookupEnv: env()}
	systemd := secret.Place{Base: base, LookupEnv: env("CREDENTIALS_DIRECTORY", credentials)}
	cases := []struct {
		file  string
		place secret.Place
		want  string
	}{
		{"both", plain, "from base"},
		{"both", systemd, "from systemd"},
		{"only", systemd, "only base"},
		{"sub/both", systemd, "from sub"},
		{"./both", systemd, "from base"},
		{filepath.Join(base, "both"), systemd, "from base"},
	}
	for _, c := range cases {
		got, err := secret.Ref{File: c.file}.Resolve(c.place)
		if err != nil || got.Reveal() != c.want {
			t.Errorf("%s: got %q, %v; want %q", c.file, got.Reveal(), err, c.want)
		}
	}
}

func TestACredentialOfSystemdThatIsRefusedIsNotReplacedByAFile(t *testing.T) {
	base, credentials := t.TempDir(), t.TempDir()
	write(t, filepath.Join(base, "key"), "from base", 0o600)
	write(t, filepath.Join(credentials, "key"), "", 0o400)
	place := secret.Place{Base: base, LookupEnv: env("CREDENTIALS_DIRECTORY", credentials)}
	if got, err := (secret.Ref{File: "key"}).Resolve(place); err == nil {
		t.Errorf("got %q instead of an error", got.Reveal())
	}
}

func TestARotatedSecretIsReadAgain(t *testing.T) {
	path := filepath.Join(t.TempDir(), "key")
	for _, want := range []string{"old", "new"} {
		write(t, path, want, 0o600)
		got, err := secret.Ref{File: path}.Resolve(secret.Place{})
		if err != nil || got.Reveal() != want {
			t.Errorf("got %q, %v; want %q", got.Reveal(), err, want)
		}
	}
}

func TestFilesOpenToOthersAreRefusedWithTheCommandThatHelps(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("mode bits say nothing on Windows")
	}
	cases := []struct {
		mode fs.FileMode
		want string // in the message; empty if the mode is fine
	}{
		{0o600, ""}, {0o400, ""}, {0o640, ""}, {0o440, ""},
		{0o644, "chmod 0640"}, {0o604, "chmod 0600"}, {0o666, "chmod 0640"}, {0o601, "chmod 0600"}, {0o602, "chmod 0600"},
		{0o660, "chmod 0640"}, {0o620, "chmod 0600"},
	}
	for _, c := range cases {
		path := filepath.Join(t.TempDir(), "key")
		write(t, path, "hunter2", c.mode)
		got, err := secret.Ref{File: path}.Resolve(secret.Place{})
		if c.want == "" {
			if err != nil {
				t.Errorf("mode %#o: %v", c.mode, err)
			}
			continue
		}
		if err == nil || !strings.Contains(err.Error(), c.want+" "+path) || strings.Contains(err.Error(), "hunter2") || !got.IsZero() {
			t.Errorf("mode %#o: got %q, %v; want a hint %q", c.mode, got.Reveal(), err, c.want)
		}
	}
}

func TestWhatCannotBeASecretIsRefused(t *testing.T) {
	dir := t.TempDir()
	for name, content := range map[string]string{
		"empty": "", "blank": " \n\t\n", "newline": "\n", "large": strings.Repeat("x", 65<<10),
		"bom": "\xEF\xBB\xBFhunter2", "utf16": "\xFF\xFEh\x00u\x00",
	} {
		write(t, filepath.Join(dir, name), content, 0o600)
		_, err := secret.Ref{File: name}.Resolve(secret.Place{Base: dir, LookupEnv: env()})
		var typed *secret.Error
		if !errors.As(err, &typed) || !strings.Contains(err.Error(), filepath.Join(dir, name)) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	if _, err := (secret.Ref{File: dir}).Resolve(secret.Place{}); err == nil || !strings.Contains(err.Error(), "not a regular file") {
		t.Errorf("a folder: %v", err)
	}
	if _, err := (secret.Ref{File: "absent"}).Resolve(secret.Place{Base: dir}); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "absent") {
		t.Errorf("an absent file: %v", err)
	}
	if _, err := (secret.Ref{Env: "ABSENT"}).Resolve(secret.Place{LookupEnv: env()}); err == nil || !strings.Contains(err.Error(), "ABSENT is not set") {
		t.Errorf("an absent variable: %v", err)
	}
	if _, err := (secret.Ref{Env: "EMPTY"}).Resolve(secret.Place{LookupEnv: env("EMPTY", "")}); err == nil || !strings.Contains(err.Error(), "EMPTY is empty") {
		t.Errorf("an empty variable: %v", err)
	}
}

func TestAnOpenerOfTheCallerIsUsed(t *testing.T) {
	place := secret.Place{Base: "conf", LookupEnv: env(), Open: func(path string) (fs.File, error) {
		return os.Open(filepath.Join(t.TempDir(), path))
	}}
	_, err := secret.Ref{File: "key"}.Resolve(place)
	if !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), filepath.Join("conf", "key")) {
		t.Errorf("got %v", err)
	}
}

func TestWhatIsNoTextIsReadToTheByte(t *testing.T) {
	for _, content := range []string{"\x05\x02\n", "\n", "\xff\xfe\x00\r\n"} {
		path := filepath.Join(t.TempDir(), "keytab")
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		got, err := secret.Ref{File: path}.ResolveBinary(secret.Place{})
		if err != nil || got.Reveal() != content {
			t.Errorf("%q is read as %q, %v", content, got.Reveal(), err)
		}
		if err := os.Chmod(path, 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := (secret.Ref{File: path}).ResolveBinary(secret.Place{}); err == nil && runtime.GOOS != "windows" {
			t.Error("a file open to others is taken")
		}
	}
}
