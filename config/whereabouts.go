package config

import (
	"bytes"
	"reflect"
	"strings"
)

// Whereabouts reads of a file only what says where its daemon answers, and for which installation: State, Socket and the installation
// of Policy. Nothing else of what it returns means anything. It is for a file that Load refuses: a mistake elsewhere in it must not
// keep people from a daemon that runs by the one before. An error means that the file cannot be read at all.
func (l Loader) Whereabouts(path string) (*Settings, error) {
	data, _, err := readFile(path)
	if err != nil {
		return nil, err
	}
	r, f := newReport(path), &file{}
	if root := readTree(r, onlyBlocks(data, "installation:", "state:", "admin:")); root != nil {
		(&decoder{report: r, types: l.Types}).decode(root, reflect.ValueOf(f).Elem(), "")
	}
	return l.settings(r, f)
}

// onlyBlocks returns the lines of the keys that are named and of what is indented below them. It looks at lines, because a file with
// one bracket missing is no YAML at all. A mode stands before them, so that there always is a mapping.
func onlyBlocks(data []byte, keys ...string) []byte {
	var out bytes.Buffer
	out.WriteString("mode: observe\n")
	in := false
	for line := range strings.Lines(string(data)) {
		if strings.TrimLeft(line, " \t\r\n#") != "" && !strings.HasPrefix(line, " ") && !strings.HasPrefix(line, "#") {
			in = false
			for _, key := range keys {
				in = in || strings.HasPrefix(line, key)
			}
		}
		if in {
			out.WriteString(line)
		}
	}
	return out.Bytes()
}
