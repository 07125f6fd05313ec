package scim

import "strings"

// Selection says which attributes of a resource are wanted (RFC 7644 section 3.9). The zero Selection is the default.
type Selection struct{ only, without []AttrPath }

// maxSelected is more than all schemas together have.
const maxSelected = 200

// Select reads the parameters attributes and excludedAttributes of a query, or of the body of a search: names, each perhaps several with
// commas between. They exclude each other.
func Select(attributes, excluded []string) (Selection, error) {
	only, err := selected(attributes)
	if err != nil {
		return Selection{}, err
	}
	without, err := selected(excluded)
	if err != nil {
		return Selection{}, err
	}
	if len(only) > 0 && len(without) > 0 {
		return Selection{}, refuse(InvalidValue, "attributes and excludedAttributes exclude each other")
	}
	return Selection{only, without}, nil
}

func selected(lists []string) ([]AttrPath, error) {
	var all []AttrPath
	for _, list := range lists {
		for name := range strings.SplitSeq(list, ",") {
			if name = strings.TrimSpace(name); name == "" {
				continue
			}
			path, err := ParseAttrPath(name)
			if err != nil {
				return nil, refuse(InvalidValue, "%s is no attribute", short(name))
			}
			if all = append(all, path); len(all) > maxSelected {
				return nil, refuse(InvalidValue, "more than %d attributes are named", maxSelected)
			}
		}
	}
	return all, nil
}

// IsZero says that nothing is selected, and the default is meant.
func (s Selection) IsZero() bool { return len(s.only) == 0 && len(s.without) == 0 }

// Project returns of a resource what is to be shown (RFC 7643 section 2.4, returned; RFC 7644 section 3.9): always what is always
// returned, never what never is, of the rest what was asked for.
func Project(t *Type, r Resource, s Selection) Resource {
	out := &Object{}
	for name, value := range r.All() {
		extension := t.extension(name)
		inner, isObject := value.(*Object)
		switch {
		case extension != nil && isObject:
			value = s.extension(extension, inner)
		case t.attribute(name) == nil && isObject && isURI(name):
			value = s.extension(&Schema{ID: name}, inner)
		default:
			a := t.attribute(name)
			if a == nil {
				a = anything(name)
			}
			value = s.value(mentions{"", t.Core.ID}, a, value)
		}
		if value != nil {
			out.fields = append(out.fields, Field{name, value})
		}
	}
	return out
}

func (s Selection) extension(e *Schema, o *Object) any {
	m := mentions{e.ID, e.ID}
	out := &Object{}
	for name, value := range o.All() {
		a := e.Attribute(name)
		if a == nil {
			a = anything(name)
		}
		if value = s.value(m, a, value); value != nil {
			out.fields = append(out.fields, Field{name, value})
		}
	}
	if out.Len() == 0 {
		return nil
	}
	return out
}

// mentions are the URIs under which the attributes of a schema may be named.
type mentions [2]string

// of returns whether a list names the attribute, or its schema, as a whole, and the sub-attributes of it that it names.
func (m mentions) of(list []AttrPath, a *Attribute) (whole bool, subs []string) {
	for _, p := range list {
		switch {
		case equalFold(p.String(), m[1]):
			whole = true
		case !equalFold(p.Name, a.Name) || !equalFold(p.URI, m[0]) && !equalFold(p.URI, m[1]):
		case p.Sub == "":
			whole = true
		default:
			subs = append(subs, p.Sub)
		}
	}
	return whole, subs
}

// value returns what is to be shown of the value of an attribute, nil for nothing.
func (s Selection) value(m mentions, a *Attribute, value any) any {
	wanted, some := m.of(s.only, a)
	dropped, but := m.of(s.without, a)
	switch {
	case a.Returned == Never:
		return nil
	case a.Returned == Always:
		return value
	case wanted:
		return parts(value, func(name string) bool { return a.shown(name, true) })
	case len(some) > 0:
		return parts(value, func(name string) bool { return named(some, name) && a.shown(name, true) || a.isAlways(name) })
	case len(s.only) > 0, a.Returned == OnRequest, dropped:
		return nil
	}
	return parts(value, func(name string) bool { return a.shown(name, false) && (!named(but, name) || a.isAlways(name)) })
}

func named(all []string, name string) bool {
	for _, each := range all {
		if equalFold(each, name) {
			return true
		}
	}
	return false
}

// shown says that a sub-attribute may be shown: asked for, or by default.
func (a *Attribute) shown(name string, asked bool) bool {
	s := a.Sub(name)
	return s == nil || s.Returned != Never && (asked || s.Returned != OnRequest)
}

func (a *Attribute) isAlways(name string) bool {
	s := a.Sub(name)
	return s != nil && s.Returned == Always
}

// parts keeps some sub-attributes of a complex value, or of each of many.
func parts(value any, keep func(string) bool) any {
	switch value := value.(type) {
	case []any:
		out := make([]any, 0, len(value))
		for _, each := range value {
			if each = parts(each, keep); each != nil {
				out = append(out, each)
			}
		}
		return nilIfNone(out)
	case *Object:
		out := &Object{}
		for name, each := range value.All() {
			if keep(name) {
				out.fields = append(out.fields, Field{name, each})
			}
		}
		switch out.Len() {
		case 0:
			return nil
		case value.Len():
			return value
		}
		return out
	}
	return value
}
