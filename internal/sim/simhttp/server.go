package simhttp

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"sync"

	"github.com/kisi-sync/kisi-sync/internal/sim/privateca"
)

// Server serves a handler on loopback.
type Server struct {
	// URL is "http://127.0.0.1:port" or "https://…", without a slash at the end.
	URL string
	// CA is the PEM of the authority that a client must trust; nil without TLS.
	CA []byte

	http   *http.Server
	cancel context.CancelFunc
	served chan struct{}
	closed bool         // guarded by busy
	busy   sync.RWMutex // held for reading by every call under way
}

// Start serves h without TLS on a free port of 127.0.0.1 until Close.
func Start(h http.Handler) (*Server, error) { return start(h, nil) }

// StartTLS serves h over TLS, with a certificate of an authority that nobody knows but Server.CA.
func StartTLS(h http.Handler) (*Server, error) {
	authority, err := privateca.New("simulator")
	if err != nil {
		return nil, err
	}
	return StartOf(h, authority, privateca.Leaf{})
}

// StartOf serves h over TLS with a certificate of one's own choice, such as one that is out of date.
func StartOf(h http.Handler, authority *privateca.Authority, leaf privateca.Leaf) (*Server, error) {
	pair, err := authority.Issue(leaf)
	if err != nil {
		return nil, err
	}
	cert, err := pair.TLS()
	if err != nil {
		return nil, fmt.Errorf("simulator: %w", err)
	}
	s, err := start(h, &tls.Config{Certificates: []tls.Certificate{cert}, NextProtos: []string{"h2", "http/1.1"}, MinVersion: tls.VersionTLS12})
	if s != nil {
		s.CA = authority.PEM()
	}
	return s, err
}

// Serve serves h without TLS on a listener, which it closes in the end.
func Serve(listener net.Listener, h http.Handler) *Server { return serve(listener, h, nil) }

func start(h http.Handler, config *tls.Config) (*Server, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("simulator: listen: %w", err)
	}
	return serve(listener, h, config), nil
}

func serve(listener net.Listener, h http.Handler, config *tls.Config) *Server {
	ctx, cancel := context.WithCancel(context.Background())
	s := &Server{URL: "http://" + listener.Addr().String(), cancel: cancel, served: make(chan struct{})}
	s.http = &http.Server{
		Handler:     s.tracked(h),
		BaseContext: func(net.Listener) context.Context { return ctx },
		TLSConfig:   config,
	}
	accept := s.http.Serve
	if config != nil {
		s.URL = "https://" + listener.Addr().String()
		accept = func(l net.Listener) error { return s.http.ServeTLS(l, "", "") }
	}
	go func() {
		defer close(s.served)
		_ = accept(listener) // always an error; the one of Close is the only one to expect
	}()
	return s
}

// Close ends all calls, also hanging ones, and returns when the last goroutine is gone. It may be called again.
func (s *Server) Close() {
	s.cancel()
	_ = s.http.Close()
	<-s.served
	s.busy.Lock()
	defer s.busy.Unlock()
	s.closed = true
}

// tracked lets Close wait for the calls under way.
func (s *Server) tracked(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.busy.RLock()
		defer s.busy.RUnlock()
		if s.closed {
			panic(http.ErrAbortHandler)
		}
		next.ServeHTTP(w, r)
	})
}
