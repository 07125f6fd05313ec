package scim

// Apply returns the resource as the patch makes it, and whether that differs from what it was (RFC 7644 section 3.5.2). After an error
// nothing is changed: the resource given stays as it is in any case. Where the RFC leaves it open: to remove what is not there is done
// already, and an add to values that a filter does not find makes one as the filter describes it.
func (p Patch) Apply(t *Type, r Resource) (Resource, bool, error) {
	out := r
	for i, op := range p.operations {
		next, err := op.apply(t, out)
		if err != nil {
			return nil, false, nth(i, err)
		}
		out = next
	}
	if missing := t.missing(out); missing != "" && present(r.Get(missing)) { // RFC 7644 section 3.5.2.2
		return nil, false, refuse(Mutability, "%s is required and cannot be taken away", missing)
	}
	out = t.withSchemas(out)
	if Equal(r.With("schemas", nil), out.With("schemas", nil)) {
		return r, false, nil
	}
	return out, true, nil
}

func (op operation) apply(t *Type, r Resource) (Resource, error) {
	if op.path != nil {
		return op.at(t, r, *op.path)
	}
	var err error
	for name, value := range op.value.(*Object).All() {
		if r, err = (operation{verb: op.verb, value: value}).named(t, r, name); err != nil {
			return nil, err
		}
	}
	return r, nil
}

// named applies what an operation without a path says of one attribute. As in a whole resource, what is read-only or unknown is let pass: Okta
// repeats the id of a group. Entra ID writes paths for names, such as name.givenName.
func (op operation) named(t *Type, r Resource, name string) (Resource, error) {
	if equalFold(name, "schemas") {
		return r, nil
	}
	path, err := ParsePath(name)
	if err != nil {
		return r, err
	}
	at, ok := t.find(path.attr)
	if !ok || at.attr != nil && at.attr.Mutability == ReadOnly {
		return r, nil
	}
	if _, ok := op.value.(*Object); ok && t.strange(path.attr) {
		return op.extension(t, r, spot{uri: name})
	}
	return op.at(t, r, path)
}

// strange says that a path has a URI which no schema of the type has, so that it may be the URI itself of an extension.
func (t *Type) strange(p AttrPath) bool {
	return p.URI != "" && !equalFold(p.URI, t.Core.ID) && t.extension(p.URI) == nil && t.extension(p.String()) == nil
}

func (op operation) at(t *Type, r Resource, path Path) (Resource, error) {
	at, ok := t.find(path.attr)
	switch {
	case !ok:
		return nil, refuse(InvalidPath, "%s is no attribute of a %s", short(path.attr.String()), t.Core.Name)
	case at.attr == nil && path.chosen != nil:
		return nil, refuse(InvalidPath, "%s is a schema and has no values to choose from", short(path.attr.String()))
	case at.attr == nil:
		return op.extension(t, r, at)
	case t.strange(path.attr) && path.chosen == nil && (r.Object(path.attr.String()) != nil || equalFold(path.attr.Name, t.Core.Name)):
		return op.extension(t, r, spot{uri: path.attr.String()})
	case equalFold(at.attr.Name, "schemas") && at.uri == "":
		return r, nil // they follow from what is used
	}
	e := edit{verb: op.verb, value: op.value, spot: at, lax: t.Lax, chosen: path.chosen}
	if path.chosen != nil {
		match, err := (binder{typ: t}).elements(at.attr).bind(path.chosen)
		if err != nil {
			return nil, err
		}
		e.match = match
	}
	return e.of(r)
}

// extension applies an operation on all of an extension, whose value is a set of its attributes (as Entra ID and Okta send it).
func (op operation) extension(t *Type, r Resource, at spot) (Resource, error) {
	if op.verb == remove {
		return r.With(at.uri, nil), nil
	}
	set, ok := op.value.(*Object)
	if !ok && op.value != nil {
		return nil, refuse(InvalidValue, "%s is a set of attributes, and what came is none", at.uri)
	}
	if op.value == nil {
		if op.verb == replace {
			return r.With(at.uri, nil), nil
		}
		return r, nil
	}
	for name, value := range set.All() {
		inner, known := t.find(AttrPath{URI: at.uri, Name: name})
		if !known || inner.attr == nil || inner.attr.Mutability == ReadOnly {
			continue
		}
		var err error
		if r, err = (edit{verb: op.verb, value: value, spot: inner, lax: t.Lax}).of(r); err != nil {
			return nil, err
		}
	}
	return r, nil
}
