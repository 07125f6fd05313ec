package scim

import "strings"

// AttrPath names an attribute (RFC 7644 section 3.10): an attribute of the core schema, or of the schema of a URI before it, or one
// sub-attribute of either.
type AttrPath struct {
	URI  string // "" for the core schema
	Name string
	Sub  string // "" for the whole attribute
}

// String returns the path as RFC 7644 writes it.
func (p AttrPath) String() string {
	var b strings.Builder
	if p.URI != "" {
		b.WriteString(p.URI + ":")
	}
	b.WriteString(p.Name)
	if p.Sub != "" {
		b.WriteString("." + p.Sub)
	}
	return b.String()
}

// Is says that two paths are written alike but for case.
func (p AttrPath) Is(other AttrPath) bool {
	return equalFold(p.URI, other.URI) && equalFold(p.Name, other.Name) && equalFold(p.Sub, other.Sub)
}

// ParseAttrPath reads attrPath of RFC 7644 section 3.4.2.2, figure 1. Dots in a URI are no sub-attributes, so the URI ends at the last colon.
func ParseAttrPath(text string) (AttrPath, error) {
	var p AttrPath
	rest := text
	if colon := strings.LastIndexByte(text, ':'); colon >= 0 {
		p.URI, rest = text[:colon], text[colon+1:]
		if !isURI(p.URI) {
			return AttrPath{}, refuse(InvalidPath, "%s is no attribute", short(text))
		}
	}
	var dotted bool
	p.Name, p.Sub, dotted = strings.Cut(rest, ".")
	if !isName(p.Name) || dotted && !isName(p.Sub) {
		return AttrPath{}, refuse(InvalidPath, "%s is no attribute", short(text))
	}
	return p, nil
}

// isURI is for the URIs of schemas, which have no blanks, quotes or brackets.
func isURI(s string) bool {
	for i := range len(s) {
		if c := s[i]; c <= ' ' || c >= 0x7f || strings.IndexByte(`"()[]<>\^{|}`, c) >= 0 {
			return false
		}
	}
	return strings.IndexByte(s, ':') > 0
}

// isName reads ATTRNAME of RFC 7643 section 2.1, and $ref, which that grammar forgets.
func isName(s string) bool {
	s = strings.TrimPrefix(s, "$")
	if s == "" || s[0] == '-' || '0' <= s[0] && s[0] <= '9' {
		return false
	}
	for i := range len(s) {
		switch c := s[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '-', c == '_':
		default:
			return false
		}
	}
	return true
}

// spot is where a path leads in resources of a type.
type spot struct {
	uri  string     // of the extension that holds the attribute, "" for the resource itself
	attr *Attribute // nil when the path names a whole extension
	sub  *Attribute // nil for the whole attribute
}

// find returns where a path leads; false when no schema knows it and the type is not lax.
func (t *Type) find(p AttrPath) (spot, bool) {
	if uri, ok := t.wholeExtension(p); ok {
		return spot{uri: uri}, true
	}
	var at spot
	switch extension := t.extension(p.URI); {
	case p.URI == "" || equalFold(p.URI, t.Core.ID):
		at.attr = t.attribute(p.Name)
	case extension != nil:
		at.uri, at.attr = extension.ID, extension.Attribute(p.Name)
	case t.Lax:
		at.uri = p.URI
	}
	if at.attr == nil {
		if !t.Lax {
			return spot{}, false
		}
		at.attr = anything(p.Name)
	}
	if p.Sub != "" {
		if at.sub = at.attr.Sub(p.Sub); at.sub == nil {
			if at.attr.Type != Anything && (at.attr.Type != Complex || !t.Lax) {
				return spot{}, false
			}
			at.sub = anything(p.Sub)
		}
	}
	return at, true
}

// wholeExtension says that a path is the URI of an extension, whose last part looks like an attribute.
func (t *Type) wholeExtension(p AttrPath) (string, bool) {
	if p.URI == "" {
		return "", false
	}
	whole := p.String()
	if e := t.extension(whole); e != nil {
		return e.ID, true
	}
	return "", false
}

// holder returns the object that holds the attribute of a spot, nil when there is none.
func (at spot) holder(r Resource) *Object {
	if at.uri == "" {
		return r
	}
	return r.Object(at.uri)
}
