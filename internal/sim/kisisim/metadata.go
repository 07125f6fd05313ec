package kisisim

import (
	"encoding/json"
	"maps"
	"unicode/utf8"
)

// The limits of §3.1, and those of §12.23 for what Kisi does not state.
const (
	maxMetadataKeys  = 50
	maxMetadataKey   = 50
	maxMetadataValue = 500
	maxName          = 255
	maxNotes         = 1000
)

// metadata reads the metadata key of a user: a flat object of strings, numbers, booleans and nulls.
func (b *body) metadata() (map[string]any, bool) {
	raw, there := b.raw("metadata")
	if !there {
		return nil, false
	}
	var values map[string]any
	if err := json.Unmarshal(raw, &values); err != nil || values == nil {
		b.wrong("metadata", "is not an object")
		return nil, false
	}
	for key, value := range values {
		if problem := metadataProblem(key, value); problem != "" {
			b.wrong("metadata", problem)
			return nil, false
		}
	}
	return values, true
}

func metadataProblem(key string, value any) string {
	if utf8.RuneCountInString(key) > maxMetadataKey {
		return "has a key that is too long (maximum is 50 characters)"
	}
	switch v := value.(type) {
	case map[string]any, []any:
		return "must not be nested"
	case string:
		if utf8.RuneCountInString(v) > maxMetadataValue {
			return "has a value that is too long (maximum is 500 characters)"
		}
	}
	return ""
}

// setMetadata replaces or merges, as assumed, and reports what is wrong with the result.
func (b *body) setMetadata(old map[string]any) map[string]any {
	values, there := b.metadata()
	if !there {
		return old
	}
	if b.x.st.assume.MergeMetadata {
		merged := maps.Clone(old)
		maps.Copy(merged, values)
		values = merged
	}
	if len(values) > maxMetadataKeys {
		b.wrong("metadata", "has too many keys (maximum is 50)")
		return old
	}
	return values
}
