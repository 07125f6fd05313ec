package scim

import (
	"encoding/base64"
	"encoding/json"
	"math/big"
	"strings"
)

// Create returns what a POST of a resource makes of it (RFC 7644 section 3.3): names as the schema spells them, values of its types, schemas
// as they are used. What is read-only is ignored; what is write-only, such as a password, is looked at and not kept. Missing what is
// required, and values of a wrong type, are invalidValue.
func (t *Type) Create(r Resource) (Resource, error) {
	if err := t.claimed(r); err != nil {
		return nil, err
	}
	out, err := t.accept(r)
	if err != nil {
		return nil, err
	}
	if missing := t.missing(out); missing != "" {
		return nil, refuse(InvalidValue, "%s is required", missing)
	}
	return t.withSchemas(out), nil
}

// Replace returns what a PUT of a resource makes of the old one (RFC 7644 section 3.5.1), and whether that differs: read-only attributes stay
// as they were, whatever is said of them; immutable ones that have a value must be repeated; what is not mentioned is gone.
func (t *Type) Replace(old, r Resource) (Resource, bool, error) {
	out, err := t.Create(r)
	if err != nil {
		return nil, false, err
	}
	for name, value := range old.All() {
		a := t.attribute(name)
		switch {
		case a == nil || equalFold(name, "schemas"):
		case a.Mutability == ReadOnly:
			out = out.With(name, value)
		case a.Mutability == Immutable && !Equal(value, out.Get(name)):
			return nil, false, refuse(Mutability, "%s cannot be changed", a.Name)
		}
	}
	return out, !Equal(old, out), nil
}

// claimed wants the core schema among schemas (RFC 7643 section 3). Others may stand beside it: Entra ID names some of its own.
func (t *Type) claimed(r Resource) error {
	for _, each := range r.List("schemas") {
		if uri, ok := each.(string); ok && equalFold(uri, t.Core.ID) {
			return nil
		}
	}
	return refuse(InvalidSyntax, "schemas does not name %s", t.Core.ID)
}

func (t *Type) accept(r Resource) (Resource, error) {
	out := &Object{}
	for name, value := range r.All() {
		if equalFold(name, "schemas") {
			continue
		}
		if e := t.extension(name); e != nil {
			inner, err := coerce(&Attribute{Name: e.ID, Type: Complex, SubAttributes: e.Attributes}, value, t.Lax)
			if err != nil {
				return nil, err
			}
			out = out.With(e.ID, inner)
			continue
		}
		a := t.attribute(name)
		if a == nil {
			a = anything(name)
			if !t.Lax || equalFold(name, t.Core.ID) {
				continue
			}
		}
		kept, err := acceptOne(a, value, t.Lax)
		if err != nil {
			return nil, err
		}
		out = out.With(a.Name, kept)
	}
	return out, nil
}

// acceptOne returns what is kept of a value that a client gives for an attribute; nil for nothing.
func acceptOne(a *Attribute, value any, lax bool) (any, error) {
	if a.Mutability == ReadOnly {
		return nil, nil
	}
	kept, err := coerce(a, value, lax)
	if a.Mutability == WriteOnly {
		kept = nil
	}
	return kept, err
}

// missing returns the name of a required attribute without a value, "" when there is none.
func (t *Type) missing(r Resource) string {
	for i := range t.Core.Attributes {
		if a := &t.Core.Attributes[i]; a.Required && !present(r.Get(a.Name)) {
			return a.Name
		}
	}
	return ""
}

// withSchemas names the schemas that a resource uses (RFC 7643 section 3), first.
func (t *Type) withSchemas(r Resource) Resource {
	uris := []any{t.Core.ID}
	out := &Object{fields: make([]Field, 1, r.Len()+1)}
	for name, value := range r.All() {
		if equalFold(name, "schemas") {
			continue
		}
		if _, is := value.(*Object); is && isURI(name) {
			uris = append(uris, name)
		}
		out.fields = append(out.fields, Field{name, value})
	}
	out.fields[0] = Field{"schemas", uris}
	return out
}

// coerce returns a value as its attribute has it, nil for one that is no value: null, an empty list, an object of nothing (RFC 7643
// section 2.5). Where clients are known to say it otherwise, that is understood: one value for a list of one, a list of one for one value,
// the bare value for a complex one ("manager": "7" of Entra ID), and "True" for true.
func coerce(a *Attribute, value any, lax bool) (any, error) {
	if value == nil {
		return nil, nil
	}
	if a.Type == Anything {
		return clean(value), nil
	}
	if a.MultiValued {
		return coerceList(a, listOf(value), lax)
	}
	if list, ok := value.([]any); ok {
		switch len(list) {
		case 0:
			return nil, nil
		case 1:
			return coerceOne(a, list[0], lax)
		}
		return nil, refuse(InvalidValue, "%s has one value, not %d", a.Name, len(list))
	}
	return coerceOne(a, value, lax)
}

func coerceList(a *Attribute, values []any, lax bool) (any, error) {
	out := make([]any, 0, len(values))
	primaries := 0
	for _, each := range values {
		one, err := coerceOne(a, each, lax)
		if err != nil {
			return nil, err
		}
		if one == nil {
			continue
		}
		if o, ok := one.(*Object); ok && o.Get("primary") == true {
			primaries++
		}
		out = append(out, one)
	}
	if primaries > 1 { // RFC 7643 section 2.4
		return nil, refuse(InvalidValue, "more than one of %s is primary", a.Name)
	}
	if a.Sub("value") != nil { // RFC 7643 section 2.4: no value twice for one type
		out = union(a, nil, out)
	}
	return nilIfNone(out), nil
}

// coerceOne is coerce for one value of an attribute, be it multi-valued or not.
func coerceOne(a *Attribute, value any, lax bool) (any, error) {
	if a.Type == Complex {
		return coerceComplex(a, value, lax)
	}
	if o, ok := value.(*Object); ok && o.Has("value") {
		value = o.Get("value") // [{"value": "x"}] for "x" is old Entra ID
	}
	if value == nil {
		return nil, nil
	}
	if a.Type == Boolean {
		if b, ok := asBoolean(value); ok {
			return b, nil
		}
	}
	if !fits(a.Type, value) {
		return nil, refuse(InvalidValue, "%s is a %s, and what came is none", a.Name, a.Type)
	}
	return value, nil
}

func coerceComplex(a *Attribute, value any, lax bool) (any, error) {
	switch v := value.(type) {
	case nil:
		return nil, nil
	case *Object:
		return orNil(merge(a, nil, v, lax))
	case string:
		if sub := a.Sub("value"); sub != nil && v != "" {
			return orNil(merge(a, nil, NewObject(Field{"value", v}), lax))
		} else if sub != nil {
			return nil, nil
		}
	}
	return nil, refuse(InvalidValue, "%s is a set of attributes, and what came is none", a.Name)
}

// orNil keeps an empty object from being a value.
func orNil(o *Object, err error) (any, error) {
	if err != nil || o.Len() == 0 {
		return nil, err
	}
	return o, nil
}

// merge returns the object of a complex attribute with some sub-attributes set anew; null takes one away.
func merge(a *Attribute, old, set *Object, lax bool) (*Object, error) {
	out := old
	for name, value := range set.All() {
		s := a.Sub(name)
		if s == nil {
			if !lax {
				continue
			}
			s = anything(name)
		}
		if s.Mutability == ReadOnly {
			continue
		}
		kept, err := coerce(s, value, lax)
		if err != nil {
			return nil, refuse(InvalidValue, "%s of %s", err.(*Error).Detail, a.Name)
		}
		out = out.With(s.Name, kept)
	}
	return out, nil
}

// clean drops what is no value from something that no schema describes.
func clean(value any) any {
	switch value := value.(type) {
	case []any:
		out := make([]any, 0, len(value))
		for _, each := range value {
			if each = clean(each); each != nil {
				out = append(out, each)
			}
		}
		if len(out) > 0 {
			return out
		}
		return nil
	case *Object:
		out := &Object{}
		for name, each := range value.All() {
			if each = clean(each); each != nil {
				out.fields = append(out.fields, Field{name, each})
			}
		}
		if out.Len() > 0 {
			return out
		}
		return nil
	}
	return value
}

// fits says that a value is of a simple type (RFC 7643 section 2.3).
func fits(kind Kind, value any) bool {
	text, isText := value.(string)
	number, isNumber := value.(json.Number)
	switch kind {
	case String, Reference:
		return isText
	case DateTime:
		_, ok := asTime(text)
		return isText && ok
	case Binary:
		_, err := base64.StdEncoding.DecodeString(text)
		_, errURL := base64.RawURLEncoding.DecodeString(strings.TrimRight(text, "="))
		return isText && (err == nil || errURL == nil)
	case Decimal:
		return isNumber
	case Integer:
		f, _, err := big.ParseFloat(string(number), 10, 200, big.ToNearestEven)
		return isNumber && err == nil && f.IsInt()
	}
	return false
}
