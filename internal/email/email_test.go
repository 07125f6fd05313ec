package email

import (
	"strings"
	"testing"
)

func TestFoldMakesSpellingsOfOneAddressEqual(t *testing.T) {
	for _, c := range []struct{ a, b string }{
		{"Ana@x.com", "ana@X.COM"},
		{" ana@x.com\t", "ana@x.com"},
		{"J\u00fcrgen@x.de", "ju\u0308rgen@x.de"},
		{"JU\u0308RGEN@x.de", "j\u00fcrgen@x.de"},
	} {
		if Fold(c.a) != Fold(c.b) {
			t.Errorf("Fold(%q) = %q, Fold(%q) = %q", c.a, Fold(c.a), c.b, Fold(c.b))
		}
	}
}

func TestFoldKeepsDifferentAddressesApart(t *testing.T) {
	for _, c := range []struct{ a, b string }{
		{"ana+door@x.com", "ana@x.com"},
		{"a.na@x.com", "ana@x.com"},
	} {
		if Fold(c.a) == Fold(c.b) {
			t.Errorf("%q and %q became one", c.a, c.b)
		}
	}
}

func TestProblemNamesWhatIsWrong(t *testing.T) {
	for address, want := range map[string]string{
		"ana@x.com":                         "",
		"jürgen@müller.de":                  "",
		" ana@x.com ":                       "",
		"":                                  "no e-mail address",
		"ana":                               "not an e-mail address",
		"Ana <ana@x.com>":                   "not an e-mail address",
		"ana@x.com, bo@x.com":               "not an e-mail address",
		strings.Repeat("a", 250) + "@x.com": "e-mail address longer than 254 bytes",
	} {
		if got := Problem(address); got != want {
			t.Errorf("Problem(%q) = %q, want %q", address, got, want)
		}
	}
}

func FuzzFoldTwiceChangesNothing(f *testing.F) {
	f.Add("Ana@X.com")
	f.Add("ju\u0308@x")
	f.Fuzz(func(t *testing.T, s string) {
		if once := Fold(s); Fold(once) != once {
			t.Errorf("Fold(%q) = %q, twice %q", s, once, Fold(once))
		}
	})
}
