package admin

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"runtime/debug"
	"slices"
	"time"

	"github.com/kisi-sync/kisi-sync/internal/record"
)

// command takes a command line over a connection of its own.
func (s *Server) command(ctx context.Context, w http.ResponseWriter, r *http.Request) {
	var q request
	if err := body(r, &q); err != nil {
		refuse(w, err)
		return
	}
	if r.Header.Get("Upgrade") != upgrade {
		refuse(w, badRequest{errors.New("a command needs the protocol " + upgrade)})
		return
	}
	select {
	case s.slots <- struct{}{}:
	default:
		refuse(w, fmt.Errorf("%d commands are under way already; try again when one has ended", mostCommands))
		return
	}
	s.running.Add(1)
	defer s.running.Done()
	defer func() { <-s.slots }()
	conn, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		refuse(w, err)
		return
	}
	defer func() { _ = conn.Close() }()
	_ = conn.SetDeadline(time.Time{})
	if _, err := fmt.Fprintf(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: %s\r\n\r\n", upgrade); err != nil {
		return
	}
	s.converse(ctx, conn, newWire(conn, buffered.Reader), &q, q.who(caller(r)))
}

// who is the account at the other end; of root, who called sudo is believed.
func (q *request) who(account string) string {
	if !isRoot(account) {
		return account
	}
	return record.AsRoot(account, q.Sudo)
}

// converse carries out a command and passes on what is said.
func (s *Server) converse(ctx context.Context, conn net.Conn, w *wire, q *request, by string) {
	ctx, cancel := context.WithCancelCause(ctx)
	lines, heard := make(chan string), make(chan struct{})
	go func() {
		defer close(heard)
		listen(ctx, w, lines, cancel)
	}()
	c := Command{Args: slices.Clone(q.Args), Dir: q.Dir, By: by, Terminal: q.Terminal,
		Out: w.writer(func(p []byte) frame { return frame{Out: p} }),
		Err: w.writer(func(p []byte) frame { return frame{Err: p} })}
	if q.Asks {
		c.Ask = asking(w, lines)
	}
	s.o.Log.Info("command", "who", by, "verb", verb(q.Args))
	code := s.carryOut(ctx, c)
	_ = w.send(frame{Code: &code})
	cancel(nil)
	_ = conn.Close()
	<-heard
}

// verb is the first word that is neither a flag nor what belongs to one that may stand before it: the others may name people.
func verb(args []string) string {
	belongs := false
	for _, a := range args {
		if len(a) > 0 && a[0] != '-' && !belongs {
			return a
		}
		belongs = a == "-c" || a == "--config" || a == "--log"
	}
	return ""
}

// carryOut keeps a bug in one verb from ending the daemon.
func (s *Server) carryOut(ctx context.Context, c Command) (code int) {
	defer func() {
		if p := recover(); p != nil {
			s.o.Log.Error("a command broke", "verb", verb(c.Args), "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
			fmt.Fprintf(c.Err, "error: kisi-sync met a mistake of its own: %v\nhint: the daemon runs on; its log has more, please report it\n", p)
			code = 1
		}
	}()
	return s.o.Commands(ctx, c)
}

// listen takes what the caller says until he is gone. An interruption ends the command, and so does it when he goes.
func listen(ctx context.Context, w *wire, lines chan<- string, cancel context.CancelCauseFunc) {
	for {
		f, err := w.receive()
		switch {
		case err != nil:
			cancel(errGone)
			return
		case f.Interrupt:
			cancel(context.Canceled)
		case f.Line != nil:
			select {
			case lines <- *f.Line:
			case <-ctx.Done():
			}
		}
	}
}

func asking(w *wire, lines <-chan string) func(context.Context, string) (string, error) {
	return func(ctx context.Context, text string) (string, error) {
		if err := w.send(frame{Ask: &text}); err != nil {
			return "", errGone
		}
		select {
		case line := <-lines:
			return line, nil
		case <-ctx.Done():
			return "", ctx.Err()
		}
	}
}
