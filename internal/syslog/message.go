// Package syslog sends messages to a syslog server: RFC 5424 messages over UDP (RFC 5426), TCP (RFC 6587, with counted octets), TLS
// (RFC 5425) or the socket of this machine.
//
// It promises that a message is one message whatever it says, and that Send and Close tell what can be known: over TCP and TLS that the
// server took everything before it hung up, over UDP next to nothing. It must not keep, repeat or drop messages: that is for the caller.
package syslog

import (
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Facility says what a message is about (RFC 5424, table 1).
type Facility uint8

// The facilities that a program like ours may use.
const (
	Daemon   Facility = 3
	AuthPriv Facility = 10 // security, not for everybody's eyes
	Audit    Facility = 13
	Local0   Facility = 16 // Local0 + n is Local n, up to 7
)

// Severity says how bad it is (RFC 5424, table 2).
type Severity uint8

// The severities.
const (
	Error         Severity = 3
	Warning       Severity = 4
	Notice        Severity = 5
	Informational Severity = 6
	Debug         Severity = 7
)

// Message is one message. Empty fields are sent as "-".
type Message struct {
	Facility Facility
	Severity Severity
	Time     time.Time
	Host     string
	App      string
	Process  string
	ID       string // the kind of message: "head"
	Data     []Element
	Text     string
}

// Element is structured data. Without a number of its own (RFC 5424, section 7.2.2) an ID has the form name@number.
type Element struct {
	ID     string
	Params []Param
}

// Param is a name with a value.
type Param struct{ Name, Value string }

// The longest that the fields may be (RFC 5424, section 6).
const (
	longestHost    = 255
	longestApp     = 48
	longestProcess = 128
	longestID      = 32
)

// String writes the message as it is sent, without framing. Control characters become blanks, so that whoever may choose a name cannot
// begin a new line in a log with it.
func (m *Message) String() string {
	var b strings.Builder
	at := "-"
	if !m.Time.IsZero() {
		at = m.Time.UTC().Format("2006-01-02T15:04:05.000000Z07:00")
	}
	fmt.Fprintf(&b, "<%d>1 %s %s %s %s %s ", int(m.Facility)*8+int(m.Severity), at, word(m.Host, longestHost), word(m.App, longestApp),
		word(m.Process, longestProcess), word(m.ID, longestID))
	if len(m.Data) == 0 {
		b.WriteByte('-')
	}
	for _, e := range m.Data {
		e.write(&b)
	}
	if m.Text != "" {
		b.WriteByte(' ')
		if text := line(m.Text); ascii(text) {
			b.WriteString(text)
		} else {
			b.WriteString("\ufeff" + text) // says that it is UTF-8
		}
	}
	return b.String()
}

func (e *Element) write(b *strings.Builder) {
	b.WriteString("[" + name(e.ID))
	for _, p := range e.Params {
		fmt.Fprintf(b, ` %s="%s"`, name(p.Name), strings.NewReplacer(`\`, `\\`, `"`, `\"`, `]`, `\]`).Replace(line(p.Value)))
	}
	b.WriteByte(']')
}

// word keeps what may stand in the header: printable ASCII without blanks.
func word(s string, longest int) string {
	s = strings.Map(func(r rune) rune {
		if r <= ' ' || r > '~' {
			return -1
		}
		return r
	}, s)
	if s == "" {
		return "-"
	}
	return s[:min(len(s), longest)]
}

// name is word for the names of structured data.
func name(s string) string {
	return word(strings.Map(func(r rune) rune {
		if strings.ContainsRune(`=]"`, r) {
			return -1
		}
		return r
	}, s), longestID)
}

// line makes one line of text, in UTF-8.
func line(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == '\u2028' || r == '\u2029' {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, "\ufffd"))
}

func ascii(s string) bool { return utf8.RuneCountInString(s) == len(s) }
