package google

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/kisi-sync/kisi-sync/connectors"
	"github.com/kisi-sync/kisi-sync/internal/directory"
)

var _ connectors.Revealer = (*source)(nil)

// Reveal asks for one user or group again, with everything that Google shows of it, custom fields too. Of an organizational unit there
// is no more than its path.
func (s *source) Reveal(ctx context.Context, of *directory.Record) ([]directory.Attr, error) {
	api, err := s.directory(ctx)
	if err != nil {
		return nil, err
	}
	var found any
	if of.Kind == directory.GroupIs {
		found, err = answer(api.Groups.Get(of.ID).Context(ctx).Do())
	} else {
		found, err = answer(api.Users.Get(of.ID).Projection("full").Context(ctx).Do())
	}
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", of.ID, explain(err, ""))
	}
	text, err := json.Marshal(found)
	if err != nil {
		return nil, err
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(text, &fields); err != nil {
		return nil, err
	}
	return revealed(fields), nil
}

// revealed are the fields of an answer as rules may name them: each entry of a list as it was sent, custom fields by schema.
func revealed(fields map[string]json.RawMessage) (all []directory.Attr) {
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		if slices.Contains([]string{"etag", "kind", "password", "hashFunction"}, name) {
			continue
		}
		var inner map[string]json.RawMessage
		if json.Unmarshal(fields[name], &inner) != nil {
			all = append(all, directory.Attr{Name: name, Values: plain(fields[name])})
			continue
		}
		for _, below := range slices.Sorted(maps.Keys(inner)) {
			all = append(all, directory.Attr{Name: name + "." + below, Values: plain(inner[below])})
		}
	}
	return all
}

// plain writes a text or a list of them without quotes, and everything else as JSON.
func plain(text json.RawMessage) []string {
	var list []json.RawMessage
	if json.Unmarshal(text, &list) != nil {
		list = []json.RawMessage{text}
	}
	all := make([]string, len(list))
	for i, one := range list {
		if json.Unmarshal(one, &all[i]) != nil {
			all[i] = string(one)
		}
	}
	return all
}
