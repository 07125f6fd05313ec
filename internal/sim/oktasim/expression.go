package oktasim

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// expression is a filter or search of Okta's API: comparisons joined by and, or and parentheses (Okta's guide to filtering).
type expression struct {
	join     string // "and", "or", or "" for a comparison
	parts    []*expression
	name, op string
	value    string
}

// fits tells whether it is true of something whose attributes value gives; nil is an attribute that is not there.
func (e *expression) fits(value func(string) any) bool {
	switch e.join {
	case "and":
		return !slices.ContainsFunc(e.parts, func(p *expression) bool { return !p.fits(value) })
	case "or":
		return slices.ContainsFunc(e.parts, func(p *expression) bool { return p.fits(value) })
	}
	v := value(e.name)
	if list, ok := v.([]any); ok {
		return slices.ContainsFunc(list, func(one any) bool { return e.compares(one) })
	}
	return e.compares(v)
}

func (e *expression) compares(v any) bool {
	if v == nil {
		return false
	}
	if e.op == "pr" {
		return true
	}
	order := strings.Compare(strings.ToLower(fmt.Sprint(v)), strings.ToLower(e.value)) // moments of one form compare as texts
	switch e.op {
	case "eq":
		return order == 0
	case "ne":
		return order != 0
	case "gt":
		return order > 0
	case "ge":
		return order >= 0
	case "lt":
		return order < 0
	case "le":
		return order <= 0
	case "sw":
		return strings.HasPrefix(strings.ToLower(fmt.Sprint(v)), strings.ToLower(e.value))
	}
	return strings.Contains(strings.ToLower(fmt.Sprint(v)), strings.ToLower(e.value))
}

// parse reads an expression. Attributes other than those in only are refused, unless only is nil.
func parse(text string, only []string) (*expression, error) {
	p := &parser{rest: text, only: only}
	e, err := p.either()
	if err == nil && p.peek() != "" {
		err = fmt.Errorf("unexpected %q", p.rest)
	}
	return e, err
}

type parser struct {
	rest string
	only []string
}

// peek returns the next word: a parenthesis, a text in quotes, or letters.
func (p *parser) peek() string {
	p.rest = strings.TrimLeft(p.rest, " ")
	if p.rest == "" {
		return ""
	}
	if strings.ContainsRune("()", rune(p.rest[0])) {
		return p.rest[:1]
	}
	if text, err := strconv.QuotedPrefix(p.rest); err == nil {
		return text
	}
	if end := strings.IndexAny(p.rest, " ()"); end >= 0 {
		return p.rest[:end]
	}
	return p.rest
}

func (p *parser) next() string {
	word := p.peek()
	p.rest = p.rest[len(word):]
	return word
}

func (p *parser) either() (*expression, error) { return p.joined("or", p.both) }
func (p *parser) both() (*expression, error)   { return p.joined("and", p.one) }

func (p *parser) joined(word string, part func() (*expression, error)) (*expression, error) {
	e := &expression{join: word}
	for {
		one, err := part()
		if err != nil {
			return nil, err
		}
		if e.parts = append(e.parts, one); p.peek() != word {
			return e, nil
		}
		p.next()
	}
}

func (p *parser) one() (*expression, error) {
	if p.peek() == "(" {
		p.next()
		e, err := p.either()
		if err == nil && p.next() != ")" {
			err = fmt.Errorf("a parenthesis is not closed")
		}
		return e, err
	}
	e := &expression{name: p.next(), op: p.next()}
	if p.only != nil && !slices.Contains(p.only, e.name) {
		return nil, fmt.Errorf("%q cannot be filtered by", e.name)
	}
	if e.op == "pr" {
		return e, nil
	}
	if !slices.Contains([]string{"eq", "ne", "gt", "ge", "lt", "le", "sw", "co"}, e.op) {
		return nil, fmt.Errorf("%q is no operator", e.op)
	}
	word := p.next()
	value, err := strconv.Unquote(word)
	if err != nil && word != "true" && word != "false" && strings.Trim(word, "0123456789.-") != "" || word == "" {
		return nil, fmt.Errorf("%q is no value", word)
	}
	if e.value = value; err != nil {
		e.value = word
	}
	return e, nil
}
