package record

import (
	"bufio"
	"fmt"
	"io"
	"regexp"
	"time"
)

// Anchor is the head of a trail as it is kept on another machine.
type Anchor struct {
	At           time.Time
	Installation string // whose trail it is
	Head         Head
}

// String writes the anchor as it stands in a file or a message: "2026-03-31T16:00:00Z berlin-1 1204:9f86d0…".
func (a Anchor) String() string {
	return fmt.Sprintf("%s %s %s", a.At.UTC().Format(time.RFC3339), a.Installation, a.Head)
}

// anchorForm finds an anchor in a line, whatever a log server has put around it.
func anchorForm() *regexp.Regexp {
	return regexp.MustCompile(`(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ) ([a-z0-9-]{1,32}) ([1-9]\d*:[0-9a-f]{64})`)
}

// ReadAnchors finds the anchors in a text, one a line at most; what else there is in it is passed over. So it may be the file that
// kisi-sync writes, or the log of a server with much besides.
func ReadAnchors(r io.Reader) (all []Anchor, err error) {
	const longest = 1 << 20
	form, lines := anchorForm(), bufio.NewScanner(r)
	lines.Buffer(nil, longest)
	for lines.Scan() {
		m := form.FindStringSubmatch(lines.Text())
		if m == nil {
			continue
		}
		at, timeErr := time.Parse(time.RFC3339, m[1])
		head, headErr := ParseHead(m[3])
		if timeErr == nil && headErr == nil {
			all = append(all, Anchor{At: at, Installation: m[2], Head: head})
		}
	}
	return all, lines.Err()
}
