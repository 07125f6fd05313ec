package mapping

import (
	"fmt"
	"slices"
	"strings"

	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/parser"
)

// conditions are the named ones of a file, which may be made of each other. A nil conditions has none.
type conditions struct {
	list []Condition
	tree map[string]ast.Node // looked up only
	made map[string][]string // of which others each is made; looked up only

	broken bool // one of them is no condition, which is reported
}

func (c *conditions) has(name string) bool { return c != nil && c.tree[name] != nil }

func (c *conditions) names() []string {
	if c == nil {
		return nil
	}
	var names []string
	for _, x := range c.list {
		names = append(names, x.Name)
	}
	return names
}

// uses adds a condition and those that it is made of to names.
func (c *conditions) uses(name string, names []string) []string {
	if slices.Contains(names, name) {
		return names
	}
	names = append(names, name)
	for _, inner := range c.made[name] {
		names = c.uses(inner, names)
	}
	return names
}

// within returns the names of conditions that stand in an expression.
func (c *conditions) within(n ast.Node) []string {
	if n == nil {
		return nil
	}
	f := &conditionFinder{conditions: c}
	ast.Walk(&n, f)
	return f.found
}

type conditionFinder struct {
	*conditions
	found []string
}

// Visit is called for every node of an expression.
func (f *conditionFinder) Visit(node *ast.Node) {
	if id, ok := (*node).(*ast.IdentifierNode); ok && f.has(id.Value) && !slices.Contains(f.found, id.Value) {
		f.found = append(f.found, id.Value)
	}
}

// conjunct is a part of a and b and c.
type conjunct struct {
	node ast.Node
	of   string // the condition that it belongs to
}

// conjuncts appends the parts of an expression, with the texts of conditions instead of their names.
func (c *conditions) conjuncts(n ast.Node, of string, to []conjunct) []conjunct {
	if b, ok := n.(*ast.BinaryNode); ok && (b.Operator == "and" || b.Operator == "&&") {
		return c.conjuncts(b.Right, of, c.conjuncts(b.Left, of, to))
	}
	if id, ok := n.(*ast.IdentifierNode); ok && c.has(id.Value) {
		return c.conjuncts(c.tree[id.Value], id.Value, to)
	}
	return append(to, conjunct{c.expand(n), of})
}

// expand puts the texts of conditions where their names stand.
func (c *conditions) expand(n ast.Node) ast.Node {
	if c == nil {
		return n
	}
	ast.Walk(&n, conditionExpander{c})
	return n
}

type conditionExpander struct{ *conditions }

// Visit is called for every node of an expression, for inner ones first.
func (e conditionExpander) Visit(node *ast.Node) {
	if id, ok := (*node).(*ast.IdentifierNode); ok && e.has(id.Value) {
		*node = e.expand(e.tree[id.Value])
	}
}

// checkConditions parses the conditions of the file, and refuses those that are made of themselves. What they read is checked where rules use
// them, since attributes are a source's.
func (c *compiler) checkConditions() {
	before := len(c.problems)
	all := &conditions{tree: map[string]ast.Node{}, made: map[string][]string{}}
	reserved := append(append(allowedFunctions(), allowedOperators()...), "person", "today", "true", "false", "nil", "not", "let", "if", "else")
	for _, x := range c.spec.Conditions {
		path := "conditions." + x.Name
		switch {
		case !isName(x.Name):
			c.problem(path, "use letters, digits and _", "%q cannot be the name of a condition", x.Name)
			continue
		case slices.Contains(reserved, x.Name):
			c.problem(path, "choose another name", "%s means something else in rules", x.Name)
			continue
		case all.tree[x.Name] != nil:
			c.problem(path, "", "there are two conditions named %s", x.Name)
			continue
		case strings.TrimSpace(x.Text) == "":
			c.problem(path, "", "the condition %s says nothing", x.Name)
			continue
		}
		tree, err := parser.ParseWithConfig(x.Text, (&scope{}).config())
		if err == nil && len(x.Text) > longestExpression {
			err = fmt.Errorf("expression longer than %d bytes", longestExpression)
		}
		if err != nil {
			message, snippet := place(err)
			c.problem(path, parseHint(err), "%s%s", message, snippet)
			continue
		}
		all.list, all.tree[x.Name] = append(all.list, x), tree.Node
	}
	for _, x := range all.list {
		if c.circle(all, x.Name, nil) {
			c.problem("conditions."+x.Name, "", "the condition %s is made of itself", x.Name)
		}
	}
	if c.conditions = all; len(c.problems) > before {
		all.broken = true // what is made of them would only repeat what is wrong with them
		return
	}
	for _, x := range all.list {
		all.made[x.Name] = all.within(all.tree[x.Name])
	}
	for _, x := range all.list {
		if node := all.tree[x.Name]; node != nil {
			all.tree[x.Name] = all.expand(node)
		}
	}
}

// circle says that a condition is made of itself, however many steps lead there.
func (c *compiler) circle(all *conditions, name string, path []string) bool {
	if slices.Contains(path, name) {
		return path[0] == name
	}
	return slices.ContainsFunc(all.within(all.tree[name]), func(inner string) bool { return all.tree[inner] != nil && c.circle(all, inner, append(path, name)) })
}

// named returns the conditions that stand in a text which may not be one.
func (s *scope) named(text string) []string {
	if len(text) > longestExpression {
		return nil
	}
	tree, err := parser.ParseWithConfig(text, s.config())
	if err != nil || s.conditions == nil {
		return nil
	}
	return s.conditions.within(tree.Node)
}

// condition checks a condition with the attributes of a source, once for each.
func (c *compiler) condition(name string, s *scope) bool {
	i := slices.IndexFunc(c.spec.Conditions, func(x Condition) bool { return x.Name == name })
	_, hint, err := compileExpression(c.spec.Conditions[i].Text, s)
	if err == nil {
		return true
	}
	message, snippet := place(err)
	p := Problem{Path: "conditions." + name, Text: message + snippet, Hint: hint}
	if !slices.Contains(c.problems, p) {
		c.problems = append(c.problems, p)
	}
	return false
}

// checkUnused checks the conditions that no rule uses with the attributes of all sources.
func (c *compiler) checkUnused() {
	s := c.scope(-1)
	s.source = c.spec.Sources[0].Name
	for i := range c.out.sources {
		for _, a := range c.out.sources[i].Attributes {
			if _, known := s.attribute(a.Name); !known {
				s.attributes = append(s.attributes, a)
			}
		}
	}
	for _, x := range c.conditions.list {
		used := slices.ContainsFunc(c.out.rules, func(r rule) bool {
			return slices.ContainsFunc(r.conditions, func(y Condition) bool { return y.Name == x.Name })
		})
		if !used && !c.conditions.broken {
			c.condition(x.Name, s)
		}
	}
}

// named notes the conditions that a rule is made of, with their texts.
func (c *compiler) named(r *rule, names []string) {
	for _, x := range c.spec.Conditions {
		if slices.Contains(names, x.Name) && !slices.Contains(r.conditions, x) {
			r.conditions = append(r.conditions, x)
		}
	}
	slices.SortFunc(r.conditions, func(a, b Condition) int { return strings.Compare(a.Name, b.Name) })
}
