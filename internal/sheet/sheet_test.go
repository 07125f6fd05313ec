package sheet

import (
	"strings"
	"testing"
	"unicode"
)

func TestACellIsNothingThatASpreadsheetComputes(t *testing.T) {
	for in, want := range map[string]string{
		"Ana Reis": "Ana Reis", "": "", "O'Hara": "O'Hara", "a=b": "a=b", "5-3": "5-3",
		"=1+1": "'=1+1", "+1": "'+1", "-1": "'-1", "@SUM(A1)": "'@SUM(A1)", "|calc": "'|calc", "＝1": "'＝1",
		" =1": "'=1", "\t=1": "'=1", "\r=1": "'=1", "\n=1": "'=1", "\ufeff=1": "'=1", "\u200e=1": "'=1", "\x00=1": "'=1",
		"a\r\n=1+1": "a  =1+1", "Ana\x1b[2J": "Ana [2J", "ab\u202ecd": "abcd", "a\xffb": "a b",
	} {
		if got := Line(in); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
}

func FuzzLineIsHarmless(f *testing.F) {
	for _, seed := range []string{"=1", "\t=1", "\u200b\ufeff=1", "a\r=1", "\u00a0@x"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got := Line(text)
		if strings.ContainsFunc(got, unicode.IsControl) {
			t.Errorf("%q holds a control character", got)
		}
		if first := strings.TrimLeftFunc(got, func(r rune) bool { return unicode.IsSpace(r) || unicode.Is(unicode.Cf, r) }); first != "" && strings.ContainsRune("=+-@", []rune(first)[0]) {
			t.Errorf("%q is computed", got)
		}
	})
}
