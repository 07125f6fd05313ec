package list

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"

	"github.com/kisi-sync/kisi-sync/internal/email"
)

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
	slices.SortStableFunc(p.problems, func(a, b Problem) int { return cmp.Or(a.Line-b.Line, a.Column-b.Column) })
	return &p.list, p.problems
}

func (p *parser) add(at spot, hint, format string, args ...any) {
	p.problems = append(p.problems, Problem{at.line, at.column, fmt.Sprintf(format, args...), hint})
}

// load returns the only document of the file as a mapping, nil when it is none.
func (p *parser) load(data []byte) *yaml.Node {
	if !utf8.Valid(data) {
		p.add(spot{}, "save it as UTF-8", "the file is not UTF-8")
		return nil
	}
	loader, err := yaml.NewLoader(bytes.NewReader(data))
	if err != nil {
		p.add(spot{}, "", "cannot be read as YAML: %v", err)
		return nil
	}
	var document, second yaml.Node
	if err := loader.Load(&document); errors.Is(err, io.EOF) || err == nil && len(document.Content) == 0 {
		p.add(spot{}, "a list without people says `people: []`", "the file is empty")
		return nil
	} else if err != nil {
		p.syntax(data, err)
		return nil
	}
	if err := loader.Load(&second); err == nil {
		p.add(at(&second), "remove the line --- before it", "a second YAML document begins here")
	} else if !errors.Is(err, io.EOF) {
		p.syntax(data, err)
	}
	root := document.Content[0]
	if root.Kind != yaml.MappingNode {
		p.add(at(root), "begin with `people:`", "expected people: and groups:")
		return nil
	}
	return root
}

func (p *parser) syntax(data []byte, err error) {
	var wrong *yaml.LoadError
	if errors.As(err, &wrong) {
		last := 1 + bytes.Count(bytes.TrimSuffix(data, []byte("\n")), []byte("\n")) // the end of the file is one line further for YAML
		p.add(spot{min(wrong.Mark.Line, last), wrong.Mark.Column}, "", "cannot be read as YAML: %s", wrong.Message)
		return
	}
	p.add(spot{}, "", "cannot be read as YAML: %v", err)
}

func (p *parser) file(root *yaml.Node) {
	var people, groups *yaml.Node
	p.keys(root, "write people, groups or attributes", func(key string, value *yaml.Node) bool {
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
		p.add(spot{}, "a list without people says `people: []`", "people: is missing")
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
	case slices.Contains(ownKeys(), a.value):
		p.add(a.spot, "every person may have it", "attributes: %s need not be declared", a.value)
	case slices.Contains(p.declared, a.value):
		p.add(a.spot, "", "attributes: %s is declared twice", a.value)
	default:
		p.declared = append(p.declared, a.value)
	}
}

// ownKeys are the keys that every person may have.
func ownKeys() []string {
	return []string{"id", "email", "name", "active", "groups", "access", "why", "asked_by", "ticket"}
}

func (p *parser) person(n *yaml.Node) {
	x := Person{at: at(n), Attributes: map[string][]string{}}
	p.keys(n, "an attribute of your own must be listed under attributes: at the top", func(key string, value *yaml.Node) bool {
		switch key {
		case "id":
			x.ID = p.text(value, key)
		case "email":
			x.Email = p.address(value)
		case "name":
			x.Name = p.text(value, key)
		case "active":
			x.Active = p.yesNo(value, key)
		case "groups":
			x.groups = p.texts(value, key)
		case "access":
			x.Access = p.accesses(value)
		default:
			if slices.Contains(p.declared, key) {
				x.Attributes[key] = p.values(value, key)
				return true
			}
			return p.note(&x.Note, key, value)
		}
		return true
	})
	if x.ID == "" {
		x.ID = email.Fold(x.Email)
	}
	p.list.people = append(p.list.people, x)
}

func (p *parser) group(n *yaml.Node) {
	x := group{at: at(n)}
	p.keys(n, "a group has id, name, members, groups, access, why, asked_by and ticket", func(key string, value *yaml.Node) bool {
		switch key {
		case "id":
			x.id = p.text(value, key)
		case "name":
			x.name = p.text(value, key)
		case "members":
			x.members = p.texts(value, key)
		case "groups":
			x.groups = p.texts(value, key)
		case "access":
			x.access = p.accesses(value)
		default:
			return p.note(&Note{}, key, value)
		}
		return true
	})
	if x.id == "" {
		x.id = groupID(x.name)
	}
	p.list.groups = append(p.list.groups, x)
}

// note reads why somebody is in the list; false for other keys.
func (p *parser) note(to *Note, key string, value *yaml.Node) bool {
	switch key {
	case "why":
		to.Why = p.text(value, key)
	case "asked_by":
		to.AskedBy = p.text(value, key)
	case "ticket":
		to.Ticket = p.text(value, key)
	default:
		return false
	}
	return true
}

// accesses reads what somebody is to have: names of groups, or more about each.
func (p *parser) accesses(n *yaml.Node) (all []Access) {
	for _, item := range p.items(n, "access") {
		x, before := Access{}, len(p.problems)
		if item.Kind == yaml.ScalarNode {
			x.Group = p.text(item, "access")
		} else {
			p.access(item, &x)
		}
		if len(p.problems) > before {
			continue
		}
		if f := x.Check(); f != nil {
			p.add(at(item), f.Hint, "access: %s %s", f.Field, f.Text)
			continue
		}
		if slices.ContainsFunc(all, func(o Access) bool { return o.Same(x.Entry) }) {
			p.add(at(item), "keep one of the two", "access: %s is listed twice", x.Scope())
		}
		all = append(all, x)
	}
	return all
}

func (p *parser) access(n *yaml.Node, x *Access) {
	p.keys(n, "write one of group, place, organization, role, from, until, notify, why, asked_by, ticket", func(key string, value *yaml.Node) bool {
		switch key {
		case "group":
			x.Group = p.text(value, key)
		case "place":
			x.Place = p.text(value, key)
		case "organization":
			yes := p.yesNo(value, key)
			x.Organization = yes != nil && *yes
		case "role":
			x.Role = p.text(value, key)
		case "from":
			x.From = p.text(value, key)
		case "until":
			x.Until = p.text(value, key)
		case "notify":
			yes := p.yesNo(value, key)
			x.Notify = yes != nil && *yes
		default:
			return p.note(&x.Note, key, value)
		}
		return true
	})
}

// groupID is the id of a group that has none of its own: then its name is what never changes.
func groupID(name string) string { return "group:" + strings.ToLower(name) }

func (p *parser) address(n *yaml.Node) string {
	address := p.text(n, "email")
	if problem := email.Problem(address); address != "" && problem != "" {
		p.add(at(n), "", "email: %q is %s", address, problem)
	}
	return address
}

// keys hands out the entries of a mapping. An entry that take does not know, of which hint says more, and one that is there twice, is
// a problem.
func (p *parser) keys(n *yaml.Node, hint string, take func(key string, value *yaml.Node) bool) {
	if n.Kind != yaml.MappingNode {
		p.add(at(n), "write it like {email: ana@example.com, name: Ana}", "expected key: value")
		return
	}
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		switch {
		case key.Kind != yaml.ScalarNode:
			p.add(at(key), "", "expected a key")
		case seen[key.Value]:
			p.add(at(key), "keep one of the two", "%s stands here twice", key.Value)
		case !take(key.Value, n.Content[i+1]):
			p.add(at(key), hint, "unknown key %s", key.Value)
		}
		seen[key.Value] = true
	}
}

// items are the elements of a list. Nothing at all is not an empty list: it may be what is left of one.
func (p *parser) items(n *yaml.Node, key string) []*yaml.Node {
	if n.Kind != yaml.SequenceNode {
		p.add(at(n), "write "+key+": [] if it is meant to be empty", "%s: expected a list", key)
		return nil
	}
	return n.Content
}

func (p *parser) texts(n *yaml.Node, key string) []text {
	var out []text
	for _, item := range p.items(n, key) {
		if v := p.text(item, key); v != "" {
			out = append(out, text{v, at(item)})
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
		p.add(at(n), "give it a value, or remove the key", "%s: expected text", key)
		return ""
	}
	return value
}

func (p *parser) yesNo(n *yaml.Node, key string) *bool {
	if n.Kind != yaml.ScalarNode || n.Tag != "!!bool" {
		p.add(at(n), "", "%s: expected true or false", key)
		return nil
	}
	yes := strings.EqualFold(n.Value, "true")
	return &yes
}
