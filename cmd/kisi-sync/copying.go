package main

import (
	"context"
	"log/slog"
	"time"

	"github.com/kisi-sync/kisi-sync/config"
	"github.com/kisi-sync/kisi-sync/internal/anchor"
	"github.com/kisi-sync/kisi-sync/internal/syslog"
)

// copyOf returns what copies the audit trail as the file wants it, nil if it wants no copy.
func copyOf(trail anchor.Lines, settings *config.Settings) *anchor.Copy {
	to := settings.AuditCollector()
	if to.Address == (syslog.Address{}) {
		return nil
	}
	return &anchor.Copy{Installation: settings.Policy().Installation, To: anchor.Syslog{Address: to.Address, CA: to.CA}, Trail: trail, Now: now}
}

// How often the daemon looks for new lines, which costs it one read of one row; and how seldom while the server is away.
const (
	copyEvery    = time.Second
	copySeldomly = time.Minute
)

// copyTrail copies the trail until ctx ends, beside everything else: no run waits for it. What goes wrong is logged, and tried again.
func (h *host) copyTrail(ctx context.Context, log *slog.Logger) {
	pause, failures := copyEvery, 0
	for {
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause):
		}
		c := copyOf(h.store, h.daemon().settings)
		if c == nil {
			continue
		}
		sent, err := c.Send(ctx)
		sayCopied(log, sent)
		switch {
		case ctx.Err() != nil:
		case err != nil:
			pause = min(2*pause, copySeldomly)
			if failures++; failures&(failures-1) == 0 { // the first, second, fourth, eighth time
				log.Error("lines of the audit trail wait for the syslog server; it is tried again", "failures", failures, "err", err)
			}
		default:
			if failures > 0 {
				log.Info("the syslog server has all lines of the audit trail again", "lines", sent.Lines)
			}
			pause, failures = copyEvery, 0
		}
	}
}

// atTheEnd is how long the end of the process waits for a syslog server to take lines of the audit trail.
const atTheEnd = 3 * time.Second

// copyAtEnd sends what there is before the state file is closed. What cannot be sent now is sent by whoever opens it next.
func copyAtEnd(trail anchor.Lines, settings *config.Settings, log *slog.Logger) {
	c := copyOf(trail, settings)
	if c == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), atTheEnd)
	defer cancel()
	sent, err := c.Send(ctx)
	sayCopied(log, sent)
	if err != nil {
		log.Error("lines of the audit trail wait for the syslog server; they are sent by the next run", "err", err)
	}
}

// sayCopied says what a collector will miss, or have twice.
func sayCopied(log *slog.Logger, sent anchor.Sent) {
	if sent.Cut > 0 {
		log.Warn("lines of the audit trail were cut off before they could be sent to the syslog server", "lines", sent.Cut)
	}
	if sent.Anew {
		log.Warn("the audit trail is another one than the syslog server has, and is sent to it from its beginning")
	}
}
