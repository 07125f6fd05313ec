package main

import (
	"context"
	"fmt"
	"time"

	"github.com/kisi-sync/kisi-sync/cmd/kisi-sync/internal/voice"
	"github.com/kisi-sync/kisi-sync/internal/sdnotify"
)

// managerEvery is how often the service manager is told how it is, if that has changed.
const managerEvery = 5 * time.Second

// tellManager keeps the line up to date that systemctl status shows, until ctx ends.
func (s *service) tellManager(ctx context.Context, h *host, n *sdnotify.Notifier) {
	tick := time.NewTicker(managerEvery)
	defer tick.Stop()
	for said := ""; ; {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		d, err := newStatus(ctx, h, h.daemon().settings, h.store.Preview())
		if err != nil {
			continue // the end has begun, or the disk has its own troubles, which others tell
		}
		if line := d.line(); line != said {
			said = line
			s.warn(n.Status(line))
		}
	}
}

// line says in a few words how it is. It names nobody, and has no ages in it, so that it is the same as long as all is.
func (d *statusDocument) line() string {
	text := "mode " + d.Mode + ": nothing to do"
	switch u := d.Daemon.UnderWay; {
	case u != nil && u.Todo > 0:
		text = fmt.Sprintf("mode %s: at work, %s", d.Mode, voice.Count(u.Todo, "step", "steps"))
	case u != nil:
		text = "mode " + d.Mode + ": at work"
	}
	if err := d.unready(); err != nil {
		text = "mode " + d.Mode + ": not as it should be: " + err.Error()
	}
	if d.Held > 0 {
		text += "; " + voice.Count(d.Held, "step waits", "steps wait") + " for somebody to decide"
	}
	for _, s := range d.Sources {
		if s.Error != "" {
			text += "; source " + s.Name + " is not read"
		}
	}
	return text
}
