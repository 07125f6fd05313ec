package csv

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"

	"github.com/kisi-sync/kisi-sync/connectors"
	"github.com/kisi-sync/kisi-sync/connectors/connectortest"
	"github.com/kisi-sync/kisi-sync/internal/directory"
)

const staff = "id,email,name,groups\n1,ana@x.com,Ana Größe,Lab;Roof\n2,bo@x.com,Bo,Lab\n"

// encoded is a text in another encoding.
func encoded(t *testing.T, text string, encode func(string) (string, error)) string {
	t.Helper()
	out, err := encode(text)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func utf16(t *testing.T, order unicode.Endianness, mark unicode.BOMPolicy, text string) string {
	return encoded(t, text, unicode.UTF16(order, mark).NewEncoder().String)
}

func TestATableIsReadHoweverItIsWritten(t *testing.T) {
	windows := encoded(t, staff, charmap.Windows1252.NewEncoder().String)
	for name, c := range map[string]struct {
		text   string
		change func(*Settings)
	}{
		"plainly":                     {staff, nil},
		"with a mark":                 {"\xef\xbb\xbf" + staff, nil},
		"as declared UTF-8":           {"\xef\xbb\xbf" + staff, func(s *Settings) { s.Encoding = "UTF-8" }},
		"in UTF-16LE with a mark":     {utf16(t, unicode.LittleEndian, unicode.UseBOM, staff), nil},
		"in UTF-16BE with a mark":     {utf16(t, unicode.BigEndian, unicode.UseBOM, staff), func(s *Settings) { s.Encoding = "utf-16" }},
		"in UTF-16LE without a mark":  {utf16(t, unicode.LittleEndian, unicode.IgnoreBOM, staff), func(s *Settings) { s.Encoding = "utf-16le" }},
		"in UTF-16BE without a mark":  {utf16(t, unicode.BigEndian, unicode.IgnoreBOM, staff), func(s *Settings) { s.Encoding = "UTF-16BE" }},
		"as Windows does":             {windows, func(s *Settings) { s.Encoding = "windows-1252" }},
		"in Latin-1":                  {windows, func(s *Settings) { s.Encoding = "ISO-8859-1" }},
		"with CRLF":                   {strings.ReplaceAll(staff, "\n", "\r\n"), nil},
		"without a last line break":   {strings.TrimSuffix(staff, "\n"), nil},
		"with tabs":                   {strings.ReplaceAll(staff, ",", "\t"), nil},
		"with bars":                   {strings.ReplaceAll(staff, ",", "|"), nil},
		"with semicolons":             {strings.ReplaceAll(strings.ReplaceAll(staff, ";", "/"), ",", ";"), func(s *Settings) { s.Separator = "/" }},
		"with a declared delimiter":   {strings.ReplaceAll(staff, ",", "|"), func(s *Settings) { s.Delimiter = "|" }},
		"with a line for Excel":       {"sep=\t\r\n" + strings.ReplaceAll(staff, ",", "\t"), nil},
		"with quotes":                 {strings.ReplaceAll(staff, "Lab;Roof", "\"Lab;Roof\""), nil},
		"with a line break in a name": {strings.ReplaceAll(staff, "Ana Größe", "\"Ana\r\n Größe\""), nil},
		"with empty rows":             {strings.ReplaceAll(staff, "2,bo", ",,,\n\n2,bo"), nil},
		"with case in the header":     {strings.ReplaceAll(staff, "id,email,name", "ID,E-Mail , Name"), func(s *Settings) { s.Columns.Email = "e-mail" }},
		"with a row for each group":   {"id,email,name,groups\n1,ana@x.com,Ana Größe,Lab\n2,bo@x.com,Bo,lab\n1,ana@x.com,Ana Größe,Roof\n", nil},
		"with two names":              {"id,email,Given,Family,groups\n1,ana@x.com,Ana,Größe,Lab;Roof\n2,bo@x.com,,Bo,Lab\n", func(s *Settings) { s.Columns.FirstName, s.Columns.LastName = "Given", "Family" }},
		"with a last row":             {staff + "TOTAL,2\n", func(s *Settings) { s.Footer = "TOTAL" }},
		"with an apostrophe":          {strings.ReplaceAll(staff, "Bo,Lab", "'=Bo,Lab"), nil},
	} {
		t.Run(name, func(t *testing.T) {
			s := settings(file(t, c.text))
			if c.change != nil {
				c.change(s)
			}
			r := read(t, s)
			ana := r.Person("ana@x.com")
			if ana.ID() != "1" || ana.Name() != "Ana Größe" || len(r.People()) != 2 {
				t.Errorf("ana is %q %q of %d", ana.ID(), ana.Name(), len(r.People()))
			}
			if got := r.Members("Lab"); !slices.Equal(got, []string{"ana@x.com", "bo@x.com"}) {
				t.Errorf("Lab is %v", got)
			}
			if got := r.Members("Roof"); !slices.Equal(got, []string{"ana@x.com"}) {
				t.Errorf("Roof is %v", got)
			}
			if len(r.Receipt.Remarks) > 0 || r.Receipt.Coverage != directory.Complete || r.Receipt.Proof.Note == "" {
				t.Errorf("%+v", r.Receipt)
			}
		})
	}
}

func TestAFileThatCannotBeBelievedIsRefusedWhole(t *testing.T) {
	windows := encoded(t, staff, charmap.Windows1252.NewEncoder().String)
	old := encoded(t, strings.ReplaceAll(staff, "ß", "ü"), charmap.CodePage850.NewEncoder().String)
	many := func(n int) (rows string) {
		for i := range n {
			rows += fmt.Sprintf("%d,p%d@x.com,P,Lab\n", i+10, i)
		}
		return rows
	}
	for name, c := range map[string]struct {
		text   string
		want   string // in the error
		change func(*Settings)
	}{
		"empty":                        {"", "people.csv: the file is empty", nil},
		"a mark and nothing":           {"\xef\xbb\xbf", "the file is empty", nil},
		"a header without rows":        {"id,email,name\n", "a header and not a single row", nil},
		"a header and empty rows":      {"id,email,name\n,,\n,,\n", "a header and not a single row", nil},
		"no id":                        {"number,email\n1,ana@x.com\n", "people.csv:1: the header has no column id; name the column", nil},
		"no email for a mutable id":    {"id,mail\n1,ana@x.com\n", "lacks email (or name it", func(s *Settings) { s.MutableID = true }},
		"a declared column is missing": {staff, "people.csv:1: the header lacks Status, Team; the header has: id, email, name, groups", func(s *Settings) { s.Columns.Active, s.Columns.Groups = "Status", "Team" }},
		"a header twice":               {"id,email,Email\n1,a@x.com,b@x.com\n", "people.csv:1: the columns 2 and 3 are both called \"Email\"", nil},
		"another encoding":             {windows, "people.csv:2: the file is not UTF-8; it looks like windows-1252; if that is so, write encoding: windows-1252", nil},
		"an older encoding":            {old, "people.csv:2: the file is not UTF-8; it looks like ibm850", nil},
		"UTF-16LE without a mark":      {utf16(t, unicode.LittleEndian, unicode.IgnoreBOM, staff), "people.csv:1: the file is not UTF-8; it looks like utf-16le", nil},
		"UTF-16BE without a mark":      {utf16(t, unicode.BigEndian, unicode.IgnoreBOM, staff), "people.csv:1: the file is not UTF-8; it looks like utf-16be", nil},
		"UTF-16 of either kind":        {utf16(t, unicode.BigEndian, unicode.IgnoreBOM, staff), "no byte order mark", func(s *Settings) { s.Encoding = "utf-16" }},
		"UTF-32":                       {"\xff\xfe\x00\x00i\x00\x00\x00", "UTF-32", nil},
		"a mark against the file":      {"\xef\xbb\xbf" + staff, "a byte order mark says UTF-8, and the configuration says windows-1252", func(s *Settings) { s.Encoding = "windows-1252" }},
		"a mark against UTF-8":         {utf16(t, unicode.BigEndian, unicode.UseBOM, staff), "a byte order mark says UTF-16BE", func(s *Settings) { s.Encoding = "utf-8" }},
		"zeros, as while being copied": {staff + strings.Repeat("\x00", 4096), "people.csv:4: there are only zeros where text should be", nil},
		"two delimiters":               {"id,email;name|x\n1,a;b\n", "declare delimiter", nil},
		"a line for Excel against it":  {"sep=;\n" + staff, "the file says that ; stands between two columns, and the configuration says ,", func(s *Settings) { s.Delimiter = "," }},
		"old line breaks":              {strings.ReplaceAll(staff, "\n", "\r"), "CR alone", nil},
		"a quote that is not closed":   {staff + "3,cy@x.com,\"Cy,Lab\n4,di@x.com,Di,Lab\n", "people.csv:4: a quote is opened and not closed", nil},
		"cut in a line":                {staff[:len(staff)-3], "the last line does not end", func(s *Settings) { s.EndsWithNewline = true }},
		"no last row":                  {staff, "the last row (TOTAL) is missing", func(s *Settings) { s.Footer = "TOTAL" }},
		"another number of rows":       {staff + "TOTAL,3\n", "people.csv:4: the last row says 3 rows, and there are 2", func(s *Settings) { s.Footer = "TOTAL" }},
		"no number of rows":            {staff + "TOTAL\n", "is not a number of rows", func(s *Settings) { s.Footer = "TOTAL" }},
		"rows after the last":          {staff + "TOTAL,2\n3,cy@x.com,Cy,Lab\n", "people.csv:5: something stands after the last row", func(s *Settings) { s.Footer = "TOTAL" }},
		"too many bad rows":            {staff + many(20) + "x,no,Cy,Lab\ny,no,Di,Lab\n", "2 of 24 rows cannot be used, and only 1 may be: line 24 the address \"no\"", nil},
		"one bad row and none borne":   {staff + many(20) + "x,no,Cy,Lab\n", "1 of 23 rows cannot be used, and only 0 may be", func(s *Settings) { s.BadRows.People = 0 }},
	} {
		t.Run(name, func(t *testing.T) {
			s := settings(file(t, c.text))
			if c.change != nil {
				c.change(s)
			}
			if got := failure(t, open(t, s)); !strings.Contains(got, c.want) {
				t.Errorf("%s\nwant %s", got, c.want)
			}
		})
	}
}

func TestARowThatCannotBeUsedIsToldAndMakesNobodyALeaver(t *testing.T) {
	const all = "id,email,name,active,groups\n1,ana@x.com,Ana,yes,Lab;Roof\n2,bo@x.com,Bo,yes,Lab\n3,cy@x.com,Cy,yes,Attic\n4,di@x.com,Di,yes,Lab\n"
	for name, c := range map[string]struct {
		row  string // in place of Ana's
		want string // of the remark
		// nobodyMissing: it could be anybody's row, so also who has none stays.
		nobodyMissing bool
	}{
		"a bad address":                {"1,ana.x.com,Ana,yes,Roof", "line 2 the address \"ana.x.com\" is", false},
		"neither yes nor no":           {"1,ana@x.com,Ana,maybe,Roof", "line 2 column active says \"maybe\", which is neither yes nor no", false},
		"too few columns":              {"1,ana@x.com,Ana", "line 2 has 3 columns, and the header has 5", false},
		"too many columns":             {"1,ana@x.com,Reis, Ana,yes,Roof", "line 2 has 6 columns, and the header has 5", false},
		"a control character":          {"1,ana@x.com,A\x07na,yes,Roof", "line 2 column name holds a control character", false},
		"somebody twice":               {"1,ana@x.com,Ana,yes,Lab\n1,anna@x.com,Ana,no,Roof", "line 3 id \"1\" is in line 2 already", false},
		"no id":                        {",ana@x.com,Ana,yes,Roof", "line 2 has no id", true},
		"an id that was rounded":       {"4.71112E+11,ana@x.com,Ana,yes,Roof", "line 2 id \"4.71112E+11\" was rounded by a spreadsheet", true},
		"a quote within a cell":        {"1,ana@x.com,An\"a,yes,Roof", "line 2 cannot be read: bare", true},
		"a quote that swallows others": {"1,ana@x.com,\"Ana,yes,Roof\n8,lu@x.com,Lu\",yes,Lab", "line 2 column name holds a line break and a delimiter", true},
	} {
		t.Run(name, func(t *testing.T) {
			s := settings(file(t, all))
			s.BadRows.Percent = 60
			r := connectortest.Follow(t, open(t, s))
			r.Full()
			// Bo's group changes and Cy leaves meanwhile.
			text := strings.Replace(all, "1,ana@x.com,Ana,yes,Lab;Roof", c.row, 1)
			text = strings.Replace(strings.Replace(text, "2,bo@x.com,Bo,yes,Lab", "2,bo@x.com,Bo,yes,Cellar", 1), "3,cy@x.com,Cy,yes,Attic\n", "", 1)
			write(t, s.Path, text)
			r.Changes()
			want := []string{"ana@x.com", "bo@x.com", "di@x.com"}
			if c.nobodyMissing {
				want = []string{"ana@x.com", "bo@x.com", "cy@x.com", "di@x.com"}
			}
			if got := r.People(); !slices.Equal(got, want) {
				t.Errorf("there are %v, want %v", got, want)
			}
			for group, want := range map[string][]string{"Lab": {"ana@x.com", "di@x.com"}, "Roof": {"ana@x.com"}, "Cellar": {"bo@x.com"}} {
				if got := r.Members(group); !slices.Equal(got, want) {
					t.Errorf("%s is %v, want %v", group, got, want)
				}
			}
			if got := r.Members("Attic"); (got != nil) != c.nobodyMissing {
				t.Errorf("Attic is %v", got)
			}
			remarks := strings.Join(r.Receipt.Remarks, "\n")
			if want := strings.ReplaceAll(strings.Replace(c.want, "line ", "people.csv:", 1), ": ", " "); !strings.Contains(strings.Replace(remarks, ": ", " ", -1), want) {
				t.Errorf("remarks: %s\nwant %s", remarks, c.want)
			}
			// The same file again says the same.
			if r.Changes(); r.Records > 0 || strings.Join(r.Receipt.Remarks, "\n") != remarks {
				t.Errorf("%d records, %v", r.Records, r.Receipt.Remarks)
			}
			// Mended, it is as if nothing had been.
			write(t, s.Path, strings.Replace(all, "Lab;Roof", "Lab", 1))
			r.Changes()
			r.SameAsFull()
			if len(r.Receipt.Remarks) > 0 || r.Members("Roof") != nil {
				t.Errorf("%v, Roof is %v", r.Receipt.Remarks, r.Members("Roof"))
			}
		})
	}
}

func TestTheSameFileAgainCostsNoReadOfRows(t *testing.T) {
	s := settings(file(t, staff))
	r := connectortest.Follow(t, open(t, s))
	r.Full()
	write(t, s.Path, staff) // exported anew, with the same content
	if r.Changes(); r.Records != 0 || r.Receipt.Coverage != directory.Delta {
		t.Errorf("%d records, %v", r.Records, r.Receipt.Coverage)
	}
	write(t, s.Path, strings.Replace(staff, "Bo,", "Bob,", 1))
	if r.Changes(); r.Receipt.Coverage != directory.Complete || r.Diff.Changed != 1 || r.Diff.Added+r.Diff.LostPeople != 0 {
		t.Errorf("%v, %+v", r.Receipt.Coverage, r.Diff)
	}
	if r.Full(); r.Receipt.Coverage != directory.Complete {
		t.Errorf("a full read is %v", r.Receipt.Coverage)
	}
}

func TestContentIsAsOldAsTheFile(t *testing.T) {
	s := settings(file(t, staff))
	r := read(t, s)
	if age := time.Since(r.Snapshot.AsOf()); age < time.Minute || age > time.Hour {
		t.Errorf("the file was written a minute ago, and the content is %v old", age)
	}
}

func TestAddressesAsIDsAreFolded(t *testing.T) {
	s := settings(file(t, "Email,Name\nAna@X.com ,Ana\nbo@x.com,Bo\n"))
	s.MutableID = true
	r := read(t, s)
	if id := r.Person("Ana@X.com").ID(); id != "ana@x.com" {
		t.Errorf("ana's id is %q", id)
	}
}

func TestAnActiveColumnSaysWhatTheFileSaysItSays(t *testing.T) {
	s := settings(file(t, "id,email,name,active\n1,ana@x.com,Ana,Aktiv\n2,bo@x.com,Bo,AUSGESCHIEDEN\n3,cy@x.com,Cy,FALSE\n4,di@x.com,Di,\n5,ed@x.com,Ed,1\n"))
	s.ActiveWords, s.DisabledWords = []string{"aktiv"}, []string{"ausgeschieden"}
	r := read(t, s)
	for who, want := range map[string]directory.Tri{"ana": directory.Yes, "bo": directory.No, "cy": directory.No, "di": directory.Unknown, "ed": directory.Yes} {
		if got := r.Person(who + "@x.com").Active(); got != want {
			t.Errorf("%s is active: %v, want %v", who, got, want)
		}
	}
}

func TestAttributesAreColumnsThatMustBeThere(t *testing.T) {
	path := file(t, "id,email,name,Contract until,Skills\n1,ana@x.com,Ana,2026-12-31,welding; lifts\n2,bo@x.com,Bo,,\n")
	s := settings(path)
	s.Split = []string{"Skills"}
	r := read(t, s, "Contract until", "Skills")
	if got := r.Person("ana@x.com").Values("Contract until", nil); !slices.Equal(got, []string{"2026-12-31"}) {
		t.Errorf("the contract ends %v", got)
	}
	if got := r.Person("ana@x.com").Values("Skills", nil); !slices.Equal(got, []string{"welding", "lifts"}) {
		t.Errorf("skills are %v", got)
	}
	if got := failure(t, open(t, settings(path), "Contract end")); !strings.Contains(got, "the header lacks Contract end") {
		t.Error(got)
	}
}

func TestTheHeaderIsToldBeforeAnybodyKnowsWhichColumnIsWhich(t *testing.T) {
	path := filepath.Join(t.TempDir(), "hr.csv")
	if err := os.WriteFile(path, []byte("\ufeffPersonnel no;E-mail;Name\n1;ana@example.com;Ana\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s := New().(*Settings)
	s.Path, s.Settle = path, 0
	header, err := s.Header(t.Context(), connectors.Env{Now: time.Now})
	if want := []string{"Personnel no", "E-mail", "Name"}; err != nil || !slices.Equal(header, want) {
		t.Errorf("the header is %q, want %q: %v", header, want, err)
	}
	s.Path = path + "x"
	if _, err := s.Header(t.Context(), connectors.Env{Now: time.Now}); err == nil {
		t.Error("a file that is not there has a header")
	}
}
