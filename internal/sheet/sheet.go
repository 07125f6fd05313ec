// Package sheet makes cells that a spreadsheet shows and does not compute. Names come from directories, and whoever may choose a name must
// not run anything at the desk of whoever opens a list of them.
//
// It knows nothing of what is in the cells, and quotes nothing: that is encoding/csv's part.
package sheet

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Harmless puts an apostrophe before what a spreadsheet would compute: also behind blanks, which some of them skip, and written wide, which
// some of them take for the same.
func Harmless(cell string) string {
	begin := strings.TrimLeftFunc(cell, func(r rune) bool { return r <= ' ' || r == '\ufeff' || unicode.IsSpace(r) })
	first, _ := utf8.DecodeRuneInString(begin)
	if begin != cell || begin != "" && strings.ContainsRune("=+-@|＝＋－＠", first) {
		return "'" + cell
	}
	return cell
}

// Line makes one line of a text, without characters that control something or turn the direction of what is read, and harmless.
func Line(text string) string {
	text = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsControl(r), r == '\u2028', r == '\u2029', r == utf8.RuneError:
			return ' '
		case unicode.Is(unicode.Bidi_Control, r), r == '\ufeff', r == '\u200b':
			return -1
		}
		return r
	}, strings.ToValidUTF8(text, " "))
	return Harmless(strings.TrimSpace(text))
}
