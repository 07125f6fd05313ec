package access

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestAStampThatIsTooLongIsShortenedAlwaysToTheSame(t *testing.T) {
	long := Anchor("corp:" + strings.Repeat("ü", 600))
	s := NewStamp("berlin-1", long)
	if s.Whole() || len([]rune(s.Anchor)) != mostInValue || s != NewStamp("berlin-1", long) || NewStamp("berlin-1", s.Anchor) != s {
		t.Errorf("%+v", s)
	}
	for _, c := range []struct {
		installation string
		anchors      []Anchor
		want         bool
	}{
		{"berlin-1", []Anchor{"corp:1", long}, true},
		{"berlin-2", []Anchor{long}, false},
		{"berlin-1", []Anchor{long + "x"}, false},
		{"berlin-1", nil, false},
	} {
		if got := s.Names(c.installation, c.anchors); got != c.want {
			t.Errorf("%s %.20v: %v", c.installation, c.anchors, got)
		}
	}
	if (Stamp{}).Names("", []Anchor{""}) {
		t.Error("no stamp names somebody")
	}
	for _, a := range []Anchor{"corp:1", Anchor(strings.Repeat("x", mostInValue))} {
		if s := NewStamp("i", a); !s.Whole() || s.Anchor != a {
			t.Errorf("%d characters were shortened", len(a))
		}
	}
}

func TestLongValuesAreShortenedAndStayDistinct(t *testing.T) {
	a, b := FitValue(strings.Repeat("ü", 600)+"a"), FitValue(strings.Repeat("ü", 600)+"b")
	if utf8.RuneCountInString(a) != mostInValue || a == b || FitValue(a) != a {
		t.Errorf("%d characters, equal: %t", utf8.RuneCountInString(a), a == b)
	}
	if short := strings.Repeat("ü", mostInValue); FitValue(short) != short {
		t.Error("a value that fits was changed")
	}
}
