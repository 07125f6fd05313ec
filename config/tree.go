package config

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"
)

const (
	// maxSize bounds the file; one with 50,000 rules has about 5 MiB.
	maxSize = 5 << 20
	// maxDepth bounds how deep the file is nested; the settings need seven levels.
	maxDepth = 32
	// maxKey bounds keys; the longest are names of groups, which Kisi shows on a screen.
	maxKey = 1000
)

// readTree parses the file into nodes, notes where every path stands, and reports what no part of the settings may contain:
// anchors, aliases, merges, foreign tags, keys twice. It returns nil when the file cannot be read as one YAML document that
// is a mapping.
func readTree(r *report, data []byte) *yaml.Node {
	if !readable(r, data) {
		return nil
	}
	root := load(r, data)
	if root == nil {
		return nil
	}
	if root.Kind != yaml.MappingNode {
		r.addAt(at(root), "", "expected settings as `key: value`, got "+got(root), "begin with `mode: observe`")
		return nil
	}
	if includes := (includer{r, root}); r.beside {
		includes.include(root, nil)
	}
	tree := tree{report: r}
	tree.walk(root, "", 0)
	return root
}

// readable reports a file that is no text.
func readable(r *report, data []byte) bool {
	text, hint := "", ""
	switch {
	case len(data) > maxSize:
		text, hint = fmt.Sprintf("the file is larger than %d MiB", maxSize>>20), "keep people in a source, and grant by their groups"
	case bytes.HasPrefix(data, []byte{0xFF, 0xFE}), bytes.HasPrefix(data, []byte{0xFE, 0xFF}):
		text, hint = "the file is in UTF-16", "save it as UTF-8"
	case !utf8.Valid(data):
		bad := badByte(data)
		r.addAt(position(data, bad), "", fmt.Sprintf("byte %#x is not UTF-8", data[bad]), "save the file as UTF-8")
		return false
	case len(bytes.TrimSpace(data)) == 0:
		text, hint = "the file is empty", "`kisi-sync init` writes one to start from"
	default:
		return true
	}
	r.addAt(spot{}, "", text, hint)
	return false
}

func badByte(data []byte) int {
	for i := 0; i < len(data); {
		letter, size := utf8.DecodeRune(data[i:])
		if letter == utf8.RuneError && size == 1 {
			return i
		}
		i += size
	}
	return 0
}

// position turns an offset into line and column.
func position(data []byte, offset int) spot {
	before := data[:min(offset, len(data))]
	start := bytes.LastIndexByte(before, '\n') + 1
	return spot{line: 1 + bytes.Count(before, []byte("\n")), column: 1 + utf8.RuneCount(before[start:])}
}

// load returns the value of the only document.
func load(r *report, data []byte) *yaml.Node {
	loader, err := yaml.NewLoader(bytes.NewReader(data))
	if err != nil {
		r.addAt(spot{}, "", "cannot be read as YAML: "+err.Error(), "")
		return nil
	}
	var document, second yaml.Node
	switch err := loader.Load(&document); {
	case errors.Is(err, io.EOF) || err == nil && len(document.Content) == 0:
		r.addAt(spot{}, "", "the file has no settings, only comments", "`kisi-sync init` writes some to start from")
		return nil
	case err != nil:
		reportSyntax(r, data, err)
		return nil
	}
	switch err := loader.Load(&second); {
	case err == nil:
		r.addAt(at(&second), "", "a second YAML document begins here", "one file holds one document; remove the line `---` or `...` before it")
	case !errors.Is(err, io.EOF):
		reportSyntax(r, data, err)
	}
	return document.Content[0]
}

// tree checks the nodes before they are decoded.
type tree struct {
	*report
	in string // the included file that the node at hand is of; "": the main one
}

// of is the tree as it is for a node, which may be another file's.
func (t tree) of(n *yaml.Node) tree {
	if file, ok := t.origins[n]; ok {
		t.in = file
	}
	return t
}

func (t tree) at(n *yaml.Node) spot {
	where := at(n)
	where.file = t.in
	return where
}

func (t tree) walk(n *yaml.Node, path string, depth int) {
	t = t.of(n)
	if t.full() {
		return
	}
	if depth > maxDepth {
		t.addAt(t.at(n), path, fmt.Sprintf("nested deeper than %d levels", maxDepth), "")
		n.Kind, n.Content = yaml.AliasNode, nil // reported; the decoder passes over aliases
		return
	}
	t.plain(n, path)
	switch n.Kind {
	case yaml.SequenceNode:
		for i, item := range n.Content {
			inner := path + "[" + strconv.Itoa(i) + "]"
			t.spots[inner] = t.of(item).at(item)
			t.walk(item, inner, depth+1)
		}
	case yaml.MappingNode:
		t.mapping(n, path, depth)
	}
}

// mapping walks the pairs and reports keys that are no text or there twice. The first of two counts for what follows.
func (t tree) mapping(n *yaml.Node, path string, depth int) {
	seen := make(map[string]spot, len(n.Content)/2)
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		t := t.of(key)
		if t.full() {
			return
		}
		if key.Tag == "!!merge" {
			t.addAt(t.at(key), join(path, key.Value), "merging mappings with << is not supported", "write the keys out, so that they are read where they count")
			key.Kind = yaml.AliasNode // reported; the decoder passes over it
			continue
		}
		if key.Kind != yaml.ScalarNode || key.Tag == "!!null" {
			t.addAt(t.at(key), path, "expected a key, got "+got(key), "a key is one word or a text in quotes")
			continue
		}
		if len(key.Value) > maxKey {
			t.addAt(t.at(key), path, fmt.Sprintf("a key of more than %d bytes", maxKey), "is a quote or a colon missing?")
			key.Kind = yaml.AliasNode
			continue
		}
		inner := join(path, key.Value)
		if first, twice := seen[key.Value]; twice {
			t.noted = append(t.noted, t.problem(t.at(key), inner, "is there twice; the first is "+first.words(t.in), "keep one of them"))
			continue
		}
		seen[key.Value] = t.at(key)
		t.spots[inner] = t.entry(key, value)
		t.walk(value, inner, depth+1)
	}
}

// plain reports anchors, aliases and tags.
func (t tree) plain(n *yaml.Node, path string) {
	switch {
	case n.Kind == yaml.AliasNode:
		t.addAt(t.at(n), path, "*"+n.Value+" is not supported", "write the value out, so that it is read where it counts")
	case n.Anchor != "":
		t.addAt(t.at(n), path, "&"+n.Anchor+" is not supported", "write the value out wherever it counts, and remove the &"+n.Anchor)
	case n.Style&yaml.TaggedStyle != 0:
		t.addAt(t.at(n), path, "the tag "+n.Tag+" is not supported", "remove it; put text in quotes")
	}
}

// join makes the path of a key in a block. An empty key is shown in quotes.
func join(path, key string) string {
	switch {
	case key == "":
		key = `""`
	case path == "":
		return key
	}
	return path + "." + key
}

func at(n *yaml.Node) spot { return spot{line: n.Line, column: n.Column} }

// words says where something is for somebody who looks at a file.
func (s spot) words(file string) string {
	if s.file == file {
		return fmt.Sprintf("in line %d", s.line)
	}
	return fmt.Sprintf("in %s:%d", cmp.Or(s.file, "the main file"), s.line)
}

// entry is where a person looks for an entry: at its value if that is on the key's line, else at the key.
func (t tree) entry(key, value *yaml.Node) spot {
	if value.Kind == yaml.ScalarNode && value.Line == key.Line {
		return t.at(value)
	}
	return t.at(key)
}

// got says in words what a node is.
func got(n *yaml.Node) string {
	switch n.Kind {
	case yaml.MappingNode:
		return "a mapping (key: value)"
	case yaml.SequenceNode:
		return "a list"
	case yaml.AliasNode:
		return "an alias"
	}
	switch n.Tag {
	case "!!null":
		return "nothing"
	case "!!int", "!!float":
		return "the number " + shorten(n.Value)
	case "!!bool":
		return strings.ToLower(n.Value)
	}
	return "the text " + strconv.Quote(shorten(n.Value))
}

// shorten keeps messages on one line.
func shorten(s string) string {
	const limit = 60
	if utf8.RuneCountInString(s) <= limit {
		return s
	}
	return string([]rune(s)[:limit]) + "…"
}
