package scim

import "strings"

// What a filter may be at most. Longer ones are nobody's in earnest.
const (
	maxFilterLength = 8 << 10 // bytes
	maxFilterDepth  = 32      // parentheses and brackets in each other
)

// ParseFilter reads a filter (RFC 7644 section 3.4.2.2, figure 1); operators in any case. Beyond that grammar it takes a sub-attribute behind a
// value path, emails[type eq "work"].value eq "a@b.c", which Entra ID sends for matching by such an attribute.
func ParseFilter(text string) (Filter, error) {
	if len(text) > maxFilterLength {
		return Filter{}, refuse(InvalidFilter, "the filter has more than %d bytes", maxFilterLength)
	}
	p := &parser{lexer: lexer{text: text}}
	p.advance()
	root := p.or()
	if p.err == nil && p.now.kind != endToken {
		p.fail("and, or, or the end")
	}
	if p.err != nil {
		return Filter{}, p.err
	}
	return Filter{root}, nil
}

// parser descends recursively. After an error now is the end, so that everybody returns soon.
type parser struct {
	lexer lexer
	now   token
	err   error
	deep  int  // parentheses and brackets around
	inner bool // in brackets, where no further brackets may be
}

func (p *parser) advance() {
	now, err := p.lexer.next()
	if err != nil {
		p.stop(err)
		return
	}
	p.now = now
}

func (p *parser) stop(err error) {
	if p.err == nil {
		p.err = err
	}
	p.now = token{kind: endToken, from: len(p.lexer.text)}
	p.lexer.at = len(p.lexer.text)
}

func (p *parser) fail(wanted string) {
	found := "the end"
	if p.now.kind != endToken {
		found = short(p.lexer.text[p.now.from:p.now.to])
	}
	p.stop(refuse(InvalidFilter, "the filter has %s at %d, where %s is wanted", found, p.now.from+1, wanted))
}

// word says that a keyword is next, and takes it.
func (p *parser) word(keyword string) bool {
	if p.now.kind != wordToken || !strings.EqualFold(p.now.text, keyword) {
		return false
	}
	p.advance()
	return true
}

func (p *parser) mark(m string) bool {
	if p.now.kind != markToken || p.now.text != m {
		return false
	}
	p.advance()
	return true
}

func (p *parser) want(m string) {
	if p.err == nil && !p.mark(m) {
		p.fail(m)
	}
}

// or reads FILTER; or binds weakest, and stronger, not strongest (RFC 7644 section 3.4.2.2).
func (p *parser) or() node {
	all := anyOf{p.and()}
	for p.word("or") {
		all = append(all, p.and())
	}
	if len(all) == 1 {
		return all[0]
	}
	flat := anyOf{}
	for _, each := range all { // a or (b or c) is a or b or c
		if same, ok := each.(anyOf); ok {
			flat = append(flat, same...)
		} else {
			flat = append(flat, each)
		}
	}
	return flat
}

func (p *parser) and() node {
	all := allOf{p.factor()}
	for p.word("and") {
		all = append(all, p.factor())
	}
	return both(all...)
}

// both is the and of nodes, flat.
func both(all ...node) node {
	if len(all) == 1 {
		return all[0]
	}
	flat := allOf{}
	for _, each := range all {
		if same, ok := each.(allOf); ok {
			flat = append(flat, same...)
		} else {
			flat = append(flat, each)
		}
	}
	return flat
}

func (p *parser) factor() node {
	if p.deep++; p.deep > maxFilterDepth {
		p.stop(refuse(InvalidFilter, "more than %d parentheses are in each other", maxFilterDepth))
	}
	defer func() { p.deep-- }()
	name := p.now
	if p.mark("(") {
		inner := p.or()
		p.want(")")
		return inner
	}
	if name.kind != wordToken {
		p.fail("an attribute, not or (")
		return nil
	}
	p.advance()
	if strings.EqualFold(name.text, "not") && p.mark("(") {
		inner := p.or()
		p.want(")")
		return notOf{inner}
	}
	path, err := ParseAttrPath(name.text)
	if err != nil {
		p.stop(refuse(InvalidFilter, "%s at %d of the filter is no attribute", short(name.text), name.from+1))
		return nil
	}
	if p.mark("[") {
		return p.within(path)
	}
	return p.comparison(path)
}

// comparison reads what follows the attribute of attrExp.
func (p *parser) comparison(path AttrPath) node {
	if p.word("pr") {
		return has{path}
	}
	op := strings.ToLower(p.now.text)
	if p.now.kind != wordToken || !isOperator(op) {
		p.fail("an operator (eq, ne, co, sw, ew, gt, ge, lt, le or pr)")
		return nil
	}
	p.advance()
	value, ok := any(p.now.text), p.now.kind == stringToken
	if p.now.kind == wordToken {
		value, ok = literal(p.now.text)
	}
	if !ok {
		p.fail("a value (a string in quotes, a number, true, false or null)")
		return nil
	}
	p.advance()
	return test{path, operator(op), value}
}

// within reads valFilter and what closes it, and the comparison of a sub-attribute behind that.
func (p *parser) within(path AttrPath) node {
	if p.inner {
		p.fail("no [ within [ ]")
		return nil
	}
	if path.Sub != "" {
		p.fail("no [ behind a sub-attribute")
		return nil
	}
	p.inner = true
	inner := p.or()
	p.inner = false
	end := p.now.to
	p.want("]")
	if p.err != nil || p.now.kind != wordToken || p.now.from != end || !strings.HasPrefix(p.now.text, ".") {
		return within{path, inner}
	}
	sub := p.now.text[1:]
	if !isName(sub) {
		p.fail("a sub-attribute")
		return nil
	}
	p.advance()
	if then := p.comparison(AttrPath{Name: sub}); p.err == nil {
		return within{path, both(inner, then)}
	}
	return nil
}
