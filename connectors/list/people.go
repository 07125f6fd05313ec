package list

import (
	"fmt"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/kisi-sync/kisi-sync/internal/email"
	"github.com/kisi-sync/kisi-sync/internal/listed"
)

// Problem is one thing that is wrong with a file.
type Problem struct {
	Line, Column int // both begin with 1; 0 when it is about the whole file
	Text         string
	Hint         string
}

// Invalid is a file that cannot be used, with everything that is wrong with it.
type Invalid struct {
	Path     string
	Problems []Problem
}

// Error names each problem on a line of its own.
func (e *Invalid) Error() string {
	lines := make([]string, len(e.Problems))
	for i, p := range e.Problems {
		lines[i] = p.in(e.Path)
		if p.Hint != "" {
			lines[i] += " (" + p.Hint + ")"
		}
	}
	return strings.Join(lines, "\n")
}

// in says the problem with its place, without the hint.
func (p *Problem) in(path string) string {
	return fmt.Sprintf("%s:%d:%d: %s", path, max(p.Line, 1), max(p.Column, 1), p.Text)
}

// Note says why somebody is in a list. It is for people to read; nothing is decided by it.
type Note struct{ Why, AskedBy, Ticket string }

// Access is what somebody is to have.
type Access struct {
	listed.Entry
	Note
}

// Person is somebody in a list.
type Person struct {
	ID          string // as the file says, or the folded address
	Email, Name string
	Active      *bool // nil: the file does not say
	Access      []Access
	Note
	Attributes map[string][]string

	groups []text // of the list
	at     spot
}

// Line is where the person stands in the file.
func (p *Person) Line() int { return p.at.line }

// Groups are the names of the list's groups that the person's own entry names.
func (p *Person) Groups() []string {
	var names []string
	for _, g := range p.groups {
		names = append(names, g.value)
	}
	return names
}

// is says that the person is meant by an address or an id.
func (p *Person) is(who string) bool {
	return p.ID == who || p.Email != "" && email.Fold(p.Email) == email.Fold(who)
}

// list is a file without a problem.
type list struct {
	people []Person
	groups []group
}

type group struct {
	at              spot
	id, name        string
	members, groups []text
	access          []Access
}

// text is a value and where it stands.
type text struct {
	value string
	spot
}

// spot is a place in the file.
type spot struct{ line, column int }

func at(n *yaml.Node) spot { return spot{n.Line, n.Column} }
