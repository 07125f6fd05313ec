package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/kisi-sync/kisi-sync/cmd/kisi-sync/internal/exit"
	"github.com/kisi-sync/kisi-sync/cmd/kisi-sync/internal/shape"
	"github.com/kisi-sync/kisi-sync/config"
	"github.com/kisi-sync/kisi-sync/connectors"
)

// loginPatience is how long somebody may take over consenting.
const loginPatience = 10 * time.Minute

func sourceLoginVerb(ui *call, c *common) *cobra.Command {
	var port int
	cmd := &cobra.Command{
		Use: "login SOURCE", Short: "Consent to a source that reads in somebody's name", Args: exactly("SOURCE"),
		Long: `Asks for an administrator's consent to a source that logs in with an installed app (login.app in the file), and keeps what
comes of it beside the file, readable by the account of kisi-sync alone. It prints an address; open it in a browser on this
machine and log in there. A daemon need not be restarted.

On a machine without a browser, name a port and bring it to where the browser is:
ssh -L 8123:127.0.0.1:8123 SERVER, and then kisi-sync source login SOURCE --port 8123.

Without a daemon, run it as the account under which kisi-sync runs, or it will not be able to read the file.`,
		Example: `  kisi-sync source login workspace
  kisi-sync source login workspace --port 8123`,
	}
	cmd.Flags().IntVar(&port, "port", 0, "have the browser come back to this `PORT` of this machine")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if port < 0 || port > 65535 {
			return exit.Usage(fmt.Errorf("--port %d is no port", port), "leave it out, and any free one is taken")
		}
		if err := ui.beside(cmd.Context(), c); err != nil {
			return err
		}
		ctx, stop := context.WithTimeoutCause(cmd.Context(), loginPatience, errors.New("nobody consented within ten minutes"))
		defer stop()
		return ui.login(ctx, c, args[0], port)
	}
	return cmd
}

func (u *call) login(ctx context.Context, c *common, name string, port int) error {
	settings, err := u.settingsFor(c, false)
	if err != nil {
		return err
	}
	for _, source := range settings.Sources {
		if source.Name != name {
			continue
		}
		opened, err := source.Config.Open(connectors.Env{Name: name, Dir: settings.Dir, Log: u.Log.With("source", name), Now: now, Reach: reachable})
		if err != nil {
			return fmt.Errorf("source %s: %w", name, err)
		}
		asker, ok := opened.(connectors.Consenter)
		if !ok {
			return exit.Failed(fmt.Errorf("source %s logs in with what the file says; nobody needs to consent", name), "kisi-sync check says whether that works")
		}
		kept, err := asker.Consent(ctx, port, func(address string) {
			fmt.Fprintf(u.Err, "Open this address in a browser on this machine, and log in as an administrator who may read the directory:\n\n  %s\n\n", address)
		})
		if err != nil {
			return fmt.Errorf("source %s: %w", name, err)
		}
		if u.JSON {
			return u.PrintJSON(map[string]string{"source": name, "kept": kept})
		}
		u.Say("%s the consent is kept in %s", u.Green("✓"), kept)
		return nil
	}
	return exit.Usage(fmt.Errorf("%s has no source %q", settings.File, name), "its sources: "+strings.Join(shape.Convert(settings.Sources, func(s config.Source) string { return s.Name }), ", "))
}
