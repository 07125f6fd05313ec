package config

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

// Difference is a setting that two files say otherwise.
type Difference struct {
	Path          string // "limits.removals.people"
	Before, After string // "" where a file does not say it
}

// Differences returns what a later file says otherwise than s, defaults included, sorted by path. Rules are left out: mapping.Reword tells
// of them; and so are the tests of the files.
func (s *Settings) Differences(later *Settings) ([]Difference, error) {
	before, err := s.flat()
	if err != nil {
		return nil, err
	}
	after, err := later.flat()
	if err != nil {
		return nil, err
	}
	all := maps.Clone(before)
	maps.Copy(all, after)
	var out []Difference
	for _, path := range slices.Sorted(maps.Keys(all)) {
		if before[path] != after[path] {
			out = append(out, Difference{path, before[path], after[path]})
		}
	}
	return out, nil
}

// flat returns each setting by its path, as Show has it.
func (s *Settings) flat() (map[string]string, error) {
	text, err := s.Show()
	if err != nil {
		return nil, err
	}
	var root yaml.Node
	if err := yaml.Unmarshal(text, &root); err != nil {
		return nil, fmt.Errorf("read settings: %w", err)
	}
	out := map[string]string{}
	if len(root.Content) > 0 {
		flatten(root.Content[0], "", out)
	}
	return out, nil
}

func flatten(n *yaml.Node, path string, out map[string]string) {
	switch {
	case path == "rules" || path == "expect":
	case n.Kind == yaml.MappingNode:
		for key, value := range pairs(n) {
			flatten(value, join(path, key), out)
		}
	case n.Kind == yaml.SequenceNode:
		var texts []string
		for i, one := range n.Content {
			if one.Kind != yaml.ScalarNode {
				flatten(one, index(path, i), out)
				continue
			}
			texts = append(texts, one.Value)
		}
		if texts != nil || len(n.Content) == 0 {
			out[path] = "[" + strings.Join(texts, ", ") + "]"
		}
	default:
		out[path] = n.Value
	}
}
