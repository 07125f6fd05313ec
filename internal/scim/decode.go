package scim

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"unicode/utf8"
)

// Limits bound what a stranger may make us read. A limit that is zero is that of DefaultLimits.
type Limits struct {
	Bytes      int // of a body
	Depth      int // of objects and arrays in each other
	Operations int // of one PATCH
}

// DefaultLimits fits a group of 100,000 members in one body; nothing in SCIM nests deeper than five.
func DefaultLimits() Limits { return Limits{Bytes: 16 << 20, Depth: 12, Operations: 2000} }

func (l Limits) orDefault() Limits {
	d := DefaultLimits()
	if l.Bytes <= 0 {
		l.Bytes = d.Bytes
	}
	if l.Depth <= 0 {
		l.Depth = d.Depth
	}
	if l.Operations <= 0 {
		l.Operations = d.Operations
	}
	return l
}

// Decode reads one JSON object and nothing behind it. Too large a body is a 413, anything else that is wrong invalidSyntax: also two names
// that differ in case only, of which nobody could say which one counts, and bytes that are not UTF-8. Nulls are kept.
func Decode(body []byte, limits Limits) (Resource, error) {
	limits = limits.orDefault()
	if len(body) > limits.Bytes {
		return nil, &Error{Status: http.StatusRequestEntityTooLarge, Detail: fmt.Sprintf("the body has more than %d bytes", limits.Bytes)}
	}
	body = bytes.TrimPrefix(body, []byte("\ufeff"))
	if !utf8.Valid(body) {
		return nil, refuse(InvalidSyntax, "the body is not UTF-8")
	}
	d := decoder{limits: limits, tokens: json.NewDecoder(bytes.NewReader(body))}
	d.tokens.UseNumber()
	value, err := d.value(0)
	if err != nil {
		return nil, asSyntax(err)
	}
	if d.tokens.More() || len(bytes.TrimSpace(body[d.tokens.InputOffset():])) > 0 {
		return nil, refuse(InvalidSyntax, "something follows the JSON object")
	}
	o, ok := value.(*Object)
	if !ok {
		return nil, refuse(InvalidSyntax, "the body is no JSON object")
	}
	return o, nil
}

func asSyntax(err error) error {
	if e, ok := err.(*Error); ok {
		return e
	}
	return refuse(InvalidSyntax, "the body is no JSON: %v", err)
}

// maxNumber bounds the digits of a number, with which somebody may have to compute.
const maxNumber = 100

type decoder struct {
	limits Limits
	tokens *json.Decoder
}

// value reads one value in depth objects and arrays.
func (d *decoder) value(depth int) (any, error) {
	token, err := d.tokens.Token()
	if err != nil {
		return nil, err
	}
	switch token := token.(type) {
	case json.Delim:
	case json.Number:
		if len(token) > maxNumber {
			return nil, refuse(InvalidSyntax, "a number has more than %d digits", maxNumber)
		}
		return token, nil
	default:
		return token, nil // nil, bool or string
	}
	if depth++; depth > d.limits.Depth {
		return nil, refuse(InvalidSyntax, "more than %d objects and arrays are in each other", d.limits.Depth)
	}
	var value any
	if token == json.Delim('{') {
		value, err = d.object(depth)
	} else {
		value, err = d.array(depth)
	}
	if err == nil {
		_, err = d.tokens.Token() // what closes it
	}
	return value, err
}

func (d *decoder) object(depth int) (any, error) {
	o := &Object{}
	var names map[string]bool // once there are many; a member has two or three
	for d.tokens.More() {
		token, err := d.tokens.Token()
		if err != nil {
			return nil, err
		}
		name, _ := token.(string) // nothing else can stand here
		if names, err = seen(o, names, name); err != nil {
			return nil, err
		}
		value, err := d.value(depth)
		if err != nil {
			return nil, err
		}
		o.fields = append(o.fields, Field{name, value})
	}
	return o, nil
}

// seen refuses a name that the object has already.
func seen(o *Object, names map[string]bool, name string) (map[string]bool, error) {
	const few = 16
	twice := false
	switch {
	case len(o.fields) < few:
		twice = o.Has(name)
	case names == nil:
		names = make(map[string]bool, 4*few)
		for _, f := range o.fields {
			names[fold(f.Name)] = true
		}
		fallthrough
	default:
		folded := fold(name)
		twice = names[folded]
		names[folded] = true
	}
	if twice {
		return nil, refuse(InvalidSyntax, "%s stands twice in one object", short(name))
	}
	return names, nil
}

func (d *decoder) array(depth int) (any, error) {
	all := []any{}
	for d.tokens.More() {
		value, err := d.value(depth)
		if err != nil {
			return nil, err
		}
		all = append(all, value)
	}
	return all, nil
}
