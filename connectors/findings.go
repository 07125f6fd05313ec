package connectors

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/kisi-sync/kisi-sync/internal/secret"
	"github.com/kisi-sync/kisi-sync/internal/webapi"
)

// Findings gathers what is wrong with settings. Its zero value is ready for use.
type Findings []Finding

// Add adds a problem.
func (f *Findings) Add(path, text, hint string) {
	*f = append(*f, Finding{Path: path, Text: text, Hint: hint})
}

// Within adds a problem unless value is one of least to most.
func (f *Findings) Within(path string, value, least, most int) {
	if value < least || value > most {
		f.Add(path, fmt.Sprintf("%d is not between %d and %d", value, least, most), "")
	}
}

// Secret adds a problem if ref names no place; a nil one is missing.
func (f *Findings) Secret(path string, ref *secret.Ref) {
	const hint = "write {file: PATH} or {env: NAME}"
	if ref == nil {
		f.Add(path, "is missing", hint)
	} else if err := ref.Validate(); err != nil {
		f.Add(path, err.Error(), hint)
	}
}

// Line adds what is wrong with the way out.
func (f *Findings) Line(l webapi.Line) {
	for _, t := range l.Troubles() {
		f.Add(t.Path, t.Text, t.Hint)
	}
}

// ByPath returns the findings in the order of their paths; those of one path stay as they were added.
func (f Findings) ByPath() []Finding {
	slices.SortStableFunc(f, func(a, b Finding) int { return strings.Compare(a.Path, b.Path) })
	return f
}

// Invalid is what Config.Open returns for settings that Validate finds fault with.
type Invalid struct{ Findings []Finding }

// Error names the first problem; Findings has them all.
func (e *Invalid) Error() string {
	return "invalid settings: " + e.Findings[0].Path + ": " + e.Findings[0].Text
}

// SettingError is an error that is about one setting of the source.
type SettingError struct {
	Path string // within the source's block
	Err  error
}

// At says that err is about a setting; nil stays nil.
func At(path string, err error) error {
	if err == nil {
		return nil
	}
	return &SettingError{path, err}
}

// Error names the setting.
func (e *SettingError) Error() string { return e.Path + ": " + e.Err.Error() }

// Unwrap returns what is the matter with it.
func (e *SettingError) Unwrap() error { return e.Err }

// Tell makes a problem of an error: at the setting that the error is about, otherwise at path, with the hint that the error has.
func Tell(err error, path string) Finding {
	f := Finding{Path: path, Text: err.Error()}
	if at := (*SettingError)(nil); errors.As(err, &at) {
		f.Path, f.Text = at.Path, strings.Replace(f.Text, at.Error(), at.Err.Error(), 1)
	}
	if line := (*webapi.LineError)(nil); errors.As(err, &line) {
		f.Path = cmp.Or(line.Setting, path)
	}
	var hinted interface{ Hint() string }
	if errors.As(err, &hinted) {
		f.Hint = hinted.Hint()
	}
	return f
}
