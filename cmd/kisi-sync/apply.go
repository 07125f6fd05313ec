package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/user"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/kisi-sync/kisi-sync/internal/access"
	"github.com/kisi-sync/kisi-sync/internal/record"
	"github.com/kisi-sync/kisi-sync/sync/apply"
	"github.com/kisi-sync/kisi-sync/sync/engine"
	"github.com/kisi-sync/kisi-sync/sync/plan"
)

func applyVerb(ui *voice, c *common) *cobra.Command {
	var yes bool
	var accept []string
	cmd := &cobra.Command{
		Use: "apply [PLAN]", Short: "Say what would happen, ask, and do it", Args: cobra.MaximumNArgs(1),
		Long: `Reads the directories and Kisi, shows the plan, asks, and carries it out. What is over a limit is asked
about by itself; without a terminal it stays held. With a PLAN written by kisi-sync plan --out it does exactly that,
or, when anything has changed since, prints the difference and does nothing.`,
		Example: `  kisi-sync apply
  kisi-sync apply friday.plan
  kisi-sync apply --yes        do all that is not held, without asking`,
	}
	cmd.Flags().BoolVarP(&yes, "yes", "y", false, "do not ask; what is over a limit stays held")
	cmd.Flags().StringSliceVar(&accept, "accept", nil, "believe what `SOURCE` says now, however much is missing")
	cmd.RunE = func(cmd *cobra.Command, args []string) (err error) {
		if !yes && !ui.terminal && len(args) == 0 {
			return usage(errors.New("apply asks before it does anything, and there is nobody to ask"),
				"use kisi-sync apply --yes, or kisi-sync plan --out FILE and kisi-sync apply FILE")
		}
		s, err := open(cmd.Context(), ui, c, opening{asked: me(), accept: accept, keep: true})
		if err != nil {
			return err
		}
		defer s.closeInto(&err)
		if len(args) == 1 {
			return s.applySaved(cmd.Context(), args[0])
		}
		return s.apply(cmd.Context(), yes)
	}
	return cmd
}

// me is who is at the command line, for the record.
func me() string {
	if u, err := user.Current(); err == nil {
		return u.Username
	}
	return os.Getenv("USER")
}

// apply shows, asks and carries out.
func (s *session) apply(ctx context.Context, yes bool) error {
	readErr := s.read(ctx, false)
	o, err := s.engine.Look(ctx, true)
	if err != nil {
		return errors.Join(readErr, err)
	}
	s.showPlan(o)
	if !yes {
		if err := s.askAboutHolds(ctx, o); err != nil {
			return err
		}
		if o.Plan.Do() > 0 && !s.ui.ask(fmt.Sprintf("\nCarry out %s?", count(o.Plan.Do(), "step", "steps"))) {
			s.ui.say("Nothing was done.")
			return readErr
		}
		if o, err = s.still(ctx, o); err != nil {
			return err
		}
	}
	return s.carry(ctx, o, readErr)
}

// fresh is how long an observation is good for while somebody thinks about a question.
const fresh = 10 * time.Minute

// still looks again when the answer took long, and gives up when the plan is another one by now.
func (s *session) still(ctx context.Context, o *engine.Outlook) (*engine.Outlook, error) {
	if now().Sub(o.Run.Began) < fresh {
		return o, nil
	}
	before := o.Plan.Save(o.Words, now())
	o, err := s.engine.Look(ctx, true)
	if err != nil {
		return nil, err
	}
	return o, s.same(before, o)
}

// askAboutHolds turns each limit that holds something into a question. An approval is good for exactly these steps, once.
func (s *session) askAboutHolds(ctx context.Context, o *engine.Outlook) error {
	reasons, steps := heldByLimit(o.Plan)
	approved := false
	for _, reason := range reasons {
		s.ui.say("\n%s %s.", s.ui.yellow("Over a limit:"), reason)
		if !s.ui.ask(fmt.Sprintf("Approve these %s, this once?", count(len(steps[reason]), "step", "steps"))) {
			continue
		}
		approved = true
		if err := s.engine.Approve(ctx, o, steps[reason], me(), "asked by apply"); err != nil {
			return err
		}
	}
	if !approved {
		return nil
	}
	return s.engine.Reconsider(ctx, o)
}

func heldByLimit(p *plan.Plan) (reasons []string, steps map[string][]access.Digest) {
	steps = map[string][]access.Digest{}
	for i := range p.Steps {
		h := p.Steps[i].Hold
		if h == nil || h.Kind != access.HeldByLimit {
			continue
		}
		if !slices.Contains(reasons, h.Text) {
			reasons = append(reasons, h.Text)
		}
		steps[h.Text] = append(steps[h.Text], p.Steps[i].ID)
	}
	return reasons, steps
}

// applySaved carries out a saved plan if it is still today's.
func (s *session) applySaved(ctx context.Context, path string) error {
	saved, err := readPlan(path)
	if err != nil {
		return err
	}
	if err := s.read(ctx, false); err != nil {
		return err
	}
	o, err := s.engine.Look(ctx, true)
	if err != nil {
		return err
	}
	if err := s.same(saved, o); err != nil {
		return err
	}
	return s.carry(ctx, o, nil)
}

// same says that a plan would still do exactly what a saved one says.
func (s *session) same(saved plan.Saved, o *engine.Outlook) error {
	today := o.Plan.Save(o.Words, now())
	if saved.Organization != today.Organization {
		return usage(fmt.Errorf("the plan is for the organization %q, the file is about %q", saved.Organization, today.Organization), "")
	}
	difference := saved.Compare(today)
	if difference.Empty() {
		return nil
	}
	for _, line := range difference.Gone {
		s.ui.say("- no longer: %s", line)
	}
	for _, line := range difference.New {
		s.ui.say("+ now also: %s", line)
	}
	return &exit{code: exitFailed, err: errors.New("things have changed since the plan was made; nothing was done"), hint: "make the plan again"}
}

// carry carries out a plan with progress and says how it ended.
func (s *session) carry(ctx context.Context, o *engine.Outlook, readErr error) error {
	progress := s.ui.progress(o.Plan.Calls())
	run, report, err := s.engine.Carry(ctx, o, apply.Options{Progress: progress.step})
	progress.end()
	s.showRun(run, report)
	switch {
	case err != nil || readErr != nil:
		return errors.Join(err, readErr)
	case report.Refused+report.Unknown+report.Blocked > 0 || len(o.Unsettled) > 0:
		return &exit{code: exitFailed, err: errors.New("not everything could be done"), hint: "the next run tries again by itself"}
	case report.Held > 0:
		return &exit{code: exitHeld}
	}
	return nil
}

// showRun says how a run ended.
func (s *session) showRun(run record.Run, report apply.Report) {
	if s.ui.json {
		_ = s.ui.print(run)
		return
	}
	for _, f := range report.Failures {
		s.ui.say("%s %s: %v", s.ui.red("✗"), f.Step.Describe(nil), f.Err)
	}
	st := run.Steps
	text := fmt.Sprintf("Done: %s", count(st.Done, "step", "steps"))
	for _, more := range []struct {
		n    int
		what string
	}{{st.Held, "held"}, {st.Blocked, "blocked by others"}, {st.Refused, "refused"}, {st.Unknown, "with unknown outcome"}, {st.Left, "not begun"}} {
		if more.n > 0 {
			text += fmt.Sprintf(", %d %s", more.n, more.what)
		}
	}
	s.ui.say("%s. (run %d, %s)", text, run.ID, round(run.Ended.Sub(run.Began)))
}
