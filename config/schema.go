package config

import (
	_ "embed" // for descriptions.json
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/invopop/jsonschema"

	"github.com/kisi-sync/kisi-sync/connectors"
)

// descriptions are the comments of the keys by "package.type.field".
//
//go:embed descriptions.json
var descriptions []byte

// Schema returns the JSON Schema (draft 2020-12) of the configuration file, for editors. A source's settings are those of its
// type. What the schema lets pass may still be wrong; Load decides.
func Schema(types connectors.Types) ([]byte, error) {
	s := schemas{types: types}
	if err := json.Unmarshal(descriptions, &s.comments); err != nil {
		return nil, fmt.Errorf("read descriptions of keys: %w", err)
	}
	root := s.of(reflect.TypeFor[file]())
	unquoted(root)
	root.Version, root.Title = jsonschema.Version, "kisi-sync configuration"
	text, err := json.MarshalIndent(root, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("write schema: %w", err)
	}
	return append(text, '\n'), nil
}

// schemas makes the schema of types.
type schemas struct {
	types    connectors.Types
	comments map[string]string
}

// schemed is a setting that is written in more than one way.
type schemed interface {
	schema(s schemas) *jsonschema.Schema
}

// of returns the schema of a type, with those of its fields written into it.
func (s schemas) of(t reflect.Type) *jsonschema.Schema {
	reflector := jsonschema.Reflector{
		Anonymous: true, DoNotReference: true, ExpandedStruct: true, RequiredFromJSONSchemaTags: true,
		FieldNameTag: "yaml", Mapper: s.special, CommentMap: s.comments,
	}
	root := reflector.ReflectFromType(t)
	root.Version = ""
	return root
}

// special makes the schemas that reflection cannot.
func (s schemas) special(t reflect.Type) *jsonschema.Schema {
	switch x := reflect.New(t).Elem().Interface().(type) {
	case schemed:
		return x.schema(s)
	case tabular:
		return &jsonschema.Schema{Type: "object", AdditionalProperties: s.of(x.element())}
	case vocabulary:
		return &jsonschema.Schema{Type: "string", Enum: anys(x.words())}
	}
	switch {
	case t == durationType:
		return span(0).schema(s)
	case t == refType:
		return s.secretRef()
	}
	return nil
}

func anys(words []string) []any {
	list := make([]any, len(words))
	for i, w := range words {
		list[i] = w
	}
	return list
}

func textSchema() *jsonschema.Schema { return &jsonschema.Schema{Type: "string"} }

// unquoted lets free text be written without quotes also when it looks like a number, as the decoder does.
func unquoted(s *jsonschema.Schema) {
	if s == nil {
		return
	}
	if s.Type == "string" && s.Pattern == "" && len(s.Enum) == 0 {
		s.Type, s.Extras = "", map[string]any{"type": []string{"string", "number"}}
	}
	if s.Properties != nil {
		for pair := s.Properties.Oldest(); pair != nil; pair = pair.Next() {
			unquoted(pair.Value)
		}
	}
	for _, inner := range slices.Concat(s.OneOf, s.AnyOf, s.AllOf, []*jsonschema.Schema{s.Items, s.AdditionalProperties, s.Then}) {
		unquoted(inner)
	}
}

func either(schemas ...*jsonschema.Schema) *jsonschema.Schema {
	return &jsonschema.Schema{OneOf: schemas}
}

// secretRef wants exactly one place.
func (s schemas) secretRef() *jsonschema.Schema {
	place := func(key string) *jsonschema.Schema {
		properties := jsonschema.NewProperties()
		properties.Set(key, &jsonschema.Schema{Type: "string", MinLength: at1()})
		properties.Set("expires", &jsonschema.Schema{Type: "string", Pattern: `^[0-9]{4}-[0-9]{2}-[0-9]{2}$`})
		return &jsonschema.Schema{Type: "object", Properties: properties, Required: []string{key}, AdditionalProperties: jsonschema.FalseSchema}
	}
	return either(place("file"), place("env"))
}

func at1() *uint64 {
	one := uint64(1)
	return &one
}

const durationPattern = `([0-9]{1,4}d)?([0-9]+(\.[0-9]+)?(h|m|s|ms))*`

func (span) schema(schemas) *jsonschema.Schema {
	return &jsonschema.Schema{Type: "string", MinLength: at1(), Pattern: "^" + durationPattern + "$"}
}

func (delay) schema(schemas) *jsonschema.Schema {
	return &jsonschema.Schema{Type: "string", MinLength: at1(), Pattern: "^(" + atOnce + "|" + durationPattern + ")$"}
}

func (patience) schema(schemas) *jsonschema.Schema {
	return &jsonschema.Schema{Type: "string", MinLength: at1(), Pattern: "^(" + atOnce + "|" + never + "|" + durationPattern + ")$"}
}

func (calendarSpan) schema(schemas) *jsonschema.Schema {
	return &jsonschema.Schema{Type: "string", Pattern: "^[1-9][0-9]{0,3}(d|w|mo|y)$"}
}

func (oneOrMore) schema(schemas) *jsonschema.Schema {
	return either(textSchema(), &jsonschema.Schema{Type: "array", Items: textSchema()})
}

func (values) schema(schemas) *jsonschema.Schema {
	return either(&jsonschema.Schema{Const: "any"}, &jsonschema.Schema{Type: "array", MinItems: at1(), Items: textSchema()})
}

func (groupNames) schema(s schemas) *jsonschema.Schema { return oneOrMore(nil).schema(s) }

func (samePerson) schema(s schemas) *jsonschema.Schema {
	return either(&jsonschema.Schema{Const: "email"}, s.of(reflect.TypeFor[joinBlock]()))
}

func (emailDomains) schema(schemas) *jsonschema.Schema {
	return either(&jsonschema.Schema{Const: "any"}, &jsonschema.Schema{Type: "array", MinItems: at1(), Items: &jsonschema.Schema{Type: "string", Pattern: domainName.String()}})
}

func (grantList) schema(schemas) *jsonschema.Schema {
	return &jsonschema.Schema{Type: "array", Items: textSchema()}
}

func (scope) schema(s schemas) *jsonschema.Schema {
	return either(&jsonschema.Schema{Const: "organization"}, s.of(reflect.TypeFor[placeBlock]()))
}

func (attributeBlock) schema(s schemas) *jsonschema.Schema {
	type long attributeBlock
	return either(textSchema(), s.named(reflect.TypeFor[long](), reflect.TypeFor[attributeBlock]()))
}

func (stopBlock) schema(s schemas) *jsonschema.Schema {
	type long stopBlock
	return either(textSchema(), s.named(reflect.TypeFor[long](), reflect.TypeFor[stopBlock]()))
}

func (memberBlock) schema(s schemas) *jsonschema.Schema {
	type long memberBlock
	return either(textSchema(), s.named(reflect.TypeFor[long](), reflect.TypeFor[memberBlock]()))
}

func (date) schema(s schemas) *jsonschema.Schema {
	return either(&jsonschema.Schema{Type: "string", Pattern: `^(\d{4}-\d{2}-\d{2}|` + relative.String()[1:len(relative.String())-1] + `$)`}, s.of(reflect.TypeFor[attributeDate]()))
}

// named returns the schema of a type under the comments of another.
func (s schemas) named(t, commented reflect.Type) *jsonschema.Schema {
	schema := s.of(t)
	for i := range commented.NumField() {
		f := commented.Field(i)
		name, _, _ := strings.Cut(f.Tag.Get("yaml"), ",")
		if property, ok := schema.Properties.Get(name); ok {
			property.Description = s.comments[commented.PkgPath()+"."+commented.Name()+"."+f.Name]
		}
	}
	return schema
}

// schema gives a source the keys of its type, decided by `type`.
func (sourceBlock) schema(s schemas) *jsonschema.Schema {
	names := make([]string, 0, len(s.types))
	for name := range s.types {
		names = append(names, name)
	}
	slices.Sort(names)
	block := &jsonschema.Schema{Type: "object", Required: []string{"type"}, Properties: jsonschema.NewProperties()}
	block.Properties.Set("type", &jsonschema.Schema{Type: "string", Enum: anys(names)})
	for _, name := range names {
		condition := &jsonschema.Schema{Required: []string{"type"}, Properties: jsonschema.NewProperties()}
		condition.Properties.Set("type", &jsonschema.Schema{Const: name})
		block.AllOf = append(block.AllOf, &jsonschema.Schema{If: condition, Then: s.source(name)})
	}
	return block
}

// source returns the common keys and those of a type as one block.
func (s schemas) source(name string) *jsonschema.Schema {
	block := s.of(reflect.TypeFor[sourceCommon]())
	own := s.of(reflect.TypeOf(s.types[name]()).Elem())
	for pair := own.Properties.Oldest(); pair != nil; pair = pair.Next() {
		block.Properties.Set(pair.Key, pair.Value)
	}
	block.Required = append(block.Required, own.Required...)
	block.Description = own.Description
	return block
}
