package mapping

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/conf"
	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/parser"
	"github.com/expr-lang/expr/vm"
)

// What an expression may be made of. Everything here is pure, ends after one pass over its input, and has one answer; there is no
// clock but today, nothing whose order could differ, and no loop within a loop. What is not listed is refused.
const (
	longestExpression = 4000 // bytes
	longestPattern    = 500
	mostNodes         = 500
)

func allowedBuiltins() []string {
	return []string{"all", "any", "count", "filter", "hasPrefix", "hasSuffix", "len", "lower", "none", "one", "trim", "upper"}
}

func allowedFunctions() []string {
	return append(allowedBuiltins(), "date", "days_since", "days_until", "has", "in_group")
}

func allowedOperators() []string {
	return []string{"==", "!=", "<", "<=", ">", ">=", "and", "&&", "or", "||", "in", "contains", "startsWith", "endsWith", "matches"}
}

// builtinAttributes are what every person has without being declared.
func builtinAttributes() []string { return []string{"email", "name", "source"} }

// Names that stand in a compiled expression where the text reads an attribute. No text can contain them: the text may only use the
// names above.
const (
	readText  = "__text"
	readList  = "__list"
	readHas   = "__has"
	readToday = "__today"
	readDate  = "__date"
	readDays  = "__days"
	readGroup = "__in_group"
)

// clause is one part of a where; all parts must hold.
type clause struct {
	text    string
	program *vm.Program
	of      string // the named condition that it is a part of; "" for none
}

// words say the clause to people.
func (c *clause) words() string {
	if c.of != "" {
		return c.text + " (condition " + c.of + ")"
	}
	return c.text
}

// expression is a where made ready.
type expression struct {
	clauses []clause
	reads   []Attribute // in order of first use; what every person has is not among them
	today   bool
	groups  []int    // numbers of groups that it asks about
	named   []string // conditions that it is made of, however deep
}

// scope is what an expression may talk about.
type scope struct {
	source     string
	attributes []Attribute
	zone       *time.Location
	sources    []string // by index into Rules.sources
	refs       *refs
	conditions *conditions // nil: there are none
}

func (s *scope) attribute(name string) (Attribute, bool) {
	if slices.Contains(builtinAttributes(), name) {
		return Attribute{Name: name}, true
	}
	i := slices.IndexFunc(s.attributes, func(a Attribute) bool { return a.Name == name })
	if i < 0 {
		return Attribute{}, false
	}
	return s.attributes[i], true
}

func (s *scope) names() []string {
	names := builtinAttributes()
	for _, a := range s.attributes {
		names = append(names, a.Name)
	}
	return names
}

// compileExpression checks a text and makes it ready. hint is what to do about err; it may be "".
func compileExpression(text string, s *scope) (e *expression, hint string, err error) {
	if len(text) > longestExpression {
		return nil, "", fmt.Errorf("expression longer than %d bytes", longestExpression)
	}
	c := &checker{scope: s, source: file.NewSource(text)}
	tree, err := parser.ParseWithConfig(text, s.config())
	if err != nil {
		return nil, parseHint(err), err
	}
	c.check(tree.Node, outside)
	if c.err != nil {
		return nil, c.hint, c.err.Bind(c.source)
	}
	p := &patcher{checker: c}
	if _, err := expr.Compile(text, s.options(p)...); err != nil {
		return nil, "", err
	}
	e = &expression{named: c.named}
	for _, part := range s.conditions.conjuncts(tree.Node, "", nil) {
		program, err := expr.Compile(part.node.String(), s.options(p)...)
		if err != nil {
			return nil, "", fmt.Errorf("%s: %w", part.node, err)
		}
		e.clauses = append(e.clauses, clause{part.node.String(), program, part.of})
	}
	e.today, e.groups = c.today, c.groups
	for _, a := range p.reads {
		if a.From != "" {
			e.reads = append(e.reads, a)
		}
	}
	return e, "", nil
}

// options are those that say which words there are.
func (s *scope) words() []expr.Option {
	options := []expr.Option{expr.Env(nil), expr.AsBool(), expr.WarnOnAny(), expr.MaxNodes(mostNodes), expr.DisableAllBuiltins()}
	for _, name := range allowedBuiltins() {
		options = append(options, expr.EnableBuiltin(name))
	}
	return options
}

func (s *scope) options(p *patcher) []expr.Option {
	return append(s.words(), expr.Patch(p),
		expr.Function(readText, callText, new(func(*row, string, string) string)),
		expr.Function(readList, callList, new(func(*row, string, string) []string)),
		expr.Function(readHas, callHas, new(func(*row, string, string) bool)),
		expr.Function(readToday, callToday, new(func(*row) time.Time)),
		expr.Function(readDate, callReadDate, new(func(*row, string, string, int) time.Time)),
		expr.Function(readDays, callDays, new(func(*row, time.Time, bool) int)),
		expr.Function(readGroup, callInGroup, new(func(*row, int) bool)),
		expr.Function("date", callDate(s.zone), new(func(string) time.Time)))
}

// config is what the parser must know.
func (s *scope) config() *conf.Config {
	c := conf.CreateNew()
	for _, option := range s.words() {
		option(c)
	}
	for name := range c.Disabled {
		delete(c.Builtins, name)
	}
	return c
}

// patcher puts calls that read the person's row where the text names attributes.
type patcher struct {
	*checker
	reads []Attribute
}

// Visit is called by the compiler, for inner nodes first.
func (p *patcher) Visit(node *ast.Node) {
	switch n := (*node).(type) {
	case *ast.MemberNode:
		if a, ok := p.member(n); ok {
			p.read(a)
			name := readText
			if a.List {
				name = readList
			}
			ast.Patch(node, call(name, &ast.StringNode{Value: a.Name}, &ast.StringNode{Value: a.From}))
		}
	case *ast.IdentifierNode:
		switch {
		case n.Value == "today":
			p.today = true
			ast.Patch(node, call(readToday))
		case p.scope.conditions.has(n.Value):
			ast.Patch(node, &ast.BoolNode{Value: true}) // only while types are checked: in clauses its text stands instead
		}
	case *ast.CallNode:
		p.function(node, n)
	}
}

// has takes the reading of an attribute out of has(person.x), which was put in already.
func (p *patcher) has(node *ast.Node, n *ast.CallNode) {
	if len(n.Arguments) != 1 {
		return
	}
	if read, ok := n.Arguments[0].(*ast.CallNode); ok {
		ast.Patch(node, call(readHas, read.Arguments[1:]...))
	}
}

func (p *patcher) read(a Attribute) {
	if !slices.Contains(p.reads, a) {
		p.reads = append(p.reads, a)
	}
}

func call(name string, arguments ...ast.Node) ast.Node {
	row := []ast.Node{&ast.IdentifierNode{Value: "$env"}}
	return &ast.CallNode{Callee: &ast.IdentifierNode{Value: name}, Arguments: append(row, arguments...)}
}

// patternProblem says what is wrong with a regular expression. Go's take time in proportion to the text, whatever they are.
func patternProblem(pattern string) string {
	if len(pattern) > longestPattern {
		return fmt.Sprintf("pattern longer than %d bytes", longestPattern)
	}
	if _, err := regexp.Compile(pattern); err != nil {
		return strings.TrimPrefix(err.Error(), "error parsing regexp: ")
	}
	return ""
}

// parseHint is what to do about a text that cannot be read: in YAML, # after a blank begins a comment; and what stands between two values elsewhere
// is often taken for a function.
func parseHint(err error) string {
	for _, word := range []string{"matches", "contains", "startsWith", "endsWith", "in"} {
		if strings.Contains(err.Error(), `unexpected token Operator("`+word+`")`) {
			return word + " is no function, it stands between: person.title " + word + map[bool]string{true: " ['Engineer', 'Technician']", false: " 'Engineer'"}[word == "in"]
		}
	}
	if strings.Contains(err.Error(), "unexpected token EOF") {
		return "if the rest of it is missing here, put the whole in single quotes: a blank and # begin a comment"
	}
	return ""
}

// place returns where in the text an error is, on lines of their own, and its message in one line.
func place(err error) (message, snippet string) {
	var at *file.Error
	if !errors.As(err, &at) {
		return err.Error(), ""
	}
	return at.Message, at.Snippet
}
