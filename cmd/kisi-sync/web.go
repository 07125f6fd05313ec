package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
	"time"

	"github.com/kisi-sync/kisi-sync/cmd/kisi-sync/internal/exit"
	"github.com/kisi-sync/kisi-sync/cmd/kisi-sync/internal/status"
	"github.com/kisi-sync/kisi-sync/config"
)

// web serves figures, and whether the daemon is alive and ready, to machines. It names nobody and changes nothing.
type web struct {
	host     atomic.Pointer[host] // nil until the daemon has begun
	log      *slog.Logger
	listener net.Listener
	server   *http.Server
}

// begin has the daemon answer, once it has begun. Nobody does before, or on a web that is nil.
func (w *web) begin(h *host) {
	if w != nil {
		w.host.Store(h)
	}
}

// errNotBegun is the answer to who asks before the daemon has begun.
var errNotBegun = errors.New("kisi-sync has not begun: what its file expects is tried first")

// listenWeb listens where the file says; nil when it says off.
func (s *service) listenWeb(log *slog.Logger) (*web, error) {
	settings := s.inUse().settings
	m := settings.Metrics()
	if m.Listen == "" {
		return nil, nil
	}
	l, err := net.Listen("tcp", m.Listen)
	if err != nil {
		return nil, exit.Failed(fmt.Errorf("metrics.listen: %w", err), "name another address, or write listen: off; each daemon of a machine needs one of its own")
	}
	log.Info("figures are served", "address", l.Addr().String(), "tls", m.Certificate != "")
	if m.Certificate != "" {
		l = tls.NewListener(l, &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: certificate(settings, m)})
	}
	w := &web{log: log, listener: l}
	w.server = &http.Server{Handler: w.guarded(settings, m), ReadHeaderTimeout: 10 * time.Second, WriteTimeout: time.Minute,
		ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug)}
	return w, nil
}

// serve answers until ctx ends.
func (w *web) serve(ctx context.Context) error {
	stopped := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(stopped)
		end, cancel := context.WithTimeout(context.WithoutCancel(ctx), 3*time.Second)
		defer cancel()
		_ = w.server.Shutdown(end)
	})
	err := w.server.Serve(w.listener)
	if !stop() {
		<-stopped
	}
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

// certificate reads the certificate and its key for each connection, so that a renewed one is used at once.
func certificate(settings *config.Settings, m config.Metrics) func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	return func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
		key, err := m.Key.Resolve(settings.Secrets())
		if err != nil {
			return nil, err
		}
		chain, err := os.ReadFile(m.Certificate)
		if err != nil {
			return nil, err
		}
		pair, err := tls.X509KeyPair(chain, []byte(key.Reveal()))
		return &pair, err
	}
}

// guarded lets nobody in without the token, if there is one. It is compared in constant time, and read anew each time.
func (w *web) guarded(settings *config.Settings, m config.Metrics) http.Handler {
	routes := w.routes()
	if m.Token.IsZero() {
		return routes
	}
	return http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
		token, err := m.Token.Resolve(settings.Secrets())
		sent, bearer := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		want, got := sha256.Sum256([]byte(token.Reveal())), sha256.Sum256([]byte(sent))
		if err != nil || !bearer || subtle.ConstantTimeCompare(want[:], got[:]) != 1 {
			out.Header().Set("WWW-Authenticate", "Bearer")
			http.Error(out, "the token is missing or wrong", http.StatusUnauthorized)
			return
		}
		routes.ServeHTTP(out, r)
	})
}

func (w *web) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /metrics", w.metrics)
	mux.HandleFunc("GET /healthz", w.answer(w.healthy))
	mux.HandleFunc("GET /readyz", w.answer(w.ready))
	return mux
}

func (w *web) metrics(out http.ResponseWriter, r *http.Request) {
	h := w.host.Load()
	if h == nil {
		http.Error(out, errNotBegun.Error(), http.StatusServiceUnavailable)
		return
	}
	var b bytes.Buffer
	if err := h.writeFigures(r.Context(), &b); err != nil {
		w.log.Warn("figures cannot be given", "err", err)
		http.Error(out, "figures cannot be given; the log says why", http.StatusInternalServerError)
		return
	}
	out.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
	_, _ = out.Write(b.Bytes())
}

// alive is how long the daemon may take to say how it is: its loop waits for nothing.
const alive = 5 * time.Second

func (w *web) answer(ask func(context.Context) error) http.HandlerFunc {
	return func(out http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), alive)
		defer cancel()
		if err := ask(ctx); err != nil {
			http.Error(out, err.Error(), http.StatusServiceUnavailable)
			return
		}
		fmt.Fprintln(out, "ok")
	}
}

// healthy says that the daemon's loop goes round, or that it has not begun: a file may be tried for minutes, and who would begin anew for that
// would never come to the end of it.
func (w *web) healthy(ctx context.Context) error {
	h := w.host.Load()
	if h == nil {
		return nil
	}
	if _, err := h.ops.Status(ctx); err != nil {
		return errors.New("the daemon does not answer")
	}
	return nil
}

// ready says that the daemon knows all that it decides by, and can do it: every source was read, a run has gone well, the last one was
// not a failure, and Kisi answers.
func (w *web) ready(ctx context.Context) error {
	h := w.host.Load()
	if h == nil {
		return errNotBegun
	}
	d, err := status.New(ctx, h.status())
	if err != nil {
		return errors.New("the daemon does not answer")
	}
	return d.Ready()
}
