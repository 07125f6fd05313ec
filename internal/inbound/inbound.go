// Package inbound takes HTTP requests from outside the machine, on one port, for several handlers that each have a path of their own.
//
// It promises that nothing but these paths is served there, that connections, headers and the time that a request may take are bounded,
// that a certificate which was renewed is shown soon after, and that requests under way are finished when it ends. Who may do what is the
// handlers' business: it knows no tokens, and must not look into bodies.
package inbound

import (
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"time"
)

// Options are what a Server is made of. Listen, Log and Now are required.
type Options struct {
	Listen      string                           // address and port
	Certificate func() (*tls.Certificate, error) // reads it anew; nil: the port speaks plain HTTP
	Connections int                              // at most so many at a time, others wait; 0: 256
	Log         *slog.Logger
	Now         func() time.Time
}

// Server is a port. Its methods may be called by many goroutines.
type Server struct {
	o        Options
	listener net.Listener
	server   *http.Server
	routes   atomic.Pointer[map[string]http.Handler]
	shown    shown
}

const (
	headerTime  = 10 * time.Second
	requestTime = time.Minute // until the body has come
	answerTime  = 2 * time.Minute
	idleTime    = 2 * time.Minute
	headerBytes = 16 << 10
	endTime     = 5 * time.Second
)

// Listen opens the port. Requests are answered once Serve is called, and by handlers once there are some.
func Listen(o Options) (*Server, error) {
	if o.Connections == 0 {
		o.Connections = 256
	}
	l, err := net.Listen("tcp", o.Listen)
	if err != nil {
		return nil, err
	}
	s := &Server{o: o, listener: bounded(l, o.Connections)}
	s.server = &http.Server{Handler: http.HandlerFunc(s.route), ReadHeaderTimeout: headerTime, ReadTimeout: requestTime, WriteTimeout: answerTime,
		IdleTimeout: idleTime, MaxHeaderBytes: headerBytes, ErrorLog: slog.NewLogLogger(o.Log.Handler(), slog.LevelDebug)}
	if o.Certificate != nil {
		s.server.TLSConfig = &tls.Config{MinVersion: tls.VersionTLS12, NextProtos: []string{"http/1.1"},
			GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return s.certificate() }}
	}
	return s, nil
}

// Address is where it listens, with the port that the system chose where the file says 0.
func (s *Server) Address() string { return s.listener.Addr().String() }

// Swap has other handlers answer from the next request on, by the path that begins theirs ("/scim/okta/v2"). Requests under way are
// finished by those that began them.
func (s *Server) Swap(routes map[string]http.Handler) { s.routes.Store(&routes) }

// Close lets go of a port that is not served.
func (s *Server) Close() error { return s.listener.Close() }

// Serve answers until ctx ends, and then gives requests under way some seconds.
func (s *Server) Serve(ctx context.Context) error {
	stopped := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(stopped)
		end, cancel := context.WithTimeout(context.WithoutCancel(ctx), endTime)
		defer cancel()
		if s.server.Shutdown(end) != nil {
			_ = s.server.Close()
		}
	})
	err := s.serve()
	if !stop() {
		<-stopped
	}
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

func (s *Server) serve() error {
	if s.server.TLSConfig != nil {
		return s.server.ServeTLS(s.listener, "", "")
	}
	return s.server.Serve(s.listener)
}

// route finds the handler of a path. A handler that panics answers 500; net/http would only cut the connection.
func (s *Server) route(w http.ResponseWriter, r *http.Request) {
	routes := s.routes.Load()
	if routes == nil {
		w.Header().Set("Retry-After", "1")
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	for path, handler := range *routes {
		if rest, ok := strings.CutPrefix(r.URL.Path, path); ok && (rest == "" || rest[0] == '/') {
			defer s.caught(w)
			handler.ServeHTTP(w, r)
			return
		}
	}
	w.Header().Set("Connection", "close")
	w.WriteHeader(http.StatusNotFound)
}

func (s *Server) caught(w http.ResponseWriter) {
	if p := recover(); p != nil {
		s.o.Log.Error("a request from outside hit a mistake in the program", "err", p)
		w.WriteHeader(http.StatusInternalServerError)
	}
}
