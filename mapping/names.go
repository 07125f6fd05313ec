package mapping

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// mostInName is how many characters the name of a Kisi user may have (kisi-api §3.1).
const mostInName = 255

// displayName returns a name in the one form in which it is sent and compared, so that no update is made for how it is written: composed
// (NFC), without control characters, each run of blanks one space and none around, and no longer than Kisi keeps.
func displayName(name string) string {
	if plainName(name) {
		return name
	}
	words := strings.FieldsFunc(norm.NFC.String(name), func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) || r == unicode.ReplacementChar })
	name = strings.Join(words, " ")
	if runes := []rune(name); len(runes) > mostInName {
		name = strings.TrimRight(string(runes[:mostInName]), " ")
	}
	return name
}

// plainName says that a name is in that form already; most are.
func plainName(name string) bool {
	blank := true // a space here would be one too many
	for i := range len(name) {
		if c := name[i]; c < ' ' || c > '~' || c == ' ' && blank {
			return false
		}
		blank = name[i] == ' '
	}
	return name == "" || !blank && len(name) <= mostInName
}
