package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"sync"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/kisi-sync/kisi-sync/cmd/kisi-sync/internal/exit"
	"github.com/kisi-sync/kisi-sync/internal/daemon"
	"github.com/kisi-sync/kisi-sync/internal/metrics"
	"github.com/kisi-sync/kisi-sync/internal/sdnotify"
	"github.com/kisi-sync/kisi-sync/internal/store"
	"github.com/kisi-sync/kisi-sync/internal/winservice"
)

func runVerb(ui *call, c *common) *cobra.Command {
	var watch bool
	cmd := &cobra.Command{
		Use: "run", Short: "Stay, and keep Kisi in step by schedule and as things happen", Args: exactly(),
		Long: `Reads the directories by the schedule of the file, and at once where one tells of changes by itself, and does what
follows, one run at a time. Whoever is disabled or deleted waits for nobody. It logs to standard error, as log: in the
file says, and stays until it is told to end: the call under way is finished, and the next start goes on from there.

SIGTERM or Ctrl-C ends it within seconds; SIGHUP has it read the file again. A file that cannot be used is reported, and the
one before stays in use. Keys and passwords are read anew whenever they are needed. Other verbs work beside it.`,
		Example: `  kisi-sync run
  kisi-sync run --watch-config       read the file again when it changes
  kisi-sync run --log debug`,
	}
	cmd.Flags().BoolVar(&watch, "watch-config", false, "read the file again when it changes")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		switch {
		case ui.host() != nil:
			return exit.Usage(errors.New("run is the daemon, and one is running"), "")
		case ui.JSON:
			return exit.Usage(errors.New("run has no --json"), "write log: {format: json} into the file; kisi-sync status --json asks a daemon that runs")
		}
		level := ""
		if cmd.Flags().Changed("log") {
			level = c.log
		}
		s := &service{ui: ui, common: c, level: level, watch: watch, book: metrics.NewBook(metrics.Families())}
		return winservice.Run(cmd.Context(), func(ctx context.Context, m winservice.Manager) error { return serveUnder(ctx, s, m) })
	}
	return cmd
}

// serveForever is the verb.
func serveForever(ctx context.Context, s *service) (err error) {
	defer func() { s.endLog(err) }()
	if err := s.open(ctx); err != nil {
		return err
	}
	defer func() { err = exit.Also(err, s.store.Close()) }()
	if s.first, err = s.load(ctx); err != nil {
		return err
	}
	s.used = s.first
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	closed, err := s.openPorts(ctx)
	if err == nil {
		if err = s.try(ctx); err == nil {
			err = s.keep(ctx)
		}
		cancel()
		err = exit.Also(err, closed())
	}
	if s.first != nil { // it was never put to use
		err = exit.Also(err, s.first.Close())
	}
	return err
}

// open loads the file, sees that no daemon has it already, and opens the state for as long as the process lives.
func (s *service) open(ctx context.Context) error {
	settings, err := load(s.common)
	if err != nil {
		return err
	}
	s.startLog(settings.Log)
	st, err := store.Open(settings.State, store.Options{Now: now, Who: "kisi-sync"})
	if errors.Is(err, store.ErrLocked) {
		const hint = "kisi-sync status says whether a daemon is running; there is one for each state file"
		return exit.Failed(fmt.Errorf("%v", err), hint) // without the hint of other verbs, to wait: a daemon does not end by itself
	}
	s.state, s.store = settings.State, st
	return err
}

// keep runs the daemon, and beside it whatever talks to it, and waits for all.
func (s *service) keep(ctx context.Context) error {
	n, err := sdnotify.New(os.LookupEnv, os.Getpid())
	if err != nil {
		return err
	}
	d := daemon.New(s.options(n))
	h := &host{log: s.log, store: s.store, ops: d, daemon: s.inUse, book: s.book, sender: s.sender, beside: d.Beside, leavers: d.Leavers}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	serve, err := h.listen(ctx, s.log)
	if err != nil {
		return err
	}
	s.web.begin(h)
	var beside sync.WaitGroup
	beside.Go(func() { s.reloadOnHangup(ctx, d) })
	beside.Go(func() {
		<-ctx.Done()
		s.warn(n.Stopping())
	})
	var served error
	beside.Go(func() { served = serve() })
	beside.Go(func() { h.tell(ctx, s.log) })
	beside.Go(func() { h.copyTrail(ctx, s.log) })
	if n != nil {
		beside.Go(func() { s.tellManager(ctx, h, n) })
	}
	err = d.Run(ctx)
	cancel()
	beside.Wait()
	copyAtEnd(h.store, h.daemon().settings, s.log)
	if err = exit.Also(err, served); err == nil {
		s.ui.Tell("kisi-sync has stopped; what was begun is finished and written down")
	}
	return err
}

// reloadOnHangup has the file read again at each SIGHUP. The daemon logs what comes of it.
func (s *service) reloadOnHangup(ctx context.Context, d *daemon.Daemon) {
	hangups := make(chan os.Signal, 1)
	signal.Notify(hangups, syscall.SIGHUP)
	defer signal.Stop(hangups)
	for {
		select {
		case <-ctx.Done():
			return
		case <-hangups:
			_ = d.Reload(ctx, "SIGHUP")
		}
	}
}

func (s *service) warn(err error) {
	if err != nil {
		s.log.Warn("service manager", "err", err)
	}
}
