package scim

import (
	"encoding/json"
	"iter"
)

// Object is a JSON object as SCIM knows it: names are compared without regard to case (RFC 7643 section 2.1) and keep their order and
// spelling. A value is nil (JSON's null), bool, string, json.Number, []any or *Object. Neither an Object nor what it holds is ever
// changed, so Objects may share values and be read by many. A nil *Object is empty.
type Object struct{ fields []Field }

// Field is one attribute of an Object.
type Field struct {
	Name  string
	Value any
}

// Resource is the Object of a user, a group, or a message.
type Resource = *Object

// NewObject returns an Object of the fields, in their order; of two with one name the last counts.
func NewObject(fields ...Field) *Object {
	o := &Object{fields: make([]Field, 0, len(fields))}
	for _, f := range fields {
		o.put(f.Name, f.Value)
	}
	return o
}

// put is for Objects that nobody else holds yet.
func (o *Object) put(name string, value any) {
	if i := o.index(name); i >= 0 {
		o.fields[i].Value = value
		return
	}
	o.fields = append(o.fields, Field{name, value})
}

func (o *Object) index(name string) int {
	if o == nil {
		return -1
	}
	for i := range o.fields {
		if equalFold(o.fields[i].Name, name) {
			return i
		}
	}
	return -1
}

// Get returns the value of an attribute, nil when there is none.
func (o *Object) Get(name string) any {
	if i := o.index(name); i >= 0 {
		return o.fields[i].Value
	}
	return nil
}

// Has says that the name is there, be it with null.
func (o *Object) Has(name string) bool { return o.index(name) >= 0 }

// Text returns the value of an attribute that is a string, "" for any other.
func (o *Object) Text(name string) string {
	s, _ := o.Get(name).(string)
	return s
}

// Object returns the value of an attribute that is an object, nil for any other.
func (o *Object) Object(name string) *Object {
	inner, _ := o.Get(name).(*Object)
	return inner
}

// List returns the values of an attribute: those of an array, the one of any other value, none of null. It is not to be changed.
func (o *Object) List(name string) []any { return listOf(o.Get(name)) }

// Len returns the number of attributes.
func (o *Object) Len() int {
	if o == nil {
		return 0
	}
	return len(o.fields)
}

// All yields the attributes in their order.
func (o *Object) All() iter.Seq2[string, any] {
	return func(yield func(string, any) bool) {
		if o == nil {
			return
		}
		for _, f := range o.fields {
			if !yield(f.Name, f.Value) {
				return
			}
		}
	}
}

// With returns the Object with another value of an attribute, without it when the value is nil. A new attribute comes last; one that
// is there keeps its place and spelling.
func (o *Object) With(name string, value any) *Object {
	at := o.index(name)
	if at < 0 && value == nil {
		return o
	}
	out := &Object{fields: make([]Field, 0, o.Len()+1)}
	if o != nil {
		out.fields = append(out.fields, o.fields...)
	}
	switch {
	case at < 0:
		out.fields = append(out.fields, Field{name, value})
	case value == nil:
		out.fields = append(out.fields[:at], out.fields[at+1:]...)
	default:
		out.fields[at].Value = value
	}
	return out
}

// Equal says that two values are the same: names without regard to case or order, numbers by their value, arrays in their order.
func Equal(a, b any) bool {
	switch a := a.(type) {
	case *Object:
		b, ok := b.(*Object)
		return ok && a.equal(b)
	case []any:
		b, ok := b.([]any)
		if !ok || len(a) != len(b) {
			return false
		}
		for i := range a {
			if !Equal(a[i], b[i]) {
				return false
			}
		}
		return true
	case json.Number:
		b, ok := b.(json.Number)
		return ok && (a == b || compareNumbers(a, b) == 0)
	}
	switch b.(type) {
	case *Object, []any:
		return false
	}
	return a == b
}

func (o *Object) equal(other *Object) bool {
	if o == other {
		return true
	}
	if o.Len() != other.Len() {
		return false
	}
	for name, value := range o.All() {
		at := other.index(name)
		if at < 0 || !Equal(value, other.fields[at].Value) {
			return false
		}
	}
	return true
}

// listOf returns the values that an attribute holds, be it written as an array or as one value.
func listOf(value any) []any {
	switch value := value.(type) {
	case nil:
		return nil
	case []any:
		return value
	}
	return []any{value}
}
