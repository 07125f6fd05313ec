package config_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v4"

	"github.com/kisi-sync/kisi-sync/config"
	"github.com/kisi-sync/kisi-sync/connectors/all"
	"github.com/kisi-sync/kisi-sync/sync/plan"
)

// exampleFolder holds the example and the secrets that it names.
func exampleFolder(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	files := map[string]string{"config.yaml": example(t), "kisi-api-key": "fake", "corp-password": "fake", "entra-key": "fake", "scim-key": "fake",
		"guests.yaml": "people: []\n", "lab.yaml": "rules: []\n"}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return filepath.Join(dir, "config.yaml")
}

func example(t *testing.T) string {
	t.Helper()
	data, err := os.ReadFile("../config.example.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func TestTheExampleIsGood(t *testing.T) {
	s, err := config.Load(exampleFolder(t), all.Types())
	if err != nil {
		t.Fatal(err)
	}
	if len(s.Warnings) > 0 {
		t.Errorf("warnings: %v", s.Warnings)
	}
	if s.Policy().Mode != plan.Observe {
		t.Errorf("mode %v: an example that somebody starts must write nothing", s.Policy().Mode)
	}
}

func TestTheExampleNamesEachKey(t *testing.T) {
	text := example(t)
	for _, key := range keysOf(t) {
		if !regexp.MustCompile(`(?m)(^[ #-]*|[{ ,])` + regexp.QuoteMeta(key) + `:( |$)`).MatchString(text) {
			t.Errorf("config.example.yaml does not show the key %s", key)
		}
	}
}

// keysOf returns every key that the schema knows, wherever it is.
func keysOf(t *testing.T) []string {
	t.Helper()
	text, err := config.Schema(all.Types())
	if err != nil {
		t.Fatal(err)
	}
	var schema any
	if err := yaml.Load(text, &schema); err != nil {
		t.Fatal(err)
	}
	var keys []string
	var walk func(any)
	walk = func(value any) {
		switch x := value.(type) {
		case map[string]any:
			if properties, ok := x["properties"].(map[string]any); ok {
				for key := range properties {
					keys = append(keys, key)
				}
			}
			for _, inner := range x {
				walk(inner)
			}
		case []any:
			for _, inner := range x {
				walk(inner)
			}
		}
	}
	walk(schema)
	if len(keys) < 80 {
		t.Fatalf("found %d keys only", len(keys))
	}
	return keys
}

// Somebody will take the # away, and it must be right then.
func TestWhatIsCommentedOutIsRightToo(t *testing.T) {
	folder := exampleFolder(t)
	lines := strings.Split(example(t), "\n")
	key := regexp.MustCompile(`^( *)# ([a-z_]+:( .*)?)$`)
	tried := 0
	for i := range lines {
		m := key.FindStringSubmatch(lines[i])
		if m == nil {
			continue
		}
		block := []string{m[1] + m[2]}
		for deeper := m[1] + "#   "; m[3] == "" && strings.HasPrefix(lines[i+len(block)], deeper); {
			block = append(block, m[1]+"  "+strings.TrimPrefix(lines[i+len(block)], deeper))
		}
		text := slices.Concat(lines[:i], block, lines[i+len(block):])
		if len(block) > 1 && strings.HasPrefix(strings.TrimSpace(block[1]), "type:") { // one more source must be named in the order of sources
			name, _, _ := strings.Cut(m[2], ":")
			at := slices.IndexFunc(text, func(l string) bool { return strings.HasPrefix(l, "  attributes_from: [") })
			text[at] = strings.Replace(text[at], "[", "["+name+", ", 1)
		}
		if err := os.WriteFile(folder, []byte(strings.Join(text, "\n")), 0o600); err != nil {
			t.Fatal(err)
		}
		loader := config.Loader{Types: all.Types(), SkipSecrets: true}
		_, err := loader.Load(folder)
		var problems *config.Problems
		if err != nil && (!errors.As(err, &problems) || !alternative(problems)) {
			t.Errorf("line %d: %v", i+1, err)
		}
		tried++
	}
	if tried < 15 {
		t.Errorf("tried %d commented keys only", tried)
	}
}

// alternative says whether all that is wrong is that two ways to say the same stand side by side.
func alternative(p *config.Problems) bool {
	for _, problem := range p.List {
		if !strings.Contains(problem.Text, "is there twice") && !strings.Contains(problem.Text, "stands beside") && !strings.Contains(problem.Text, "has no effect on ldaps") &&
			!strings.Contains(problem.Text, "are not allowed in this file") && // but by another line that is commented out
			!strings.Contains(problem.Text, "is not named, and there are several") { // one source more, which attributes_from does not know yet
			return false
		}
	}
	return true
}

func TestTheExamplePassesTheSchema(t *testing.T) {
	text, err := config.Schema(all.Types())
	if err != nil {
		t.Fatal(err)
	}
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource("config.json", document); err != nil {
		t.Fatal(err)
	}
	schema, err := compiler.Compile("config.json")
	if err != nil {
		t.Fatal(err)
	}
	var value any
	if err := yaml.Load([]byte(example(t)), &value); err != nil {
		t.Fatal(err)
	}
	text, err = json.Marshal(value) // dates become text, as in an editor
	if err != nil {
		t.Fatal(err)
	}
	if document, err = jsonschema.UnmarshalJSON(bytes.NewReader(text)); err != nil {
		t.Fatal(err)
	}
	if err := schema.Validate(document); err != nil {
		t.Error(err)
	}
}

// A source's settings stand beside the keys that every source has.
func TestNoTypeHasAKeyThatEverySourceHas(t *testing.T) {
	common := map[string]bool{"type": true, "id": true, "was": true, "emails": true, "may_grant": true, "attributes": true, "stale_after": true}
	for name, make := range all.Types() {
		settings := reflect.TypeOf(make()).Elem()
		for i := range settings.NumField() {
			key, _, _ := strings.Cut(settings.Field(i).Tag.Get("yaml"), ",")
			if common[key] {
				t.Errorf("type %s: the key %s is every source's", name, key)
			}
		}
	}
}

// What a connector says of its settings is said with their line.
func TestFindingsOfConnectorsHaveALine(t *testing.T) {
	for edit, want := range map[[2]string]string{
		{"url: ldaps://dc1.corp.example.com", "url: dc1.corp.example.com"}:                  "sources.corp.url: ",
		{"base: DC=corp,DC=example,DC=com", "base: corp"}:                                   "sources.corp.base: ",
		{"preset: active_directory", "preset: windows"}:                                     "sources.corp.preset: ",
		{"base: DC=corp,DC=example,DC=com", "bases: DC=corp"}:                               "sources.corp.bases: unknown key",
		{"    url: ldaps://dc1", "    timeout: 9h\n    url: ldaps://dc1"}:                   "sources.corp.timeout: ",
		{"    url: ldaps://dc1", "    people: {filter: \"(cn=\"}\n    url: ldaps://dc1"}:    "sources.corp.people.filter: ",
		{"    url: ldaps://dc1", "    people: {scoop: one}\n    url: ldaps://dc1"}:          "sources.corp.people.scoop: unknown key",
		{"path: guests.yaml", "path: [guests.yaml]"}:                                        "sources.guests.path: expected text, got a list",
		{"password: {file: corp-password}", "password: hunter2"}:                            "sources.corp.login.password: expected the place of a secret",
		{"department == \"IT\"", "departmint == \"IT\""}:                                    "rules[1].where: ",
		{"attribute: contract_end", "attribute: contract_ends"}:                             "rules[2].until.attribute: ",
		{"elevator_stops: [{place: HQ, elevator", "elevator_stops: [{plaice: HQ, elevator"}: "groups.HQ Staff.elevator_stops[0].plaice: unknown key",
	} {
		text := strings.Replace(example(t), edit[0], edit[1], 1)
		at := strings.Index(text, edit[1])
		if at < 0 {
			t.Fatalf("the example has no %q", edit[0])
		}
		line := 1 + strings.Count(text[:at], "\n")
		loader := config.Loader{Types: all.Types(), SkipSecrets: true}
		_, err := loader.Parse("config.yaml", []byte(text))
		if err == nil || !strings.HasPrefix(err.Error(), fmt.Sprintf("config.yaml:%d: %s", line, want)) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v, want config.yaml:%d: %s", edit[1], err, line, want)
		}
	}
}
