package main

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"time"

	"github.com/spf13/cobra"

	"github.com/kisi-sync/kisi-sync/cmd/kisi-sync/internal/exit"
	"github.com/kisi-sync/kisi-sync/cmd/kisi-sync/internal/status"
	"github.com/kisi-sync/kisi-sync/internal/access"
	"github.com/kisi-sync/kisi-sync/sync/engine"
)

func statusVerb(ui *call, c *common) *cobra.Command {
	var watch bool
	cmd := &cobra.Command{
		Use: "status", Short: "How it is: sources, runs, and what waits for somebody", Args: exactly(),
		Long: `Shows on one screen how each source was read and how old that is, the run under way with the time that it will take, the
last runs and the next ones, what is held, parked and drifted. It asks the daemon, and without one the state file. Nobody
else is contacted.`,
		Example: `  kisi-sync status
  kisi-sync status --watch
  kisi-sync status --json | jq '.sources[] | {name, age_seconds}'`,
	}
	cmd.Flags().BoolVarP(&watch, "watch", "w", false, "show it again every two seconds, until Ctrl-C")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if watch && ui.JSON {
			return exit.Usage(errors.New("--watch has no JSON"), "ask as often as you like without it")
		}
		if watch {
			return watchStatus(cmd.Context(), ui, c)
		}
		return showStatus(cmd.Context(), ui, c)
	}
	return cmd
}

// glance is how long a screen of --watch stands.
const glance = 2 * time.Second

func watchStatus(ctx context.Context, ui *call, c *common) error {
	if err := ui.beside(ctx, c); err != nil { // then all of it goes on there
		return err
	}
	tick := time.NewTicker(glance)
	defer tick.Stop()
	for {
		if ui.Width() > 0 {
			ui.Say("\x1b[H\x1b[2J%s", ui.Bold(now().Format("15:04:05")))
		}
		if err := showStatus(ctx, ui, c); err != nil {
			return err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil
		}
	}
}

func showStatus(ctx context.Context, ui *call, c *common) (err error) {
	settings, st, err := recollect(ctx, ui, c)
	if err != nil {
		return err
	}
	defer func() { err = exit.Also(err, st.Close()) }()
	of := status.Of{Settings: settings, Store: st, Copy: copyOf(st, settings), Now: now}
	if h := ui.host(); h != nil {
		of.Daemon = h.status().Daemon
	}
	d, err := status.New(ctx, of)
	if err != nil {
		return err
	}
	if ui.JSON {
		return ui.Print(d)
	}
	(&status.Teller{UI: ui.Voice, Zone: settings.Schedule.Zone}).Screen(&d)
	return nil
}

// status returns what is to be known of how the daemon is, by the file that it goes by now.
func (h *host) status() status.Of {
	used := h.daemon()
	st := h.store.Preview()
	return status.Of{Settings: used.settings, Store: st, Copy: copyOf(st, used.settings), Now: now,
		Daemon: &status.Daemon{Status: h.ops.Status, Calls: used.client.Stats, Sender: h.sender}}
}

// tell has people told what needs them until ctx ends.
func (h *host) tell(ctx context.Context, log *slog.Logger) {
	(&status.Telling{Of: h.status, Memory: h.store.Documents("(notify)"), Book: h.book, Log: log}).Run(ctx)
}

// writeFigures writes all figures of the daemon.
func (h *host) writeFigures(ctx context.Context, w io.Writer) error {
	return (&status.Figures{Book: h.book, Version: version()}).Write(ctx, w, h.status())
}

// metered counts what is sent to Kisi, where somebody counts.
func (s *session) metered(t engine.Target) engine.Target {
	if s.book == nil {
		return t
	}
	return &status.Metered{Target: t, Book: s.book, Left: func(a access.Anchor) (time.Time, bool) { return s.engine.LeftAt(a) }, Now: now}
}
