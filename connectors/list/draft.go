package list

import (
	"bytes"
	"errors"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"
)

// draft is the text of a file while it is changed. The nodes of the YAML reader say where things begin; where they end follows from what
// begins next, or from brackets and quotation marks. Whoever changes a draft reads it again afterwards and sees whether it says what was
// meant: what this code does not understand of YAML ends there.
type draft struct {
	text   []byte
	root   *yaml.Node
	starts []int // of lines
	keep   bool  // blank lines and comments at the end of something belong to it; otherwise to what comes next
}

var errShape = errors.New("is written in a way that cannot be changed here")

// region is a node with where it begins and the byte before which it ends in any case.
type region struct {
	*yaml.Node
	limit int
	flow  bool // it is within brackets
}

func (w *draft) load() error {
	p := &parser{}
	if w.root = p.load(w.text); w.root == nil {
		return errShape
	}
	w.starts = []int{0}
	for i, b := range w.text {
		if b == '\n' {
			w.starts = append(w.starts, i+1)
		}
	}
	return nil
}

func (w *draft) splice(from, to int, text string) error {
	if from > to || to > len(w.text) {
		return errShape
	}
	w.text = slices.Concat(w.text[:from], []byte(text), w.text[to:])
	return w.load()
}

// offset is where a node begins, in bytes; columns are counted in characters.
func (w *draft) offset(n *yaml.Node) int {
	at := w.starts[min(n.Line, len(w.starts))-1]
	for column := 1; column < n.Column && at < len(w.text); column++ {
		at += runeLen(w.text[at])
	}
	return min(at, len(w.text))
}

// runeLen is how many bytes a character has that begins with b.
func runeLen(b byte) int {
	switch {
	case b < 0x80:
		return 1
	case b < 0xe0:
		return 2
	case b < 0xf0:
		return 3
	}
	return 4
}

func (w *draft) lineOf(offset int) int {
	i, exact := slices.BinarySearch(w.starts, offset)
	if exact {
		return offset
	}
	return w.starts[i-1]
}

func (w *draft) whole() region { return region{Node: w.root, limit: len(w.text), flow: isFlow(w.root)} }

func isFlow(n *yaml.Node) bool { return n.Style&yaml.FlowStyle != 0 }

// at returns the value of a key, and the index of the key; -1 when there is none.
func (w *draft) at(m region, key string) (region, int) {
	for i := 0; i+1 < len(m.Content); i += 2 {
		if m.Content[i].Value != key {
			continue
		}
		limit := m.limit
		if !isFlow(m.Node) && !m.flow && i+2 < len(m.Content) {
			limit = w.lineOf(w.offset(m.Content[i+2]))
		}
		return region{m.Content[i+1], limit, m.flow || isFlow(m.Node)}, i
	}
	return region{}, -1
}

// item returns an element of a sequence.
func (w *draft) item(s region, i int) region {
	limit := s.limit
	if !isFlow(s.Node) && !s.flow && i+1 < len(s.Content) {
		limit = w.lineOf(w.dash(s.Content[i+1]))
	}
	return region{s.Content[i], limit, s.flow || isFlow(s.Node)}
}

// dash is where the hyphen of an element stands.
func (w *draft) dash(n *yaml.Node) int {
	before := bytes.TrimRight(w.text[:w.offset(n)], " \t\r\n")
	return max(0, len(before)-1)
}

// end is where a region really ends: without what follows it in its last line, and without the lines after it that are not its own.
func (w *draft) end(r region) int {
	from := w.offset(r.Node)
	switch {
	case r.flow || isFlow(r.Node) || r.Kind == yaml.ScalarNode && r.Style&(yaml.LiteralStyle|yaml.FoldedStyle) == 0:
		return scan(w.text, from, r.flow)
	default:
		return w.tail(r.limit)
	}
}

// tail goes back from a limit over blank lines, comments and the mark of a document's end, which belong to what comes next.
func (w *draft) tail(limit int) int {
	for !w.keep && limit > 0 {
		line := bytes.TrimSpace(w.text[w.lineOf(limit-1):limit])
		if len(line) > 0 && line[0] != '#' && string(line) != "..." {
			break
		}
		limit = w.lineOf(limit - 1)
	}
	return limit
}

// newline is what lines of the file end with.
func (w *draft) newline() string {
	if bytes.Contains(w.text, []byte("\r\n")) {
		return "\r\n"
	}
	return "\n"
}

// insertLines puts lines at a place where a line begins, or at the end of a file whose last line was not ended.
func (w *draft) insertLines(at int, lines []string) error {
	nl := w.newline()
	text := strings.Join(lines, nl) + nl
	if at > 0 && w.text[at-1] != '\n' {
		text = nl + strings.TrimSuffix(text, nl)
	}
	return w.splice(at, at, text)
}

// add appends an element to the sequence that is the value of a key. lines are for a sequence of lines, flow is for one in brackets.
func (w *draft) add(m region, key string, lines []string, flow string) error {
	s, k := w.at(m, key)
	switch {
	case k < 0:
		return w.addKey(m, key, lines, flow)
	case s.Kind != yaml.SequenceNode:
		return errShape
	case len(s.Content) == 0 && !s.flow && m.Node == w.root: // the list itself has lines
		end := w.end(s)
		from := len(bytes.TrimRight(w.text[:w.offset(s.Node)], " "))
		if err := w.splice(from, end, ""); err != nil {
			return err
		}
		return w.insertLines(w.nextLine(from), indent(lines, "  "))
	case isFlow(s.Node) || s.flow:
		if len(s.Content) == 0 {
			open := w.offset(s.Node) + 1
			return w.splice(open, open, flow)
		}
		last := w.end(w.item(s, len(s.Content)-1))
		return w.splice(last, last, ", "+flow)
	}
	dash := w.dash(s.Content[len(s.Content)-1])
	return w.insertLines(w.tail(s.limit), indent(lines, string(w.text[w.lineOf(dash):dash])))
}

// nextLine is where the line after a place begins.
func (w *draft) nextLine(at int) int {
	if i := bytes.IndexByte(w.text[at:], '\n'); i >= 0 {
		return at + i + 1
	}
	return len(w.text)
}

// addKey gives a mapping a sequence that it does not have, with one element.
func (w *draft) addKey(m region, key string, lines []string, flow string) error {
	if isFlow(m.Node) || m.flow {
		return w.set(m, key, "["+flow+"]")
	}
	blank := strings.Repeat(" ", m.Column-1)
	return w.insertLines(w.tail(m.limit), slices.Concat([]string{blank + key + ":"}, indent(lines, blank+"  ")))
}

// set gives a key of a mapping a value that stands in one line.
func (w *draft) set(m region, key, value string) error {
	v, k := w.at(m, key)
	switch {
	case k >= 0 && v.Kind == yaml.ScalarNode:
		return w.splice(w.offset(v.Node), w.end(v), value)
	case k >= 0:
		return errShape
	case isFlow(m.Node) || m.flow:
		if len(m.Content) == 0 {
			return errShape
		}
		last, _ := w.at(m, m.Content[len(m.Content)-2].Value)
		end := w.end(last)
		return w.splice(end, end, ", "+key+": "+value)
	}
	return w.insertLines(w.tail(m.limit), []string{strings.Repeat(" ", m.Column-1) + key + ": " + value})
}

// unset takes a key with its value out of a mapping.
func (w *draft) unset(m region, key string) error {
	v, k := w.at(m, key)
	switch {
	case k < 0:
		return nil
	case isFlow(m.Node) || m.flow:
		return w.cut(m, k/2, func(i int) (int, int) {
			v, _ := w.at(m, m.Content[2*i].Value)
			return w.offset(m.Content[2*i]), w.end(v)
		})
	case k == 0:
		return errShape // it shares its line with the hyphen
	}
	return w.splice(w.lineOf(w.offset(m.Content[k])), w.tail(v.limit), "")
}

// drop takes an element out of the sequence that is the value of a key.
func (w *draft) drop(m region, key string, i int) error {
	s, k := w.at(m, key)
	switch {
	case k < 0 || s.Kind != yaml.SequenceNode:
		return errShape
	case isFlow(s.Node) || s.flow:
		return w.cut(s, i, func(i int) (int, int) {
			x := w.item(s, i)
			return w.offset(x.Node), w.end(x)
		})
	}
	from, to := w.lineOf(w.dash(s.Content[i])), w.tail(w.item(s, i).limit)
	if len(s.Content) > 1 {
		return w.splice(from, to, "")
	}
	colon := w.offset(m.Content[k]) + len(key) + 1
	if colon > from || w.text[colon-1] != ':' {
		return errShape
	}
	if err := w.splice(from, to, ""); err != nil {
		return err
	}
	return w.splice(colon, colon, " []")
}

// cut takes one of the things in brackets out, with its comma. extent says from where to where each of them goes.
func (w *draft) cut(r region, i int, extent func(i int) (from, to int)) error {
	n := len(r.Content)
	if r.Kind == yaml.MappingNode {
		n /= 2
	}
	from, to := extent(i)
	switch {
	case i+1 < n:
		to, _ = extent(i + 1)
	case i > 0:
		_, from = extent(i - 1)
	}
	return w.splice(from, to, "")
}

func indent(lines []string, by string) []string {
	out := make([]string, len(lines))
	for i, line := range lines {
		out[i] = by + line
	}
	return out
}

// scan returns where a value ends that begins at from: at the bracket that closes it, at its closing quotation mark, or where a plain
// text ends. flow says that it is within brackets.
func scan(text []byte, from int, flow bool) int {
	depth, last := 0, byte(':') // the last sign that is no blank; what opens a value stands before it
	for i := from; i < len(text); i++ {
		c := text[i]
		opens := strings.IndexByte("[{,:", last) >= 0
		switch {
		case (c == '\'' || c == '"') && opens:
			i = closing(text, i)
			if depth == 0 {
				return min(i+1, len(text))
			}
		case c == '[' || c == '{':
			if depth == 0 && !opens {
				break
			}
			depth++
		case c == ']' || c == '}':
			if depth--; depth <= 0 && (flow || depth == 0) {
				if depth < 0 {
					return trimmed(text, from, i)
				}
				return i + 1
			}
		case c == '#' && i > 0 && strings.IndexByte(" \t\n", text[i-1]) >= 0:
			if depth == 0 {
				return trimmed(text, from, i)
			}
			for i+1 < len(text) && text[i+1] != '\n' {
				i++
			}
			continue
		case depth == 0 && (c == '\n' && !flow || c == ',' && flow):
			return trimmed(text, from, i)
		}
		if strings.IndexByte(" \t\r\n", c) < 0 {
			last = c
		}
	}
	return trimmed(text, from, len(text))
}

func trimmed(text []byte, from, to int) int {
	return from + len(bytes.TrimRight(text[from:to], " \t\r\n"))
}

// closing returns where a text in quotation marks ends.
func closing(text []byte, i int) int {
	quote := text[i]
	for i++; i < len(text); i++ {
		switch {
		case text[i] == '\\' && quote == '"':
			i++
		case text[i] == quote && quote == '\'' && i+1 < len(text) && text[i+1] == quote:
			i++
		case text[i] == quote:
			return i
		}
	}
	return i
}

// scalar writes a text so that it is read again as this text, within brackets, too: as it is where that is certain.
func scalar(text string) string {
	strange := func(c rune) bool {
		return !unicode.IsLetter(c) && !unicode.IsDigit(c) && !strings.ContainsRune(" .:@_-/+()'", c)
	}
	var back []yaml.Node
	first, _ := utf8.DecodeRuneInString(text)
	plain := !strings.ContainsFunc(text, strange) && (unicode.IsLetter(first) || unicode.IsDigit(first))
	if plain && yaml.Unmarshal([]byte("["+text+"]"), &back) == nil && len(back) == 1 && back[0].Kind == yaml.ScalarNode && back[0].Value == text &&
		back[0].Tag != "!!null" {
		return text
	}
	if strings.ContainsFunc(text, func(c rune) bool { return !strconv.IsPrint(c) }) {
		return strconv.Quote(text)
	}
	return "'" + strings.ReplaceAll(text, "'", "''") + "'"
}
