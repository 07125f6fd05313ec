// Package secret keeps keys and passwords out of everything that people read.
//
// [String] carries a secret through the program: it prints as "(secret)" in
// fmt, slog, JSON and YAML, even as an unexported field of a printed struct;
// only [String.Reveal] gives the value. [Ref] says where a secret is kept, in
// the words of the configuration file ({env: NAME} or {file: PATH}), and is
// resolved on each use, so that a rotated key needs no restart.
//
// It must not cache what it read, and no error of it may contain a secret.
package secret

import (
	"crypto/subtle"
	"fmt"
	"log/slog"
)

// hidden is what every printer shows instead of the value.
const hidden = "(secret)"

// String is a secret that does not print itself. The zero value is the empty
// secret. It is immutable and safe for concurrent use.
//
// The value sits behind a pointer because fmt cannot call the methods of an
// unexported struct field: it would print a plain string field in full, but of
// a nested pointer it prints the address only.
type String struct{ value *string }

// New hides value.
func New(value string) String { return String{value: &value} }

// Reveal returns the value, for the one call that needs it. Never store or log
// the result.
func (s String) Reveal() string {
	if s.value == nil {
		return ""
	}
	return *s.value
}

// IsZero reports whether the secret is empty.
func (s String) IsZero() bool { return s.Reveal() == "" }

// Equal compares in time that does not depend on where the secrets differ.
// Comparing with == compares identities, not values.
func (s String) Equal(other String) bool {
	return subtle.ConstantTimeCompare([]byte(s.Reveal()), []byte(other.Reveal())) == 1
}

// String returns "(secret)".
func (s String) String() string { return hidden }

// Format writes "(secret)" under every verb and flag.
func (s String) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(hidden)) }

// LogValue implements [slog.LogValuer].
func (s String) LogValue() slog.Value { return slog.StringValue(hidden) }

// MarshalText implements [encoding.TextMarshaler], which JSON, XML and map
// keys fall back to.
func (s String) MarshalText() ([]byte, error) { return []byte(hidden), nil }

// MarshalJSON implements json.Marshaler.
func (s String) MarshalJSON() ([]byte, error) { return []byte(`"` + hidden + `"`), nil }

// MarshalYAML implements yaml.Marshaler.
func (s String) MarshalYAML() (any, error) { return hidden, nil }
