package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/kisi-sync/kisi-sync/cmd/kisi-sync/internal/exit"
	"github.com/kisi-sync/kisi-sync/cmd/kisi-sync/internal/shape"
	"github.com/kisi-sync/kisi-sync/cmd/kisi-sync/internal/voice"
	"github.com/kisi-sync/kisi-sync/config"
	"github.com/kisi-sync/kisi-sync/internal/admin"
	"github.com/kisi-sync/kisi-sync/internal/record"
	"github.com/kisi-sync/kisi-sync/internal/store"
)

func stateVerb(ui *call, c *common) *cobra.Command {
	cmd := group(&cobra.Command{
		Use: "state", Short: "Check, copy, replace or rebuild what kisi-sync remembers",
		Long: `The state file holds what is kisi-sync's own in Kisi, what was decided, and the audit trail. A damaged one, or one that
belongs elsewhere, is refused and never taken for an empty one.`,
		Example: `  kisi-sync state check
  kisi-sync state backup /var/backups/kisi-sync.db`,
	})
	cmd.AddCommand(stateBackupVerb(ui, c), stateRestoreVerb(ui, c), stateCheckVerb(ui, c), stateRebuildVerb(ui, c))
	return cmd
}

func stateBackupVerb(ui *call, c *common) *cobra.Command {
	return &cobra.Command{
		Use: "backup FILE", Short: "Write a copy of the state file", Args: exactly("FILE"),
		Long: `Writes a copy of the state file as it is at one moment. It appears under its name when it is whole and on the disk, in place
of an older copy; only its owner can read it.`,
		Example: "  kisi-sync state backup /var/backups/kisi-sync.db",
		RunE: reading(ui, c, func(ctx context.Context, t *trail, args []string) error {
			if err := t.Backup(ctx, ui.path(args[0])); err != nil {
				return err
			}
			ui.Say("%s is a copy of %s.", args[0], t.Path())
			return ui.PrintJSON(map[string]string{"state": t.Path(), "backup": args[0]})
		}),
	}
}

// findingRow is one line of state check.
type findingRow struct {
	What string `json:"what"`
	Text string `json:"text"`
	Do   string `json:"do"`
}

func stateCheckVerb(ui *call, c *common) *cobra.Command {
	return &cobra.Command{
		Use: "check", Short: "Read the whole state file and say what is wrong with it", Args: exactly(),
		Long:    "Reads every row of the state file, and walks the audit trail. Exit code 1 says that something is wrong; nothing is changed.",
		Example: "  kisi-sync state check\n  kisi-sync state check --json | jq '.findings'",
		RunE:    func(cmd *cobra.Command, _ []string) error { return checkState(cmd.Context(), ui, c) },
	}
}

// examined looks at the whole file, through the daemon's eyes where it has the file open.
func examined(ctx context.Context, ui *call, c *common) (*config.Settings, []store.Finding, error) {
	if h := ui.host(); h != nil {
		all, err := h.store.Findings(ctx)
		return h.daemon().settings, all, err
	}
	settings, err := loadWithoutSecrets(c)
	if err != nil {
		return nil, nil, err
	}
	if err := isThere(settings); err != nil {
		return nil, nil, err
	}
	all, err := store.Examine(ctx, settings.State, store.Options{Now: now})
	return settings, all, err
}

// checkState looks also at a file that no other verb would open.
func checkState(ctx context.Context, ui *call, c *common) error {
	if err := ui.beside(ctx, c); err != nil {
		return err
	}
	settings, all, err := examined(ctx, ui, c)
	if err != nil {
		return err
	}
	rows := shape.Convert(all, func(f store.Finding) findingRow { return findingRow{f.What, f.Error(), f.Do} })
	if err := ui.PrintJSON(map[string]any{"state": settings.State, "findings": rows}); err != nil {
		return err
	}
	for _, f := range rows {
		ui.Say("%s %s", ui.Red("✗"), f.Text)
	}
	if len(rows) > 0 {
		return exit.Failed(fmt.Errorf("the state file has %s", voice.Count(len(rows), "problem", "problems")),
			"kisi-sync state restore puts a backup in its place, state rebuild begins anew")
	}
	ui.Say("%s %s is whole.", ui.Green("✓"), settings.State)
	return nil
}

func stateRestoreVerb(ui *call, c *common) *cobra.Command {
	return replacing(ui, c, store.Restore, &cobra.Command{
		Use: "restore FILE", Short: "Put a backup in place of the state file", Args: exactly("FILE"),
		Long: `Checks a backup, every row of it, and puts it in place of the state file. What was there is kept beside it with the date in
its name. What has happened since the backup is found out by the next run.`,
		Example: "  kisi-sync state restore /var/backups/kisi-sync.db --why ticket-4711",
	})
}

func stateRebuildVerb(ui *call, c *common) *cobra.Command {
	return replacing(ui, c, store.Rebuild, &cobra.Command{
		Use: "rebuild", Short: "Begin anew where the state file is lost or damaged and there is no backup", Args: exactly(),
		Long: `Puts a new state file in place of one that is lost or damaged, which is kept beside it. Blocks, exemptions and rejections
are taken over as far as they can be read. The next full run knows the users that kisi-sync made by their stamps; every
right that it finds counts as given by somebody else, so nothing is taken away that is not proven its own.`,
		Example: "  kisi-sync state rebuild --why ticket-4711",
	})
}

// replacedDocument is what state restore --json and state rebuild --json print.
type replacedDocument struct {
	State string   `json:"state"`
	Kept  string   `json:"kept"` // where the file is that was there; "" when there was none
	Notes []string `json:"notes"`
}

// replacing makes restore or rebuild of a command.
func replacing(ui *call, c *common, replace func(context.Context, string, store.Replacement) (store.Replaced, error), cmd *cobra.Command) *cobra.Command {
	var why string
	cmd.Flags().StringVar(&why, "why", "", "the reason, for the audit trail: `TEXT`; required")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if err := reasoned(why); err != nil {
			return err
		}
		settings, err := loadWithoutSecrets(c)
		if err != nil {
			return err
		}
		if _, err := admin.NewClient(socketOf(settings)).Find(cmd.Context(), identity(settings)); err == nil {
			return exit.Failed(errors.New("the daemon is running, and goes by the state file that would be replaced"), "stop it first (systemctl stop kisi-sync); nothing was done")
		}
		r := store.Replacement{Said: record.Said{By: ui.me(), Why: why}, Installation: settings.Policy().Installation,
			Options: store.Options{Now: now, Who: ui.me()}}
		if len(args) == 1 {
			r.From = args[0]
		}
		done, err := replace(cmd.Context(), settings.State, r)
		if err != nil {
			return exit.Failed(err, "the state file is as it was")
		}
		return tellReplaced(ui, settings, done)
	}
	return cmd
}

func tellReplaced(ui *call, settings *config.Settings, done store.Replaced) error {
	d := replacedDocument{State: settings.State, Kept: done.Kept, Notes: []string{}}
	if done.Unread != nil {
		d.Notes = append(d.Notes, "the file that was there could not be read: "+exit.OneLine(done.Unread.Error()))
	}
	for _, p := range done.Pins {
		d.Notes = append(d.Notes, fmt.Sprintf("the %s of %s (%s: %s) is not in the backup, and stands all the same",
			pinNoun(p.Kind), newPinDocument("", p).Who, p.By, p.Why))
	}
	for _, lost := range done.Lost {
		d.Notes = append(d.Notes, "not taken over: "+lost)
	}
	ui.Say("%s is in place.", d.State)
	if d.Kept != "" {
		ui.Say("The file that was there is kept as %s.", d.Kept)
	}
	for _, note := range d.Notes {
		ui.Say("%s %s", ui.Yellow("!"), note)
	}
	ui.Say("kisi-sync plan says what the next run makes of it.")
	return ui.PrintJSON(d)
}
