package config

import (
	"fmt"
	"reflect"
	"regexp"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/kisi-sync/kisi-sync/mapping"
)

// The settings that can be written in more than one way.

// table is a mapping in the order of the file.
type table[T any] []row[T]

type row[T any] struct {
	Name  string
	Value T
}

// listed is a list for which it counts whether it was written, even if it is empty.
type listed[T any] []T

// IsZero makes omitempty leave out a list that was not written.
func (l listed[T]) IsZero() bool { return l == nil }

// tabular is any table.
type tabular interface{ element() reflect.Type }

func (table[T]) element() reflect.Type { return reflect.TypeFor[T]() }

func (t *table[T]) decodeNode(d *decoder, n *yaml.Node, path string) {
	if n.Tag == "!!null" {
		return
	}
	if n.Kind != yaml.MappingNode {
		d.unexpected(n, path, "a mapping (key: value)", "")
		return
	}
	if !d.fits(n, path) {
		return
	}
	for key, value := range pairs(n) {
		var r row[T]
		r.Name = key
		d.decode(value, reflect.ValueOf(&r.Value).Elem(), join(path, key))
		*t = append(*t, r)
	}
}

// MarshalYAML writes the rows in their order.
func (t table[T]) MarshalYAML() (any, error) {
	n := &yaml.Node{Kind: yaml.MappingNode}
	for _, r := range t {
		value, err := nodeOf(r.Value)
		if err != nil {
			return nil, err
		}
		key := &yaml.Node{}
		key.SetString(r.Name)
		n.Content = append(n.Content, key, value)
	}
	return n, nil
}

func (t table[T]) names() []string {
	names := make([]string, len(t))
	for i := range t {
		names[i] = t[i].Name
	}
	return names
}

// nodeOf turns a value into the node that stands for it.
func nodeOf(v any) (*yaml.Node, error) {
	n := &yaml.Node{}
	if err := n.Encode(v); err != nil {
		return nil, err
	}
	return n, nil
}

// emailDomains is a list of domains, or the word any.
type emailDomains struct {
	any     bool
	domains []string
}

func (e *emailDomains) decodeNode(d *decoder, n *yaml.Node, path string) {
	switch {
	case n.Kind == yaml.ScalarNode && n.Value == "any":
		e.any = true
	case n.Kind == yaml.SequenceNode:
		d.decode(n, reflect.ValueOf(&e.domains).Elem(), path)
	default:
		d.unexpected(n, path, "a list of domains, or any", "write [example.com], or any if this source may speak for every address")
	}
}

func (emailDomains) example() string { return "[example.com], or any" }

// MarshalYAML writes what decodeNode reads.
func (e emailDomains) MarshalYAML() (any, error) {
	if e.any {
		return "any", nil
	}
	return e.domains, nil
}

// grantList is a list of groups, or nothing, which means all groups.
type grantList struct {
	written bool
	groups  []string
}

func (g *grantList) decodeNode(d *decoder, n *yaml.Node, path string) {
	if n.Tag == "!!null" {
		d.unexpected(n, path, "a list", "write [] for no group, or remove the key for all groups")
		return
	}
	g.written = true
	d.decode(n, reflect.ValueOf(&g.groups).Elem(), path)
}

// IsZero makes omitempty leave out a list that was not written.
func (g grantList) IsZero() bool { return !g.written }

// MarshalYAML writes what decodeNode reads.
func (g grantList) MarshalYAML() (any, error) { return g.groups, nil }

// oneOrMore is a text, or a list of texts.
type oneOrMore []string

func (o *oneOrMore) decodeNode(d *decoder, n *yaml.Node, path string) {
	if n.Kind == yaml.SequenceNode {
		d.decode(n, reflect.ValueOf((*[]string)(o)).Elem(), path)
	} else if text, ok := d.scalar(n, path, "a name, or a list of names"); ok {
		*o = oneOrMore{text}
	}
}

// MarshalYAML writes the short form where it is enough.
func (o oneOrMore) MarshalYAML() (any, error) {
	if len(o) == 1 {
		return o[0], nil
	}
	return []string(o), nil
}

// groupNames is a list of groups; one alone may be written without brackets.
type groupNames []string

func (g *groupNames) decodeNode(d *decoder, n *yaml.Node, path string) {
	if n.Kind == yaml.ScalarNode && n.Tag != "!!null" {
		(*oneOrMore)(g).decodeNode(d, n, path)
		return
	}
	d.decode(n, reflect.ValueOf((*[]string)(g)).Elem(), path)
}

// values are a list of texts, or the word any.
type values struct {
	any  bool
	list []string
}

func (v *values) decodeNode(d *decoder, n *yaml.Node, path string) {
	switch {
	case n.Kind == yaml.ScalarNode && n.Value == "any":
		v.any = true
	case n.Kind == yaml.SequenceNode:
		d.decode(n, reflect.ValueOf(&v.list).Elem(), path)
	default:
		d.unexpected(n, path, "a list of values, or any", "")
	}
}

// IsZero makes omitempty leave out values that were not written.
func (v values) IsZero() bool { return !v.any && v.list == nil }

// MarshalYAML writes what decodeNode reads.
func (v values) MarshalYAML() (any, error) {
	if v.any {
		return "any", nil
	}
	return v.list, nil
}

// samePerson is the word email, or {attribute: X}.
type samePerson struct{ attribute string }

func (s *samePerson) decodeNode(d *decoder, n *yaml.Node, path string) {
	const expected = "email or {attribute: NAME}"
	switch {
	case n.Kind == yaml.ScalarNode && n.Value == "email":
	case n.Kind == yaml.MappingNode:
		var block joinBlock
		before := len(d.found)
		d.block(n, path, reflect.ValueOf(&block).Elem())
		if s.attribute = block.Attribute; s.attribute == "" && len(d.found) == before {
			d.add(path, "expected "+expected+", got an empty name", "")
		}
	default:
		d.unexpected(n, path, expected, "")
	}
}

// MarshalYAML writes what decodeNode reads.
func (s samePerson) MarshalYAML() (any, error) {
	if s.attribute == "" {
		return "email", nil
	}
	return joinBlock{s.attribute}, nil
}

// scope is the word organization, or {place: X}.
type scope struct {
	organization bool
	place        string
}

// placeBlock is a place.
type placeBlock struct {
	// The place's name in Kisi.
	Place string `yaml:"place" jsonschema:"required"`
}

func (s *scope) decodeNode(d *decoder, n *yaml.Node, path string) {
	const expected = "organization or {place: NAME}"
	switch {
	case n.Kind == yaml.ScalarNode && n.Value == "organization":
		s.organization = true
	case n.Kind == yaml.MappingNode:
		var block placeBlock
		before := len(d.found)
		d.block(n, path, reflect.ValueOf(&block).Elem())
		if s.place = block.Place; s.place == "" && len(d.found) == before {
			d.add(path, "expected "+expected+", got an empty name", "")
		}
	default:
		d.unexpected(n, path, expected, "")
	}
}

// IsZero makes omitempty leave out a scope that was not written.
func (s scope) IsZero() bool { return s == scope{} }

// MarshalYAML writes what decodeNode reads.
func (s scope) MarshalYAML() (any, error) {
	if s.organization {
		return "organization", nil
	}
	return placeBlock{s.place}, nil
}

func (a *attributeBlock) decodeNode(d *decoder, n *yaml.Node, path string) {
	if n.Kind == yaml.MappingNode {
		d.block(n, path, reflect.ValueOf(a).Elem())
	} else if text, ok := d.scalar(n, path, "what the directory calls it, or {from: NAME, list: true}"); ok {
		a.From = text
	}
	if strings.TrimSpace(a.From) == "" && !d.has(path) {
		d.add(path, "what the directory calls it is empty", "")
	}
}

// MarshalYAML writes the short form where it is enough.
func (a attributeBlock) MarshalYAML() (any, error) {
	if !a.List && a.Format == "" {
		return a.From, nil
	}
	type long attributeBlock
	return long(a), nil
}

// decodeNode reads a stop by its three names, in one text or in three, or by number.
func (s *stopBlock) decodeNode(d *decoder, n *yaml.Node, path string) {
	const expected = "{place: NAME, elevator: NAME, stop: NAME}, or a number"
	if n.Kind == yaml.MappingNode {
		d.block(n, path, reflect.ValueOf(s).Elem())
		return
	}
	text, ok := d.scalar(n, path, expected)
	if !ok {
		return
	}
	parts := strings.Split(text, " / ")
	switch id, err := strconv.ParseInt(text, 10, 64); {
	case err == nil && id > 0:
		s.Stop = text
	case len(parts) == 3:
		s.Place, s.Elevator, s.Stop = parts[0], parts[1], parts[2]
	default:
		d.add(path, fmt.Sprintf("%q is not an elevator stop", shorten(text)), "`kisi-sync elevators` lists them")
	}
}

// MarshalYAML writes what decodeNode reads.
func (s stopBlock) MarshalYAML() (any, error) {
	if s.Elevator == "" {
		return s.Stop, nil
	}
	type long stopBlock
	return long(s), nil
}

func (m *memberBlock) decodeNode(d *decoder, n *yaml.Node, path string) {
	if n.Kind == yaml.MappingNode {
		d.block(n, path, reflect.ValueOf(m).Elem())
	} else if text, ok := d.scalar(n, path, "an e-mail address, or {email: ADDRESS}"); ok {
		m.Email = text
	}
}

// MarshalYAML writes the short form where it is enough.
func (m memberBlock) MarshalYAML() (any, error) {
	if m == (memberBlock{Email: m.Email, Role: "door_access"}) {
		return m.Email, nil
	}
	type long memberBlock
	return long(m), nil
}

// date is a fixed date, or one that is read from an attribute: {attribute: NAME}, person.NAME, or "30d after person.NAME".
type date struct {
	fixed string
	attributeDate
}

// relative is a date that is said by an attribute, in one line.
var relative = regexp.MustCompile(`^(?:(\S+)\s+(after|before)\s+)?person\.(\S+)$`)

func (t *date) decodeNode(d *decoder, n *yaml.Node, path string) {
	if n.Kind == yaml.MappingNode {
		d.decode(n, reflect.ValueOf(&t.attributeDate).Elem(), path)
		if t.After != "" && t.Before != "" {
			d.add(join(path, "before"), "both after and before", "leave one of them out")
		}
		return
	}
	text, ok := d.scalar(n, path, "a date such as 2026-03-31, or {attribute: NAME}")
	parts := relative.FindStringSubmatch(strings.TrimSpace(text))
	switch {
	case !ok:
		return
	case parts == nil && strings.Contains(text, "person."):
		d.add(path, fmt.Sprintf("%q is not a date", shorten(text)), "write person.NAME, 30d after person.NAME, 2w before person.NAME, or 2026-03-31")
		return
	case parts == nil:
		t.fixed = text
		return
	}
	t.setDefaults()
	length := &t.After
	if parts[2] == "before" {
		length = &t.Before
	}
	t.Attribute = parts[3]
	if parts[1] != "" {
		if err := length.UnmarshalText([]byte(parts[1])); err != nil {
			d.add(path, err.Error(), hintOf(err))
		}
	}
}

// calendarSpan is a length of time by the calendar: 30d, 2w, 6mo or 1y.
type calendarSpan string

// UnmarshalText reads a calendarSpan.
func (c *calendarSpan) UnmarshalText(text []byte) error {
	if _, err := mapping.ParseShift(string(text)); err != nil {
		return &advised{err.Error(), "write a number of days, weeks, months or years: 30d, 2w, 6mo or 1y"}
	}
	*c = calendarSpan(text)
	return nil
}

// shift returns what after and before come to.
func (a *attributeDate) shift() mapping.Shift {
	if a.Before != "" {
		s, _ := mapping.ParseShift(string(a.Before)) // it was read already
		s.N = -s.N
		return s
	}
	s, _ := mapping.ParseShift(string(a.After))
	return s
}

// MarshalYAML writes what decodeNode reads.
func (t date) MarshalYAML() (any, error) {
	if t.fixed != "" {
		return t.fixed, nil
	}
	return t.attributeDate, nil
}
