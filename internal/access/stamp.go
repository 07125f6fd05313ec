package access

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
	"unicode/utf8"
)

// mostInValue is how many characters a value of a user's metadata may have (kisi-api §3.1).
const mostInValue = 500

// shortMark begins the digest at the end of what was shortened.
const shortMark = "~"

// NewStamp returns the stamp as Kisi keeps it. What is too long for a value of metadata is shortened, always in the same way.
func NewStamp(installation string, a Anchor) Stamp {
	return Stamp{Installation: FitValue(installation), Anchor: Anchor(FitValue(string(a)))}
}

// Names says that the stamp was made by an installation for one of some anchors.
func (s Stamp) Names(installation string, anchors []Anchor) bool {
	return s.Anchor != "" && slices.ContainsFunc(anchors, func(a Anchor) bool { return NewStamp(installation, a) == s })
}

// Whole says that the stamp holds an anchor as it was, not one that was shortened.
func (s Stamp) Whole() bool {
	text := string(s.Anchor)
	cut := strings.LastIndex(text, shortMark)
	return text != "" && (utf8.RuneCountInString(text) < mostInValue || cut != len(text)-len(shortMark)-2*len(Digest{}))
}

// FitValue shortens what is too long for a value of a user's metadata, and keeps it distinct by a digest of the whole. The same value
// is always shortened to the same, and what fits is not changed.
func FitValue(value string) string {
	if utf8.RuneCountInString(value) <= mostInValue {
		return value
	}
	sum := sha256.Sum256([]byte(value))
	tail := shortMark + hex.EncodeToString(sum[:len(Digest{})])
	return string([]rune(value)[:mostInValue-len(tail)]) + tail
}
