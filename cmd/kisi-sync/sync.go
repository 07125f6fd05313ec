package main

import (
	"errors"

	"github.com/spf13/cobra"
)

func syncVerb(ui *voice, c *common) *cobra.Command {
	var changes bool
	var accept []string
	cmd := &cobra.Command{
		Use: "sync", Short: "One run without questions, as from cron", Args: exactly(),
		Long: `Reads the directories and Kisi and does all that is not held. What is over a limit stays held, and
exit code 3 says so. With --changes only people who differ from what is known are looked at in Kisi; when there are none,
no call is made.`,
		Example: `  kisi-sync sync
  kisi-sync sync --changes --json`,
	}
	cmd.Flags().BoolVar(&changes, "changes", false, "look in Kisi only at people who differ from what is known")
	cmd.Flags().StringSliceVar(&accept, "accept", nil, "believe what `SOURCE` says now, however much is missing")
	cmd.RunE = func(cmd *cobra.Command, _ []string) (err error) {
		s, err := open(cmd.Context(), ui, c, opening{asked: me(), accept: accept, keep: true})
		if err != nil {
			return err
		}
		defer s.closeInto(&err)
		readErr := s.read(cmd.Context(), !changes)
		o, err := s.engine.Look(cmd.Context(), !changes)
		if err != nil {
			return errors.Join(readErr, err)
		}
		if !ui.json {
			s.showPlan(o)
		}
		return s.carry(cmd.Context(), o, readErr)
	}
	return cmd
}
