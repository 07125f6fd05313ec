package config

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"
)

// mostFiles bounds how many files one configuration is made of.
const mostFiles = 100

// shared are the keys that an included file may have. What says where to connect, how far to go and who decides is in one file.
func shared() []string {
	return []string{"conditions", "expect", "groups", "include", "rules", "sensitive_doors"}
}

// includedFile is a file that was read.
type includedFile struct {
	path string // absolute, links resolved
	name string // as messages call it
	text []byte
}

// includer puts what other files say into the tree of the main one.
type includer struct {
	*report
	root *yaml.Node
}

// include reads the files that a tree includes, and those that they include. Each is checked as the main file is; what is wrong is told with
// its own name.
func (i includer) include(from *yaml.Node, under []string) {
	list := child(from, "include")
	if list == nil {
		return
	}
	items := list.Content
	if list.Kind == yaml.ScalarNode && list.Tag != "!!null" {
		items = []*yaml.Node{list}
	}
	for _, item := range items {
		if item.Kind != yaml.ScalarNode {
			i.addAt(at(item), "include", "expected the name of a file, got "+got(item), "")
			continue
		}
		i.file(item, under)
	}
}

// file takes in one file; under are those that led to it.
func (i includer) file(item *yaml.Node, under []string) {
	refuse := func(text, hint string) { i.addAt(at(item), "include", text, hint) }
	if item.Value == "" || filepath.IsAbs(item.Value) {
		refuse(fmt.Sprintf("%q is no file beside this one", item.Value), "write it relative to this file, as in rules/lab.yaml")
		return
	}
	name := filepath.Join(filepath.Dir(i.report.file), filepath.FromSlash(item.Value))
	path, err := resolve(name)
	switch {
	case err != nil:
		refuse(fmt.Sprintf("read %s: %s", item.Value, reason(err)), "")
		return
	case slices.Contains(under, path):
		refuse(item.Value+" includes itself, perhaps by way of others", "leave out one of the includes")
		return
	case slices.ContainsFunc(i.included, func(s includedFile) bool { return s.path == path }):
		refuse(item.Value+" is included twice", "keep one of them")
		return
	case len(i.included) >= mostFiles:
		refuse(fmt.Sprintf("more than %d files", mostFiles), "put several together")
		return
	}
	outer := i.report.file
	i.report.file = name
	defer func() { i.report.file = outer }()
	i.read(path, append(slices.Clip(under), path))
}

func (i includer) read(path string, under []string) {
	i.included = append(i.included, includedFile{path: path, name: i.report.file})
	data, mode, err := readFile(path)
	if err != nil {
		i.addAt(spot{}, "", reason(err), "")
		return
	}
	i.included[len(i.included)-1].text = data
	i.permissions(i.report.file, mode)
	if total := i.size(); total > maxSize {
		i.addAt(spot{}, "", fmt.Sprintf("the files together are larger than %d MiB", maxSize>>20), "keep people in a source, and grant by their groups")
		return
	}
	if !readable(i.report, data) {
		return
	}
	tree := load(i.report, data)
	switch {
	case tree == nil:
	case tree.Kind != yaml.MappingNode:
		i.addAt(at(tree), "", "expected settings as `key: value`, got "+got(tree), "begin with rules: or groups:")
	default:
		i.merge(tree)
		i.include(tree, under)
	}
}

func (i includer) size() (total int) {
	for _, s := range i.included {
		total += len(s.text)
	}
	return total
}

// merge moves what a file says into the main tree, and notes of each entry where it came from.
func (i includer) merge(tree *yaml.Node) {
	for n := 0; n+1 < len(tree.Content); n += 2 {
		key, value := tree.Content[n], tree.Content[n+1]
		switch {
		case !slices.Contains(shared(), key.Value):
			i.addAt(at(key), key.Value, "does not belong in an included file", "write it in the main file; known here: "+strings.Join(shared(), ", "))
		case key.Value == "include" || value.Tag == "!!null":
		default:
			i.mergeKey(key, value)
		}
	}
}

func (i includer) mergeKey(key, value *yaml.Node) {
	i.from(key, value)
	into := child(i.root, key.Value)
	switch {
	case into == nil:
		i.root.Content = append(i.root.Content, key, value)
		i.from(value.Content...)
	case into.Tag == "!!null":
		*into = *value
		i.from(into)
		i.from(value.Content...)
	case into.Kind != value.Kind || value.Kind == yaml.ScalarNode:
		i.addAt(at(value), key.Value, "expected what the main file has there, got "+got(value), "")
	default:
		i.from(value.Content...)
		into.Content = append(into.Content, value.Content...)
	}
}

// from notes that nodes are of the file at hand.
func (i includer) from(nodes ...*yaml.Node) {
	for _, n := range nodes {
		i.origins[n] = i.report.file
	}
}

// child returns the value of a key, nil when there is none.
func child(n *yaml.Node, key string) *yaml.Node {
	for k, value := range pairs(n) {
		if k == key {
			return value
		}
	}
	return nil
}

// reason is what an error of a file says without its path.
func reason(err error) string {
	var at *fs.PathError
	if errors.As(err, &at) {
		err = at.Err
	}
	return firstLine(err.Error())
}

func resolve(path string) (string, error) {
	whole, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	resolved, err := filepath.EvalSymlinks(whole)
	if err != nil {
		if _, statErr := os.Stat(whole); statErr != nil {
			err = statErr
		}
		return "", err
	}
	return resolved, nil
}

// Included returns the absolute paths of the files that the configuration includes, in order.
func (s *Settings) Included() []string { return slices.Clone(s.included) }

// paths returns the included files.
func (r *report) paths() (all []string) {
	for _, s := range r.included {
		all = append(all, s.path)
	}
	return all
}

// text returns all that was read, from which one configuration is told from another: the main file's text alone, where it includes none.
func (r *report) text(main []byte) []byte {
	var all bytes.Buffer
	all.Write(main)
	for _, s := range r.included {
		all.WriteString("\x00" + s.path + "\x00" + strconv.Itoa(len(s.text)) + "\x00")
		all.Write(s.text)
	}
	return all.Bytes()
}
