package scim

// Matcher says whether a resource is as a filter wants. It may be used by many at once.
type Matcher func(Resource) bool

// Matcher returns the test of the filter for resources of a type, which says how values compare. An attribute that the type does not know
// has no value (RFC 7644 section 3.4.2.1). A comparison that makes no sense for an attribute, such as an order of booleans, is an
// invalidFilter (section 3.4.2.2).
func (f Filter) Matcher(t *Type) (Matcher, error) {
	if f.root == nil {
		return func(Resource) bool { return true }, nil
	}
	b := binder{find: t.find, typ: t}
	m, err := b.bind(f.root)
	return Matcher(m), err
}

// binder turns nodes into tests of objects: of resources, or of the values of one attribute.
type binder struct {
	find func(AttrPath) (spot, bool)
	typ  *Type
}

// elements returns the binder for the inside of a value path, where names are those of sub-attributes.
func (b binder) elements(attr *Attribute) binder {
	return binder{typ: b.typ, find: func(p AttrPath) (spot, bool) {
		if p.URI != "" || p.Sub != "" {
			return spot{}, false
		}
		if sub := attr.Sub(p.Name); sub != nil {
			return spot{attr: sub}, true
		}
		switch attr.Type {
		case Anything:
			return spot{attr: anything(p.Name)}, true
		case Complex:
			return spot{attr: anything(p.Name)}, b.typ.Lax
		}
		return spot{attr: &Attribute{Name: "value", Type: attr.Type, CaseExact: attr.CaseExact}}, equalFold(p.Name, "value")
	}}
}

func (b binder) bind(n node) (func(*Object) bool, error) {
	switch n := n.(type) {
	case allOf:
		all, err := b.each(n)
		return func(o *Object) bool {
			for _, match := range all {
				if !match(o) {
					return false
				}
			}
			return true
		}, err
	case anyOf:
		all, err := b.each(n)
		return func(o *Object) bool {
			for _, match := range all {
				if match(o) {
					return true
				}
			}
			return false
		}, err
	case notOf:
		match, err := b.bind(n.node)
		return func(o *Object) bool { return !match(o) }, err
	case test:
		return b.test(n)
	case has:
		at, ok := b.find(n.path)
		return func(o *Object) bool { return ok && at.any(o, present) }, nil
	}
	return b.within(n.(within))
}

func (b binder) each(nodes []node) ([]func(*Object) bool, error) {
	all := make([]func(*Object) bool, len(nodes))
	for i, n := range nodes {
		match, err := b.bind(n)
		if err != nil {
			return nil, err
		}
		all[i] = match
	}
	return all, nil
}

func (b binder) test(n test) (func(*Object) bool, error) {
	at, ok := b.find(n.path)
	if !ok { // no value: it equals null, and differs from everything else
		same := (n.op == "eq") == (n.value == nil) && (n.op == "eq" || n.op == "ne")
		return func(*Object) bool { return same }, nil
	}
	if at.attr == nil {
		return nil, refuse(InvalidFilter, "%s is a schema and has no value to compare", short(n.path.String()))
	}
	if n.value == nil {
		return nullTest(n, at)
	}
	at = at.comparable()
	match, err := comparison(at.leaf(), n)
	if err != nil {
		return nil, err
	}
	if n.op == "ne" { // nothing is not identical to something; of many values one that differs is enough (section 3.4.2.2)
		return func(o *Object) bool { return !at.any(o, present) || at.any(o, match) }, nil
	}
	return func(o *Object) bool { return at.any(o, match) }, nil
}

// nullTest compares with null, which means unassigned (RFC 7643 section 2.5).
func nullTest(n test, at spot) (func(*Object) bool, error) {
	switch n.op {
	case "eq":
		return func(o *Object) bool { return !at.any(o, present) }, nil
	case "ne":
		return func(o *Object) bool { return at.any(o, present) }, nil
	}
	return nil, refuse(InvalidFilter, "%s cannot be compared with null by %s", short(n.path.String()), n.op)
}

func (b binder) within(n within) (func(*Object) bool, error) {
	at, ok := b.find(n.path)
	if !ok {
		return func(*Object) bool { return false }, nil
	}
	if at.attr == nil {
		return nil, refuse(InvalidFilter, "%s is a schema and has no values to choose from", short(n.path.String()))
	}
	match, err := b.elements(at.attr).bind(n.inner)
	if err != nil {
		return nil, err
	}
	return func(o *Object) bool { return at.any(o, func(v any) bool { return match(asElement(v)) }) }, nil
}

// asElement makes an object of a value that is none, so that value eq "x" works for plain values too.
func asElement(value any) *Object {
	if o, ok := value.(*Object); ok {
		return o
	}
	return &Object{fields: []Field{{"value", value}}}
}

// leaf is the attribute whose values are compared.
func (at spot) leaf() *Attribute {
	if at.sub != nil {
		return at.sub
	}
	return at.attr
}

// comparable goes on to the value of a complex attribute that is compared as a whole: emails co "x" means emails.value co "x" (an example
// of RFC 7644 section 3.4.2.2).
func (at spot) comparable() spot {
	if at.sub == nil && at.attr.Type == Complex {
		if value := at.attr.Sub("value"); value != nil {
			at.sub = value
		}
	}
	return at
}

// any says that one of the values at the spot is as wanted.
func (at spot) any(o *Object, match func(any) bool) bool {
	if o = at.holder(o); o == nil {
		return false
	}
	if at.attr == nil {
		return match(o)
	}
	switch value := o.Get(at.attr.Name).(type) {
	case nil:
		return false
	case []any:
		for _, each := range value {
			if at.one(each, match) {
				return true
			}
		}
		return false
	default:
		return at.one(value, match)
	}
}

func (at spot) one(value any, match func(any) bool) bool {
	if at.sub == nil {
		return match(value)
	}
	o, ok := value.(*Object)
	if !ok {
		return false
	}
	for _, each := range o.List(at.sub.Name) {
		if match(each) {
			return true
		}
	}
	return false
}

// present is pr: not empty, not null, and of a complex value something is (RFC 7644 section 3.4.2.2, table 3).
func present(value any) bool {
	switch value := value.(type) {
	case nil:
		return false
	case string:
		return value != ""
	case []any:
		for _, each := range value {
			if present(each) {
				return true
			}
		}
		return false
	case *Object:
		for _, each := range value.All() {
			if present(each) {
				return true
			}
		}
		return false
	}
	return true
}
