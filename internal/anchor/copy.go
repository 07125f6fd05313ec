package anchor

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/kisi-sync/kisi-sync/internal/record"
	"github.com/kisi-sync/kisi-sync/internal/syslog"
)

// Lines is an audit trail line by line. Anchored and SaveAnchored remember up to which line a copy has it.
type Lines interface {
	Trail
	AuditSince(ctx context.Context, after record.Head, most int) ([]record.Sealed, error)
}

// Copy brings every line of one trail to a syslog server, in order, from the first. All fields are required; of To, what Syslog requires.
// Its methods may be called by one goroutine at a time.
type Copy struct {
	Installation string
	To           Syslog
	Trail        Lines
	Now          func() time.Time
}

// Sent says what Send did.
type Sent struct {
	Lines int    // that the server was given and the trail remembers as such
	Cut   uint64 // lines that were cut off the trail before they could be sent
	Anew  bool   // another trail was put in place of the one that was copied, so the copy began again
}

const (
	atOnce   = 500              // lines over one connection: what is sent twice when it breaks
	tooSlow  = 30 * time.Second // for that many
	datagram = 60_000           // bytes that surely fit into one; RFC 5426 leaves some 65,000
)

// Place says how the trail remembers the copy.
func (c *Copy) Place() string { return "every line to " + c.To.String() }

// Send sends all lines that were not sent yet. Each is sent at least once: after an error those of the last connection are sent again by
// the next Send, whether they arrived or not. Over tcp and tls lines count as sent when the server, told that no more comes, has hung
// up without complaint; over udp and unix when they were handed to this machine.
func (c *Copy) Send(ctx context.Context) (sent Sent, err error) {
	for {
		n, err := c.some(ctx, &sent)
		sent.Lines += n
		if err != nil {
			return sent, fmt.Errorf("copy the audit trail to %s: %w", c.To, err)
		}
		if n == 0 {
			return sent, nil
		}
	}
}

// Unsent says which lines the server was not given yet.
type Unsent struct {
	First uint64 // the number of the first; 0: it has all
	Lines uint64
	Since time.Time // of the first
}

// Unsent says how far the copy is. It asks the trail, and nobody else.
func (c *Copy) Unsent(ctx context.Context) (u Unsent, err error) {
	last, err := c.Trail.Anchored(ctx, c.Place())
	if err != nil {
		return u, err
	}
	head, err := c.Trail.AuditHead(ctx)
	if err != nil || head.String() == last.Head.String() {
		return u, err
	}
	next, err := c.Trail.AuditSince(ctx, last.Head, 1)
	if err != nil || len(next) == 0 {
		return u, err
	}
	first := &next[0]
	return Unsent{First: first.Number, Lines: head.Number - first.Number + 1, Since: first.At}, nil
}

// some sends the next lines and remembers that. It returns 0 when there are none.
func (c *Copy) some(ctx context.Context, sent *Sent) (int, error) {
	last, err := c.Trail.Anchored(ctx, c.Place())
	if err != nil {
		return 0, err
	}
	head, err := c.Trail.AuditHead(ctx)
	if err != nil || head.String() == last.Head.String() {
		return 0, err
	}
	lines, err := c.Trail.AuditSince(ctx, last.Head, atOnce)
	if err != nil || len(lines) == 0 {
		return 0, err
	}
	switch first := lines[0].Number; {
	case first <= last.Head.Number:
		sent.Anew = true
	default:
		sent.Cut += first - last.Head.Number - 1
	}
	if err := c.give(ctx, lines); err != nil {
		return 0, err
	}
	newest := record.Anchor{At: c.Now().UTC().Truncate(time.Second), Installation: c.Installation, Head: lines[len(lines)-1].Head()}
	return len(lines), c.Trail.SaveAnchored(ctx, c.Place(), newest)
}

// give sends lines over a connection of their own, since only its end tells whether they were read.
func (c *Copy) give(ctx context.Context, lines []record.Sealed) error {
	ctx, cancel := context.WithTimeout(ctx, tooSlow)
	defer cancel()
	client, err := c.To.dial(ctx)
	if err != nil {
		return err
	}
	host, _ := os.Hostname() // which is said where it is known
	for i := range lines {
		m, err := c.message(&lines[i])
		if err == nil {
			m.Host = host
			err = client.Send(ctx, m)
		}
		if err != nil {
			client.Drop()
			return err
		}
	}
	return errors.Join(client.Close(), ctx.Err())
}

// message is a line with its place in the chain: "1204:9f86d0…" as in a head, then the digest of the line before, then the line as it is
// exported.
func (c *Copy) message(l *record.Sealed) (*syslog.Message, error) {
	at := record.Anchor{At: l.At, Installation: c.Installation, Head: l.Head()}
	place := fmt.Sprintf("audit trail: %s after %s", at, before(l))
	var b bytes.Buffer
	if err := record.NewJSONLines(&b).Write(&record.Entry{Number: l.Number, AuditLine: l.AuditLine}); err != nil {
		return nil, err
	}
	text := place + " " + strings.TrimSpace(b.String())
	if n := c.To.Address.Network; len(text) > datagram && (n == "udp" || n == "unix") {
		text = place + fmt.Sprintf(` {"number":%d,"what":"too long for a datagram: kisi-sync audit show has it"}`, l.Number)
	}
	return &syslog.Message{Facility: syslog.Audit, Severity: syslog.Notice, Time: l.At, App: "kisi-sync",
		Process: strconv.Itoa(os.Getpid()), ID: "audit-line", Text: text}, nil
}

// before is the digest that a line carries of the one before it.
func before(l *record.Sealed) string {
	if len(l.Before) == 0 {
		return "-"
	}
	return fmt.Sprintf("%x", l.Before)
}
