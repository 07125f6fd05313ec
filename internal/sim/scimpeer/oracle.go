package scimpeer

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// ErrRefused is wrapped by what the libraries say against a question.
var ErrRefused = errors.New("refused")

// Oracle asks scim2-parse-filter and scim-patch. It belongs to one goroutine.
type Oracle struct {
	t       testing.TB
	ask     *json.Encoder
	answers *bufio.Reader
}

// StartOracle starts the libraries in one process that lives as long as the test.
func StartOracle(t testing.TB) *Oracle {
	t.Helper()
	need(t)
	folder, err := modules()
	if err != nil {
		t.Fatal(err)
	}
	script, err := files.ReadFile("node/oracle.cjs")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "oracle.cjs")
	if err := os.WriteFile(path, script, 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("node", path, folder)
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = in.Close() // its input's end is its own end
		_ = cmd.Wait()
	})
	e := json.NewEncoder(in)
	e.SetEscapeHTML(false)
	return &Oracle{t: t, ask: e, answers: bufio.NewReaderSize(out, 1<<20)}
}

// question is one line to the libraries.
type question struct {
	Ask        string          `json:"ask"`
	Filter     string          `json:"filter,omitempty"`
	Operations json.RawMessage `json:"operations,omitempty"`
	Resource   json.RawMessage `json:"resource,omitempty"`
}

func (o *Oracle) answer(q question, into any) error {
	if err := o.ask.Encode(q); err != nil {
		o.t.Fatalf("oracle: %v", err)
	}
	line, err := o.answers.ReadBytes('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		o.t.Fatalf("oracle: %v", err)
	}
	var answer struct {
		Value   json.RawMessage `json:"value"`
		Refused string          `json:"refused"`
	}
	if err := json.Unmarshal(line, &answer); err != nil {
		o.t.Fatalf("oracle: %q: %v", line, err)
	}
	if answer.Refused != "" {
		return fmt.Errorf("%w: %s", ErrRefused, answer.Refused)
	}
	return json.Unmarshal(answer.Value, into)
}

// Match says whether scim2-parse-filter finds a resource by a filter.
func (o *Oracle) Match(filter string, resource []byte) (bool, error) {
	var matched bool
	err := o.answer(question{Ask: "match", Filter: filter, Resource: resource}, &matched)
	return matched, err
}

// Normal returns a filter as scim2-parse-filter writes it.
func (o *Oracle) Normal(filter string) (string, error) {
	var text string
	err := o.answer(question{Ask: "normal", Filter: filter}, &text)
	return text, err
}

// Patch returns what scim-patch makes of a resource by a list of operations.
func (o *Oracle) Patch(operations, resource []byte) ([]byte, error) {
	var after json.RawMessage
	err := o.answer(question{Ask: "patch", Operations: operations, Resource: resource}, &after)
	return after, err
}
