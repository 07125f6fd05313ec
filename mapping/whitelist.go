package mapping

import (
	"fmt"
	"slices"

	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/file"
)

// checker walks an expression as it was written and refuses what is not listed. It keeps the first problem.
type checker struct {
	scope  *scope
	source file.Source
	today  bool
	groups []int
	named  []string
	err    *file.Error
	hint   string
}

// where says whether a node is within a predicate.
type where bool

const (
	outside where = false
	inLoop  where = true
)

func (c *checker) refuse(n ast.Node, hint, format string, args ...any) {
	if c.err == nil {
		c.err = &file.Error{Location: n.Location(), Message: fmt.Sprintf(format, args...)}
		c.hint = hint
	}
}

func (c *checker) all(nodes []ast.Node, w where) {
	for _, n := range nodes {
		c.check(n, w)
	}
}

func (c *checker) check(n ast.Node, w where) {
	switch n := n.(type) {
	case *ast.BoolNode, *ast.IntegerNode, *ast.FloatNode, *ast.StringNode:
	case *ast.NilNode:
		c.refuse(n, "ask has(person.x)", "nil is nothing that a person can have")
	case *ast.IdentifierNode:
		c.identifier(n)
	case *ast.PointerNode:
		if w == outside || n.Name != "" {
			c.refuse(n, "", "#%s means nothing here", n.Name)
		}
	case *ast.MemberNode:
		c.attribute(n, w)
	case *ast.UnaryNode:
		c.check(n.Node, w)
	case *ast.BinaryNode:
		c.binary(n, w)
	case *ast.ConditionalNode:
		c.all([]ast.Node{n.Cond, n.Exp1, n.Exp2}, w)
	case *ast.ArrayNode:
		c.all(n.Nodes, w)
	case *ast.CallNode:
		c.call(n, w)
	case *ast.BuiltinNode:
		c.builtin(n, w)
	default:
		c.refuse(n, "", "this is not available in rules")
	}
}

func (c *checker) identifier(n *ast.IdentifierNode) {
	switch n.Value {
	case "today":
		c.today = true
	case "person":
		c.refuse(n, "write person.x", "person alone is nothing to compare")
	default:
		if c.scope.conditions.has(n.Value) {
			c.named = c.scope.conditions.uses(n.Value, c.named)
			return
		}
		hint := didYouMean(n.Value, append(append(allowedFunctions(), "person", "today"), c.scope.conditions.names()...))
		if _, ok := c.scope.attribute(n.Value); ok {
			hint = fmt.Sprintf("did you mean person.%s?", n.Value)
		}
		c.refuse(n, hint, "unknown name %s", n.Value)
	}
}

// member returns the declared attribute that person.x names.
func (c *checker) member(n *ast.MemberNode) (Attribute, bool) {
	property, ok := n.Property.(*ast.StringNode)
	base, isName := n.Node.(*ast.IdentifierNode)
	if !ok || !isName || base.Value != "person" || n.Optional {
		return Attribute{}, false
	}
	return c.scope.attribute(property.Value)
}

func (c *checker) attribute(n *ast.MemberNode, w where) {
	a, ok := c.member(n)
	if !ok {
		property, named := n.Property.(*ast.StringNode)
		if base, ok := n.Node.(*ast.IdentifierNode); ok && base.Value == "person" && named && !n.Optional {
			c.refuse(n, suggest(property.Value, c.scope.names()), "source %s declares no attribute %s", c.scope.source, property.Value)
			return
		}
		c.refuse(n, "write person.x, and has(person.x) to ask whether there is one", "this is not available in rules")
		return
	}
	if a.List && w == inLoop {
		c.refuse(n, "", "a list cannot be read within a loop over another")
	}
}

func (c *checker) binary(n *ast.BinaryNode, w where) {
	if !slices.Contains(allowedOperators(), n.Operator) {
		c.refuse(n, "", "%s is not available in rules", n.Operator)
		return
	}
	c.check(n.Left, w)
	if n.Operator != "matches" {
		c.check(n.Right, w)
		return
	}
	pattern, ok := n.Right.(*ast.StringNode)
	if !ok {
		c.refuse(n.Right, "", "matches wants a pattern in quotation marks")
		return
	}
	if problem := patternProblem(pattern.Value); problem != "" {
		c.refuse(n.Right, "", "bad pattern: %s", problem)
	}
}

func (c *checker) call(n *ast.CallNode, w where) {
	callee, ok := n.Callee.(*ast.IdentifierNode)
	if !ok {
		c.refuse(n, "", "this is not available in rules")
		return
	}
	switch callee.Value {
	case "has":
		c.has(n)
	case "date":
		c.all(n.Arguments, w)
		c.constantDate(n)
	case "days_since", "days_until":
		c.days(callee.Value, n, w)
	case "in_group":
		c.inGroupArguments(n)
	default:
		c.refuse(n, suggest(callee.Value, allowedFunctions()), "there is no function %s in rules", callee.Value)
	}
}

func (c *checker) has(n *ast.CallNode) {
	if len(n.Arguments) == 1 {
		if member, ok := n.Arguments[0].(*ast.MemberNode); ok {
			c.attribute(member, outside)
			return
		}
	}
	c.refuse(n, "", "has wants one attribute, as in has(person.x)")
}

// constantDate refuses a date that cannot be read, when it is written in the rule itself.
func (c *checker) constantDate(n *ast.CallNode) {
	if len(n.Arguments) != 1 {
		return // the types will not fit
	}
	if text, ok := n.Arguments[0].(*ast.StringNode); ok {
		if _, err := parseDate(text.Value, c.scope.zone); err != nil {
			c.refuse(text, "write a date as "+dateForms, "%q is not a date", text.Value)
		}
	}
}

func (c *checker) builtin(n *ast.BuiltinNode, w where) {
	if !slices.Contains(allowedBuiltins(), n.Name) {
		c.refuse(n, suggest(n.Name, allowedFunctions()), "there is no function %s in rules", n.Name)
		return
	}
	for _, a := range n.Arguments {
		predicate, ok := a.(*ast.PredicateNode)
		switch {
		case !ok:
			c.check(a, w)
		case w == inLoop:
			c.refuse(n, "", "a loop within a loop")
		default:
			c.check(predicate.Node, inLoop)
		}
	}
}
