package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/kisi-sync/kisi-sync/connectors"
	"github.com/kisi-sync/kisi-sync/internal/secret"
)

// testTypes are two types of sources whose settings use everything that settings of connectors may use, so that these tests
// do not change with the real ones. example_test.go uses the real ones.
func testTypes() connectors.Types {
	return connectors.Types{
		"tree":  func() connectors.Config { return &treeSettings{Port: 636, Timeout: 30 * time.Second, Preset: "plain"} },
		"sheet": func() connectors.Config { return &sheetSettings{} },
		"scim":  func() connectors.Config { return &sheetSettings{} }, // what is said of this type stands outside of its sources
	}
}

type treeSettings struct {
	URL     string            `yaml:"url" jsonschema:"required"`
	Base    string            `yaml:"base" jsonschema:"required"`
	Preset  string            `yaml:"preset"`
	Port    uint16            `yaml:"port"`
	Timeout time.Duration     `yaml:"timeout"`
	Login   *treeLogin        `yaml:"login,omitempty"`
	Only    []string          `yaml:"only,omitempty"`
	Extra   map[string]string `yaml:"extra,omitempty"`
	Follow  bool              `yaml:"follow"`
	treeTLS `yaml:",inline"`
}

type treeLogin struct {
	User     string     `yaml:"user" jsonschema:"required"`
	Password secret.Ref `yaml:"password" jsonschema:"required"`
}

type treeTLS struct {
	CA string `yaml:"ca,omitempty"`
}

func (t *treeSettings) Validate() []connectors.Finding {
	var all []connectors.Finding
	if !strings.HasPrefix(t.URL, "ldaps://") {
		all = append(all, connectors.Finding{Path: "url", Text: "sends people in clear", Hint: "write ldaps://"})
	}
	if t.Login == nil {
		all = append(all, connectors.Finding{Level: connectors.Warning, Path: "login", Text: "is missing, so the directory is read by nobody in particular"})
	}
	return all
}

func (t *treeSettings) Open(connectors.Env) (connectors.Source, error) { return nil, nil }

type sheetSettings struct {
	Path string `yaml:"path" jsonschema:"required"`
}

func (s *sheetSettings) Validate() []connectors.Finding                 { return nil }
func (s *sheetSettings) Open(connectors.Env) (connectors.Source, error) { return nil, nil }
func (s *sheetSettings) Attributes() []string                           { return []string{"badge", "team"} }
func (s *sheetSettings) ListsAccess() bool                              { return true }

// testEnv is the environment of all tests.
func testEnv(name string) (string, bool) {
	value, ok := map[string]string{"KISI_API_KEY": "secret-of-the-environment", "EMPTY": ""}[name]
	return value, ok
}

func testLoader() Loader { return Loader{Types: testTypes(), LookupEnv: testEnv} }

// inFolder writes a configuration and the secrets of the tests into a new folder and returns the file's path.
func inFolder(t *testing.T, name string, data []byte) string {
	t.Helper()
	dir := t.TempDir()
	files := map[string]struct {
		text string
		mode os.FileMode
	}{
		name:       {string(data), 0o640},
		"key":      {"secret-of-the-file\n", 0o600},
		"password": {"secret-of-the-file\n", 0o600},
		"empty":    {"\n", 0o600},
		"open":     {"secret-of-the-file\n", 0o644},
	}
	for name, f := range files {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(f.text), f.mode); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, f.mode); err != nil { // the umask may have taken bits
			t.Fatal(err)
		}
	}
	return filepath.Join(dir, name)
}
