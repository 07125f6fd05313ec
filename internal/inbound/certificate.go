package inbound

import (
	"crypto/tls"
	"sync"
	"time"
)

// lookEvery is how long a certificate is shown before its files are read again: whoever knocks may not have us read files all the time.
const lookEvery = 5 * time.Second

// shown is the certificate that is shown now.
type shown struct {
	mu   sync.Mutex
	pair *tls.Certificate
	read time.Time
	bad  bool // it could not be read the last time
}

// certificate returns the certificate as its files have it. One that is just being replaced, and cannot be read, leaves the one before.
func (s *Server) certificate() (*tls.Certificate, error) {
	c := &s.shown
	c.mu.Lock()
	defer c.mu.Unlock()
	now := s.o.Now()
	if since := now.Sub(c.read); c.pair != nil && since >= 0 && since < lookEvery {
		return c.pair, nil
	}
	pair, err := s.o.Certificate()
	c.read = now
	switch {
	case err == nil:
		c.pair, c.bad = pair, false
	case c.pair == nil:
		s.o.Log.Error("the certificate cannot be read, so nobody can be answered", "err", err)
		return nil, err
	case !c.bad:
		c.bad = true
		s.o.Log.Warn("the certificate cannot be read again; the one before is shown", "err", err)
	}
	return c.pair, nil
}
