//go:build !windows

package winservice

import "context"

// Run calls work and returns what it returns. On Windows it also answers to the service manager when that has started the process: it
// reports the service as running once Ready was called, and cancels the context when the service is to stop.
func Run(ctx context.Context, work func(ctx context.Context, m Manager) error) error {
	return work(ctx, Manager{Ready: func() {}})
}
