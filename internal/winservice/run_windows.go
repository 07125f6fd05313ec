package winservice

import (
	"context"
	"fmt"
	"sync"
	"time"

	"golang.org/x/sys/windows/svc"
)

// How long the service manager is told to wait for a start and for a stop. A stop finishes the call that is under way.
const (
	patience     = time.Minute
	milliseconds = uint32(patience / time.Millisecond)
)

// Run calls work and returns what it returns. On Windows it also answers to the service manager when that has started the process: it
// reports the service as running once Ready was called, and cancels the context when the service is to stop.
func Run(ctx context.Context, work func(ctx context.Context, m Manager) error) error {
	inside, err := svc.IsWindowsService()
	if err != nil {
		return fmt.Errorf("ask whether this is a Windows service: %w", err)
	}
	if !inside {
		return work(ctx, Manager{Ready: func() {}})
	}
	return serve(ctx, work)
}

// serve answers to the service manager, which has started this process.
func serve(ctx context.Context, work func(ctx context.Context, m Manager) error) error {
	s := &service{ctx: ctx, work: work}
	if err := svc.Run("", s); err != nil { // of a process with one service the name is not looked at
		return fmt.Errorf("run as a Windows service: %w", err)
	}
	return s.err
}

// service is the handler of one run.
type service struct {
	ctx  context.Context
	work func(ctx context.Context, m Manager) error
	err  error
}

// Execute implements [svc.Handler]. It returns when work has returned, and never before.
func (s *service) Execute(args []string, requests <-chan svc.ChangeRequest, status chan<- svc.Status) (specific bool, code uint32) {
	status <- svc.Status{State: svc.StartPending, WaitHint: milliseconds}
	ctx, cancel := context.WithCancel(s.ctx)
	defer cancel()
	done, ready := make(chan error, 1), make(chan struct{})
	m := Manager{Name: args[0], Ready: sync.OnceFunc(func() { close(ready) })} // args begin with the name, by the contract of [svc.Handler]
	go func() { done <- s.work(ctx, m) }()
	for {
		select {
		case <-ready:
			ready = nil
			status <- svc.Status{State: svc.Running, Accepts: svc.AcceptStop | svc.AcceptShutdown}
		case request := <-requests:
			switch request.Cmd {
			case svc.Interrogate:
				status <- request.CurrentStatus
			case svc.Stop, svc.Shutdown:
				ready = nil
				status <- svc.Status{State: svc.StopPending, WaitHint: milliseconds}
				cancel()
			}
		case s.err = <-done:
			if s.err != nil {
				return true, 1 // so that what was set for failures happens
			}
			return false, 0
		}
	}
}
