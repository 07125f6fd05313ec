package ldapwire

import (
	"io"
	"net"
	"time"
)

// Patience is how long a server may say nothing, or take nothing of what we say. Silence must be more than zero; Now is the clock of
// the connection's deadlines, time.Now for real ones.
type Patience struct {
	Silence time.Duration
	Now     func() time.Time
}

func (p Patience) end() time.Time { return p.Now().Add(p.Silence) }

// patient waits for each piece as long as the server may be silent.
type patient struct {
	conn net.Conn
	p    Patience
}

func (r patient) Read(b []byte) (int, error) {
	if err := r.conn.SetReadDeadline(r.p.end()); err != nil {
		return 0, err
	}
	return r.conn.Read(b)
}

// reader reads ahead into its buffer; without one it reads exactly what it is asked for.
type reader struct {
	from   io.Reader
	buffer []byte
	held   []byte // read, not yet asked for; within buffer
}

// full fills p.
func (r *reader) full(p []byte) error {
	for len(p) > 0 {
		if len(r.held) > 0 {
			n := copy(p, r.held)
			r.held, p = r.held[n:], p[n:]
			continue
		}
		into := r.buffer
		if len(p) >= len(into) {
			into = p // large messages need no copy, and without a buffer nothing is read ahead
		}
		n, err := r.from.Read(into)
		if len(p) >= len(r.buffer) {
			p = p[n:]
		} else {
			r.held = into[:n]
		}
		if err != nil && (len(p) > 0 && len(r.held) == 0) {
			return err
		}
	}
	return nil
}

// head reads the tag and the length of an element, and says how many bytes they take.
func (r *reader) head(p *[6]byte) (int, error) {
	if err := r.full(p[:2]); err != nil {
		return 0, err
	}
	if p[1] < 0x80 {
		return 2, nil
	}
	more := int(p[1] & 0x7f)
	if more == 0 || more > 4 {
		return 0, ErrNotLDAP
	}
	return 2 + more, r.full(p[2 : 2+more])
}

// empty says that the next byte must be waited for.
func (r *reader) empty() bool { return len(r.held) == 0 }
