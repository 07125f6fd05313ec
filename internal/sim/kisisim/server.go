package kisisim

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"

	"github.com/kisi-sync/kisi-sync/internal/sim/simhttp"
)

// Server serves a Sim on loopback.
type Server = simhttp.Server

// Start serves the Sim on a free port of 127.0.0.1 until Close.
func (s *Sim) Start() (*Server, error) { return simhttp.Start(s) }

// Serve serves the Sim on a listener, which it closes in the end.
func (s *Sim) Serve(listener net.Listener) *Server { return simhttp.Serve(listener, s) }

// Client returns an HTTP client that reaches the Sim without a network, for any host name: nothing listens, and it works
// inside a testing/synctest bubble. Faults that cut connections show as errors, as they do on a network.
func (s *Sim) Client() *http.Client { return &http.Client{Transport: s.Transport()} }

// Transport is the RoundTripper of Client. It serves each request in the goroutine of its caller.
func (s *Sim) Transport() http.RoundTripper { return inProcess{s} }

type inProcess struct{ sim *Sim }

// RoundTrip implements http.RoundTripper.
func (t inProcess) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	arrived := r.Clone(r.Context())
	arrived.RequestURI, arrived.RemoteAddr = r.URL.RequestURI(), "127.0.0.1:1"
	if arrived.Body == nil {
		arrived.Body = http.NoBody
	}
	defer arrived.Body.Close()
	w := &recorder{header: http.Header{}}
	cut := w.serve(t.sim, arrived)
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	if cut && w.status == 0 {
		return nil, fmt.Errorf("kisi simulator: connection cut: %w", io.EOF)
	}
	return w.response(r, cut), nil
}

// recorder is the http.ResponseWriter of one in-process request.
type recorder struct {
	header http.Header
	status int
	body   []byte
}

func (w *recorder) Header() http.Header { return w.header }

func (w *recorder) WriteHeader(status int) { w.status = status }

func (w *recorder) Write(p []byte) (int, error) {
	w.body = append(w.body, p...)
	return len(p), nil
}

// serve reports whether the handler cut the connection.
func (w *recorder) serve(h http.Handler, r *http.Request) (cut bool) {
	defer func() {
		caught := recover()
		if err, is := caught.(error); is && errors.Is(err, http.ErrAbortHandler) {
			cut = true
		} else if caught != nil {
			panic(caught)
		}
	}()
	h.ServeHTTP(w, r)
	return false
}

func (w *recorder) response(r *http.Request, cut bool) *http.Response {
	return &http.Response{
		Status: fmt.Sprintf("%d %s", w.status, http.StatusText(w.status)), StatusCode: w.status,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: w.header, ContentLength: int64(len(w.body)),
		Body: &bodyReader{rest: w.body, cut: cut}, Request: r,
	}
}

// bodyReader ends like a connection: with the end of the body, or in the middle of it.
type bodyReader struct {
	rest []byte
	cut  bool
}

func (b *bodyReader) Read(p []byte) (int, error) {
	if len(b.rest) == 0 && b.cut {
		return 0, io.ErrUnexpectedEOF
	}
	if len(b.rest) == 0 {
		return 0, io.EOF
	}
	n := copy(p, b.rest)
	b.rest = b.rest[n:]
	return n, nil
}

func (b *bodyReader) Close() error { return nil }
