package csv

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/ianaindex"
	"golang.org/x/text/encoding/unicode"
)

// How a file's bytes become text. Only what is certain is done without being told: a byte order mark is certain, valid UTF-8 is as good
// as certain, and everything else has to be declared.

const (
	utf8Name  = "UTF-8"
	utf16Name = "UTF-16"
)

// charset is a declared encoding; decode is nil for UTF-8 and for a mark that decides.
type charset struct {
	name   string
	decode encoding.Encoding
	strict bool // UTF-8, and nothing else even if a mark says so
	marked bool // UTF-16 whose mark must say which of the two
}

// encodingCalled finds a declared encoding.
func encodingCalled(name string) (charset, error) {
	switch strings.ToLower(name) {
	case "":
		return charset{name: utf8Name}, nil
	case "utf-8", "utf8":
		return charset{name: utf8Name, strict: true}, nil
	case "utf-16":
		return charset{name: utf16Name, marked: true}, nil
	case "utf-16le":
		return charset{name: "UTF-16LE", decode: unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM)}, nil
	case "utf-16be":
		return charset{name: "UTF-16BE", decode: unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM)}, nil
	}
	e, err := ianaindex.IANA.Encoding(name)
	if err != nil || e == nil {
		return charset{}, fmt.Errorf("the encoding %q is not known", name)
	}
	canonical, err := ianaindex.MIME.Name(e)
	if err != nil {
		canonical = name
	}
	return charset{name: canonical, decode: e}, nil
}

// The marks at the beginning of a file, longest first: the one of UTF-32 begins like one of UTF-16.
var errUTF32 = errors.New("the file is in UTF-32, which nothing else writes; export it as UTF-8")

// marks are not a table, so that nobody can change them.
func markOf(head []byte) (name string, length int) {
	switch {
	case bytes.HasPrefix(head, []byte{0xff, 0xfe, 0, 0}), bytes.HasPrefix(head, []byte{0, 0, 0xfe, 0xff}):
		return "UTF-32", 4
	case bytes.HasPrefix(head, []byte{0xef, 0xbb, 0xbf}):
		return utf8Name, 3
	case bytes.HasPrefix(head, []byte{0xff, 0xfe}):
		return "UTF-16LE", 2
	case bytes.HasPrefix(head, []byte{0xfe, 0xff}):
		return "UTF-16BE", 2
	}
	return "", 0
}

// text is a file as text: in UTF-8 or, where it is none, with what is not.
type text struct {
	*bufio.Reader
	encoding string // for people to read
	decoded  bool   // from another encoding, so that U+FFFD stands for what could not be read
	last     byte   // that was read so far
}

// asText decides what a file's bytes mean and drops a byte order mark.
func asText(r io.Reader, declared charset) (*text, error) {
	raw := bufio.NewReaderSize(r, 64<<10)
	head, err := raw.Peek(4)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	mark, length := markOf(head)
	switch {
	case mark == "UTF-32":
		return nil, errUTF32
	case mark == "" && declared.marked:
		return nil, errors.New("the file has no byte order mark, so it may be UTF-16 of either kind; declare encoding: utf-16le, or utf-16be")
	case mark != "" && (declared.strict && mark != utf8Name || declared.marked && mark == utf8Name || declared.decode != nil && mark != declared.name):
		return nil, fmt.Errorf("a byte order mark says %s, and the configuration says %s", mark, declared.name)
	}
	if _, err := raw.Discard(length); err != nil {
		return nil, err
	}
	t := &text{encoding: declared.name}
	from := declared.decode
	if mark != "" {
		t.encoding = mark
		if mark != utf8Name {
			c, err := encodingCalled(mark)
			if err != nil {
				return nil, err
			}
			from = c.decode
		} else {
			t.encoding = "UTF-8 with a byte order mark"
		}
	}
	var body io.Reader = raw
	if from != nil {
		body, t.decoded = from.NewDecoder().Reader(raw), true
	}
	t.Reader = bufio.NewReaderSize(&tail{body, t}, 64<<10)
	return t, nil
}

// tail remembers the last byte that went by.
type tail struct {
	r io.Reader
	t *text
}

func (t *tail) Read(p []byte) (int, error) {
	n, err := t.r.Read(p)
	if n > 0 {
		t.t.last = p[n-1]
	}
	return n, err
}

// likely names the encoding that bytes which are no UTF-8 probably are.
func likely(cell string) string {
	switch {
	case strings.HasPrefix(cell, "\x00"):
		return "utf-16be"
	case strings.Contains(cell, "\x00"):
		return "utf-16le"
	}
	undefined := func(c byte) bool { return slices.Contains([]byte{0x81, 0x8d, 0x8f, 0x90, 0x9d}, c) } // in windows-1252
	for i := range len(cell) {
		if undefined(cell[i]) {
			return "ibm850"
		}
	}
	return "windows-1252"
}

// delimiters are what may stand between two columns, as people write it.
func delimiters() []rune { return []rune{',', ';', '\t', '|'} }

func delimiterCalled(name string) (rune, error) {
	if name == "tab" || name == `\t` {
		return '\t', nil
	}
	for _, d := range delimiters() {
		if name == string(d) {
			return d, nil
		}
	}
	if name == "" {
		return 0, nil
	}
	return 0, fmt.Errorf("%q cannot stand between two columns", name)
}

func delimiterName(d rune) string {
	if d == '\t' {
		return "tab"
	}
	return string(d)
}

// delimiterWord is what people call it.
func delimiterWord(d rune) string {
	return map[rune]string{',': "commas", ';': "semicolons", '\t': "tabs", '|': "bars"}[d]
}

// delimiterOf finds what stands between the columns of a header: what is there oftenest outside of quotes. Of two that are there equally
// often neither is taken.
func delimiterOf(header string) (rune, error) {
	count, quoted := map[rune]int{}, false
	for _, c := range header {
		switch {
		case c == '"':
			quoted = !quoted
		case !quoted:
			count[c]++
		}
	}
	best, most, tied := ',', 0, false
	for _, d := range delimiters() {
		switch n := count[d]; {
		case n > most:
			best, most, tied = d, n, false
		case n == most && n > 0:
			tied = true
		}
	}
	if tied {
		return 0, errors.New("the header does not show what stands between two columns; declare delimiter")
	}
	return best, nil
}

// headerLine returns the header as it stands in the text, with the line breaks that are within quotes, and does not consume it.
func (t *text) headerLine() string {
	head, _ := t.Peek(t.Size()) // what is wrong with the rest shows when it is read
	quoted := false
	for i, c := range head {
		switch {
		case c == '"':
			quoted = !quoted
		case c == '\n' && !quoted:
			return string(head[:i])
		}
	}
	return string(head)
}

// declaredDelimiter consumes the first line if it is the one by which spreadsheets say what stands between two columns.
func (t *text) declaredDelimiter() (rune, bool, error) {
	head, _ := t.Peek(7)
	line, _, ended := strings.Cut(string(head), "\n")
	rest, is := strings.CutPrefix(strings.ToLower(strings.TrimSuffix(line, "\r")), "sep=")
	if !ended || !is {
		return 0, false, nil
	}
	d, err := delimiterCalled(rest)
	if err != nil || d == 0 {
		return 0, false, fmt.Errorf("line 1: %q cannot stand between two columns", rest)
	}
	_, err = t.Discard(len(line) + 1)
	return d, true, err
}
