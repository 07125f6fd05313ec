package voice

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"

	"github.com/kisi-sync/kisi-sync/cmd/kisi-sync/internal/exit"
)

// Print keeps a value as the JSON document that is written at the end: only then it is known whether an error belongs into it.
func (u *Voice) Print(v any) error {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return err
	}
	u.document = b.Bytes()
	return nil
}

// failure is how errors look in JSON. Several are one text, each hint a line.
type failure struct {
	Error string `json:"error"`
	Hint  string `json:"hint,omitempty"`
}

func newFailure(list []exit.Trouble) failure {
	var f failure
	var texts, hints []string
	for _, t := range list {
		texts, hints = append(texts, t.Text), append(hints, t.Hints...)
	}
	f.Error, f.Hint = strings.Join(texts, "; "), strings.Join(hints, "\n")
	return f
}

// endDocument writes the one document: what was printed, what failed, or both in one object.
func (u *Voice) endDocument(list []exit.Trouble) error {
	printed := u.document
	if len(list) > 0 {
		if err := u.Print(newFailure(list)); err != nil {
			return err
		}
		if merged, err := merge(printed, u.document); err == nil {
			u.document = merged
		}
	}
	_, err := u.Out.Write(u.document)
	return err
}

// merge puts the fields of a second object behind those of a first.
func merge(first, second []byte) ([]byte, error) {
	first, second = bytes.TrimSpace(first), bytes.TrimSpace(second)
	if !bytes.HasSuffix(first, []byte("\n}")) || !bytes.HasPrefix(second, []byte("{\n")) {
		return nil, errors.New("not two objects")
	}
	merged := append(bytes.TrimSuffix(first, []byte("\n}")), ",\n"...)
	merged = append(merged, bytes.TrimPrefix(second, []byte("{\n"))...)
	return append(merged, '\n'), nil
}

// PrintJSON prints a document if one is wanted.
func (u *Voice) PrintJSON(v any) error {
	if !u.JSON {
		return nil
	}
	return u.Print(v)
}
