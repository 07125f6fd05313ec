package scim

import "strings"

// union adds values to a list; one that is there already is brought up to date in its place.
func union(a *Attribute, old, values []any) []any {
	if len(values) == 0 {
		return old
	}
	out := append(make([]any, 0, len(old)+len(values)), old...)
	have := newFinder(a)
	if len(values) > 1 {
		for _, each := range old {
			have.add(asElement(each))
		}
	}
	for _, each := range values {
		element := asElement(each)
		at := -1
		if len(values) > 1 {
			at = have.find(element)
		} else {
			at = have.firstIn(old, element)
		}
		if at < 0 {
			out = append(out, each)
			have.add(element)
			continue
		}
		if now, ok := out[at].(*Object); ok {
			merged := now
			for name, value := range element.All() {
				merged = merged.With(name, value)
			}
			if !Equal(merged, now) {
				out[at] = merged
			}
		}
	}
	return out
}

// anyPart says that one of the objects says nothing that the whole does not say too.
func anyPart(objects []*Object, whole *Object) bool {
	for _, o := range objects {
		part := true
		for name, value := range o.All() {
			part = part && Equal(value, whole.Get(name))
		}
		if part {
			return true
		}
	}
	return false
}

// finder finds among the values of an attribute the one that another names: by value, and by type where both have one; without a value by
// all that is said.
type finder struct {
	attr    *Attribute
	exact   bool
	all     []*Object
	byValue map[string][]int
}

func newFinder(a *Attribute) *finder {
	value := a.Sub("value")
	return &finder{attr: a, exact: value == nil || value.CaseExact || value.Type != String, byValue: map[string][]int{}}
}

func (f *finder) key(o *Object) (string, bool) {
	text, ok := o.Get("value").(string)
	if !f.exact {
		text = fold(text)
	}
	return text, ok
}

func (f *finder) add(o *Object) {
	key, ok := f.key(o)
	if !ok {
		key = "" // rarely there, and then few
	}
	f.byValue[key] = append(f.byValue[key], len(f.all))
	f.all = append(f.all, o)
}

// find returns the place of the first that was added and is meant, -1 for none.
func (f *finder) find(o *Object) int {
	key, _ := f.key(o)
	for _, i := range f.byValue[key] {
		if f.same(f.all[i], o) {
			return i
		}
	}
	return -1
}

// firstIn is find in a list that is not worth an index.
func (f *finder) firstIn(list []any, o *Object) int {
	for i, each := range list {
		if f.same(asElement(each), o) {
			return i
		}
	}
	return -1
}

func (f *finder) same(a, b *Object) bool {
	x, okA := a.Get("value").(string)
	y, okB := b.Get("value").(string)
	if !okA || !okB {
		return Equal(a, b)
	}
	if x != y && (f.exact || !strings.EqualFold(x, y)) {
		return false
	}
	typeA, typeB := a.Text("type"), b.Text("type")
	return typeA == "" || typeB == "" || equalFold(typeA, typeB)
}
