package ldapsim

import (
	"errors"
	"time"

	ber "github.com/go-asn1-ber/asn1-ber"
)

// A Stage is where a Fault strikes.
type Stage uint8

// The stages: a new connection before its first byte (and before TLS), a bind, each entry of a search, the end of a
// search or page, and the beginning of its second and later pages.
const (
	OnAccept Stage = iota + 1
	OnBind
	OnEntry
	OnDone
	OnNextPage
)

// A Fault is something that goes wrong. Exactly one of Code, Drop, Hang and Delay is set.
type Fault struct {
	On    Stage
	After int // how often the stage passes unharmed first
	Times int // how often it strikes; 0 means until Heal

	Code  int           // ends the operation with this result code; a search keeps the entries that it has sent
	Drop  bool          // cuts the connection
	Hang  bool          // says nothing more and leaves the connection open, until the server closes
	Delay time.Duration // waits, then goes on
}

// Break makes one thing go wrong from now on, in place of an earlier fault.
func (s *Server) Break(f Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fault = &f
}

// Heal ends the fault. What hangs goes on hanging.
func (s *Server) Heal() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fault = nil
}

// faultCode is a result code that a fault asks for.
type faultCode int

func (faultCode) Error() string { return "fault" }

// strike lets the fault, if any, happen at a stage. An error that is a faultCode ends the operation, another the session.
func (s *Server) strike(on Stage) error {
	f := s.due(on)
	switch {
	case f == nil:
		return nil
	case f.Drop:
		return errDone
	case f.Code != 0:
		return faultCode(f.Code)
	case f.Hang:
		<-s.stopping
		return errDone
	}
	select {
	case <-time.After(f.Delay):
		return nil
	case <-s.stopping:
		return errDone
	}
}

// due counts a passing of a stage and returns the fault if it strikes now.
func (s *Server) due(on Stage) *Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	f := s.fault
	if f == nil || f.On != on {
		return nil
	}
	if f.After > 0 {
		f.After--
		return nil
	}
	if f.Times == 1 {
		s.fault = nil
	} else if f.Times > 1 {
		f.Times--
	}
	struck := *f
	return &struck
}

// struck turns what strike returned into the end of the operation or of the session.
func (c *conn) struck(m *message, tag ber.Tag, err error) error {
	var code faultCode
	if !errors.As(err, &code) {
		return err
	}
	return c.finish(m.id, tag, outcome{code: int(code), text: "told to"})
}
