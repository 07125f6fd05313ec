package config

import (
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v4"

	"github.com/kisi-sync/kisi-sync/connectors"
)

// compiled returns the schema for some types, ready to validate.
func compiled(t *testing.T, types connectors.Types) *jsonschema.Schema {
	t.Helper()
	text, err := Schema(types)
	if err != nil {
		t.Fatal(err)
	}
	document, err := jsonschema.UnmarshalJSON(strings.NewReader(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	compiler.DefaultDraft(jsonschema.Draft2020)
	if err := compiler.AddResource("config.json", document); err != nil {
		t.Fatal(err)
	}
	schema, err := compiler.Compile("config.json")
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

// instance turns YAML into what a validator of JSON sees, as an editor does.
func instance(t *testing.T, data []byte) (any, bool) {
	t.Helper()
	var value any
	if err := yaml.Load(data, &value); err != nil {
		return nil, false
	}
	text, err := json.Marshal(named(value))
	if err != nil {
		return nil, false
	}
	document, err := jsonschema.UnmarshalJSON(strings.NewReader(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	return document, true
}

// named makes text of the keys of mappings, as JSON knows no others.
func named(value any) any {
	switch x := value.(type) {
	case map[string]any:
		for k := range x {
			x[k] = named(x[k])
		}
	case map[any]any:
		out := map[string]any{}
		for k, v := range x {
			out[fmt.Sprint(k)] = named(v)
		}
		return out
	case []any:
		for i := range x {
			x[i] = named(x[i])
		}
	}
	return value
}

// beyond are the beginnings of the names of bad files whose fault no schema can see: references, the environment, sums.
func beyond() []string {
	return []string{
		"file-", "yaml-", "many-at-once", "secret-missing", "secret-env", "secret-empty", "secret-world", "secret-folder", "secret-of", "cron-",
		"duration-too-long", "duration-window", "duration-zero", "duration-stale-after-short", "duration-read-every-", "expect-", "group-door", "group-id-create", "group-members-reserved",
		"group-id-twice", "group-name", "group-manage-twice", "group-manage-nothing", "group-stop-other", "kisi-domain", "kisi-http",
		"kisi-integration", "kisi-other", "kisi-url", "missing-rules-comm", "missing-sources", "missing-scope", "missing-value",
		"approvals-", "audit-anchor", "leavers-too-long", "leavers-delete", "same-person-", "sensitive-doors-", "source-was-",
		"rule-", "scim-listen", "scim-no", "scim-open", "source-attribute-name", "source-attribute-builtin", "source-connector", "source-id", "source-may", "source-name", "source-precedence",
		"metrics-address", "metrics-every", "metrics-no-token", "metrics-off", "metrics-open", "notify-heartbeat", "notify-mail-clear", "notify-nobody", "notify-webhook.",
		"unknown-group", "unknown-source-in", "unknown-time", "type-scope-empty", "type-port", "type-rate-hex",
	}
}

func TestTheSchemaRefusesMostBadFiles(t *testing.T) {
	schema := compiled(t, testTypes())
	files, err := filepath.Glob("testdata/*.bad.yaml")
	if err != nil {
		t.Fatal(err)
	}
	refused := 0
	for _, file := range files {
		name := filepath.Base(file)
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if slices.ContainsFunc(beyond(), func(prefix string) bool { return strings.HasPrefix(name, prefix) }) {
			continue
		}
		document, ok := instance(t, data)
		if !ok {
			t.Errorf("%s is no YAML for others; list it in beyond", name)
			continue
		}
		if schema.Validate(document) == nil {
			t.Errorf("the schema lets %s pass; list it in beyond if no schema can see its fault", name)
		}
		refused++
	}
	if refused < 50 {
		t.Errorf("the schema was tried on %d bad files only", refused)
	}
}

func TestTheSchemaTakesWhatLoadTakes(t *testing.T) {
	schema := compiled(t, testTypes())
	for _, file := range []string{"testdata/whole.yaml", "testdata/least.yaml"} {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		document, ok := instance(t, data)
		if !ok {
			t.Fatalf("%s is no YAML", file)
		}
		if err := schema.Validate(document); err != nil {
			t.Errorf("%s: %v", file, err)
		}
	}
}

// descriptions.json holds the comments of this package's keys, since a program cannot read its own comments.
func TestDescriptionsAreTheCommentsOfTheKeys(t *testing.T) {
	comments := fieldComments(t, ".", reflect.TypeFor[file]().PkgPath())
	text, err := json.MarshalIndent(comments, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "descriptions.json", string(text)+"\n")
}

// fieldComments returns the doc comments of struct types and of their fields with YAML keys.
func fieldComments(t *testing.T, dir, path string) map[string]string {
	t.Helper()
	comments := map[string]string{}
	err := filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.Contains(filepath.Base(name), "keys") {
			return err
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ParseComments)
		if err != nil {
			return err
		}
		ast.Inspect(parsed, func(n ast.Node) bool {
			if decl, ok := n.(*ast.GenDecl); ok && decl.Tok == token.TYPE {
				for _, spec := range decl.Specs {
					maps.Copy(comments, typeComments(decl, spec.(*ast.TypeSpec), path))
				}
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return comments
}

func typeComments(decl *ast.GenDecl, spec *ast.TypeSpec, path string) map[string]string {
	block, ok := spec.Type.(*ast.StructType)
	if !ok {
		return nil
	}
	name := path + "." + spec.Name.Name
	comments := map[string]string{name: oneLine(decl.Doc)}
	for _, f := range block.Fields.List {
		if f.Tag != nil && len(f.Names) == 1 {
			comments[name+"."+f.Names[0].Name] = oneLine(f.Doc)
		}
	}
	return comments
}

func oneLine(doc *ast.CommentGroup) string { return strings.Join(strings.Fields(doc.Text()), " ") }

// An editor shows the description; without one it shows nothing.
func TestEachKeyOfTheSchemaIsDescribed(t *testing.T) {
	text, err := Schema(testTypes())
	if err != nil {
		t.Fatal(err)
	}
	var schema map[string]any
	if err := json.Unmarshal(text, &schema); err != nil {
		t.Fatal(err)
	}
	properties := schema["properties"].(map[string]any)
	sources := properties["sources"].(map[string]any)["additionalProperties"].(map[string]any)
	delete(sources, "allOf") // settings of test types have no descriptions
	delete(sources["properties"].(map[string]any), "type")
	delete(properties, "api_key")
	undescribed(t, "", properties)
}

func undescribed(t *testing.T, path string, properties map[string]any) {
	for name, property := range properties {
		block := property.(map[string]any)
		if block["description"] == nil && name != "file" && name != "env" {
			t.Errorf("%s%s has no description", path, name)
		}
		for _, inner := range []any{block, block["additionalProperties"], block["items"]} {
			if inner, ok := inner.(map[string]any); ok && inner["properties"] != nil {
				undescribed(t, path+name+".", inner["properties"].(map[string]any))
			}
		}
	}
}
