package admin

import (
	"encoding/json"
	"errors"
	"io"
	"net"
	"sync"
	"time"
)

// The addresses below the socket's root.
const (
	identityPath = "/v1/identity"
	statusPath   = "/v1/status"
	syncPath     = "/v1/sync"
	reloadPath   = "/v1/reload"
	pausePath    = "/v1/pause"
	resumePath   = "/v1/resume"
	commandPath  = "/v1/command"
)

// upgrade is the protocol that a connection speaks after a command was accepted: frames, one JSON object after another, both ways.
const upgrade = "kisi-sync-command/1"

// request begins a command.
type request struct {
	Args     []string `json:"args"`
	Dir      string   `json:"dir"`
	Asks     bool     `json:"asks"`           // there is somebody to ask
	Sudo     string   `json:"sudo,omitempty"` // who called sudo, as its caller says; it counts only for root
	Terminal Terminal `json:"terminal"`
}

// frame is one thing that is said. The daemon sends Out, Err and Ask, and at last Code; the caller sends Line and Interrupt.
type frame struct {
	Out       []byte  `json:"out,omitempty"`
	Err       []byte  `json:"err,omitempty"`
	Ask       *string `json:"ask,omitempty"`
	Code      *int    `json:"code,omitempty"`
	Line      *string `json:"line,omitempty"`
	Interrupt bool    `json:"interrupt,omitempty"`
}

// complaint is how an error looks in JSON.
type complaint struct {
	Error string `json:"error"`
}

// patience is how long the other side may leave what is sent to it unread: a caller who was stopped must not hold up the daemon.
const patience = 30 * time.Second

// wire sends and receives frames. Sending is safe for concurrent use, receiving is not.
type wire struct {
	conn io.ReadWriteCloser
	in   *json.Decoder

	mu  sync.Mutex
	out *json.Encoder
}

func newWire(conn io.ReadWriteCloser, in io.Reader) *wire {
	return &wire{conn: conn, in: json.NewDecoder(in), out: json.NewEncoder(conn)}
}

func (w *wire) send(f frame) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if c, ok := w.conn.(net.Conn); ok {
		if err := c.SetWriteDeadline(time.Now().Add(patience)); err != nil {
			return err
		}
	}
	return w.out.Encode(f)
}

func (w *wire) receive() (f frame, err error) {
	err = w.in.Decode(&f)
	return f, err
}

// stream is one of the outputs of a command.
type stream func(p []byte) frame

func (w *wire) writer(of stream) io.Writer { return &frames{wire: w, of: of} }

type frames struct {
	wire *wire
	of   stream
}

// mostInFrame keeps frames small enough to be passed on at once.
const mostInFrame = 64 << 10

func (f *frames) Write(p []byte) (int, error) {
	for rest := p; len(rest) > 0; {
		n := min(len(rest), mostInFrame)
		if err := f.wire.send(f.of(rest[:n])); err != nil {
			return len(p) - len(rest), err
		}
		rest = rest[n:]
	}
	return len(p), nil
}

// errGone: the caller is not there any more.
var errGone = errors.New("whoever asked is gone")
