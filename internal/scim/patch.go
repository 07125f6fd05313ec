package scim

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
)

// Patch is a list of operations on one resource (RFC 7644 section 3.5.2), all or none of which are carried out. It is not changed by use.
type Patch struct{ operations []operation }

// Len returns the number of operations.
func (p Patch) Len() int { return len(p.operations) }

type verb string

const (
	add     verb = "add"
	replace verb = "replace"
	remove  verb = "remove"
)

type operation struct {
	verb  verb
	path  *Path // nil for the whole resource
	value any   // nil when there is none, or null
}

// Path is where an operation works (RFC 7644 section 3.5.2, figure 7): an attribute, or those values of it that a filter chooses, and of either
// perhaps a sub-attribute.
type Path struct {
	attr   AttrPath // Sub is that behind the brackets, if there are any
	chosen node     // nil when all values are meant
}

// String returns the path as RFC 7644 writes it.
func (p Path) String() string {
	if p.chosen == nil {
		return p.attr.String()
	}
	whole := p.attr
	whole.Sub = ""
	var b strings.Builder
	within{whole, p.chosen}.write(&b)
	if p.attr.Sub != "" {
		b.WriteString("." + p.attr.Sub)
	}
	return b.String()
}

// ParsePatch reads the body of a PATCH. Names of operations are taken in any case, as Entra ID sends them.
func ParsePatch(body []byte, limits Limits) (Patch, error) {
	message, err := Decode(body, limits)
	if err != nil {
		return Patch{}, err
	}
	return PatchOf(message, limits)
}

// PatchOf is ParsePatch for a body that was decoded.
func PatchOf(message *Object, limits Limits) (Patch, error) {
	limits = limits.orDefault()
	if !isMessage(message, PatchSchema) {
		return Patch{}, refuse(InvalidSyntax, "schemas does not name %s", PatchSchema)
	}
	list, ok := message.Get("Operations").([]any)
	if !ok || len(list) == 0 {
		return Patch{}, refuse(InvalidSyntax, "there are no Operations")
	}
	if len(list) > limits.Operations {
		return Patch{}, &Error{Status: http.StatusRequestEntityTooLarge, Detail: fmt.Sprintf("there are %d operations, and no more than %d are taken at once", len(list), limits.Operations)}
	}
	p := Patch{operations: make([]operation, len(list))}
	for i, each := range list {
		op, err := parseOperation(each)
		if err != nil {
			return Patch{}, nth(i, err)
		}
		p.operations[i] = op
	}
	return p, nil
}

// isMessage says that a message claims a schema.
func isMessage(message *Object, schema string) bool {
	for _, each := range message.List("schemas") {
		if uri, ok := each.(string); ok && equalFold(uri, schema) {
			return true
		}
	}
	return false
}

func parseOperation(each any) (operation, error) {
	o, ok := each.(*Object)
	if !ok {
		return operation{}, refuse(InvalidSyntax, "it is no object")
	}
	op := operation{verb: verb(strings.ToLower(o.Text("op"))), value: o.Get("value")}
	if op.verb != add && op.verb != replace && op.verb != remove {
		return operation{}, refuse(InvalidSyntax, "op is none of add, remove, replace")
	}
	switch text := o.Get("path").(type) {
	case nil:
	case string:
		if text == "" {
			break
		}
		path, err := ParsePath(text)
		if err != nil {
			return operation{}, err
		}
		op.path = &path
	default:
		return operation{}, refuse(InvalidPath, "path is no string")
	}
	switch {
	case op.path == nil && op.verb == remove: // RFC 7644 section 3.5.2.2
		return operation{}, refuse(NoTarget, "remove needs a path")
	case op.verb != remove && !o.Has("value"):
		return operation{}, refuse(InvalidValue, "%s needs a value", op.verb)
	case op.path == nil && op.verb != remove:
		if _, ok := op.value.(*Object); !ok { // RFC 7644 sections 3.5.2.1 and 3.5.2.3
			return operation{}, refuse(InvalidValue, "without a path the value must be a set of attributes")
		}
	}
	return op, nil
}

// nth says which operation was wrong, counted from 1.
func nth(i int, err error) error {
	var e *Error
	if !errors.As(err, &e) {
		return err
	}
	return &Error{Status: e.Status, Type: e.Type, Detail: fmt.Sprintf("operation %d: %s", i+1, e.Detail)}
}

// ParsePath reads PATH of RFC 7644 section 3.5.2, figure 7. What is wrong with its filter is an invalidFilter, the rest an invalidPath.
func ParsePath(text string) (Path, error) {
	if len(text) > maxFilterLength {
		return Path{}, refuse(InvalidPath, "the path has more than %d bytes", maxFilterLength)
	}
	text = strings.Trim(text, " ")
	bracket := strings.IndexByte(text, '[')
	if bracket < 0 {
		attr, err := ParseAttrPath(text)
		return Path{attr: attr}, err
	}
	attr, err := ParseAttrPath(text[:bracket])
	if err != nil {
		return Path{}, err
	}
	if attr.Sub != "" {
		return Path{}, refuse(InvalidPath, "%s: a sub-attribute has no values to choose from", short(text))
	}
	p := &parser{lexer: lexer{text: text, at: bracket + 1}, inner: true}
	p.advance()
	chosen := p.or()
	p.want("]")
	if p.err != nil {
		return Path{}, p.err
	}
	rest := text[p.now.from:]
	if p.now.kind == endToken {
		return Path{attr: attr, chosen: chosen}, nil
	}
	sub, dotted := strings.CutPrefix(rest, ".")
	if !dotted || !isName(sub) {
		return Path{}, refuse(InvalidPath, "%s: behind ] only a sub-attribute can stand", short(text))
	}
	attr.Sub = sub
	return Path{attr: attr, chosen: chosen}, nil
}
