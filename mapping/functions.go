package mapping

import (
	"slices"
	"time"

	"github.com/expr-lang/expr/ast"
)

// groupRef is a group of a directory that an expression or an exception asks about, beside those of selectors.
type groupRef struct {
	source int    // index into Rules.sources
	text   string // as the file names it
}

// refs are the groups that a file asks about and the formats of dates that it reads, each once.
type refs struct {
	all     []groupRef
	formats []dateFormat
}

func (r *refs) number(source int, text string) int {
	ref := groupRef{source, text}
	if i := slices.Index(r.all, ref); i >= 0 {
		return i
	}
	r.all = append(r.all, ref)
	return len(r.all) - 1
}

// format returns the number of a format that was found good.
func (r *refs) format(text string) int {
	f, _, _ := parseFormat(text)
	if i := slices.Index(r.formats, f); i >= 0 {
		return i
	}
	r.formats = append(r.formats, f)
	return len(r.formats) - 1
}

// inGroupArguments checks in_group("GROUP") and in_group("GROUP", "SOURCE").
func (c *checker) inGroupArguments(n *ast.CallNode) {
	var texts []string
	for _, a := range n.Arguments {
		text, ok := a.(*ast.StringNode)
		if !ok || text.Value == "" {
			c.refuse(a, "", `in_group wants names in quotation marks, as in in_group("Staff") or in_group("Staff", "hr")`)
			return
		}
		texts = append(texts, text.Value)
	}
	switch {
	case len(texts) == 0 || len(texts) > 2:
		c.refuse(n, "", `in_group wants a group, and perhaps its source, as in in_group("Staff") or in_group("Staff", "hr")`)
	case len(texts) == 2 && !slices.Contains(c.scope.sources, texts[1]):
		c.refuse(n.Arguments[1], suggest(texts[1], c.scope.sources), "there is no source %q", texts[1])
	}
}

// groupOf returns the reference that a checked in_group is about.
func (c *checker) groupOf(n *ast.CallNode) int {
	source := c.scope.source
	if len(n.Arguments) == 2 {
		source = n.Arguments[1].(*ast.StringNode).Value
	}
	number := c.scope.refs.number(slices.Index(c.scope.sources, source), n.Arguments[0].(*ast.StringNode).Value)
	if !slices.Contains(c.groups, number) {
		c.groups = append(c.groups, number)
	}
	return number
}

// days checks days_since(x) and days_until(x).
func (c *checker) days(name string, n *ast.CallNode, w where) {
	c.today = true
	if len(n.Arguments) == 1 {
		switch a := n.Arguments[0].(type) {
		case *ast.MemberNode:
			if attribute, ok := c.member(a); ok && attribute.List {
				c.refuse(a, "", "%s is a list and cannot be a date", attribute.Name)
			}
			c.check(a, w)
			return
		case *ast.CallNode:
			if callee, ok := a.Callee.(*ast.IdentifierNode); ok && callee.Value == "date" {
				c.check(a, w)
				return
			}
		}
	}
	c.refuse(n, "", "%s wants a date, as in %s(person.x) or %s(date(\"2026-03-31\"))", name, name, name)
}

// readDate puts the reading of a date where the text reads an attribute, which was put in already.
func (p *patcher) readDate(n ast.Node) (ast.Node, bool) {
	read, ok := n.(*ast.CallNode)
	if !ok || len(read.Arguments) != 3 {
		return nil, false
	}
	if callee, ok := read.Callee.(*ast.IdentifierNode); !ok || callee.Value != readText {
		return nil, false
	}
	name := read.Arguments[1].(*ast.StringNode)
	a, _ := p.scope.attribute(name.Value)
	return call(readDate, name, read.Arguments[2], &ast.IntegerNode{Value: p.scope.refs.format(a.Format)}), true
}

// function patches the calls of functions that read more than their arguments.
func (p *patcher) function(node *ast.Node, n *ast.CallNode) {
	callee, ok := n.Callee.(*ast.IdentifierNode)
	if !ok || len(n.Arguments) == 0 {
		return
	}
	switch callee.Value {
	case "has":
		p.has(node, n)
	case "date":
		if date, ok := p.readDate(n.Arguments[0]); ok {
			ast.Patch(node, date)
		}
	case "days_since", "days_until":
		p.today = true
		date, ok := p.readDate(n.Arguments[0])
		if !ok {
			date = n.Arguments[0]
		}
		ast.Patch(node, call(readDays, date, &ast.BoolNode{Value: callee.Value == "days_since"}))
	case "in_group":
		ast.Patch(node, call(readGroup, &ast.IntegerNode{Value: p.groupOf(n)}))
	}
}

// never is later than every date that somebody may write.
func never() time.Time { return time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC) }

func callReadDate(args ...any) (any, error) {
	r, name := args[0].(*row), args[1].(string)
	text, err := r.text(name, args[2].(string))
	if err != nil {
		return nil, err
	}
	format := r.of.refs.formats[args[3].(int)]
	m, err := format.read(text, r.of.zone)
	switch {
	case err != nil:
		return nil, r.fail(BadDate, "write it as "+format.words(), "%s is no date: %q", name, text)
	case m.never:
		return never(), nil
	}
	return m.at, nil
}

// callDays counts the days of the calendar between a date and today.
func callDays(args ...any) (any, error) {
	r, t, since := args[0].(*row), args[1].(time.Time), args[2].(bool)
	today, _ := r.today.(time.Time)
	days := dayNumber(today.In(r.of.zone)) - dayNumber(t.In(r.of.zone))
	if !since {
		days = -days
	}
	return days, nil
}

func dayNumber(t time.Time) int {
	y, m, d := t.Date()
	return int(time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Unix() / (24 * 60 * 60))
}

func callInGroup(args ...any) (any, error) {
	r := args[0].(*row)
	in, err := r.of.inGroup(args[1].(int), r.human)
	if err != nil {
		return nil, err
	}
	return in, nil
}
