// Package ldapsim is an LDAP server in this process: for the demo, where the admin's machine has no slapd, and for tests
// that need a directory to fail in a certain way at a certain moment.
//
// It speaks the protocol of RFC 4511 on loopback, over ldaps:// and StartTLS with an authority of its own: simple bind,
// search with every filter of the standard, paged results (RFC 2696), and operational attributes as OpenLDAP keeps
// them. It offers no content synchronization (RFC 4533) and says so in its root DSE; a client reads everything.
//
// What it shows is a Directory, or a Tree of somebody else, who then answers for controls and data. It changes data only through Directory, never over the wire. It must not be used to serve real people.
package ldapsim

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"net"
	"strconv"
	"sync"
	"time"

	ber "github.com/go-asn1-ber/asn1-ber"

	"github.com/kisi-sync/kisi-sync/internal/sim/privateca"
)

// Options are how a server behaves. Only Directory is required, or Tree.
type Options struct {
	Directory *Directory
	// Tree is shown in place of Directory.
	Tree Tree
	// Leaf says what the server's certificate is good for.
	Leaf privateca.Leaf
	// PlainBind allows a simple bind on an unprotected connection; otherwise it ends with confidentialityRequired.
	PlainBind bool
	// SizeLimit is the most entries one search may return, paged or not; 0 means no limit.
	SizeLimit int
	// MaxValRange is how many values of one attribute an answer holds at most; of longer lists it holds a range, as Active Directory does
	// ([MS-ADTS] section 3.1.1.3.1.3.3). 0 means no limit.
	MaxValRange int
	// WithoutStartTLS refuses StartTLS.
	WithoutStartTLS bool
}

// A Server listens until it is closed. Its methods are safe for concurrent use.
type Server struct {
	options   Options
	ca        *privateca.Authority
	tls       *tls.Config
	listeners [2]net.Listener // ldap, ldaps
	running   sync.WaitGroup
	stopping  chan struct{}
	stop      sync.Once

	mu    sync.Mutex
	conns map[net.Conn]bool
	fault *Fault
}

// Start listens on two loopback ports that the system chooses. The caller closes the server.
func Start(o Options) (*Server, error) {
	ca, err := privateca.New("ldapsim authority")
	if err != nil {
		return nil, err
	}
	pair, err := ca.Issue(o.Leaf)
	if err != nil {
		return nil, err
	}
	cert, err := pair.TLS()
	if err != nil {
		return nil, err
	}
	s := &Server{options: o, ca: ca, stopping: make(chan struct{}), conns: map[net.Conn]bool{}}
	s.tls = &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12}
	for i := range s.listeners {
		if s.listeners[i], err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
			s.Close()
			return nil, fmt.Errorf("listen on loopback: %w", err)
		}
	}
	for i, l := range s.listeners {
		s.running.Go(func() { s.accept(l, i == 1) })
	}
	return s, nil
}

// URL is the server's ldap:// address.
func (s *Server) URL() string { return "ldap://localhost:" + port(s.listeners[0]) }

// SecureURL is the server's ldaps:// address.
func (s *Server) SecureURL() string { return "ldaps://localhost:" + port(s.listeners[1]) }

// CA is the authority that a client must trust.
func (s *Server) CA() *privateca.Authority { return s.ca }

// Close cuts all connections and returns when nothing of the server runs any more. Closing twice is fine.
func (s *Server) Close() {
	s.stop.Do(func() { close(s.stopping) })
	for _, l := range s.listeners {
		if l != nil {
			l.Close()
		}
	}
	s.mu.Lock()
	for c := range s.conns {
		c.Close()
	}
	s.mu.Unlock()
	s.running.Wait()
}

func port(l net.Listener) string { return strconv.Itoa(l.Addr().(*net.TCPAddr).Port) }

func (s *Server) accept(l net.Listener, secure bool) {
	for {
		c, err := l.Accept()
		if err != nil {
			return // closed
		}
		if !s.keep(c) {
			c.Close()
			return
		}
		s.running.Go(func() {
			defer s.forget(c)
			s.serve(c, secure)
		})
	}
}

// keep remembers a connection for Close; it refuses one that came while closing.
func (s *Server) keep(c net.Conn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	select {
	case <-s.stopping:
		return false
	default:
		s.conns[c] = true
		return true
	}
}

func (s *Server) forget(c net.Conn) {
	s.mu.Lock()
	delete(s.conns, c)
	s.mu.Unlock()
	c.Close()
}

// serve answers one connection, request after request. It returns when the client is gone or did something that ends
// the session.
func (s *Server) serve(raw net.Conn, secure bool) {
	if s.strike(OnAccept) != nil {
		return
	}
	c := &conn{server: s, net: raw, pages: map[string]*result{}}
	if secure && c.protect() != nil {
		return
	}
	c.read = bufio.NewReader(c.net)
	for {
		packet, err := ber.ReadPacket(c.read)
		if err != nil {
			return
		}
		m, err := parse(packet)
		if err != nil {
			return
		}
		if err := c.answer(m); err != nil {
			return
		}
	}
}

// protect puts TLS on the connection.
func (c *conn) protect() error {
	secured := tls.Server(c.net, c.server.tls)
	if err := secured.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		return err
	}
	if err := secured.Handshake(); err != nil {
		return err
	}
	c.net, c.secure = secured, true
	return secured.SetDeadline(time.Time{})
}
