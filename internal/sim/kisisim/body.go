package kisisim

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"time"
)

// body reads the fields of one wrapped write. Every key that is asked for counts as known; what remains is unknown to
// Kisi. It is as tolerant as we believe Kisi is, and records every shape that the notes do not allow.
type body struct {
	x      *exchange
	fields map[string]json.RawMessage
	known  map[string]bool
	errs   fieldErrors
}

// readBody unwraps the body, or says how it is refused.
func (x *exchange) readBody(wrapper string) (*body, *response) {
	b := &body{x: x, known: map[string]bool{}, errs: fieldErrors{}}
	var outer map[string]json.RawMessage
	if err := json.Unmarshal(x.raw, &outer); err != nil {
		x.violate(BadShape, "the body is no JSON object")
		return b, refuse(badRequest("There was a problem in the JSON you submitted"))
	}
	inner, wrapped := outer[wrapper]
	if wrapped {
		for _, other := range slices.Sorted(maps.Keys(outer)) {
			if other != wrapper {
				x.violate(BadShape, "unknown key %s beside %s", other, wrapper)
			}
		}
		if err := json.Unmarshal(inner, &b.fields); err == nil && len(b.fields) > 0 {
			return b, nil
		}
	}
	x.violate(BadShape, "the body is not wrapped in %q", wrapper)
	switch {
	case x.st.assume.MissingWrapper == WrapperOptional && !wrapped:
		b.fields = outer
		return b, nil
	case x.st.assume.MissingWrapper == WrapperRefused422:
		return b, refuse(invalid(wrapper, "is missing"))
	}
	return b, refuse(badRequest("param is missing or the value is empty: " + wrapper))
}

// raw returns the value of a key, and whether the key is there at all; null is there.
func (b *body) raw(key string) (json.RawMessage, bool) {
	b.known[key] = true
	value, there := b.fields[key]
	return value, there
}

func (b *body) has(key string) bool {
	_, there := b.raw(key)
	return there
}

func isNull(raw json.RawMessage) bool { return bytes.Equal(bytes.TrimSpace(raw), []byte("null")) }

func (b *body) wrong(key, problem string) {
	b.x.violate(BadShape, "%s %s", key, problem)
	b.errs.add(key, problem)
}

// read decodes a key into a Go value; absent and null leave it alone.
func read[T any](b *body, key string, into *T, what string) {
	raw, there := b.raw(key)
	if !there || isNull(raw) {
		return
	}
	if err := json.Unmarshal(raw, into); err != nil {
		b.wrong(key, "is not "+what)
	}
}

func (b *body) str(key string) string {
	var s string
	read(b, key, &s, "a string")
	return s
}

func (b *body) flag(key string, absent bool) bool {
	read(b, key, &absent, "true or false")
	return absent
}

// text is a string that may be null.
func (b *body) text(key string) *string {
	var s *string
	read(b, key, &s, "a string")
	return s
}

// number reads an id. Kisi has been seen to take one in quotes (§1.8); the notes say to send integers.
func (b *body) number(key string) int64 {
	raw, there := b.raw(key)
	if !there || isNull(raw) {
		return 0
	}
	var n int64
	if json.Unmarshal(raw, &n) == nil {
		return n
	}
	var quoted string
	if json.Unmarshal(raw, &quoted) == nil {
		if n, err := strconv.ParseInt(quoted, 10, 64); err == nil {
			b.x.violate(BadShape, "%s is sent as a string", key)
			return n
		}
	}
	b.wrong(key, "is not a number")
	return 0
}

// instant reads a date-time. Kisi takes any ISO form; the notes say to send whole seconds in UTC (§1.8).
func (b *body) instant(key string) *time.Time {
	var s *string
	read(b, key, &s, "a date")
	if s == nil {
		return nil
	}
	t, err := time.Parse(time.RFC3339Nano, *s)
	if err != nil {
		b.wrong(key, "is not a date")
		return nil
	}
	t = t.UTC().Truncate(time.Second)
	if t.Format(time.RFC3339) != *s {
		b.x.violate(BadShape, "%s is %s, not whole seconds in UTC", key, *s)
	}
	return &t
}

// leftover deals with the keys that nobody asked for. Call it after the last read.
func (b *body) leftover() {
	for _, key := range slices.Sorted(maps.Keys(b.fields)) {
		if b.known[key] {
			continue
		}
		b.x.violate(BadShape, "unknown key %s", key)
		if b.x.st.assume.RefuseUnknownKeys {
			b.errs.add(key, "is unknown")
		}
	}
}

// need refuses fields that must be there and not be empty.
func (b *body) need(keys ...string) {
	for _, key := range keys {
		raw, there := b.raw(key)
		if !there || isNull(raw) || bytes.Equal(bytes.TrimSpace(raw), []byte(`""`)) {
			b.wrong(key, "can't be blank or invalid")
		}
	}
}
