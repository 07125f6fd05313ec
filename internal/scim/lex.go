package scim

import (
	"encoding/json"
	"strings"
)

type tokenKind uint8

const (
	endToken    tokenKind = iota
	wordToken             // an attribute, an operator, or a bare value
	stringToken           // in quotes
	markToken             // ( ) [ ]
)

type token struct {
	kind tokenKind
	text string // of a string: what it says
	from int    // where it starts
	to   int    // where it ends
}

// lexer cuts a filter into tokens (RFC 7644 section 3.4.2.2, figure 1).
type lexer struct {
	text string
	at   int
}

func (l *lexer) next() (token, error) {
	for l.at < len(l.text) && (l.text[l.at] == ' ' || l.text[l.at] == '\t') {
		l.at++
	}
	from := l.at
	if from == len(l.text) {
		return token{endToken, "", from, from}, nil
	}
	switch c := l.text[from]; {
	case strings.IndexByte("()[]", c) >= 0:
		l.at++
		return token{markToken, l.text[from:l.at], from, l.at}, nil
	case c == '"':
		return l.quoted()
	}
	for l.at < len(l.text) && strings.IndexByte(" \t()[]\"", l.text[l.at]) < 0 {
		l.at++
	}
	return token{wordToken, l.text[from:l.at], from, l.at}, nil
}

// quoted reads a JSON string.
func (l *lexer) quoted() (token, error) {
	from := l.at
	for l.at++; l.at < len(l.text); l.at++ {
		switch l.text[l.at] {
		case '\\':
			l.at++
		case '"':
			l.at++
			t := token{kind: stringToken, from: from, to: l.at}
			if json.Unmarshal([]byte(l.text[from:l.at]), &t.text) != nil {
				return token{}, refuse(InvalidFilter, "%s is no JSON string", short(l.text[from:l.at]))
			}
			return t, nil
		}
	}
	return token{}, refuse(InvalidFilter, "the quote at %d is not closed", from+1)
}
