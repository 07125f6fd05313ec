package winservice

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/windows"
	"golang.org/x/sys/windows/svc"
	"golang.org/x/sys/windows/svc/eventlog"
	"golang.org/x/sys/windows/svc/mgr"
)

// ErrNone says that there is no such service.
var ErrNone = errors.New("there is no such service")

// Options say which service is made.
type Options struct {
	Name        string   // of the service and of its source in the Event Log
	Program     string   // the whole path
	Arguments   []string // of the program
	Config      string   // the whole path of the configuration file; its folder is made if it is not there
	Description string
}

// Install makes the service: started with the machine, under its own account, begun again after a fault. It replaces the access list
// of the configuration's folder. It does not start the service. Whoever calls it must be an administrator.
func Install(o Options) error {
	m, err := mgr.Connect()
	if err != nil {
		return fmt.Errorf("connect to the service manager: %w", err)
	}
	defer func() { _ = m.Disconnect() }()
	s, err := m.CreateService(o.Name, o.Program, mgr.Config{
		StartType: mgr.StartAutomatic, DelayedAutoStart: true, ErrorControl: mgr.ErrorNormal,
		ServiceStartName: Account(o.Name), SidType: windows.SERVICE_SID_TYPE_UNRESTRICTED,
		DisplayName: o.Name, Description: o.Description,
	}, o.Arguments...)
	if err != nil {
		return fmt.Errorf("create the service %s: %w", o.Name, err)
	}
	defer func() { _ = s.Close() }()
	err = recovers(s)
	if err == nil {
		err = o.furnish()
	}
	if err != nil {
		return errors.Join(err, s.Delete()) // half a service would start half secured
	}
	return nil
}

// recovers has a service begun again after a fault.
func recovers(s *mgr.Service) error {
	again := func(after time.Duration) mgr.RecoveryAction {
		return mgr.RecoveryAction{Type: mgr.ServiceRestart, Delay: after}
	}
	const oneDay = 24 * 60 * 60 // seconds without a fault, after which the first action comes first again
	if err := s.SetRecoveryActions([]mgr.RecoveryAction{again(10 * time.Second), again(time.Minute), again(5 * time.Minute)}, oneDay); err != nil {
		return fmt.Errorf("set what happens after a fault: %w", err)
	}
	if err := s.SetRecoveryActionsOnNonCrashFailures(true); err != nil {
		return fmt.Errorf("set what happens after a failure: %w", err)
	}
	return nil
}

// furnish gives a new service what it needs besides being there: a source of events, and its folders.
func (o Options) furnish() error {
	_ = eventlog.Remove(o.Name) // one that a removed service left behind, perhaps
	if err := eventlog.InstallAsEventCreate(o.Name, eventlog.Error|eventlog.Warning|eventlog.Info); err != nil {
		return fmt.Errorf("make a source of events: %w", err)
	}
	for _, folder := range []struct{ path, rights string }{{filepath.Dir(o.Config), mayRead}, {StateFolder(o.Config), mayModify}} {
		if err := shutIn(folder.path, access(o.Name, folder.rights)); err != nil {
			return err
		}
	}
	return nil
}

// shutIn makes a folder, if it is not there, and sets its access list.
func shutIn(folder, sddl string) error {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return fmt.Errorf("make the folder of the service: %w", err)
	}
	descriptor, err := windows.SecurityDescriptorFromString(sddl)
	if err != nil {
		return fmt.Errorf("write an access list: %w", err)
	}
	list, _, err := descriptor.DACL()
	if err != nil {
		return fmt.Errorf("write an access list: %w", err)
	}
	const what = windows.DACL_SECURITY_INFORMATION | windows.PROTECTED_DACL_SECURITY_INFORMATION
	if err := windows.SetNamedSecurityInfo(folder, windows.SE_FILE_OBJECT, what, nil, nil, list, nil); err != nil {
		return fmt.Errorf("set the access list of %s: %w", folder, err)
	}
	return nil
}

// Remove stops the service and takes it away. Files stay as they are. A service that is not there is ErrNone.
func Remove(ctx context.Context, name string) error {
	return with(name, func(s *mgr.Service) error {
		if err := halt(ctx, s); err != nil {
			return err
		}
		if err := s.Delete(); err != nil {
			return fmt.Errorf("delete the service %s: %w", name, err)
		}
		_ = eventlog.Remove(name) // events that were written stay; their source may be gone already
		return nil
	})
}

// Start starts the service and waits until it runs, or has ended instead. A service that is not there is ErrNone.
func Start(ctx context.Context, name string) error {
	return with(name, func(s *mgr.Service) error {
		if err := s.Start(); err != nil && !errors.Is(err, windows.ERROR_SERVICE_ALREADY_RUNNING) {
			return fmt.Errorf("start the service %s: %w", name, err)
		}
		return await(ctx, s, svc.Running)
	})
}

// Stop stops the service and waits until it has ended. A service that is not there is ErrNone; to stop one that does not run is no error.
func Stop(ctx context.Context, name string) error {
	return with(name, func(s *mgr.Service) error { return halt(ctx, s) })
}

// with opens a service for f.
func with(name string, f func(*mgr.Service) error) error {
	m, err := mgr.Connect()
	if err != nil {
		return fmt.Errorf("connect to the service manager: %w", err)
	}
	defer func() { _ = m.Disconnect() }()
	s, err := m.OpenService(name)
	switch {
	case errors.Is(err, windows.ERROR_SERVICE_DOES_NOT_EXIST):
		return fmt.Errorf("service %s: %w", name, ErrNone)
	case err != nil:
		return fmt.Errorf("open the service %s: %w", name, err)
	}
	defer func() { _ = s.Close() }()
	return f(s)
}

func halt(ctx context.Context, s *mgr.Service) error {
	if _, err := s.Control(svc.Stop); err != nil && !errors.Is(err, windows.ERROR_SERVICE_NOT_ACTIVE) {
		return fmt.Errorf("stop the service %s: %w", s.Name, err)
	}
	return await(ctx, s, svc.Stopped)
}

// await waits for a state. A service that should run and has stopped does not come back by itself.
func await(ctx context.Context, s *mgr.Service, want svc.State) error {
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for {
		now, err := s.Query()
		switch {
		case err != nil:
			return fmt.Errorf("ask for the state of the service %s: %w", s.Name, err)
		case now.State == want:
			return nil
		case now.State == svc.Stopped:
			code := now.Win32ExitCode
			if code == uint32(windows.ERROR_SERVICE_SPECIFIC_ERROR) { // which means: see the other one
				code = now.ServiceSpecificExitCode
			}
			return fmt.Errorf("the service %s has ended (exit code %d)", s.Name, code)
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("wait for the service %s: %w", s.Name, ctx.Err())
		case <-tick.C:
		}
	}
}

// OpenEvents returns a handler that writes into the Event Log under a service's name, and what closes it.
func OpenEvents(name string, level slog.Leveler) (*EventHandler, func() error, error) {
	log, err := eventlog.Open(name)
	if err != nil {
		return nil, nil, fmt.Errorf("open the Event Log: %w", err)
	}
	return newEventHandler(log, level), log.Close, nil
}
