package okta

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"slices"

	"github.com/kisi-sync/kisi-sync/connectors"
	"github.com/kisi-sync/kisi-sync/internal/directory"
)

var _ connectors.Revealer = (*source)(nil)

// Reveal asks for one user or group again, with everything that Okta shows of it. Credentials are not asked for, and left out.
func (s *source) Reveal(ctx context.Context, of *directory.Record) ([]directory.Attr, error) {
	path, filter := usersPath, `id eq `+quote(of.ID)+` and `+everyStatus()
	if of.Kind == directory.GroupIs {
		path, filter = groupsPath, `id eq `+quote(of.ID)
	}
	var found []map[string]json.RawMessage
	if _, err := s.client.get(ctx, s.client.address(path, url.Values{"filter": {filter}}), &found); err != nil {
		return nil, fmt.Errorf("read %s: %w", of.ID, err)
	}
	if len(found) != 1 {
		return nil, fmt.Errorf("read %s: okta shows nothing of it any more", of.ID)
	}
	return revealed(found[0]), nil
}

// revealed are the fields of an answer, those of the profile behind the others.
func revealed(fields map[string]json.RawMessage) []directory.Attr {
	var all []directory.Attr
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		if v := values(fields[name]); len(v) > 0 && name != "credentials" {
			all = append(all, directory.Attr{Name: name, Values: v})
		}
	}
	var profile map[string]json.RawMessage
	_ = json.Unmarshal(fields["profile"], &profile) // what is none shows nothing
	for _, name := range slices.Sorted(maps.Keys(profile)) {
		if v := values(profile[name]); len(v) > 0 {
			all = append(all, directory.Attr{Name: "profile." + name, Values: v})
		}
	}
	return all
}
