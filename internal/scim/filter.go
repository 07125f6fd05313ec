package scim

import (
	"encoding/json"
	"strings"
)

// Filter is a parsed filter (RFC 7644 section 3.4.2.2). It is not changed by use and may be used by many. The zero Filter is none: it
// matches everything.
type Filter struct{ root node }

// operator is a compareOp, in lower case.
type operator string

// node is one of all, any, not, test, has and within.
type node interface{ write(b *strings.Builder) }

type (
	allOf []node // and
	anyOf []node // or
	notOf struct{ node }
	// test compares: value is nil, bool, string or json.Number.
	test struct {
		path  AttrPath
		op    operator
		value any
	}
	has    struct{ path AttrPath } // pr
	within struct {                // a value path: some value of a multi-valued attribute is so
		path  AttrPath
		inner node
	}
)

// String returns the filter in its shortest usual form; parsed again it is the same filter. "" for no filter.
func (f Filter) String() string {
	if f.root == nil {
		return ""
	}
	var b strings.Builder
	f.root.write(&b)
	return b.String()
}

// IsZero says that there is no filter.
func (f Filter) IsZero() bool { return f.root == nil }

// Requires returns the string that the attribute of a path equals in everything the filter matches, and false when there is none: who has an
// index looks there first. What is found must still match.
func (f Filter) Requires(path AttrPath) (string, bool) { return requires(f.root, path) }

func requires(n node, path AttrPath) (string, bool) {
	switch n := n.(type) {
	case test:
		if value, ok := n.value.(string); ok && n.op == "eq" && n.path.Is(path) {
			return value, true
		}
	case allOf:
		for _, each := range n {
			if value, ok := requires(each, path); ok {
				return value, true
			}
		}
	}
	return "", false
}

func (n allOf) write(b *strings.Builder) {
	for i, each := range n {
		if i > 0 {
			b.WriteString(" and ")
		}
		_, or := each.(anyOf)
		writeIn(b, each, or)
	}
}

func (n anyOf) write(b *strings.Builder) {
	for i, each := range n {
		if i > 0 {
			b.WriteString(" or ")
		}
		each.write(b)
	}
}

func (n notOf) write(b *strings.Builder) {
	b.WriteString("not ")
	writeIn(b, n.node, true)
}

func writeIn(b *strings.Builder, n node, parentheses bool) {
	if parentheses {
		b.WriteByte('(')
		defer b.WriteByte(')')
	}
	n.write(b)
}

func (n test) write(b *strings.Builder) {
	b.WriteString(n.path.String() + " " + string(n.op) + " ")
	b.Write(appendValue(nil, n.value))
}

func (n has) write(b *strings.Builder) { b.WriteString(n.path.String() + " pr") }

func (n within) write(b *strings.Builder) {
	b.WriteString(n.path.String() + "[")
	n.inner.write(b)
	b.WriteByte(']')
}

// isOperator says that a word is a compareOp.
func isOperator(word string) bool {
	switch word {
	case "eq", "ne", "co", "sw", "ew", "gt", "ge", "lt", "le":
		return true
	}
	return false
}

// literal reads a compValue that is not in quotes: false, null, true, or a number (RFC 7159). The words are taken in any case, since
// clients write True.
func literal(word string) (any, bool) {
	switch strings.ToLower(word) {
	case "true":
		return true, true
	case "false":
		return false, true
	case "null":
		return nil, true
	}
	if word == "" || word[0] != '-' && (word[0] < '0' || word[0] > '9') || !json.Valid([]byte(word)) {
		return nil, false
	}
	return json.Number(word), true
}
