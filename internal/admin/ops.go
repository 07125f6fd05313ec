package admin

import (
	"context"
	"io"

	"github.com/kisi-sync/kisi-sync/internal/record"
)

// Ops is what people may ask of a running daemon. Its methods may be called by many goroutines at once; they return when what was
// asked is done, or when ctx has ended.
type Ops interface {
	// Status says how the daemon is. It returns at once, whatever is under way.
	Status(ctx context.Context) (record.Status, error)
	// Sync makes one run now and waits for its end. While the daemon is paused it is an error.
	Sync(ctx context.Context, w record.Wish) (record.Run, error)
	// Reload reads the configuration again. After an error the old one stays in use.
	Reload(ctx context.Context, by string) error
	// Pause stops carrying out, after the call under way, until Resume. Sources are still read. Pausing twice is no error.
	Pause(ctx context.Context, said record.Said) error
	// Resume ends a pause; without one it does nothing.
	Resume(ctx context.Context, said record.Said) error
}

// Commands carries out a whole command line in the daemon. It returns the exit code that the command line has, and when ctx has ended
// it soon returns.
type Commands func(ctx context.Context, c Command) (code int)

// Command is a command line of somebody else's process.
type Command struct {
	Args     []string
	Dir      string // where relative paths begin
	By       string // the account that asks, as the operating system knows it; for root by sudo, who called that, as in record.AsRoot
	Sudo     string // of the caller: SUDO_USER
	Out, Err io.Writer
	Terminal Terminal
	// Ask shows a text and waits for a line; "" at the end of the input. It is nil when there is nobody to ask.
	Ask func(ctx context.Context, text string) (string, error)
}

// Terminal says what the caller's standard error is.
type Terminal struct {
	Colors bool `json:"colors"`
	Width  int  `json:"width"` // of standard error; 0: it is no terminal
}

// Identity is who answers on a socket.
type Identity struct {
	Installation string `json:"installation"`
	State        string `json:"state"` // the absolute path of the state file
	Version      string `json:"version"`
	PID          int    `json:"pid"`
}
