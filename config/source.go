package config

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/kisi-sync/kisi-sync/mapping"
)

func (s *sourceBlock) decodeNode(d *decoder, n *yaml.Node, path string) {
	if n.Kind != yaml.MappingNode {
		d.unexpected(n, path, "a mapping (key: value)", "")
		return
	}
	common := reflect.ValueOf(&s.common).Elem()
	known := d.kind(n, path)
	make, ok := d.types[known]
	if !ok {
		d.onlyCommon(n, path, common)
		return
	}
	s.settings = make()
	own := reflect.ValueOf(s.settings)
	if own.Kind() != reflect.Pointer || own.Elem().Kind() != reflect.Struct {
		panic("config: the settings of source type " + known + " are no pointer to a struct")
	}
	d.block(n, path, common, own.Elem())
	s.says = told(n, "")
	before := len(d.found)
	for _, f := range s.settings.Validate() {
		d.finding(before, path, f)
	}
}

// kind returns the type of a source; an unknown one is reported.
func (d *decoder) kind(n *yaml.Node, path string) string {
	for key, value := range pairs(n) {
		if key != "type" {
			continue
		}
		if _, ok := d.types[value.Value]; !ok && value.Kind == yaml.ScalarNode && value.Tag == "!!str" {
			d.add(join(path, "type"), fmt.Sprintf("unknown type of source %q", shorten(value.Value)), hintFor(value.Value, d.typeNames()))
		}
		return value.Value
	}
	d.add(join(path, "type"), "is missing", "known here: "+strings.Join(d.typeNames(), ", "))
	return ""
}

func (d *decoder) typeNames() []string {
	names := make([]string, 0, len(d.types))
	for name := range d.types {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// onlyCommon decodes a source of unknown type. Its other keys may be right or wrong; nobody can tell.
func (d *decoder) onlyCommon(n *yaml.Node, path string, common reflect.Value) {
	for key, value := range pairs(n) {
		if f, ok := fieldNamed(appendFields(nil, common), key); ok {
			d.decode(value, f.value, join(path, key))
		}
	}
}

// MarshalYAML writes the common keys and those of the type into one mapping.
func (s sourceBlock) MarshalYAML() (any, error) {
	n, err := nodeOf(s.common)
	if err != nil {
		return nil, err
	}
	own, err := nodeOf(s.settings)
	if err != nil {
		return nil, err
	}
	n.Content = append(n.Content, own.Content...)
	return n, nil
}

// told returns what a source says of whom it reads and speaks for, key by key. Where secrets are, and how often and how it is asked, is nothing
// that anybody gains or loses by.
func told(n *yaml.Node, above string) (all []mapping.Part) {
	for key, value := range pairs(n) {
		if above == "" && !slices.Contains([]string{"url", "path", "base", "emails", "people", "groups", "filter", "preset", "domain", "customer", "organization", "tenant"}, key) {
			continue
		}
		switch name := above + key; value.Kind {
		case yaml.MappingNode:
			all = append(all, told(value, name+".")...)
		case yaml.SequenceNode:
			var some []string
			for _, one := range value.Content {
				if one.Kind == yaml.ScalarNode {
					some = append(some, one.Value)
				}
			}
			all = append(all, mapping.Part{Key: name, Text: strings.Join(some, ", ")})
		case yaml.ScalarNode:
			if strings.Contains(value.Value, "@") && key == "url" {
				continue // whoever writes a password there, against all advice
			}
			all = append(all, mapping.Part{Key: name, Text: value.Value})
		}
	}
	slices.SortFunc(all, func(a, b mapping.Part) int { return strings.Compare(a.Key, b.Key) })
	return all
}
