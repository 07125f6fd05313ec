package main

import (
	"context"

	"github.com/spf13/cobra"
)

func syncVerb(ui *voice, c *common) *cobra.Command {
	var changes bool
	var accept []string
	cmd := &cobra.Command{
		Use: "sync", Short: "One run without questions, as from cron", Args: exactly(),
		Long: `Reads the directories and Kisi and does all that is not held. What is over a limit stays held, and exit code 3
says so. With --changes only people who differ from what is known are looked at in Kisi; when there are none, no call
is made. In mode: observe nothing is ever written, and sync says what mode: full would do.`,
		Example: `  kisi-sync sync
  kisi-sync sync --changes
  kisi-sync sync --json | jq '.steps'`,
	}
	cmd.Flags().BoolVar(&changes, "changes", false, "look in Kisi only at people who differ from what is known")
	acceptFlag(cmd, &accept)
	cmd.RunE = func(cmd *cobra.Command, _ []string) (err error) {
		s, err := open(cmd.Context(), ui, c, opening{asked: ui.me(), accept: accept, keep: true})
		if err != nil {
			return err
		}
		defer s.closeInto(&err)
		return s.sync(cmd.Context(), !changes)
	}
	return cmd
}

// sync is one run.
func (s *session) sync(ctx context.Context, full bool) error {
	readErr := s.read(ctx, full)
	if ctx.Err() != nil {
		return s.untouched(ctx.Err())
	}
	return also(readErr, s.inTurn(ctx, func(ctx context.Context) error { return s.lookAndCarry(ctx, full) }))
}

// lookAndCarry is what comes after reading.
func (s *session) lookAndCarry(ctx context.Context, full bool) error {
	o, err := s.look(ctx, full)
	if err != nil {
		return s.untouched(err)
	}
	f := s.forecast(o)
	s.showPlan(f)
	return s.carry(ctx, f)
}
