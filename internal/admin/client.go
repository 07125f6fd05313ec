package admin

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"time"

	"github.com/kisi-sync/kisi-sync/internal/record"
)

// What a caller decides by.
var (
	// ErrNobody: no daemon answers there. What it would have done can be done without it.
	ErrNobody = errors.New("no daemon answers")
	// ErrSilent: a daemon is there and says nothing.
	ErrSilent = errors.New("the daemon takes the connection and does not answer; it hangs, or is stopped")
	// ErrOther: the daemon is another one than the one that was looked for.
	ErrOther = errors.New("another daemon answers")
	// ErrForbidden: the socket belongs to another account.
	ErrForbidden = errors.New("the daemon runs under another account, and only that one and the administrator may ask it")
	// ErrCut: the daemon went away in the middle of a command.
	ErrCut = errors.New("the daemon went away before it had answered")
)

// Client asks a daemon. It is safe for concurrent use, and holds no connection open between two questions.
type Client struct {
	socket string
	http   *http.Client
}

// NewClient returns a client for the socket (or named pipe) of a daemon; it connects when it is asked something.
func NewClient(socket string) *Client {
	transport := &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return dial(ctx, socket)
	}}
	return &Client{socket: socket, http: &http.Client{Transport: transport}}
}

// soon is how long a daemon may take to say who it is: it does so whatever else it is doing.
const soon = 3 * time.Second

// Find sees whether the daemon of an installation and state file answers. The error is one of this package's when there is none that
// can be asked; ErrNobody is the ordinary one.
func (c *Client) Find(ctx context.Context, want Identity) (Identity, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, soon, ErrSilent)
	defer cancel()
	var got Identity
	err := c.call(ctx, http.MethodGet, identityPath, nil, &got)
	switch {
	case err == nil:
	case errors.Is(context.Cause(ctx), ErrSilent):
		return got, fmt.Errorf("%s: %w", c.socket, ErrSilent)
	default:
		return got, err
	}
	if got.Installation != want.Installation || got.State != want.State {
		return got, fmt.Errorf("%s: %w: installation %s with the state file %s (process %d)", c.socket, ErrOther, got.Installation, got.State, got.PID)
	}
	return got, nil
}

// Status is Ops.Status.
func (c *Client) Status(ctx context.Context) (s record.Status, err error) {
	err = c.call(ctx, http.MethodGet, statusPath, nil, &s)
	return s, err
}

// Sync is Ops.Sync; who asks is this process's account, whatever w says.
func (c *Client) Sync(ctx context.Context, w record.Wish) (r record.Run, err error) {
	err = c.call(ctx, http.MethodPost, syncPath, w, &r)
	return r, err
}

// Reload is Ops.Reload; who asks is this process's account.
func (c *Client) Reload(ctx context.Context, _ string) error {
	return c.call(ctx, http.MethodPost, reloadPath, done, nil)
}

// Pause is Ops.Pause; who asks is this process's account.
func (c *Client) Pause(ctx context.Context, said record.Said) error {
	return c.call(ctx, http.MethodPost, pausePath, map[string]string{"why": said.Why}, nil)
}

// Resume is Ops.Resume; who asks is this process's account.
func (c *Client) Resume(ctx context.Context, said record.Said) error {
	return c.call(ctx, http.MethodPost, resumePath, map[string]string{"why": said.Why}, nil)
}

var _ Ops = (*Client)(nil)

func (c *Client) call(ctx context.Context, method, path string, in, out any) error {
	resp, err := c.send(ctx, method, path, in, nil)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		return refusal(resp)
	}
	if out == nil {
		return nil
	}
	if err := json.NewDecoder(resp.Body).Decode(out); err != nil {
		return fmt.Errorf("%s: read the daemon's answer: %w", c.socket, err)
	}
	return nil
}

func (c *Client) send(ctx context.Context, method, path string, in any, header http.Header) (*http.Response, error) {
	text, err := json.Marshal(in)
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, method, "http://daemon"+path, bytes.NewReader(text))
	if err != nil {
		return nil, err
	}
	for key, values := range header {
		req.Header[key] = values
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", c.socket, reason(err))
	}
	return resp, nil
}

// reason finds what a failed connection means.
func reason(err error) error {
	switch {
	case errors.Is(err, fs.ErrPermission):
		return ErrForbidden
	case errors.Is(err, fs.ErrNotExist), refused(err):
		return ErrNobody
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return ErrCut
	}
	return err
}

func refusal(resp *http.Response) error {
	var c complaint
	if err := json.NewDecoder(io.LimitReader(resp.Body, mostBody)).Decode(&c); err != nil || c.Error == "" {
		return fmt.Errorf("the daemon answers %s", resp.Status)
	}
	return errors.New(c.Error)
}

// Command has the daemon carry out a command line, and passes on what is said until it ends; c.By is not used. When ctx ends the
// command is interrupted, and its end still waited for: what was begun is finished first.
func (c *Client) Command(ctx context.Context, cmd Command) (code int, err error) {
	q := request{Args: cmd.Args, Dir: cmd.Dir, Asks: cmd.Ask != nil, Terminal: cmd.Terminal, Sudo: cmd.Sudo}
	header := http.Header{"Connection": {"Upgrade"}, "Upgrade": {upgrade}}
	resp, err := c.send(context.WithoutCancel(ctx), http.MethodPost, commandPath, q, header)
	if err != nil {
		return 0, err
	}
	defer func() { _ = resp.Body.Close() }()
	conn, ok := resp.Body.(io.ReadWriteCloser)
	if resp.StatusCode != http.StatusSwitchingProtocols || !ok {
		return 0, refusal(resp)
	}
	w := newWire(conn, conn)
	stop := context.AfterFunc(ctx, func() { _ = w.send(frame{Interrupt: true}) })
	defer stop()
	return c.follow(ctx, w, cmd)
}

func (c *Client) follow(ctx context.Context, w *wire, cmd Command) (int, error) {
	for {
		f, err := w.receive()
		if err != nil {
			return 0, fmt.Errorf("%s: %w", c.socket, ErrCut)
		}
		switch {
		case f.Code != nil:
			return *f.Code, nil
		case f.Out != nil:
			_, err = cmd.Out.Write(f.Out)
		case f.Err != nil:
			_, err = cmd.Err.Write(f.Err)
		case f.Ask != nil:
			err = c.ask(ctx, w, cmd, *f.Ask)
		}
		if err != nil {
			return 0, err
		}
	}
}

// ask passes a question on. When it was interrupted the daemon knows already.
func (c *Client) ask(ctx context.Context, w *wire, cmd Command, text string) error {
	line := ""
	if cmd.Ask != nil {
		var err error
		if line, err = cmd.Ask(ctx, text); err != nil && ctx.Err() == nil {
			return err
		}
	}
	if ctx.Err() != nil {
		return nil
	}
	return w.send(frame{Line: &line})
}
