package csv

import (
	stdcsv "encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// mostInCell is how long a cell may be. A longer one has swallowed other rows, because of a quote that nobody closed.
const mostInCell = 16 << 10

// mostLines is how many lines a row may go over, for the same reason.
const mostLines = 50

// table is a file being read row by row.
type table struct {
	text   *text
	csv    *stdcsv.Reader
	comma  rune
	before int // lines that the csv.Reader has not seen
	header []string
	footer string
	footed bool
	n      int // rows so far, with those that cannot be used and without empty ones
	empty  int // rows without a single value
}

// row is one row. Its cells are good until the next one is read.
type row struct {
	line    int
	cells   []string
	problem string // "" when it can be used
	sound   bool   // of a row with a problem: its first cell is what stands there
}

// Refused is why a whole file is not used.
type Refused struct {
	Path string
	Line int // 0 when it is about no line
	Text string
	Hint string
	Bad  []Bad // the rows that it is about, the first so many, when it is because of them
}

func (e *Refused) Error() string {
	at := e.Path
	if e.Line > 0 {
		at += ":" + strconv.Itoa(e.Line)
	}
	if e.Hint != "" {
		return at + ": " + e.Text + "; " + e.Hint
	}
	return at + ": " + e.Text
}

// refuse makes an error of what is wrong with a file; table does not know its path.
func refuse(line int, hint, format string, args ...any) error {
	return &Refused{Line: line, Text: fmt.Sprintf(format, args...), Hint: hint}
}

// begin reads the header.
func (s *Settings) begin(r io.Reader) (*table, error) {
	declared, err := encodingCalled(s.Encoding)
	if err != nil {
		return nil, err
	}
	t := &table{footer: s.Footer}
	if t.text, err = asText(r, declared); err != nil {
		return nil, refuse(0, "", "%v", err)
	}
	if err := t.findDelimiter(s.Delimiter); err != nil {
		return nil, err
	}
	t.csv = stdcsv.NewReader(t.text.Reader) // which is used as it is, so that its Peek shows what comes next
	t.csv.Comma, t.csv.FieldsPerRecord, t.csv.ReuseRecord = t.comma, -1, true
	cells, err := t.csv.Read()
	if errors.Is(err, io.EOF) {
		return nil, refuse(0, "an export that failed looks like this; it never means that everybody has left", "the file is empty")
	}
	var wrong *stdcsv.ParseError
	if errors.As(err, &wrong) {
		return nil, refuse(wrong.Line+t.before, "", "the header cannot be read: %v", wrong.Err)
	}
	if err != nil {
		return nil, err
	}
	if err := t.unreadable(1+t.before, cells); err != nil {
		return nil, err
	}
	return t, t.takeHeader(cells)
}

func (t *table) findDelimiter(declared string) error {
	d, said, err := t.text.declaredDelimiter()
	if err != nil {
		return refuse(1, "", "%v", err)
	}
	if said {
		t.before = 1
	}
	if t.comma, err = delimiterCalled(declared); err != nil {
		return err
	}
	if t.comma != 0 && said && d != t.comma {
		return refuse(1, "", "the file says that %s stands between two columns, and the configuration says %s", delimiterName(d), delimiterName(t.comma))
	}
	if t.comma == 0 {
		t.comma = d
	}
	if t.comma == 0 {
		if t.comma, err = delimiterOf(t.text.headerLine()); err != nil {
			return refuse(1+t.before, "", "%v", err)
		}
	}
	return nil
}

func (t *table) takeHeader(cells []string) error {
	seen := map[string]int{}
	for i, c := range cells {
		if strings.ContainsAny(c, "\r") {
			return refuse(1+t.before, "save it with the line breaks of Windows or Unix", "lines end in a way that is not used any more (CR alone)")
		}
		name := strings.Join(strings.Fields(c), " ")
		t.header = append(t.header, name)
		if name == "" {
			continue
		}
		if first, twice := seen[strings.ToLower(name)]; twice {
			return refuse(1+t.before, "give one of them another name", "the columns %d and %d are both called %q", first+1, i+1, name)
		}
		seen[strings.ToLower(name)] = i
	}
	if len(seen) == 0 {
		return refuse(1+t.before, "the first line names the columns", "the header is empty")
	}
	return nil
}

// next returns the next row with a value in it; io.EOF after the last one. Any other error is about the file as a whole.
func (t *table) next() (row, error) {
	for {
		cells, err := t.csv.Read()
		if errors.Is(err, io.EOF) {
			return row{}, t.end()
		}
		var wrong *stdcsv.ParseError
		if errors.As(err, &wrong) {
			return t.broken(wrong)
		}
		if err != nil {
			return row{}, err
		}
		line, _ := t.csv.FieldPos(0)
		line += t.before
		if t.footed {
			return row{}, refuse(line, "the file was written while another one was, or put together", "something stands after the last row (%s)", t.footer)
		}
		if blank(cells) {
			t.empty++
			continue
		}
		odd := slices.ContainsFunc(cells, odd)
		if odd {
			if err := t.unreadable(line, cells); err != nil {
				return row{}, err
			}
		}
		if t.footer != "" && strings.TrimSpace(cells[0]) == t.footer {
			if err := t.foot(line, cells); err != nil {
				return row{}, err
			}
			continue
		}
		t.n++
		return t.examined(row{line: line, cells: cells}, odd), nil
	}
}

// examined notes what is wrong with the shape of a row.
func (t *table) examined(r row, odd bool) row {
	last, _ := t.csv.FieldPos(len(r.cells) - 1)
	spread := last + t.before + strings.Count(r.cells[len(r.cells)-1], "\n") - r.line
	r.sound = spread == 0
	switch {
	case spread > mostLines:
		r.problem = fmt.Sprintf("goes over %d lines; a quote is probably not closed", spread+1)
	case len(r.cells) != len(t.header):
		r.problem = fmt.Sprintf("has %d columns, and the header has %d", len(r.cells), len(t.header))
	}
	for i, c := range r.cells {
		switch {
		case r.problem != "" || !odd && len(c) <= mostInCell:
		case len(c) > mostInCell:
			r.problem, r.sound = fmt.Sprintf("column %s has %d bytes; a quote is probably not closed", t.name(i), len(c)), false
		case t.text.decoded && strings.ContainsRune(c, utf8.RuneError):
			r.problem = fmt.Sprintf("column %s holds what is not %s", t.name(i), t.text.encoding)
		case strings.ContainsFunc(c, control):
			r.problem = fmt.Sprintf("column %s holds a control character", t.name(i))
		}
	}
	return r
}

// odd says that a cell is more than ASCII that can be printed. Few are, and looking closer takes its time.
func odd(cell string) bool {
	for i := range len(cell) {
		if c := cell[i]; c < ' ' || c > '~' {
			return true
		}
	}
	return false
}

// control says that a character cannot be meant. Line breaks and tabs within quotes can.
func control(c rune) bool { return c < ' ' && c != '\n' && c != '\r' && c != '\t' || c == 0x7f }

func (t *table) name(i int) string {
	if i < len(t.header) && t.header[i] != "" {
		return t.header[i]
	}
	return strconv.Itoa(i + 1)
}

// unreadable refuses a file that is not in the encoding that it should be in.
func (t *table) unreadable(line int, cells []string) error {
	for _, c := range cells {
		if strings.IndexByte(c, 0) < 0 && (t.text.decoded || utf8.ValidString(c)) {
			continue
		}
		if strings.Trim(c, "\x00") == "" {
			return refuse(line, "it is probably being copied; if it stays so, export it anew", "there are only zeros where text should be")
		}
		guess := likely(c)
		return refuse(line, "if that is so, write encoding: "+guess+"; else export it as UTF-8", "the file is not %s; it looks like %s", t.text.encoding, guess)
	}
	return nil
}

// broken is about a row whose quotes make no sense. The reader goes on with the line after it, unless it has come to the end of the file
// in search of the closing quote: then nobody knows how many rows it has passed over.
func (t *table) broken(wrong *stdcsv.ParseError) (row, error) {
	if errors.Is(wrong.Err, stdcsv.ErrQuote) {
		if _, err := t.text.Peek(1); errors.Is(err, io.EOF) {
			return row{}, refuse(wrong.StartLine+t.before, "the file was cut off, or a quote is missing", "a quote is opened and not closed until the end")
		}
	}
	t.n++
	return row{line: wrong.StartLine + t.before, problem: "cannot be read: " + wrong.Err.Error()}, nil
}

func blank(cells []string) bool {
	for _, c := range cells {
		if strings.TrimSpace(c) != "" {
			return false
		}
	}
	return true
}

func (t *table) foot(line int, cells []string) error {
	said := ""
	if len(cells) > 1 {
		said = strings.TrimSpace(cells[1])
	}
	n, err := strconv.Atoi(said)
	if err != nil {
		return refuse(line, "the second cell of the last row is the number of rows", "%q is not a number of rows", said)
	}
	if n != t.n {
		return refuse(line, "some are missing, or were written twice", "the last row says %d rows, and there are %d", n, t.n)
	}
	t.footed = true
	return nil
}

// end says io.EOF if the file may end here.
func (t *table) end() error {
	if t.footer != "" && !t.footed {
		return refuse(0, "the file was cut off, or the last row is called otherwise", "the last row (%s) is missing", t.footer)
	}
	return io.EOF
}
