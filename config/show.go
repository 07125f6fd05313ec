package config

import (
	"fmt"
	"slices"

	"go.yaml.in/yaml/v4"
)

// Show returns the effective settings, defaults included, as a file that means the same. Secrets are shown as where they are
// kept.
func (s *Settings) Show() ([]byte, error) {
	f := s.file
	f.State, f.Include = s.State, nil // what they say is here
	f.Sources = slices.Clone(f.Sources)
	for i, source := range f.Sources {
		f.Sources[i].Value.common.ID = sourceID(source)
	}
	text, err := yaml.Dump(&f, yaml.WithIndent(2), yaml.WithLineWidth(-1), yaml.WithUnicode(true))
	if err != nil {
		return nil, fmt.Errorf("write settings: %w", err)
	}
	return text, nil
}
