package mapping

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestNamesAreSentAndComparedInOneForm(t *testing.T) {
	for name, want := range map[string]string{
		"":                              "",
		"Ana Kovač":                     "Ana Kovač",
		"  Ana\t \u00a0Kovac\u030c\n":   "Ana Kovač",
		" ":                             "",
		"Ana\x00B":                      "Ana B",
		strings.Repeat("é", 300):        strings.Repeat("é", 255),
		strings.Repeat("e\u0301", 255):  strings.Repeat("é", 255),
		strings.Repeat("x", 254) + " y": strings.Repeat("x", 254),
		"a\xffb":                        "a b",
	} {
		if got := displayName(name); got != want {
			t.Errorf("%q: %q, want %q", name, got, want)
		}
	}
}

func TestTheFormOfANameIsItsOwnForm(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		once := displayName(rapid.String().Draw(t, "name"))
		if twice := displayName(once); twice != once {
			t.Errorf("%q became %q", once, twice)
		}
	})
}
