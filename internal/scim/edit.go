package scim

// edit is one operation on one attribute.
type edit struct {
	verb   verb
	value  any
	spot   spot
	chosen node               // the filter of the path
	match  func(*Object) bool // what it chooses; nil when all values are meant
	lax    bool
}

// of returns the resource with the edit done.
func (e edit) of(r Resource) (Resource, error) {
	a, s := e.spot.attr, e.spot.sub
	if a.Mutability == ReadOnly || s != nil && s.Mutability == ReadOnly {
		return nil, refuse(Mutability, "%s cannot be changed", e.name())
	}
	holder := e.spot.holder(r)
	old := holder.Get(a.Name)
	value, err := e.edited(old)
	if err != nil {
		return nil, err
	}
	if a.Mutability == WriteOnly {
		value = nil // looked at, and not kept
	}
	if a.Mutability == Immutable && old != nil && !Equal(old, value) {
		return nil, refuse(Mutability, "%s cannot be changed", e.name())
	}
	if value, err = e.onePrimary(listOf(old), value); err != nil {
		return nil, err
	}
	holder = holder.With(a.Name, value)
	if e.spot.uri == "" {
		return holder, nil
	}
	if holder.Len() == 0 {
		return r.With(e.spot.uri, nil), nil
	}
	return r.With(e.spot.uri, holder), nil
}

func (e edit) name() string {
	if e.spot.sub != nil {
		return e.spot.attr.Name + "." + e.spot.sub.Name
	}
	return e.spot.attr.Name
}

// edited returns what becomes of the old value of the attribute.
func (e edit) edited(old any) (any, error) {
	a := e.spot.attr
	list, isList := old.([]any)
	switch {
	case e.match != nil:
		return e.some(listOf(old))
	case e.spot.sub != nil && (a.MultiValued || isList):
		return e.each(listOf(old))
	case e.spot.sub != nil:
		return e.part(old)
	case a.MultiValued, a.Type == Anything && isList:
		return e.list(list)
	case e.verb == remove:
		return nil, nil
	case a.Type == Complex:
		return e.complex(old)
	case a.Type == Anything && e.verb == add:
		return e.anything(old)
	}
	return coerce(a, e.value, e.lax)
}

// complex sets the sub-attributes that are named, and leaves the others (RFC 7644 sections 3.5.2.1 and 3.5.2.3).
func (e edit) complex(old any) (any, error) {
	have, _ := old.(*Object)
	if set, ok := e.value.(*Object); ok {
		return orNil(merge(e.spot.attr, have, set, e.lax))
	}
	value, err := coerce(e.spot.attr, e.value, e.lax) // "manager": "7", or null
	set, ok := value.(*Object)
	if err != nil || !ok {
		if e.verb == add && err == nil {
			return old, nil
		}
		return nil, err
	}
	return orNil(merge(e.spot.attr, have, set, e.lax))
}

// anything adds to a value that no schema describes.
func (e edit) anything(old any) (any, error) {
	value := clean(e.value)
	have, isObject := old.(*Object)
	set, ok := value.(*Object)
	if isObject && ok {
		return orNil(merge(e.spot.attr, have, set, true))
	}
	if _, isList := value.([]any); isList && old != nil {
		return union(e.spot.attr, []any{old}, listOf(value)), nil
	}
	if value == nil {
		return old, nil
	}
	return value, nil
}

// list edits all values of a multi-valued attribute.
func (e edit) list(old []any) (any, error) {
	a := e.spot.attr
	if e.verb == remove {
		if e.value == nil { // RFC 7644 section 3.5.2.2: all values
			return nil, nil
		}
		return e.without(old)
	}
	value, err := coerce(a, e.value, e.lax)
	if err != nil || e.verb == replace {
		return value, err
	}
	return nilIfNone(union(a, old, listOf(value))), nil
}

// without takes away the values that are named, as Entra ID removes members. Never all of them for want of a name.
func (e edit) without(old []any) (any, error) {
	gone := newFinder(e.spot.attr)
	var loose []*Object // named by something else than a value, such as a type
	for _, each := range listOf(e.value) {
		element, _ := clean(asElement(each)).(*Object)
		switch {
		case !present(element):
			return nil, refuse(InvalidValue, "a value of %s that is to be removed is empty", e.spot.attr.Name)
		case element.Text("value") != "":
			gone.add(element)
		default:
			loose = append(loose, element)
		}
	}
	out := make([]any, 0, len(old))
	for _, each := range old {
		if element := asElement(each); gone.find(element) < 0 && !anyPart(loose, element) {
			out = append(out, each)
		}
	}
	return nilIfNone(out), nil
}

func nilIfNone(list []any) any {
	if len(list) == 0 {
		return nil
	}
	return list
}

// some edits the values that the filter of the path chooses.
func (e edit) some(old []any) (any, error) {
	out := make([]any, 0, len(old)+1)
	found := false
	for _, each := range old {
		if e.match(asElement(each)) {
			found = true
			value, err := e.element(each)
			if err != nil {
				return nil, err
			}
			each = value
		}
		if each != nil {
			out = append(out, each)
		}
	}
	if !found && e.verb != remove {
		value, err := e.made(len(old) > 0)
		if err != nil {
			return nil, err
		}
		out = append(out, value)
	}
	return nilIfNone(out), nil
}

// each edits a sub-attribute of all values; where there are none, of a new one (a target that does not exist is added to).
func (e edit) each(old []any) (any, error) {
	out := make([]any, 0, len(old)+1)
	if len(old) == 0 && e.verb != remove {
		old = []any{&Object{}}
	}
	for _, each := range old {
		value, err := e.part(each)
		if err != nil {
			return nil, err
		}
		if value != nil {
			out = append(out, value)
		}
	}
	return nilIfNone(out), nil
}

// element edits one chosen value; nil is none any more.
func (e edit) element(old any) (any, error) {
	a := e.spot.attr
	if e.spot.sub != nil {
		return e.part(old)
	}
	if e.verb == remove {
		return nil, nil
	}
	value := e.value
	if list, ok := value.([]any); ok && len(list) == 1 {
		value = list[0]
	}
	have, isObject := old.(*Object)
	set, ok := value.(*Object)
	if e.verb == add && isObject && ok {
		now, err := orNil(merge(a, have, set, e.lax))
		return now, errorOr(err, changedImmutable(a, have, now))
	}
	if a.Type == Anything {
		return clean(value), nil
	}
	return coerceOne(a, value, e.lax)
}

func errorOr(first, second error) error {
	if first != nil {
		return first
	}
	return second
}

// changedImmutable refuses another value for a sub-attribute that cannot change once it is set.
func changedImmutable(a *Attribute, old *Object, value any) error {
	now, _ := value.(*Object)
	for i := range a.SubAttributes {
		s := &a.SubAttributes[i]
		if have := old.Get(s.Name); s.Mutability == Immutable && have != nil && !Equal(have, now.Get(s.Name)) {
			return refuse(Mutability, "%s.%s cannot be changed", a.Name, s.Name)
		}
	}
	return nil
}

// part edits one sub-attribute of a complex value.
func (e edit) part(old any) (any, error) {
	s := e.spot.sub
	have, isObject := old.(*Object)
	if !isObject && old != nil {
		return nil, refuse(InvalidPath, "%s has no sub-attributes", e.spot.attr.Name)
	}
	value, err := edit{verb: e.verb, value: e.value, spot: spot{attr: s}, lax: e.lax}.edited(have.Get(s.Name))
	if err != nil {
		return nil, err
	}
	now, _ := orNil(have.With(s.Name, value), nil)
	return now, changedImmutable(e.spot.attr, have, now)
}

// made makes the value that the filter of a path describes and does not find, so that emails[type eq "work"].value can be added to nothing, as
// Entra ID does. A replace does so where the attribute has no value at all, since what does not exist is added; where other values are, it is a
// noTarget (both RFC 7644 section 3.5.2.3).
func (e edit) made(others bool) (any, error) {
	a := e.spot.attr
	seed, ok := described(a, e.chosen)
	if e.verb == replace && others || !ok {
		return nil, refuse(NoTarget, "no value of %s is as the filter of the path wants", a.Name)
	}
	start, err := merge(a, nil, seed, e.lax)
	if err != nil {
		return nil, err
	}
	e.verb = add
	return e.element(start)
}

// described returns the value that equalities describe; false when a filter is more than that.
func described(a *Attribute, n node) (*Object, bool) {
	switch n := n.(type) {
	case test:
		return NewObject(Field{n.path.Name, n.value}), n.op == "eq" && n.value != nil && n.path.Sub == "" && n.path.URI == ""
	case allOf:
		out := &Object{}
		for _, each := range n {
			one, ok := described(a, each)
			if !ok || out.Has(one.fields[0].Name) {
				return nil, false
			}
			out.put(one.fields[0].Name, one.fields[0].Value)
		}
		return out, true
	}
	return nil, false
}

// onePrimary makes all other values not primary when one is made so (RFC 7644 section 3.5.2).
func (e edit) onePrimary(old []any, value any) (any, error) {
	list, ok := value.([]any)
	if !ok || e.verb == remove {
		return value, nil
	}
	var primaries, fresh []int
	for i, each := range list {
		if o, ok := each.(*Object); ok && o.Get("primary") == true {
			primaries = append(primaries, i)
			if !contains(old, o) {
				fresh = append(fresh, i)
			}
		}
	}
	if len(primaries) < 2 {
		return value, nil
	}
	if len(fresh) != 1 {
		return nil, refuse(InvalidValue, "more than one of %s would be primary", e.spot.attr.Name)
	}
	out := append([]any{}, list...)
	for _, i := range primaries {
		if i != fresh[0] {
			out[i] = list[i].(*Object).With("primary", false)
		}
	}
	return out, nil
}

func contains(list []any, value any) bool {
	for _, each := range list {
		if Equal(each, value) {
			return true
		}
	}
	return false
}
