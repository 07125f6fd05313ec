package scim

import (
	"encoding/json"
	"strconv"
	"strings"
)

// AddressOf returns the e-mail address by which a user is reached: of emails the primary one, else the first for work, else the first; ""
// when there is none.
func AddressOf(user Resource) string {
	address, best := "", 0
	for _, each := range user.List("emails") {
		o := asElement(each)
		rank := 1
		primary, _ := asBoolean(o.Get("primary"))
		switch {
		case o.Text("value") == "":
			rank = 0
		case primary:
			rank = 3
		case equalFold(o.Text("type"), "work"):
			rank = 2
		}
		if rank > best {
			address, best = o.Text("value"), rank
		}
	}
	return address
}

// NameOf returns a user's name for people to read; at worst the userName.
func NameOf(user Resource) string {
	name := user.Object("name")
	for _, text := range []string{user.Text("displayName"), name.Text("formatted"), name.Text("givenName") + " " + name.Text("familyName")} {
		if text = strings.TrimSpace(text); text != "" {
			return text
		}
	}
	return user.Text("userName")
}

// Bool reads a boolean, also one written as a string ("True"), as Entra ID does; false when it is none.
func Bool(value any) (is, ok bool) { return asBoolean(value) }

// Getter reads the values of one attribute. It may be used by many.
type Getter struct {
	at    spot
	match func(*Object) bool // nil when all values are meant
}

// ReadGetter reads the name of an attribute as a rule gives it: department, name.givenName, emails[type eq "home"].value or
// urn:…:User:shoeSize. One of an extension of the type may stand by itself. What no schema knows is read as it is.
func ReadGetter(t *Type, name string) (Getter, error) {
	path, err := ParsePath(name)
	if err != nil {
		return Getter{}, err
	}
	lax := *t
	lax.Lax = true
	for i := range t.Extensions {
		if path.attr.URI == "" && t.attribute(path.attr.Name) == nil && t.Extensions[i].Attribute(path.attr.Name) != nil {
			path.attr.URI = t.Extensions[i].ID
		}
	}
	at, ok := lax.find(path.attr)
	if !ok || at.attr == nil {
		return Getter{}, refuse(InvalidPath, "%s is no attribute", short(name))
	}
	g := Getter{at: at.comparable()}
	if path.chosen != nil {
		g.match, err = (binder{typ: &lax}).elements(at.attr).bind(path.chosen)
	}
	return g, err
}

// Values returns the values of the attribute as texts, those of a complex attribute by its value; nil when there are none.
func (g Getter) Values(r Resource) (values []string) {
	for _, each := range listOf(g.at.holder(r).Get(g.at.attr.Name)) {
		if g.match != nil && !g.match(asElement(each)) {
			continue
		}
		o, isObject := each.(*Object)
		switch {
		case isObject && g.at.sub != nil:
			each = o.Get(g.at.sub.Name)
		case isObject:
			each = o.Get("value")
		case g.at.sub != nil && !equalFold(g.at.sub.Name, "value"):
			continue
		}
		if text := Text(each); text != "" {
			values = append(values, text)
		}
	}
	return values
}

// Text returns a string, boolean or number as a text, "" for anything else.
func Text(value any) string {
	switch value := value.(type) {
	case string:
		return value
	case bool:
		return strconv.FormatBool(value)
	case json.Number:
		return value.String()
	}
	return ""
}
