package main

import (
	"context"
	"log/slog"

	"github.com/kisi-sync/kisi-sync/cmd/kisi-sync/internal/exit"
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

// listenAll makes the daemon reachable for people and for machines, as the file says that it began with. Each of what is returned serves
// until ctx ends. After an error nothing listens.
func (h *host) listenAll(ctx context.Context, log *slog.Logger) (servers []func() error, err error) {
	web, err := h.listenWeb(log)
	if err != nil {
		return nil, err
	}
	people, err := h.listen(ctx, log)
	if err != nil {
		if web != nil {
			err = exit.Also(err, web.listener.Close())
		}
		return nil, err
	}
	servers = append(servers, people)
	if web != nil {
		servers = append(servers, func() error { return web.serve(ctx) })
	}
	return servers, nil
}
