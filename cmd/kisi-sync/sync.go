package main

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"github.com/kisi-sync/kisi-sync/cmd/kisi-sync/internal/exit"
	"github.com/kisi-sync/kisi-sync/cmd/kisi-sync/internal/explain"
	"github.com/kisi-sync/kisi-sync/cmd/kisi-sync/internal/shape"
	"github.com/kisi-sync/kisi-sync/sync/engine"
	"github.com/kisi-sync/kisi-sync/sync/plan"
)

func syncVerb(ui *call, c *common) *cobra.Command {
	var changes bool
	var person string
	var accept []string
	cmd := &cobra.Command{
		Use: "sync", Short: "One run without questions, as from cron", Args: exactly(),
		Long: `Reads the directories and Kisi and does all that is not held. What is over a limit stays held, and exit code 3
says so. With --changes only people who differ from what is known are looked at in Kisi; when there are none, no call
is made. With --person the directories are read and one person is brought in step, within seconds. In mode: observe
nothing is ever written, and sync says what mode: full would do.`,
		Example: `  kisi-sync sync
  kisi-sync sync --changes
  kisi-sync sync --person ana@example.com      one person, now, with the reason of each decision
  kisi-sync sync --json | jq '.steps'`,
	}
	cmd.Flags().BoolVar(&changes, "changes", false, "look in Kisi only at people who differ from what is known")
	cmd.Flags().StringVar(&person, "person", "", "bring one `PERSON` in step, as explain takes it, and show each decision")
	acceptFlag(cmd, &accept)
	cmd.RunE = func(cmd *cobra.Command, _ []string) (err error) {
		if changes && person != "" {
			return exit.Usage(errors.New("--changes and --person: one at a time"), "a person is looked at anyway, changed or not")
		}
		o := opening{asked: ui.me(), accept: accept, keep: true}
		if person != "" || ui.host() != nil { // where a daemon keeps the schedule, this is no cron job: somebody waits
			o.patience = watched
		}
		s, err := open(cmd.Context(), ui, c, o)
		if err != nil {
			return err
		}
		defer s.closeInto(&err)
		if err := s.auditAccept(cmd.Context(), accept); err != nil {
			return err
		}
		if person != "" {
			return s.syncPerson(cmd.Context(), person)
		}
		return s.sync(cmd.Context(), !changes)
	}
	return cmd
}

// sync is one run.
func (s *session) sync(ctx context.Context, full bool) error {
	readErr := s.read(ctx, full)
	if err := hopeless(ctx, readErr); err != nil {
		return s.untouched(err)
	}
	if err := s.leaversFirst(ctx); err != nil {
		return s.untouched(err)
	}
	return exit.Also(readErr, s.inTurn(ctx, func(ctx context.Context) error { return s.lookAndCarry(ctx, full) }))
}

// lookAndCarry is what comes after reading.
func (s *session) lookAndCarry(ctx context.Context, full bool) error {
	o, err := s.look(ctx, full)
	if err != nil {
		return s.untouched(err)
	}
	f := s.forecast(o)
	s.showPlan(f)
	if err := s.takeUp(ctx, o); err != nil {
		return err
	}
	return s.carry(ctx, f)
}

// syncPerson is a run about one person. Limits count whom they have counted lately, and this person besides.
func (s *session) syncPerson(ctx context.Context, who string) error {
	readErr := s.read(ctx, false)
	if ctx.Err() != nil {
		return s.untouched(ctx.Err())
	}
	return exit.Also(readErr, s.inTurn(ctx, func(ctx context.Context) error {
		var x *engine.Explanation
		err := s.observe(ctx, func(ctx context.Context) (err error) {
			x, err = s.engine.LookAtPerson(ctx, who)
			return err
		})
		if err != nil {
			return s.untouched(err)
		}
		if err := s.proven(ctx, x.Outlook); err != nil {
			return err
		}
		f := s.forecast(x.Outlook)
		shown := explain.New(x)
		shown.Next = shape.Convert(f.told.Summary(f.Words), func(l plan.Line) shape.NextLine { return shape.NextLine{Text: l.Text, Hold: l.Hold} })
		s.teller().Person(shown)
		s.showProblems(f)
		s.showTotals(f)
		return s.carry(ctx, f)
	}))
}
