// Package oktaspec holds calls to the simulated Okta, and its answers, against the OpenAPI document that Okta publishes with its Go SDK.
//
// It promises that a parameter, a status or a field that the document does not know is complained of, and so is a value of another
// type. The document is found in Go's module cache, or fetched there by the go command, at one version whose checksum is known; it is
// no dependency of the program. It must not be used outside of tests.
package oktaspec

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v4"
)

const (
	module   = "github.com/okta/okta-sdk-golang/v5@v5.0.2"
	checksum = "h1:eecvycE/XDX56IWTsOVhqfj5txCgqryTXzKy7wKEq78="
)

// Spec is the document.
type Spec struct {
	root     object
	paths    [][]string // in segments
	compiler *jsonschema.Compiler

	mu      sync.Mutex
	schemas map[string]*jsonschema.Schema
}

type object = map[string]any

// Load finds and reads the document.
func Load(ctx context.Context) (*Spec, error) {
	out, err := exec.CommandContext(ctx, "go", "mod", "download", "-json", module).Output()
	if err != nil {
		return nil, fmt.Errorf("fetch %s: %w", module, err)
	}
	var got struct{ Dir, Sum string }
	if err := json.Unmarshal(out, &got); err != nil {
		return nil, fmt.Errorf("fetch %s: %w", module, err)
	}
	if got.Sum != checksum {
		return nil, fmt.Errorf("%s has the checksum %s", module, got.Sum)
	}
	text, err := os.ReadFile(filepath.Join(got.Dir, "okta", "api", "openapi.yaml"))
	if err != nil {
		return nil, err
	}
	return parse(text)
}

func parse(text []byte) (*Spec, error) {
	var root object
	if err := yaml.Load(text, &root); err != nil {
		return nil, fmt.Errorf("read Okta's OpenAPI: %w", err)
	}
	for _, ref := range parts(root, false) { // whatever else names them is as open as they are
		name := ref[strings.LastIndexByte(ref, '/')+1:]
		if schema, ok := root["components"].(object)["schemas"].(object)[name].(object); ok {
			schema["additionalProperties"] = true
		}
	}
	tighten(root, false)
	plain, err := json.Marshal(root) // moments become texts
	if err != nil {
		return nil, err
	}
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(plain))
	if err != nil {
		return nil, err
	}
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft4) // what OpenAPI 3.0 has of JSON Schema
	c.AssertFormat()
	if err := c.AddResource("okta.json", document); err != nil {
		return nil, err
	}
	s := &Spec{root: document.(object), compiler: c, schemas: map[string]*jsonschema.Schema{}}
	for _, path := range slices.Sorted(maps.Keys(s.at("paths"))) {
		s.paths = append(s.paths, strings.Split(path, "/"))
	}
	return s, nil
}

// tighten makes JSON Schema of what OpenAPI says in its own way, and refuses fields that are not named where the document leaves that
// open. Parts of allOf name only some of the fields, so they stay open.
func tighten(v any, part bool) {
	switch v := v.(type) {
	case object:
		kind, typed := v["type"].(string)
		if nullable, _ := v["nullable"].(bool); nullable && typed {
			v["type"] = []any{kind, "null"}
		}
		_, open := v["additionalProperties"]
		if named, ok := v["properties"].(object); ok && kind == "object" && len(named) > 0 && !open && !part && v["allOf"] == nil {
			v["additionalProperties"] = false
		}
		for _, aside := range []string{"example", "examples", "discriminator"} {
			delete(v, aside)
		}
		for name, inner := range v {
			tighten(inner, name == "allOf")
		}
	case []any:
		for _, inner := range v {
			tighten(inner, part)
		}
	}
}

// parts are the references that stand within allOf.
func parts(v any, within bool) []string {
	var all []string
	switch v := v.(type) {
	case object:
		if ref, ok := v["$ref"].(string); ok && within {
			all = append(all, ref)
		}
		for name, inner := range v {
			all = append(all, parts(inner, name == "allOf")...)
		}
	case []any:
		for _, inner := range v {
			all = append(all, parts(inner, within)...)
		}
	}
	return all
}

// at follows a path through the document and, at its end, a reference; nil when it leads nowhere.
func (s *Spec) at(path ...string) object {
	v := s.root
	for _, name := range path {
		if v, _ = v[name].(object); v == nil {
			return nil
		}
	}
	if ref, ok := v["$ref"].(string); ok {
		return s.at(strings.Split(strings.TrimPrefix(ref, "#/"), "/")...)
	}
	return v
}

// Guard lets calls through to next and complains of what the document does not allow. What is not below /api is not in it.
func (s *Spec) Guard(next http.Handler, complain func(format string, args ...any)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		kept := &kept{ResponseWriter: w, status: http.StatusOK}
		next.ServeHTTP(kept, r)
		if !strings.HasPrefix(r.URL.Path, "/api/") {
			return
		}
		for _, problem := range s.judge(r, kept) {
			complain("OpenAPI: %s %s: %s", r.Method, r.URL.Path, problem)
		}
	})
}

// kept remembers an answer.
type kept struct {
	http.ResponseWriter
	status int
	body   bytes.Buffer
}

// WriteHeader implements http.ResponseWriter.
func (k *kept) WriteHeader(status int) {
	k.status = status
	k.ResponseWriter.WriteHeader(status)
}

// Write implements http.ResponseWriter.
func (k *kept) Write(p []byte) (int, error) {
	k.body.Write(p)
	return k.ResponseWriter.Write(p)
}

func (s *Spec) judge(r *http.Request, got *kept) []string {
	path, ok := s.template(r.URL.Path)
	operation := s.at("paths", path, strings.ToLower(r.Method))
	if !ok || operation == nil {
		return []string{"there is no such call"}
	}
	all := s.parameters(r, operation)
	status := strconv.Itoa(got.status)
	if s.at("paths", path, strings.ToLower(r.Method), "responses", status) == nil {
		// 400 and 401 may come from any call, and 5xx too; the document does not list them everywhere.
		if got.status != http.StatusBadRequest && got.status != http.StatusUnauthorized && got.status < 500 {
			all = append(all, "answers "+status)
		}
		return all
	}
	schema := s.answer(path, strings.ToLower(r.Method), status)
	if err := s.fits(schema, &got.body); err != nil {
		all = append(all, "answers "+status+": "+err.Error())
	}
	return all
}

// template finds the path of the document that an address fits.
func (s *Spec) template(address string) (string, bool) {
	segments := strings.Split(address, "/")
	for _, known := range s.paths {
		if slices.EqualFunc(known, segments, func(want, is string) bool { return want == is || strings.HasPrefix(want, "{") && is != "" }) {
			return strings.Join(known, "/"), true
		}
	}
	return "", false
}

func (s *Spec) parameters(r *http.Request, operation object) []string {
	types := map[string]object{}
	list, _ := operation["parameters"].([]any)
	for _, p := range list {
		parameter, _ := p.(object)
		if ref, ok := parameter["$ref"].(string); ok {
			parameter = s.at(strings.Split(strings.TrimPrefix(ref, "#/"), "/")...)
		}
		if parameter["in"] == "query" {
			name, _ := parameter["name"].(string)
			types[name], _ = parameter["schema"].(object)
		}
	}
	var all []string
	for name, values := range r.URL.Query() {
		schema, ok := types[name]
		switch {
		case !ok:
			all = append(all, "there is no parameter "+name)
		case schema["type"] == "integer":
			if _, err := strconv.Atoi(values[0]); err != nil {
				all = append(all, "the parameter "+name+" is no number")
			}
		case schema["format"] == "date-time":
			if _, err := time.Parse(time.RFC3339, values[0]); err != nil {
				all = append(all, "the parameter "+name+" is no moment")
			}
		}
	}
	return all
}

// answer is where the schema of an answer is.
func (s *Spec) answer(path, method, status string) string {
	escaped := strings.NewReplacer("~", "~0", "/", "~1", "{", "%7B", "}", "%7D").Replace(path)
	pointer := "/paths/" + escaped + "/" + method + "/responses/" + status
	response := s.at("paths", path, method, "responses")
	if inner, _ := response[status].(object); inner["$ref"] != nil {
		pointer = strings.TrimPrefix(inner["$ref"].(string), "#")
	}
	return "okta.json#" + pointer + "/content/application~1json/schema"
}

func (s *Spec) fits(schema string, body io.Reader) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	compiled, ok := s.schemas[schema]
	if !ok {
		var err error
		if compiled, err = s.compiler.Compile(schema); err != nil {
			return fmt.Errorf("the document cannot be used: %w", err)
		}
		s.schemas[schema] = compiled
	}
	value, err := jsonschema.UnmarshalJSON(body)
	if err != nil {
		return errors.New("no JSON")
	}
	return compiled.Validate(value)
}
