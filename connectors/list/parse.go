package list

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"

	"github.com/kisi-sync/kisi-sync/internal/email"
)

// Problem is one thing that is wrong with a file.
type Problem struct {
	Line int // 0 when it is about the whole file
	Text string
	Hint string
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
		lines[i] = fmt.Sprintf("%s:%d: %s", e.Path, max(p.Line, 1), p.Text)
		if p.Hint != "" {
			lines[i] += " (" + p.Hint + ")"
		}
	}
	return strings.Join(lines, "\n")
}

// list is a file without a problem.
type list struct {
	people []person
	groups []group
}

type person struct {
	line            int
	id, email, name string
	active          *bool
	attributes      map[string][]string
}

type group struct {
	line            int
	id, name        string
	members, groups []text
}

// text is a value and where it stands.
type text struct {
	value string
	line  int
}

// parser collects problems instead of stopping at the first.
type parser struct {
	problems []Problem
	declared []string // attributes
	list     list
}

// parse reads a file. The list counts only when there is no problem.
func parse(data []byte) (*list, []Problem) {
	p := &parser{}
	if root := p.load(data); root != nil {
		p.file(root)
		p.list.check(p)
	}
	slices.SortStableFunc(p.problems, func(a, b Problem) int { return a.Line - b.Line })
	return &p.list, p.problems
}

func (p *parser) add(line int, hint, format string, args ...any) {
	p.problems = append(p.problems, Problem{line, fmt.Sprintf(format, args...), hint})
}

// load returns the only document of the file as a mapping, nil when it is none.
func (p *parser) load(data []byte) *yaml.Node {
	if !utf8.Valid(data) {
		p.add(0, "save it as UTF-8", "the file is not UTF-8")
		return nil
	}
	loader, err := yaml.NewLoader(bytes.NewReader(data))
	if err != nil {
		p.add(0, "", "cannot be read as YAML: %v", err)
		return nil
	}
	var document, second yaml.Node
	if err := loader.Load(&document); errors.Is(err, io.EOF) || err == nil && len(document.Content) == 0 {
		p.add(0, "a list without people says `people: []`", "the file is empty")
		return nil
	} else if err != nil {
		p.syntax(data, err)
		return nil
	}
	if err := loader.Load(&second); err == nil {
		p.add(second.Line, "remove the line --- before it", "a second YAML document begins here")
	} else if !errors.Is(err, io.EOF) {
		p.syntax(data, err)
	}
	root := document.Content[0]
	if root.Kind != yaml.MappingNode {
		p.add(root.Line, "begin with `people:`", "expected people: and groups:")
		return nil
	}
	return root
}

func (p *parser) syntax(data []byte, err error) {
	var at *yaml.LoadError
	if errors.As(err, &at) {
		last := 1 + bytes.Count(bytes.TrimSuffix(data, []byte("\n")), []byte("\n")) // the end of the file is one line further for YAML
		p.add(min(at.Mark.Line, last), "", "cannot be read as YAML: %s", at.Message)
		return
	}
	p.add(0, "", "cannot be read as YAML: %v", err)
}

func (p *parser) file(root *yaml.Node) {
	var people, groups *yaml.Node
	p.keys(root, func(key string, value *yaml.Node) bool {
		switch key {
		case "attributes":
			for _, a := range p.texts(value, key) {
				p.declare(a)
			}
		case "people":
			people = value
		case "groups":
			groups = value
		default:
			return false
		}
		return true
	})
	if people == nil {
		p.add(0, "a list without people says `people: []`", "people: is missing")
		return
	}
	for _, n := range p.items(people, "people") {
		p.person(n)
	}
	if groups == nil {
		return
	}
	for _, n := range p.items(groups, "groups") {
		p.group(n)
	}
}

func (p *parser) declare(a text) {
	switch {
	case slices.Contains([]string{"id", "email", "name", "active"}, a.value):
		p.add(a.line, "every person may have it", "attributes: %s need not be declared", a.value)
	case slices.Contains(p.declared, a.value):
		p.add(a.line, "", "attributes: %s is declared twice", a.value)
	default:
		p.declared = append(p.declared, a.value)
	}
}

func (p *parser) person(n *yaml.Node) {
	x := person{line: n.Line, attributes: map[string][]string{}}
	p.keys(n, func(key string, value *yaml.Node) bool {
		switch key {
		case "id":
			x.id = p.text(value, key)
		case "email":
			x.email = p.address(value)
		case "name":
			x.name = p.text(value, key)
		case "active":
			x.active = p.yesNo(value, key)
		default:
			if slices.Contains(p.declared, key) {
				x.attributes[key] = p.values(value, key)
				return true
			}
			return false
		}
		return true
	})
	if x.id == "" {
		x.id = email.Fold(x.email)
	}
	p.list.people = append(p.list.people, x)
}

func (p *parser) group(n *yaml.Node) {
	x := group{line: n.Line}
	p.keys(n, func(key string, value *yaml.Node) bool {
		switch key {
		case "id":
			x.id = p.text(value, key)
		case "name":
			x.name = p.text(value, key)
		case "members":
			x.members = p.texts(value, key)
		case "groups":
			x.groups = p.texts(value, key)
		default:
			return false
		}
		return true
	})
	if x.id == "" {
		x.id = groupID(x.name)
	}
	p.list.groups = append(p.list.groups, x)
}

// groupID is the id of a group that has none of its own: then its name is what never changes.
func groupID(name string) string { return "group:" + strings.ToLower(name) }

func (p *parser) address(n *yaml.Node) string {
	address := p.text(n, "email")
	if problem := email.Problem(address); address != "" && problem != "" {
		p.add(n.Line, "", "email: %q is %s", address, problem)
	}
	return address
}

// keys hands out the entries of a mapping. An entry that take does not know, and one that is there twice, is a problem.
func (p *parser) keys(n *yaml.Node, take func(key string, value *yaml.Node) bool) {
	if n.Kind != yaml.MappingNode {
		p.add(n.Line, "write it like {email: ana@example.com, name: Ana}", "expected key: value")
		return
	}
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		switch {
		case key.Kind != yaml.ScalarNode:
			p.add(key.Line, "", "expected a key")
		case seen[key.Value]:
			p.add(key.Line, "keep one of the two", "%s stands here twice", key.Value)
		case !take(key.Value, n.Content[i+1]):
			p.add(key.Line, "an attribute of your own must be listed under attributes: at the top", "unknown key %s", key.Value)
		}
		seen[key.Value] = true
	}
}

// items are the elements of a list. Nothing at all is not an empty list: it may be what is left of one.
func (p *parser) items(n *yaml.Node, key string) []*yaml.Node {
	if n.Kind != yaml.SequenceNode {
		p.add(n.Line, "write "+key+": [] if it is meant to be empty", "%s: expected a list", key)
		return nil
	}
	return n.Content
}

func (p *parser) texts(n *yaml.Node, key string) []text {
	var out []text
	for _, item := range p.items(n, key) {
		if v := p.text(item, key); v != "" {
			out = append(out, text{v, item.Line})
		}
	}
	return out
}

// values are those of an attribute: one, or a list.
func (p *parser) values(n *yaml.Node, key string) []string {
	if n.Kind != yaml.SequenceNode {
		return []string{p.text(n, key)}
	}
	var out []string
	for _, v := range p.texts(n, key) {
		out = append(out, v.value)
	}
	return out
}

// text is a value as it stands in the file; numbers and dates are what people wrote.
func (p *parser) text(n *yaml.Node, key string) string {
	value := strings.TrimSpace(n.Value)
	if n.Kind != yaml.ScalarNode || n.Tag == "!!null" || value == "" {
		p.add(n.Line, "give it a value, or remove the key", "%s: expected text", key)
		return ""
	}
	return value
}

func (p *parser) yesNo(n *yaml.Node, key string) *bool {
	if n.Kind != yaml.ScalarNode || n.Tag != "!!bool" {
		p.add(n.Line, "", "%s: expected true or false", key)
		return nil
	}
	yes := strings.EqualFold(n.Value, "true")
	return &yes
}
