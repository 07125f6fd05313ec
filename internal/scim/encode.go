package scim

import (
	"bytes"
	"encoding/json"
	"unicode/utf8"
)

// MarshalJSON returns the Object as JSON, in its order and with numbers as they came.
func (o *Object) MarshalJSON() ([]byte, error) { return o.AppendJSON(nil), nil }

// AppendJSON appends the Object as JSON.
func (o *Object) AppendJSON(to []byte) []byte { return appendValue(to, o) }

// String returns the Object as JSON.
func (o *Object) String() string { return string(o.AppendJSON(nil)) }

func appendValue(to []byte, value any) []byte {
	switch value := value.(type) {
	case bool:
		if value {
			return append(to, "true"...)
		}
		return append(to, "false"...)
	case string:
		return appendString(to, value)
	case json.Number:
		return append(to, value...)
	case []any:
		to = append(to, '[')
		for i, each := range value {
			if i > 0 {
				to = append(to, ',')
			}
			to = appendValue(to, each)
		}
		return append(to, ']')
	case *Object:
		to = append(to, '{')
		for name, each := range value.All() {
			if to[len(to)-1] != '{' {
				to = append(to, ',')
			}
			to = append(appendString(to, name), ':')
			to = appendValue(to, each)
		}
		return append(to, '}')
	}
	return append(to, "null"...)
}

// appendString writes a JSON string. Most need nothing escaped, and then nothing is allocated.
func appendString(to []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c == '"' || c == '\\' || c >= utf8.RuneSelf {
			return appendEscaped(to, s)
		}
	}
	return append(append(append(to, '"'), s...), '"')
}

// appendEscaped leaves <, > and & alone: this JSON stands in no web page.
func appendEscaped(to []byte, s string) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(s); err != nil {
		return append(to, `""`...) // a string can always be encoded
	}
	return append(to, bytes.TrimSuffix(b.Bytes(), []byte("\n"))...)
}
