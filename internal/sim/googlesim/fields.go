package googlesim

import (
	"fmt"
	"strings"
)

// selection is what a fields parameter asks for; nil is everything of an object.
type selection map[string]selection

// selectFields leaves what the text names: "nextPageToken,users(id,name/fullName)".
func selectFields(body any, text string) (any, error) {
	if text == "" {
		return body, nil
	}
	wanted, rest, err := parseFields(text)
	if err != nil {
		return nil, err
	}
	if rest != "" {
		return nil, fmt.Errorf("%q", rest)
	}
	return wanted.of(body), nil
}

// parseFields reads a list of fields up to the end or a closing bracket.
func parseFields(text string) (selection, string, error) {
	all := selection{}
	for {
		end := strings.IndexAny(text, "(),/")
		if end < 0 {
			end = len(text)
		}
		name := text[:end]
		if name == "" {
			return nil, "", fmt.Errorf("%q", text)
		}
		text = text[end:]
		var below selection
		var err error
		switch {
		case strings.HasPrefix(text, "("):
			if below, text, err = parseFields(text[1:]); err != nil {
				return nil, "", err
			}
			if !strings.HasPrefix(text, ")") {
				return nil, "", fmt.Errorf("%q", text)
			}
			text = text[1:]
		case strings.HasPrefix(text, "/"):
			if below, text, err = parsePath(text[1:]); err != nil {
				return nil, "", err
			}
		}
		all.add(name, below)
		if !strings.HasPrefix(text, ",") {
			return all, text, nil
		}
		text = text[1:]
	}
}

// parsePath reads what follows a slash: one name, and what is below it.
func parsePath(text string) (selection, string, error) {
	end := strings.IndexAny(text, "(),/")
	if end < 0 {
		end = len(text)
	}
	if end == 0 {
		return nil, "", fmt.Errorf("%q", text)
	}
	name, rest := text[:end], text[end:]
	if !strings.HasPrefix(rest, "/") {
		return selection{name: nil}, rest, nil
	}
	below, rest, err := parsePath(rest[1:])
	return selection{name: below}, rest, err
}

func (s selection) add(name string, below selection) {
	if have, ok := s[name]; ok && have != nil && below != nil {
		for n, b := range below {
			have.add(n, b)
		}
		return
	}
	s[name] = below
}

func (s selection) of(body any) any {
	if s == nil {
		return body
	}
	switch body := body.(type) {
	case []any:
		some := make([]any, len(body))
		for i := range body {
			some[i] = s.of(body[i])
		}
		return some
	case map[string]any:
		some := map[string]any{}
		for name, below := range s {
			if value, ok := body[name]; ok {
				some[name] = below.of(value)
			}
		}
		return some
	}
	return body
}
