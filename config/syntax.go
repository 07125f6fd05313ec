package config

import (
	"bytes"
	"errors"
	"fmt"
	"strings"

	"go.yaml.in/yaml/v4"
)

// reportSyntax says in an admin's words why the parser gave up.
func reportSyntax(r *report, data []byte, err error) {
	var parse *yaml.LoadError
	if !errors.As(err, &parse) {
		r.addAt(spot{}, "", "cannot be read as YAML: "+firstLine(err.Error()), "")
		return
	}
	where := spot{line: parse.Mark.Line, column: parse.Mark.Column}
	if where.line == 0 {
		where = position(data, parse.Mark.Index)
	}
	fault := syntax{message: parse.Message, begun: parse.ContextMark.Line, line: lineOf(data, where.line), at: where}
	text, hint := fault.words()
	r.addAt(where, "", text, hint)
}

// syntax is what the parser says about the place where it gave up.
type syntax struct {
	message string
	begun   int    // the line in which the unfinished thing began
	line    string // the line in which it gave up
	at      spot
}

// words returns the text and the hint of a problem.
func (s syntax) words() (text, hint string) {
	switch {
	case strings.HasPrefix(s.message, "found character that cannot start any token"):
		return s.stray()
	case strings.HasPrefix(s.message, "mapping values are not allowed"):
		return "a `:` where none can be", "put a value with `: ` in it in quotes, line the key up with its neighbours, or add the `:` that the line above lacks"
	case strings.HasPrefix(s.message, "did not find expected key"), strings.HasPrefix(s.message, "did not find expected '-'"), strings.HasPrefix(s.message, "did not find expected <document start>"):
		return "this line does not line up with those above", "indent it like its neighbours, with spaces"
	case strings.HasPrefix(s.message, "did not find expected ',' or"):
		return fmt.Sprintf("the bracket of line %d is not closed, or a comma is missing", s.begun), "put a text with , [ ] { } or : in it in quotes"
	case strings.HasPrefix(s.message, "did not find expected node content"):
		return "a value is missing or cut off", ""
	case strings.HasPrefix(s.message, "found unexpected end of stream"):
		return fmt.Sprintf("the quotes of line %d are not closed", s.begun), "close them on the same line"
	case strings.HasPrefix(s.message, "could not find expected ':'"):
		return fmt.Sprintf("a key without `:` (it begins in line %d)", s.begun), "write `key: value`, with a space after the colon"
	case strings.HasPrefix(s.message, "control characters are not allowed"):
		return "a control character that cannot be seen", "retype the line"
	case strings.HasPrefix(s.message, "exceeded max depth"):
		return "nested too deep", ""
	case strings.HasPrefix(s.message, "unknown anchor"):
		return s.message, "aliases (*name) are not supported; put a text that begins with * in quotes"
	}
	return "cannot be read as YAML: " + s.message, ""
}

// stray explains a character that cannot begin a value.
func (s syntax) stray() (text, hint string) {
	letters := []rune(s.line)
	if s.at.column < 1 || s.at.column > len(letters) {
		return "a character that cannot begin a value", "put the value in quotes"
	}
	if c := letters[s.at.column-1]; c != '\t' {
		return fmt.Sprintf("a value cannot begin with %c", c), "put the value in quotes"
	}
	return "indented with a tab", "use spaces; tabs mean nothing certain in YAML"
}

func lineOf(data []byte, line int) string {
	lines := bytes.SplitN(data, []byte("\n"), line+1)
	if line < 1 || line > len(lines) {
		return ""
	}
	return string(bytes.TrimSuffix(lines[line-1], []byte("\r")))
}

func firstLine(s string) string {
	first, _, _ := strings.Cut(s, "\n")
	return first
}
