package csv

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/kisi-sync/kisi-sync/internal/directory"
	"github.com/kisi-sync/kisi-sync/internal/email"
)

// person is what one row says. Its strings are good until the next row is read.
type person struct {
	id, email, name string
	active          directory.Tri
	groups          []string // as written
}

// personRows makes people of rows.
type personRows struct {
	*columns
	separator string
	mutable   bool
	words     map[string]bool
	folded    map[string]directory.Tri // spellings of active that were met
}

func (s *source) personRows(c *columns) *personRows {
	return &personRows{columns: c, separator: s.Separator, mutable: s.MutableID, words: s.words(), folded: map[string]directory.Tri{}}
}

// read returns who a row is about and what is wrong with it. An id of "" says that it cannot be told whose row it is.
func (p *personRows) read(r row) (x person, problem string) {
	if r.problem != "" {
		return person{id: p.trusted(r)}, r.problem
	}
	if i := p.swallows(r); i != absent {
		return person{}, fmt.Sprintf("column %s holds a line break and a delimiter; a quote is probably missing", p.names[i])
	}
	x.email = at(r.cells, p.email)
	if x.id, problem = p.key(r.cells); problem != "" {
		return person{}, problem
	}
	if wrong := email.Problem(x.email); x.email != "" && wrong != "" {
		return x, fmt.Sprintf("the address %q is %s", shorten(x.email), wrong)
	}
	x.name = p.called(r.cells)
	if x.active, problem = p.activity(at(r.cells, p.active)); problem != "" {
		return x, problem
	}
	if p.groups != absent {
		x.groups = split(at(r.cells, p.groups), p.separator)
	}
	return x, ""
}

// trusted returns the id of a row that is wrong elsewhere; "" when that may have moved the id.
func (p *personRows) trusted(r row) string {
	if !r.sound || p.id >= len(r.cells) || p.id > 0 && len(r.cells) != p.width {
		return ""
	}
	id, problem := p.key(r.cells)
	if problem != "" {
		return ""
	}
	return id
}

// swallows returns a column that may hold other rows because a quote was not closed where it should have been. No name and no group looks
// like that; in columns that nobody reads, such as addresses, it is no wonder.
func (p *personRows) swallows(r row) int {
	if r.sound {
		return absent
	}
	for _, i := range []int{p.name, p.first, p.last, p.active, p.groups} {
		if i != absent && strings.Contains(r.cells[i], "\n") && strings.ContainsRune(r.cells[i], p.comma) {
			return i
		}
	}
	return absent
}

// key returns what a row's person is known by.
func (p *personRows) key(cells []string) (id, problem string) {
	id = at(cells, p.id)
	switch {
	case id == "":
		return "", fmt.Sprintf("has no %s", p.keyed)
	case strings.ContainsFunc(id, func(c rune) bool { return c == utf8.RuneError || c < ' ' || c == 0x7f }):
		return "", fmt.Sprintf("%s %q cannot be read", p.keyed, shorten(id))
	case p.mutable:
		if wrong := email.Problem(id); wrong != "" {
			return "", fmt.Sprintf("the address %q is %s", shorten(id), wrong)
		}
		return email.Fold(id), ""
	case rounded(id):
		return "", fmt.Sprintf("%s %q was rounded by a spreadsheet", p.keyed, id)
	}
	return id, ""
}

// rounded says that a number was written as spreadsheets write long ones, such as 4.71112E+11. What it was nobody knows any more.
func rounded(id string) bool {
	mantissa, exponent, ok := strings.Cut(strings.ToUpper(id), "E+")
	digits := func(s, also string) bool {
		return s != "" && strings.Trim(s, "0123456789"+also) == ""
	}
	return ok && digits(exponent, "") && digits(mantissa, ".,")
}

func (p *personRows) called(cells []string) string {
	name := at(cells, p.name)
	if p.name == absent {
		name = at(cells, p.first) + " " + at(cells, p.last)
	}
	return squeezed(name)
}

// squeezed returns a text with single blanks between its words and none around; most are so, and then nothing is copied.
func squeezed(s string) string {
	before := byte(' ')
	for i := range len(s) {
		c := s[i]
		if c >= 0x80 || c < ' ' || c == ' ' && before == ' ' {
			return strings.Join(strings.Fields(s), " ")
		}
		before = c
	}
	if s != "" && before == ' ' {
		return strings.TrimRight(s, " ")
	}
	return s
}

// activity reads the column active. Nothing at all is not said, and counts as yes.
func (p *personRows) activity(word string) (directory.Tri, string) {
	if word == "" {
		return directory.Unknown, ""
	}
	if a, ok := p.folded[word]; ok {
		return a, ""
	}
	yes, known := p.words[fold(word)]
	if !known {
		return directory.Unknown, fmt.Sprintf("column %s says %q, which is neither yes nor no", p.status, shorten(word))
	}
	a := directory.No
	if yes {
		a = directory.Yes
	}
	p.folded[strings.Clone(word)] = a
	return a, ""
}

// attributes appends what rules ask for.
func (p *personRows) attributes(cells []string, to []directory.Attr) []directory.Attr {
	for _, a := range p.attrs {
		v := at(cells, a.at)
		switch {
		case v == "":
		case a.split:
			to = append(to, directory.Attr{Name: a.name, Values: split(v, p.separator)})
		default:
			to = append(to, directory.Attr{Name: a.name, Values: []string{v}})
		}
	}
	return to
}

func split(cell, separator string) (all []string) {
	if cell == "" {
		return nil
	}
	for v := range strings.SplitSeq(cell, separator) {
		if v = squeezed(v); v != "" {
			all = append(all, v)
		}
	}
	return all
}

// shorten makes a value fit into a sentence.
func shorten(s string) string {
	const most = 60
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "…"
}
