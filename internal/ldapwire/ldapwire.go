// Package ldapwire lets two readers share one LDAP connection: go-ldap, for everything that is small, and a decoder of its own for the
// answers of large searches, which hands out each entry as it comes and keeps none.
//
// It promises to check every length before it believes it, to bound what a server may send, to give up on a server that is silent, and
// to tell a search that was cut from one that ended. It knows nothing of people, groups or what an attribute means, and opens no
// connection.
package ldapwire

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync"
	"sync/atomic"
)

// Bounds of what a server may send. go-ldap's own decoder takes lengths at their word (its bounds are process-wide variables, 2 GiB by
// default), so each message is examined as a whole before it gets there.
const (
	maxFrame = 64 << 20 // bytes of one message: a group of some 800,000 members
	maxDepth = 12       // a search result with controls needs 8
)

// firstID is where the message ids of our own searches begin (RFC 4511 section 4.1.1.1 allows up to 2^31-1). go-ldap counts from 1.
const firstID = 1 << 30

var (
	// ErrSilent is a server that said nothing for as long as it may be silent.
	ErrSilent = errors.New("the server said nothing")
	// ErrCut is a connection that ended, by whomever.
	ErrCut = errors.New("the connection was cut")
	// ErrUnfinished is a search whose end never came although nothing failed.
	ErrUnfinished = errors.New("the answer ended before it was whole")
	// ErrNotLDAP is an answer that breaks the form of RFC 4511 section 5.1, or is larger or deeper than any that makes sense.
	ErrNotLDAP = errors.New("the server's answer is not LDAP")
)

// Line is a connection that hands whole, well-formed messages to go-ldap, keeps those of its own searches, and gives up on a server that
// is silent for too long. Read belongs to one goroutine, go-ldap's; the rest may be called from any.
type Line struct {
	net.Conn
	patience Patience
	in       *reader
	rest     []byte // what go-ldap has not yet read of the current message
	buffer   []byte
	nextID   atomic.Int64

	mu       sync.Mutex
	searches map[int64]*search
	reason   error         // why reading ended
	dead     chan struct{} // closed with it
}

// New takes over a connection.
func New(conn net.Conn, p Patience) *Line {
	l := &Line{Conn: conn, patience: p, searches: map[int64]*search{}, dead: make(chan struct{})}
	l.in = &reader{from: patient{conn, p}, buffer: make([]byte, 64<<10)}
	l.nextID.Store(firstID)
	return l
}

// Read implements net.Conn for go-ldap: it hands out the current message and fetches the next one when that is used up. Messages that
// belong to searches of our own go to them on the way.
func (l *Line) Read(p []byte) (int, error) {
	for len(l.rest) == 0 {
		if err := l.next(); err != nil {
			return 0, l.fail(l.explain(err))
		}
	}
	n := copy(p, l.rest)
	l.rest = l.rest[n:]
	return n, nil
}

// Write gives up on a server that does not take what we send.
func (l *Line) Write(p []byte) (int, error) {
	if err := l.SetWriteDeadline(l.patience.end()); err != nil {
		return 0, err
	}
	return l.Conn.Write(p)
}

// Close cuts the connection. Searches under way end with ErrCut.
func (l *Line) Close() error {
	err := l.Conn.Close()
	_ = l.fail(ErrCut) // the first reason stays
	return err
}

// Reason is why reading ended; nil if it has not.
func (l *Line) Reason() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.reason
}

// fail notes why reading ended, once, and returns that.
func (l *Line) fail(err error) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.reason == nil {
		l.reason = err
		close(l.dead)
	}
	return err
}

func (l *Line) explain(err error) error {
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		return fmt.Errorf("%w for %v", ErrSilent, l.patience.Silence)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, net.ErrClosed):
		return ErrCut
	}
	return err
}

// next reads one message, and makes it go-ldap's or gives it to its search.
func (l *Line) next() error {
	frame, err := l.frame()
	if err != nil {
		return err
	}
	if !wellFormed(frame, maxDepth) {
		return ErrNotLDAP
	}
	id, err := messageID(frame)
	if err != nil {
		return err
	}
	if id >= firstID {
		l.deliver(id, frame)
		return nil
	}
	l.rest = frame
	return nil
}

// frame reads one message: a SEQUENCE of definite length. It is good until the next one.
func (l *Line) frame() ([]byte, error) {
	var head [6]byte
	n, err := l.in.head(&head)
	if err != nil {
		return nil, err
	}
	_, length, ok := header(head[:n])
	if !ok || head[0] != tagSequence {
		return nil, ErrNotLDAP
	}
	if length > maxFrame {
		return nil, fmt.Errorf("%w: one message of %d bytes", ErrNotLDAP, length)
	}
	if cap(l.buffer) < n+length {
		l.buffer = make([]byte, n+length+length/4)
	}
	frame := l.buffer[:n+length]
	copy(frame, head[:n])
	return frame, l.in.full(frame[n:])
}

// Message reads one message from a connection that nobody has taken over, and not a byte more, so that TLS may begin right behind it
// (RFC 4511 section 4.14.2).
func Message(conn net.Conn, p Patience) ([]byte, error) {
	l := &Line{Conn: conn, patience: p}
	l.in = &reader{from: patient{conn, p}}
	frame, err := l.frame()
	if err == nil && !wellFormed(frame, maxDepth) {
		err = ErrNotLDAP
	}
	if err != nil {
		return nil, l.explain(err)
	}
	return frame, nil
}
