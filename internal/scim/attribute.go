package scim

// Kind is the data type of an attribute (RFC 7643 section 2.3).
type Kind string

// The data types of RFC 7643 section 2.3. Anything is that of an attribute which no schema describes.
const (
	Anything  Kind = ""
	String    Kind = "string"
	Boolean   Kind = "boolean"
	Decimal   Kind = "decimal"
	Integer   Kind = "integer"
	DateTime  Kind = "dateTime"
	Binary    Kind = "binary"
	Reference Kind = "reference"
	Complex   Kind = "complex"
)

// Characteristics of an attribute (RFC 7643 section 7).
const (
	ReadOnly  = "readOnly"
	ReadWrite = "readWrite"
	Immutable = "immutable"
	WriteOnly = "writeOnly"

	Always    = "always"
	Never     = "never"
	ByDefault = "default"
	OnRequest = "request"
)

// Attribute describes an attribute as a schema does (RFC 7643 section 7). In JSON it is what /Schemas shows.
type Attribute struct {
	Name            string      `json:"name"`
	Type            Kind        `json:"type"`
	SubAttributes   []Attribute `json:"subAttributes,omitempty"`
	MultiValued     bool        `json:"multiValued"`
	Description     string      `json:"description"`
	Required        bool        `json:"required"`
	CanonicalValues []string    `json:"canonicalValues,omitempty"`
	CaseExact       bool        `json:"caseExact"`
	Mutability      string      `json:"mutability"`
	Returned        string      `json:"returned"`
	Uniqueness      string      `json:"uniqueness"`
	ReferenceTypes  []string    `json:"referenceTypes,omitempty"`
}

// Sub returns the sub-attribute of a name in any case, nil when there is none.
func (a *Attribute) Sub(name string) *Attribute { return find(a.SubAttributes, name) }

func find(all []Attribute, name string) *Attribute {
	for i := range all {
		if have := all[i].Name; equalFold(have, name) {
			return &all[i]
		}
	}
	return nil
}

// anything describes an attribute that no schema knows, by the defaults of RFC 7643 section 2.2.
func anything(name string) *Attribute {
	return &Attribute{Name: name, Type: Anything, Mutability: ReadWrite, Returned: ByDefault, Uniqueness: "none"}
}

// Schema is a set of attributes under a URI (RFC 7643 section 7).
type Schema struct {
	ID          string      `json:"id"`
	Name        string      `json:"name"`
	Description string      `json:"description"`
	Attributes  []Attribute `json:"attributes"`
}

// Attribute returns the attribute of a name in any case, nil when there is none.
func (s *Schema) Attribute(name string) *Attribute { return find(s.Attributes, name) }

// Type is a type of resources (RFC 7643 section 6): a core schema, and extensions whose attributes stand in an object of their own under
// their URI (section 3.3).
type Type struct {
	Core       Schema
	Extensions []Schema
	// Lax keeps attributes that no schema describes, as they come. Otherwise they are dropped, which RFC 7644 section 3.3 allows, and a
	// path to one is an invalidPath.
	Lax bool
}

// extension returns the extension of a URI, nil when it is none of this type.
func (t *Type) extension(uri string) *Schema {
	for i := range t.Extensions {
		if equalFold(t.Extensions[i].ID, uri) {
			return &t.Extensions[i]
		}
	}
	return nil
}

// attribute returns what describes a name at the top of a resource: one of the core schema, or one of those that all have (RFC 7643
// section 3.1).
func (t *Type) attribute(name string) *Attribute {
	if a := t.Core.Attribute(name); a != nil {
		return a
	}
	return find(common(), name)
}
