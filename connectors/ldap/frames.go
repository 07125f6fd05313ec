package ldap

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync/atomic"
	"time"
)

// Bounds of what a server may send. go-ldap's BER decoder takes lengths at their word (its own bounds are process-wide
// variables, 2 GiB by default), so each message is examined as a whole before it gets there.
const (
	maxFrame = 64 << 20 // a group of some 800,000 members
	maxDepth = 12       // a search result with controls needs 8
)

var errFrame = errors.New("the server's answer is not LDAP")

// framed is a connection that hands on whole, well-formed messages only, and gives up on a server that is silent for too
// long. Read belongs to one goroutine.
type framed struct {
	net.Conn
	silence time.Duration
	frame   []byte // what is left of the current message
	buffer  []byte
	broken  atomic.Pointer[error] // why reading ended
}

// Read hands out the current message and fetches the next one when it is used up.
func (f *framed) Read(p []byte) (int, error) {
	if len(f.frame) == 0 {
		if err := f.next(); err != nil {
			err = f.explain(err)
			f.broken.Store(&err)
			return 0, err
		}
	}
	n := copy(p, f.frame)
	f.frame = f.frame[n:]
	return n, nil
}

// Write gives up on a server that does not take what we send.
func (f *framed) Write(p []byte) (int, error) {
	if err := f.SetWriteDeadline(time.Now().Add(f.silence)); err != nil {
		return 0, err
	}
	return f.Conn.Write(p)
}

// reason is why reading ended, nil if it has not.
func (f *framed) reason() error {
	if err := f.broken.Load(); err != nil {
		return *err
	}
	return nil
}

func (f *framed) explain(err error) error {
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		return fmt.Errorf("%w for %v", errSilent, f.silence)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return errCut
	}
	return err
}

// next reads one message: a SEQUENCE of definite length (RFC 4511 section 5.1).
func (f *framed) next() error {
	var head [6]byte
	if err := f.readFull(head[:2]); err != nil {
		return err
	}
	n := 2
	if head[1] >= 0x80 {
		more := int(head[1] & 0x7f)
		if more == 0 || more > 4 {
			return errFrame
		}
		if err := f.readFull(head[2 : 2+more]); err != nil {
			return err
		}
		n += more
	}
	_, length, ok := header(head[:n])
	if !ok || head[0] != 0x30 {
		return errFrame
	}
	if length > maxFrame {
		return fmt.Errorf("%w: one message of %d bytes", errFrame, length)
	}
	if cap(f.buffer) < n+length {
		f.buffer = make([]byte, n+length+length/4)
	}
	f.frame = f.buffer[:n+length]
	copy(f.frame, head[:n])
	if err := f.readFull(f.frame[n:]); err != nil {
		return err
	}
	if !wellFormed(f.frame, maxDepth) {
		return errFrame
	}
	return nil
}

// readFull waits for each piece as long as the server may be silent.
func (f *framed) readFull(p []byte) error {
	for len(p) > 0 {
		if err := f.SetReadDeadline(time.Now().Add(f.silence)); err != nil {
			return err
		}
		n, err := f.Conn.Read(p)
		if p = p[n:]; err != nil && len(p) > 0 {
			return err
		}
	}
	return nil
}

// header reads a tag and a length: how many bytes they take and how many follow.
func header(p []byte) (size, length int, ok bool) {
	if len(p) < 2 || p[0]&0x1f == 0x1f {
		return 0, 0, false // LDAP has no tags of more than one byte
	}
	size, length = 2, int(p[1])
	if p[1] < 0x80 {
		return size, length, true
	}
	more := int(p[1] & 0x7f)
	if more == 0 || more > 4 || len(p) < 2+more {
		return 0, 0, false
	}
	length = 0
	for _, b := range p[2 : 2+more] {
		length = length<<8 | int(b)
	}
	return 2 + more, length, length >= 0
}

// wellFormed says that p is a row of elements whose lengths add up, no deeper than depth.
func wellFormed(p []byte, depth int) bool {
	for len(p) > 0 {
		size, length, ok := header(p)
		if !ok || length > len(p)-size {
			return false
		}
		constructed := p[0]&0x20 != 0
		if constructed && (depth == 0 || !wellFormed(p[size:size+length], depth-1)) {
			return false
		}
		p = p[size+length:]
	}
	return true
}
