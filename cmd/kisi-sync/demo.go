package main

import (
	"errors"

	"github.com/spf13/cobra"

	"github.com/kisi-sync/kisi-sync/cmd/kisi-sync/internal/demo"
	"github.com/kisi-sync/kisi-sync/cmd/kisi-sync/internal/exit"
)

func demoVerb(ui *call, _ *common) *cobra.Command {
	var keep, stage bool
	var dir string
	cmd := &cobra.Command{
		Use: "demo", Short: "See it work, with a made-up company in this process", Args: exactly(),
		Long: `Starts an LDAP directory of some sixty people and a simulated Kisi organization, both in this process and on loopback,
writes out the configuration, shows the plan, applies it, and then lets things happen: a joiner, a mover, a leaver, a
renamed group, and a mass removal. Nothing outside this machine is contacted, and no account is needed.

It takes a minute and a half, because the simulated Kisi takes no more than five calls a second, like the real one. On a
terminal it waits for Enter between chapters; q ends it.`,
		Example: `  kisi-sync demo
  kisi-sync demo --keep              then stay up, to try other verbs against it
  kisi-sync demo --stage --dir try   stay up without the story, with its files in the folder try`,
	}
	cmd.Flags().BoolVar(&keep, "keep", false, "stay up at the end, so that other verbs can be tried")
	cmd.Flags().BoolVar(&stage, "stage", false, "leave the story out and stay up: plan and apply are yours to try")
	cmd.Flags().StringVar(&dir, "dir", "", "write configuration and state to `FOLDER`, which must be new or empty (default: a temporary one)")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if ui.JSON {
			return exit.Usage(errors.New("the demo is a story for people; it has no --json"), "kisi-sync demo --keep stays up, and its verbs have")
		}
		d, err := demo.New(ui.Voice, demo.Options{Dir: dir, Now: now, Run: runWithin})
		if err != nil {
			return err
		}
		defer d.Close()
		if !stage {
			if err := d.Play(cmd.Context()); err != nil {
				return err
			}
		}
		return d.Next(cmd.Context(), keep || stage)
	}
	return cmd
}
