package main

import (
	"context"
	"log/slog"

	"github.com/kisi-sync/kisi-sync/internal/admin"
)

// listen makes the daemon reachable for the command line, on the socket of the configuration that it began with. serve answers until ctx
// ends and is waited for by the caller; it is returned only after the socket is there, so that a second daemon is told at once.
func (h *host) listen(ctx context.Context, log *slog.Logger) (serve func() error, err error) {
	settings := h.daemon().settings
	listener, err := admin.Listen(socketOf(settings))
	if err != nil {
		return nil, err
	}
	server := admin.New(admin.Options{Identity: identity(settings), Ops: h.ops, Commands: h.commands, Log: log})
	return func() error { return server.Serve(ctx, listener) }, nil
}
