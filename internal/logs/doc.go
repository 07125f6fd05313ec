// Package logs writes lines of slog where the services of a machine are read: the journal of systemd, and syslog servers.
//
// It promises that a line is one line with the right level whatever it says, and that a server that is away or slow holds up nobody: what
// cannot be sent waits in a queue, and what does not fit in there any more is counted and told. It must not decide what is worth a line.
package logs

import (
	"bytes"
	"context"
	"log/slog"
	"sync"
)

// framed is a slog.Handler that has another one write each line, and hands the line on with what it is of.
type framed struct {
	mu      *sync.Mutex   // of buf, which all handlers made from one share
	buf     *bytes.Buffer // into which lines writes
	lines   slog.Handler
	deliver func(r *slog.Record, line []byte) error // line ends with a newline, and is valid only until deliver returns
}

// newFramed makes a handler of name=value lines that are at least of a level, without those attributes of the record that are named.
func newFramed(level slog.Leveler, without []string, deliver func(*slog.Record, []byte) error) *framed {
	leave := func(groups []string, a slog.Attr) slog.Attr {
		for _, key := range without {
			if len(groups) == 0 && a.Key == key {
				return slog.Attr{}
			}
		}
		return a
	}
	buf := &bytes.Buffer{}
	return &framed{&sync.Mutex{}, buf, slog.NewTextHandler(buf, &slog.HandlerOptions{Level: level, ReplaceAttr: leave}), deliver}
}

// Enabled implements [slog.Handler].
func (f *framed) Enabled(ctx context.Context, level slog.Level) bool {
	return f.lines.Enabled(ctx, level)
}

// Handle implements [slog.Handler].
func (f *framed) Handle(ctx context.Context, r slog.Record) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.buf.Reset()
	if err := f.lines.Handle(ctx, r); err != nil {
		return err
	}
	return f.deliver(&r, f.buf.Bytes())
}

// WithAttrs implements [slog.Handler].
func (f *framed) WithAttrs(attrs []slog.Attr) slog.Handler {
	return &framed{f.mu, f.buf, f.lines.WithAttrs(attrs), f.deliver}
}

// WithGroup implements [slog.Handler].
func (f *framed) WithGroup(name string) slog.Handler {
	return &framed{f.mu, f.buf, f.lines.WithGroup(name), f.deliver}
}
