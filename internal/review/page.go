package review

import (
	_ "embed" // for page.html
	"html/template"
	"io"
	"strconv"
	"time"

	"github.com/kisi-sync/kisi-sync/internal/sheet"
)

//go:embed page.html
var page string

// WritePage writes one page of HTML that needs nothing else, and prints well on A4 and on letter.
func (r *Review) WritePage(w io.Writer) error {
	zone := r.At.Location()
	t, err := template.New("review").Funcs(template.FuncMap{
		"day":    func(at time.Time, none string) string { return day(at, zone, none) },
		"used":   func(row Row) string { return row.used(zone) },
		"moment": func(at time.Time) string { return at.Format("2006-01-02 15:04 MST") },
		"line":   visible,
		"people": people,
		"next":   func(i int) int { return i + 1 },
	}).Parse(page)
	if err != nil {
		return err
	}
	return t.Execute(w, r)
}

// visible is a name without what controls the line that it stands in. A page computes nothing, so it needs no apostrophe.
func visible(text string) string {
	const letter = "x" // in front, nothing is a formula
	return sheet.Line(letter + text)[len(letter):]
}

func people(n int) string {
	if n == 1 {
		return "1 right"
	}
	return strconv.Itoa(n) + " rights"
}
