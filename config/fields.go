package config

import (
	"reflect"
	"slices"
	"strings"
)

// field is a key of a block.
type field struct {
	name     string
	value    reflect.Value
	required bool
}

// appendFields adds the keys of a struct. Embedded and inlined structs lend it theirs.
func appendFields(fields []field, v reflect.Value) []field {
	for i := range v.NumField() {
		f := v.Type().Field(i)
		name, options, _ := strings.Cut(f.Tag.Get("yaml"), ",")
		switch {
		case name == "-":
		case f.Type.Kind() == reflect.Struct && (f.Anonymous && name == "" || strings.Contains(options, "inline")):
			fields = appendFields(fields, v.Field(i))
		case f.IsExported():
			if name == "" {
				name = strings.ToLower(f.Name)
			}
			required := slices.Contains(strings.Split(f.Tag.Get("jsonschema"), ","), "required")
			fields = append(fields, field{name, v.Field(i), required})
		}
	}
	return fields
}

func fieldNamed(fields []field, name string) (field, bool) {
	for _, f := range fields {
		if f.name == name {
			return f, true
		}
	}
	return field{}, false
}

func fieldNames(fields []field) []string {
	names := make([]string, len(fields))
	for i, f := range fields {
		names[i] = f.name
	}
	return names
}

func has(list []string, word string) bool { return slices.Contains(list, word) }
