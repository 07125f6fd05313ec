package kisi

import (
	"encoding/json"
	"maps"

	"github.com/kisi-sync/kisi-sync/internal/access"
)

// maxKeys is how many keys a user's metadata may have (§3.1).
const maxKeys = 50

// Metadata is a flat object that others write to as well, so values are kept
// as they came.
type Metadata map[string]json.RawMessage

// Pair is one key of ours.
type Pair struct{ Key, Value string }

// text returns a value that is a string, else "".
func (m Metadata) text(key string) string {
	var s string
	if json.Unmarshal(m[key], &s) != nil {
		return ""
	}
	return s
}

// merge returns m with ours put in, first ones first, as long as there is
// room; no other key is touched.
func (m Metadata) merge(ours []Pair) Metadata {
	merged := maps.Clone(m)
	if merged == nil {
		merged = Metadata{}
	}
	for _, p := range ours {
		if _, there := merged[p.Key]; !there && len(merged) >= maxKeys {
			continue
		}
		value, err := json.Marshal(access.FitValue(p.Value))
		if err == nil { // a string always can be
			merged[p.Key] = value
		}
	}
	return merged
}
