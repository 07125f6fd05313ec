package main

import (
	"context"
	"time"

	"github.com/kisi-sync/kisi-sync/cmd/kisi-sync/internal/status"
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
		d, err := status.New(ctx, h.status())
		if err != nil {
			continue // the end has begun, or the disk has its own troubles, which others tell
		}
		if line := d.Line(); line != said {
			said = line
			s.warn(n.Status(line))
		}
	}
}
