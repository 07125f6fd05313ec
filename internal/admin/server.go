package admin

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/kisi-sync/kisi-sync/internal/record"
)

// Options are what a Server is made of. All are required.
type Options struct {
	Identity Identity
	Ops      Ops
	Commands Commands
	Log      *slog.Logger
}

// Server answers on the socket of a daemon.
type Server struct {
	o       Options
	slots   chan struct{} // of commands at once
	running sync.WaitGroup
}

// mostCommands is how many command lines are carried out side by side; more are refused, not queued.
const mostCommands = 16

// New returns a Server that listens nowhere yet.
func New(o Options) *Server { return &Server{o: o, slots: make(chan struct{}, mostCommands)} }

// leaving is how long commands have to end after Serve was told to.
const leaving = 10 * time.Second

// Serve answers on a listener, which must be one of Listen, until ctx ends. Commands under way are interrupted then and waited for, not
// longer than a few seconds. It closes the listener.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	commands, interrupt := context.WithCancel(ctx)
	defer interrupt()
	h := &http.Server{Handler: s.routes(commands), ReadHeaderTimeout: 10 * time.Second, IdleTimeout: time.Minute,
		ErrorLog: slog.NewLogLogger(s.o.Log.Handler(), slog.LevelDebug)}
	stopped := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(stopped)
		end, cancel := context.WithTimeout(context.WithoutCancel(ctx), leaving)
		defer cancel()
		_ = h.Shutdown(end)
	})
	err := h.Serve(l)
	if !stop() {
		<-stopped
	}
	interrupt()
	s.await(leaving)
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return fmt.Errorf("admin socket: %w", err)
}

// await waits for the commands under way.
func (s *Server) await(most time.Duration) {
	ended := make(chan struct{})
	go func() {
		s.running.Wait()
		close(ended)
	}()
	select {
	case <-ended:
	case <-time.After(most):
		s.o.Log.Warn("commands from the socket did not end in time")
	}
}

func (s *Server) routes(commands context.Context) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+identityPath, func(w http.ResponseWriter, _ *http.Request) { reply(w, s.o.Identity) })
	mux.HandleFunc("GET "+statusPath, answer(func(r *http.Request) (any, error) { return s.o.Ops.Status(r.Context()) }))
	mux.HandleFunc("POST "+syncPath, answer(func(r *http.Request) (any, error) {
		var w record.Wish
		if err := body(r, &w); err != nil {
			return nil, err
		}
		w.By = caller(r)
		return s.o.Ops.Sync(r.Context(), w)
	}))
	mux.HandleFunc("POST "+reloadPath, answer(func(r *http.Request) (any, error) { return done, s.o.Ops.Reload(r.Context(), caller(r)) }))
	mux.HandleFunc("POST "+pausePath, s.said(s.o.Ops.Pause))
	mux.HandleFunc("POST "+resumePath, s.said(s.o.Ops.Resume))
	mux.HandleFunc("POST "+commandPath, func(w http.ResponseWriter, r *http.Request) { s.command(commands, w, r) })
	return mux
}

// done is the answer where there is nothing to say.
var done = struct{}{}

// said is something that is asked for with a reason.
func (s *Server) said(ask func(context.Context, record.Said) error) http.HandlerFunc {
	return answer(func(r *http.Request) (any, error) {
		var in struct {
			Why string `json:"why"`
		}
		if err := body(r, &in); err != nil {
			return nil, err
		}
		return done, ask(r.Context(), record.Said{By: caller(r), Why: in.Why})
	})
}

// caller is who asks: the listeners of this package name the account at the other end where others name an address.
func caller(r *http.Request) string { return r.RemoteAddr }

// badRequest is a request that makes no sense.
type badRequest struct{ error }

const mostBody = 1 << 20

func body(r *http.Request, v any) error {
	d := json.NewDecoder(io.LimitReader(r.Body, mostBody))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil && !errors.Is(err, io.EOF) {
		return badRequest{fmt.Errorf("read the request: %w", err)}
	}
	return nil
}

func answer(ask func(*http.Request) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		v, err := ask(r)
		if err != nil {
			refuse(w, err)
			return
		}
		reply(w, v)
	}
}

func reply(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v) // whoever is gone needs no answer
}

func refuse(w http.ResponseWriter, err error) {
	status := http.StatusInternalServerError
	var bad badRequest
	if errors.As(err, &bad) {
		status = http.StatusBadRequest
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(complaint{err.Error()})
}
