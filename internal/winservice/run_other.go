//go:build !windows

package winservice

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
)

// Run calls work and returns what it returns. On Windows it also answers to the service manager when that has started the process: it
// reports the service as running once Ready was called, and cancels the context when the service is to stop.
func Run(ctx context.Context, work func(ctx context.Context, m Manager) error) error {
	return work(ctx, Manager{Ready: func() {}})
}

// OpenEvents returns a handler that writes into the Event Log under a service's name, and what closes it. It is for Windows alone.
func OpenEvents(string, slog.Leveler) (*EventHandler, func() error, error) {
	return nil, nil, fmt.Errorf("open the Event Log: %w", errors.ErrUnsupported)
}
