package winservice

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"sync"
)

// The numbers of the events, by which alarms of Windows can tell them apart.
const (
	eventInfo    = 1
	eventWarning = 2
	eventError   = 3
)

// journal is where the lines of an [EventHandler] go; *eventlog.Log is one.
type journal interface {
	Info(id uint32, text string) error
	Warning(id uint32, text string) error
	Error(id uint32, text string) error
}

// EventHandler is a [slog.Handler] that writes each line as one event: message first, then name=value. It is safe for concurrent use.
type EventHandler struct {
	to    journal
	mu    *sync.Mutex // of buf, which all handlers made from one share
	buf   *bytes.Buffer
	lines slog.Handler // writes into buf
}

// newEventHandler makes a handler that writes what is at least of this level.
func newEventHandler(to journal, level slog.Leveler) *EventHandler {
	buf := &bytes.Buffer{}
	return &EventHandler{to, &sync.Mutex{}, buf, slog.NewTextHandler(buf, &slog.HandlerOptions{Level: level, ReplaceAttr: withoutFrame})}
}

// withoutFrame drops what an event has by itself: its time and level; and the message, which stands in front.
func withoutFrame(groups []string, a slog.Attr) slog.Attr {
	if len(groups) == 0 && (a.Key == slog.TimeKey || a.Key == slog.LevelKey || a.Key == slog.MessageKey) {
		return slog.Attr{}
	}
	return a
}

// Enabled implements [slog.Handler].
func (h *EventHandler) Enabled(ctx context.Context, level slog.Level) bool {
	return h.lines.Enabled(ctx, level)
}

// Handle implements [slog.Handler].
func (h *EventHandler) Handle(ctx context.Context, r slog.Record) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.buf.Reset()
	if err := h.lines.Handle(ctx, r); err != nil {
		return err
	}
	text := strings.TrimSpace(r.Message + "  " + h.buf.String())
	switch {
	case r.Level >= slog.LevelError:
		return h.to.Error(eventError, text)
	case r.Level >= slog.LevelWarn:
		return h.to.Warning(eventWarning, text)
	}
	return h.to.Info(eventInfo, text)
}

// WithAttrs implements [slog.Handler].
func (h *EventHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return &EventHandler{h.to, h.mu, h.buf, h.lines.WithAttrs(attrs)}
}

// WithGroup implements [slog.Handler].
func (h *EventHandler) WithGroup(name string) slog.Handler {
	return &EventHandler{h.to, h.mu, h.buf, h.lines.WithGroup(name)}
}
