package mapping

import (
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// likelyOne says that two names may well be one person's: one of them has no word that the other has not, whatever their order and
// case. A word and its beginning, such as an initial, count as equal. Nothing is no other name.
func likelyOne(a, b string) bool {
	x, y := words(a), words(b)
	if len(x) > len(y) {
		x, y = y, x
	}
	for _, w := range x {
		at := slices.IndexFunc(y, func(v string) bool { return strings.HasPrefix(v, w) || strings.HasPrefix(w, v) })
		if at < 0 {
			return false
		}
		y = slices.Delete(y, at, at+1)
	}
	return true
}

// words splits a name at everything but letters and digits.
func words(name string) []string {
	folded := strings.ToLower(norm.NFC.String(name))
	return strings.FieldsFunc(folded, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r) })
}
