package scim

import (
	"cmp"
	"encoding/json"
	"math/big"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// comparison returns the test of one value by an operator, as the type of the attribute has it (RFC 7644 section 3.4.2.2, table 3).
func comparison(a *Attribute, n test) (func(any) bool, error) {
	switch a.Type {
	case Boolean:
		return booleanTest(a, n)
	case Integer, Decimal:
		if want, ok := n.value.(json.Number); ok && ordered(n.op) {
			return numberTest(n.op, want), nil
		}
	case DateTime:
		if want, ok := n.value.(string); ok && ordered(n.op) {
			return timeTest(n.op, want)
		}
		if want, ok := n.value.(string); ok {
			return textTest(n.op, want, true), nil
		}
	case Binary:
		if want, ok := n.value.(string); ok && (n.op == "eq" || n.op == "ne") {
			return textTest(n.op, want, true), nil
		}
	case String, Reference:
		if want, ok := n.value.(string); ok {
			return textTest(n.op, want, a.CaseExact), nil
		}
	case Anything:
		return anyTest(n), nil
	}
	return nil, refuse(InvalidFilter, "%s is a %s and cannot be compared so: %s", short(n.path.String()), kindName(a), n.op)
}

func kindName(a *Attribute) string {
	if a.Type == Anything {
		return "value"
	}
	return string(a.Type)
}

// ordered says that an operator is not about parts of a string.
func ordered(op operator) bool { return op != "co" && op != "sw" && op != "ew" }

// holds says what an operator makes of an order.
func (op operator) holds(order int) bool {
	switch op {
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
	}
	return order <= 0 // le
}

// booleanTest takes "True" for true, since Entra ID writes it so.
func booleanTest(a *Attribute, n test) (func(any) bool, error) {
	want, ok := asBoolean(n.value)
	if !ok || n.op != "eq" && n.op != "ne" {
		return nil, refuse(InvalidFilter, "%s is a boolean: compare it with true or false, by eq or ne", short(a.Name))
	}
	return func(value any) bool { return (value == want) == (n.op == "eq") }, nil
}

func asBoolean(value any) (bool, bool) {
	switch value := value.(type) {
	case bool:
		return value, true
	case string:
		switch {
		case strings.EqualFold(value, "true"):
			return true, true
		case strings.EqualFold(value, "false"):
			return false, true
		}
	}
	return false, false
}

func numberTest(op operator, want json.Number) func(any) bool {
	return func(value any) bool {
		have, ok := value.(json.Number)
		return ok && op.holds(compareNumbers(have, want))
	}
}

// compareNumbers is exact for whole numbers of any length that a body can have, and otherwise as exact as 200 bits are. An exponent is never
// written out.
func compareNumbers(a, b json.Number) int {
	if i, err := strconv.ParseInt(string(a), 10, 64); err == nil {
		if j, err := strconv.ParseInt(string(b), 10, 64); err == nil {
			return cmp.Compare(i, j)
		}
	}
	const bits = 200
	x, _, errX := big.ParseFloat(string(a), 10, bits, big.ToNearestEven)
	y, _, errY := big.ParseFloat(string(b), 10, bits, big.ToNearestEven)
	if errX != nil || errY != nil {
		return strings.Compare(string(a), string(b)) // beyond every exponent
	}
	return x.Cmp(y)
}

// timeTest compares moments, however they are written.
func timeTest(op operator, want string) (func(any) bool, error) {
	moment, ok := asTime(want)
	if !ok {
		return nil, refuse(InvalidFilter, "%s is no time such as 2026-11-22T08:00:00Z", short(want))
	}
	return func(value any) bool {
		text, _ := value.(string)
		have, ok := asTime(text)
		return ok && op.holds(have.Compare(moment))
	}, nil
}

// asTime reads xsd:dateTime (RFC 7643 section 2.3.5); without a zone it is taken for UTC.
func asTime(text string) (time.Time, bool) {
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999"} {
		if at, err := time.Parse(layout, text); err == nil {
			return at, true
		}
	}
	return time.Time{}, false
}

func textTest(op operator, want string, caseExact bool) func(any) bool {
	same := func(s string) string { return s }
	if !caseExact {
		same = fold
	}
	want = same(want)
	match := func(have string) bool { return op.holds(strings.Compare(have, want)) }
	switch op {
	case "co":
		match = func(have string) bool { return strings.Contains(have, want) }
	case "sw":
		match = func(have string) bool { return strings.HasPrefix(have, want) }
	case "ew":
		match = func(have string) bool { return strings.HasSuffix(have, want) }
	}
	return func(value any) bool {
		have, ok := value.(string)
		return ok && match(same(have))
	}
}

// anyTest is for attributes of no schema: values compare with their like, strings without regard to case (RFC 7643 section 2.2).
func anyTest(n test) func(any) bool {
	switch want := n.value.(type) {
	case string:
		return textTest(n.op, want, false)
	case json.Number:
		if ordered(n.op) {
			return numberTest(n.op, want)
		}
	case bool:
		if n.op == "eq" || n.op == "ne" {
			return func(value any) bool { return (value == want) == (n.op == "eq") }
		}
	}
	return func(any) bool { return false }
}

// fold returns the form in which texts are compared without regard to case: strings.EqualFold by equality.
func fold(s string) string {
	for i := range len(s) {
		if c := s[i]; 'A' <= c && c <= 'Z' || c >= utf8.RuneSelf {
			return strings.Map(foldRune, s)
		}
	}
	return s
}

func foldRune(r rune) rune {
	if r < utf8.RuneSelf {
		if 'A' <= r && r <= 'Z' {
			r += 'a' - 'A'
		}
		return r
	}
	least := r
	for next := unicode.SimpleFold(r); next != r; next = unicode.SimpleFold(next) {
		least = min(least, next)
	}
	if 'A' <= least && least <= 'Z' {
		least += 'a' - 'A' // the sign for Kelvin is a k
	}
	return least
}

// equalFold compares names and URIs, which are ASCII.
func equalFold(a, b string) bool { return len(a) == len(b) && (a == b || strings.EqualFold(a, b)) }
