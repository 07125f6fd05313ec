package config

import (
	"encoding"
	"fmt"
	"iter"
	"reflect"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"

	"github.com/kisi-sync/kisi-sync/connectors"
	"github.com/kisi-sync/kisi-sync/internal/secret"
)

// decoder fills settings from nodes that readTree has passed. It goes on after a problem, so that one reading finds them all.
type decoder struct {
	*report
	types   connectors.Types
	secrets []located
}

// located is a secret's whereabouts and where the file says them.
type located struct {
	path string
	ref  secret.Ref
}

// nodeDecoder is a setting that is written in more than one way.
type nodeDecoder interface {
	decodeNode(d *decoder, n *yaml.Node, path string)
}

// defaulter is a block with defaults; they are set before it is decoded.
type defaulter interface{ setDefaults() }

// vocabulary is a setting that is one of a few words.
type vocabulary interface{ words() []string }

// exemplary is a setting that can show how it is written.
type exemplary interface{ example() string }

var (
	durationType = reflect.TypeFor[time.Duration]()
	refType      = reflect.TypeFor[secret.Ref]()
)

// decode fills v, which can be set, from n. Null leaves blocks and lists as they are.
func (d *decoder) decode(n *yaml.Node, v reflect.Value, path string) {
	if n.Kind == yaml.AliasNode || d.full() {
		return // an alias is reported already
	}
	if v.Kind() == reflect.Pointer {
		if n.Tag != "!!null" {
			v.Set(reflect.New(v.Type().Elem()))
			d.decode(n, v.Elem(), path)
		}
		return
	}
	if x, ok := v.Addr().Interface().(defaulter); ok {
		x.setDefaults()
	}
	if x, ok := v.Addr().Interface().(nodeDecoder); ok {
		x.decodeNode(d, n, path)
		return
	}
	if v.Type() == refType {
		d.secret(n, v, path)
		return
	}
	if !d.byMethod(n, v, path) {
		d.byKind(n, v, path)
	}
}

// byMethod decodes types that read themselves from a text. UnmarshalYAML is not asked: it would pass over unknown keys.
func (d *decoder) byMethod(n *yaml.Node, v reflect.Value, path string) bool {
	x, ok := v.Addr().Interface().(encoding.TextUnmarshaler)
	if !ok {
		return false
	}
	text, ok := d.scalar(n, path, "text")
	if !ok {
		return true
	}
	if err := x.UnmarshalText([]byte(text)); err != nil {
		d.add(path, firstLine(err.Error()), hintOf(err))
	}
	return true
}

func (d *decoder) byKind(n *yaml.Node, v reflect.Value, path string) {
	if v.Type() == durationType {
		d.duration(n, v, path)
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		d.block(n, path, v)
	case reflect.Slice:
		d.list(n, v, path)
	case reflect.Map:
		d.mapping(n, v, path)
	case reflect.String:
		d.text(n, v, path)
	case reflect.Bool:
		d.bool(n, v, path)
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		d.number(n, v, path)
	default:
		panic("config: settings cannot hold a " + v.Type().String())
	}
}

// pairs yields the entries of a mapping that passed readTree: of two with the same key, the first.
func pairs(n *yaml.Node) iter.Seq2[string, *yaml.Node] {
	return func(yield func(string, *yaml.Node) bool) {
		seen := make(map[string]bool, len(n.Content)/2)
		for i := 0; i+1 < len(n.Content); i += 2 {
			key := n.Content[i]
			if key.Kind != yaml.ScalarNode || key.Tag == "!!null" || seen[key.Value] {
				continue
			}
			seen[key.Value] = true
			if !yield(key.Value, n.Content[i+1]) {
				return
			}
		}
	}
}

// block decodes a mapping into the fields of one or more structs. A key that none of them has is a problem, and so is a
// required one that is missing.
func (d *decoder) block(n *yaml.Node, path string, into ...reflect.Value) {
	if n.Tag == "!!null" {
		n = &yaml.Node{Kind: yaml.MappingNode, Line: n.Line, Column: n.Column} // a key whose block is commented out
	}
	if n.Kind != yaml.MappingNode {
		d.unexpected(n, path, "a mapping (key: value)", "")
		return
	}
	var fields []field
	for _, v := range into {
		fields = appendFields(fields, v)
	}
	present := map[string]bool{} // or meant, by a key that is misspelt
	for key, value := range pairs(n) {
		if f, ok := fieldNamed(fields, key); ok {
			present[key] = true
			d.decode(value, f.value, join(path, key))
			continue
		}
		if d.full() {
			return
		}
		if meant := nearest(key, fieldNames(fields)); meant != "" {
			present[meant] = true
			d.excused = append(d.excused, join(path, meant))
		}
		d.add(join(path, key), "unknown key", hintFor(key, fieldNames(fields)))
	}
	for _, f := range fields {
		if f.required && !present[f.name] {
			d.add(join(path, f.name), "is missing", missingHint(f))
		}
	}
}

// missingHint shows what a required key may say.
func missingHint(f field) string {
	switch x := f.value.Interface().(type) {
	case vocabulary:
		return "write " + f.name + ": " + strings.Join(x.words(), " | ")
	case exemplary:
		return "write " + f.name + ": " + x.example()
	case secret.Ref:
		return "write " + f.name + ": {file: PATH} or " + f.name + ": {env: NAME}"
	}
	return ""
}

func (d *decoder) list(n *yaml.Node, v reflect.Value, path string) {
	if n.Tag == "!!null" {
		return
	}
	if n.Kind != yaml.SequenceNode {
		hint := ""
		if n.Kind == yaml.ScalarNode {
			hint = "write it in brackets: [" + shorten(n.Value) + "]"
		}
		d.unexpected(n, path, "a list", hint)
		return
	}
	if !d.fits(n, path) {
		return
	}
	v.Set(reflect.MakeSlice(v.Type(), len(n.Content), len(n.Content)))
	for i, item := range n.Content {
		d.decode(item, v.Index(i), path+"["+strconv.Itoa(i)+"]")
	}
}

// maxEntries bounds lists and mappings: some checks compare each entry with each other.
const maxEntries = 5000

// fits reports a list or mapping with too many entries.
func (d *decoder) fits(n *yaml.Node, path string) bool {
	entries := len(n.Content)
	if n.Kind == yaml.MappingNode {
		entries /= 2
	}
	if entries > maxEntries {
		d.add(path, fmt.Sprintf("has %d entries, more than %d", entries, maxEntries), "")
	}
	return entries <= maxEntries
}

func (d *decoder) mapping(n *yaml.Node, v reflect.Value, path string) {
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
	v.Set(reflect.MakeMap(v.Type()))
	for key, value := range pairs(n) {
		element := reflect.New(v.Type().Elem()).Elem()
		d.decode(value, element, join(path, key))
		v.SetMapIndex(reflect.ValueOf(key).Convert(v.Type().Key()), element)
	}
}

// scalar returns the text of a value as it stands in the file. Of numbers and dates that is what people meant; true, false and
// nothing are no text.
func (d *decoder) scalar(n *yaml.Node, path, expected string) (string, bool) {
	switch {
	case n.Kind != yaml.ScalarNode:
		d.unexpected(n, path, expected, "")
	case n.Tag == "!!null":
		d.unexpected(n, path, expected, "give it a value, or remove the key")
	case n.Tag == "!!bool":
		d.unexpected(n, path, expected, "put it in quotes if that is really its name")
	default:
		return n.Value, true
	}
	return "", false
}

func (d *decoder) text(n *yaml.Node, v reflect.Value, path string) {
	words, closed := v.Addr().Interface().(vocabulary)
	expected := "text"
	if closed {
		expected = strings.Join(words.words(), " or ")
	}
	text, ok := d.scalar(n, path, expected)
	if !ok {
		return
	}
	if closed && !has(words.words(), text) {
		d.add(path, fmt.Sprintf("expected %s, got %s", expected, got(n)), nearWord(text, words.words()))
		return
	}
	v.SetString(text)
}

// nearWord proposes a word if one is near; the message has listed them all.
func nearWord(word string, known []string) string {
	if near := nearest(word, known); near != "" {
		return "did you mean `" + near + "`?"
	}
	return ""
}

func (d *decoder) bool(n *yaml.Node, v reflect.Value, path string) {
	if n.Kind == yaml.ScalarNode && n.Tag == "!!bool" {
		v.SetBool(strings.EqualFold(n.Value, "true"))
		return
	}
	hint := map[string]string{"yes": "write true", "on": "write true", "y": "write true", "no": "write false", "off": "write false", "n": "write false"}
	d.unexpected(n, path, "true or false", hint[strings.ToLower(n.Value)])
}

// number takes decimal numbers only: 0x10, 010 and 1_000 read differently in different minds.
func (d *decoder) number(n *yaml.Node, v reflect.Value, path string) {
	const expected = "a whole number"
	if n.Kind != yaml.ScalarNode || n.Tag != "!!int" {
		d.unexpected(n, path, expected, "")
		return
	}
	if digits := strings.TrimLeft(n.Value, "-"); strings.Trim(digits, "0123456789") != "" || len(digits) > 1 && digits[0] == '0' {
		d.unexpected(n, path, expected, "write it with the digits 0 to 9, and without a leading 0")
		return
	}
	if v.CanUint() {
		if u, err := strconv.ParseUint(n.Value, 10, v.Type().Bits()); err == nil {
			v.SetUint(u)
			return
		}
	} else if i, err := strconv.ParseInt(n.Value, 10, v.Type().Bits()); err == nil {
		v.SetInt(i)
		return
	}
	d.add(path, "the number "+shorten(n.Value)+" is out of range", "")
}

func (d *decoder) duration(n *yaml.Node, v reflect.Value, path string) {
	text, ok := d.scalar(n, path, durationExpected)
	if !ok {
		return
	}
	value, err := parseDuration(text)
	if err != nil {
		d.add(path, err.Error(), hintOf(err))
		return
	}
	v.SetInt(int64(value))
}

// secret decodes where a secret is kept. What stands there is never repeated, as it may be the secret itself.
func (d *decoder) secret(n *yaml.Node, v reflect.Value, path string) {
	if n.Kind != yaml.MappingNode {
		text := "expected the place of a secret"
		if n.Kind == yaml.ScalarNode && n.Tag != "!!null" {
			text += ", not the secret itself"
		}
		d.add(path, text, "write {file: PATH} or {env: NAME}")
		return
	}
	before := len(d.found)
	d.block(n, path, v)
	ref := v.Interface().(secret.Ref)
	if len(d.found) > before {
		return
	}
	if err := ref.Validate(); err != nil {
		d.add(path, err.Error(), "")
		return
	}
	d.secrets = append(d.secrets, located{path, ref})
}

func (d *decoder) unexpected(n *yaml.Node, path, expected, hint string) {
	d.add(path, "expected "+expected+", got "+got(n), hint)
}
