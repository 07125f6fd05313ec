package config

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

// Problem is one thing that is wrong with the file, or, in Settings.Warnings, one that may hurt later.
type Problem struct {
	File   string `json:"file"`
	Line   int    `json:"line,omitempty"`   // from 1; 0: the file as a whole
	Column int    `json:"column,omitempty"` // from 1; 0: not known
	Path   string `json:"path,omitempty"`   // where it is within the file: "rules[2].where"; "" for the file as a whole
	Text   string `json:"text"`             // what is wrong, in one lower-case sentence without a full stop
	Hint   string `json:"hint,omitempty"`   // what to do next; "" when the text says it
}

// String gives "file:line: path: text", and the hint on a line of its own.
func (p Problem) String() string {
	var b strings.Builder
	b.WriteString(p.File)
	if p.Line > 0 {
		fmt.Fprintf(&b, ":%d", p.Line)
	}
	b.WriteString(": ")
	if p.Path != "" {
		b.WriteString(p.Path + ": ")
	}
	b.WriteString(p.Text)
	if p.Hint != "" {
		b.WriteString("\n  hint: " + p.Hint)
	}
	return b.String()
}

const (
	// maxProblems bounds what is said; nobody reads more.
	maxProblems = 100
	// maxFound bounds what is looked for; a file of five megabytes could have a million.
	maxFound = 1000
)

// Problems is the error of Load and Parse: everything that is wrong, sorted by line. It is never empty.
type Problems struct {
	List []Problem
	// Included are the absolute paths of the files that the configuration includes, as far as that was found out.
	Included []string
}

// Error gives all problems, each on lines of its own.
func (p *Problems) Error() string {
	lines := make([]string, len(p.List))
	for i := range p.List {
		lines[i] = p.List[i].String()
	}
	return strings.Join(lines, "\n")
}

// full says that enough was found; the rest of the file is not looked at any more.
func (r *report) full() bool { return len(r.found)+len(r.noted) >= maxFound }

// spot is a place in the file.
type spot struct {
	line, column int
	file         string // "": the main one, or the one that is being read
}

// report collects problems and knows where each path stands in the file.
type report struct {
	beside   bool // files beside it may be included
	file     string
	spots    map[string]spot
	found    []Problem // of places without a value
	noted    []Problem // of places that have a value nevertheless, so that other problems of theirs count
	warnings []Problem
	origins  map[*yaml.Node]string // the included file that a node is of; looked up only
	included []includedFile        // in order
	excused  []string              // paths without a value because a misspelt key, which is reported, was meant
}

func newReport(file string) *report {
	return &report{file: file, spots: map[string]spot{}, origins: map[*yaml.Node]string{}}
}

// add reports a problem of a path. A path that is not in the file, because the key is missing, stands where its nearest
// parent does.
func (r *report) add(path, text, hint string) {
	r.addAt(r.find(path), path, text, hint)
}

func (r *report) addAt(at spot, path, text, hint string) {
	r.found = append(r.found, r.problem(at, path, text, hint))
}

func (r *report) warn(path, text, hint string) {
	r.warnings = append(r.warnings, r.problem(r.find(path), path, text, hint))
}

func (r *report) problem(at spot, path, text, hint string) Problem {
	return Problem{File: cmp.Or(at.file, r.file), Line: at.line, Column: at.column, Path: path, Text: text, Hint: hint}
}

// addNew is add for what somebody else found after `before` problems were known: it is dropped when one of those is about the
// same place, or something in it or around it, and so the cause.
func (r *report) addNew(before int, path, text, hint string) {
	for _, p := range r.found[:before] {
		if within(p.Path, path) {
			return
		}
	}
	if !r.caused(before, path) {
		r.add(path, text, hint)
	}
}

// caused says whether a place, or one around it, had a problem among the first ones, or has no value for a reason that is
// reported.
func (r *report) caused(before int, path string) bool {
	return slices.ContainsFunc(r.found[:before], func(p Problem) bool { return within(path, p.Path) }) ||
		slices.ContainsFunc(r.excused, func(outer string) bool { return within(path, outer) })
}

// has says whether a path or something in it has a problem.
func (r *report) has(path string) bool {
	return slices.ContainsFunc(r.found, func(p Problem) bool { return within(p.Path, path) })
}

// within says whether a path is the outer one or lies in it. Nothing but the whole file lies around "".
func within(path, outer string) bool {
	rest, ok := strings.CutPrefix(path, outer)
	return ok && outer != "" && (rest == "" || rest[0] == '.' || rest[0] == '[')
}

// find returns where a path stands, or its nearest parent.
func (r *report) find(path string) spot {
	for path != "" {
		if at, ok := r.spots[path]; ok {
			return at
		}
		path = path[:max(0, strings.LastIndexAny(path, ".["))]
	}
	return spot{}
}

// problems returns the error, or nil when nothing is wrong.
func (r *report) problems() error {
	list := slices.Concat(r.found, r.noted)
	if len(list) == 0 {
		return nil
	}
	r.sort(list)
	list = slices.Compact(list)
	if more := len(list) - maxProblems; more > 0 {
		text := fmt.Sprintf("and %d more problems", more)
		if r.full() {
			text = fmt.Sprintf("and more than %d other problems", more)
		}
		list = append(list[:maxProblems:maxProblems], Problem{File: r.file, Text: text})
	}
	return &Problems{List: list, Included: r.paths()}
}

// sort puts the main file's problems first.
func (r *report) sort(list []Problem) {
	later := func(p Problem) int {
		if p.File == r.file {
			return 0
		}
		return 1
	}
	slices.SortStableFunc(list, func(a, b Problem) int {
		return cmp.Or(later(a)-later(b), cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column), cmp.Compare(a.Path, b.Path), cmp.Compare(a.Text, b.Text))
	})
}
