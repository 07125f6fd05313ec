package main

import (
	"context"
	"log/slog"

	"github.com/kisi-sync/kisi-sync/cmd/kisi-sync/internal/exit"
	"github.com/kisi-sync/kisi-sync/internal/winservice"
)

// serveUnder serves under whoever started the process. A Windows service has no standard error: it logs into the Event Log, and what
// ended it is said there too.
func serveUnder(ctx context.Context, s *service, m winservice.Manager) error {
	s.manager = m
	if m.Name == "" {
		return serveForever(ctx, s)
	}
	events, closeEvents, err := winservice.OpenEvents(m.Name, &s.threshold)
	if err != nil {
		return err
	}
	s.events = events
	if err = serveForever(ctx, s); err != nil {
		slog.New(events).Error("the service has ended", "err", inWords(err))
	}
	return exit.Also(err, closeEvents())
}
