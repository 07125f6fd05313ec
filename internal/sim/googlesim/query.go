package googlesim

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// query is what a search asks for: every clause must hold. The grammar is that of Google's guides "Search for users" and "Search
// for groups": field, operator and value, separated by blanks, with values in single quotes where they have blanks themselves.
type query []clause

type clause struct {
	field    string
	operator byte // ':' contains or prefix, '=' is
	value    string
}

func parseQuery(text string) (query, error) {
	var all query
	for text = strings.TrimSpace(text); text != ""; text = strings.TrimSpace(text) {
		at := strings.IndexAny(text, ":=")
		if at <= 0 || at == len(text)-1 {
			return nil, errors.New("a clause needs field, operator and value")
		}
		c := clause{field: text[:at], operator: text[at]}
		var err error
		if c.value, text, err = value(text[at+1:]); err != nil {
			return nil, err
		}
		all = append(all, c)
	}
	return all, nil
}

// value takes a value off the text: up to a blank, or in quotes, within which a backslash protects one.
func value(text string) (string, string, error) {
	if text[0] != '\'' {
		head, rest, _ := strings.Cut(text, " ")
		return head, rest, nil
	}
	var v strings.Builder
	for i := 1; i < len(text); i++ {
		switch {
		case text[i] == '\\' && i+1 < len(text):
			i++
			v.WriteByte(text[i])
		case text[i] == '\'':
			return v.String(), text[i+1:], nil
		default:
			v.WriteByte(text[i])
		}
	}
	return "", "", errors.New("a quote does not end")
}

func (q query) match(u *User) bool {
	return !slices.ContainsFunc(q, func(c clause) bool { return !c.matchUser(u) })
}

func (c clause) matchUser(u *User) bool {
	switch c.field {
	case "orgUnitPath": // "This matches all org unit chains under the target."
		return u.Unit == c.value || strings.HasPrefix(u.Unit, strings.TrimSuffix(c.value, "/")+"/")
	case "email":
		return c.text(append([]string{u.Email}, u.Aliases...)...)
	case "name":
		return c.text(u.Given, u.Family, u.Given+" "+u.Family)
	case "givenName":
		return c.text(u.Given)
	case "familyName":
		return c.text(u.Family)
	case "isSuspended":
		return fmt.Sprint(u.Suspended) == c.value
	case "isArchived":
		return fmt.Sprint(u.Archived) == c.value
	}
	schema, field, _ := strings.Cut(c.field, ".")
	is, ok := u.Custom[schema][field]
	return ok && c.text(fmt.Sprint(is))
}

func (q query) matchGroup(g *Group) bool {
	return !slices.ContainsFunc(q, func(c clause) bool {
		switch c.field {
		case "email":
			return !c.text(g.Email)
		case "name":
			return !c.text(g.Name)
		case "memberKey":
			return !slices.ContainsFunc(g.Members, func(m Member) bool { return m.ID == c.value || m.Email == c.value })
		}
		return true
	})
}

// text compares as the guides say: "=" is the whole, ":" a word, and with an asterisk its beginning.
func (c clause) text(values ...string) bool {
	want := strings.ToLower(c.value)
	return slices.ContainsFunc(values, func(v string) bool {
		v = strings.ToLower(v)
		prefix, asterisk := strings.CutSuffix(want, "*")
		switch {
		case c.operator == '=':
			return v == want
		case asterisk:
			return strings.HasPrefix(v, prefix)
		}
		return strings.Contains(v, want)
	})
}
