package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/user"
	"time"

	"github.com/spf13/cobra"

	"github.com/kisi-sync/kisi-sync/cmd/kisi-sync/internal/exit"
	"github.com/kisi-sync/kisi-sync/cmd/kisi-sync/internal/shape"
	"github.com/kisi-sync/kisi-sync/internal/daemon"
	"github.com/kisi-sync/kisi-sync/internal/record"
	"github.com/kisi-sync/kisi-sync/sync/engine"
	"github.com/kisi-sync/kisi-sync/sync/plan"
)

func applyVerb(ui *call, c *common) *cobra.Command {
	var yes bool
	var accept []string
	cmd := &cobra.Command{
		Use: "apply [PLAN]", Short: "Say what would happen, ask, and do it", Args: atMostOnePlan,
		Long: `Reads the directories and Kisi, shows the plan, asks, and carries it out. What is held is asked about first,
one question for each limit; then there is one question for all. Stopping it at any point is safe.

With a PLAN written by kisi-sync plan --out it asks nothing and does exactly that; when anything has changed since, it
prints the difference and does nothing.`,
		Example: `  kisi-sync apply
  kisi-sync apply friday.plan
  kisi-sync apply --yes          ask nothing; what is held stays held`,
	}
	cmd.Flags().BoolVarP(&yes, "yes", "y", false, "do not ask; what is held stays held")
	acceptFlag(cmd, &accept)
	cmd.RunE = func(cmd *cobra.Command, args []string) (err error) {
		var saved *plan.Saved
		if len(args) == 1 {
			if saved, err = readPlan(ui.path(args[0])); err != nil {
				return err
			}
		}
		ask := !yes && saved == nil
		s, err := open(cmd.Context(), ui, c, opening{asked: ui.me(), accept: accept, keep: true, writes: true, asks: ask})
		if err != nil {
			return err
		}
		defer s.closeInto(&err)
		if err := s.auditAccept(cmd.Context(), accept); err != nil {
			return err
		}
		return s.apply(cmd.Context(), saved, ask)
	}
	return cmd
}

func atMostOnePlan(cmd *cobra.Command, args []string) error {
	if len(args) > 1 {
		return exit.Usage(errors.New("one plan at a time"), seeHelp(cmd))
	}
	return nil
}

// canAsk refuses to begin when there will be a question and nobody to answer it.
func (u *call) canAsk() error {
	const instead = "kisi-sync apply --yes asks nothing; kisi-sync plan --out FILE and kisi-sync apply FILE do what somebody has looked at"
	switch {
	case u.JSON:
		return exit.Usage(errors.New("apply asks before it does anything, and with --json nobody is asked"), instead)
	case !u.Answers():
		return exit.Usage(errors.New("apply asks before it does anything, and there is nobody to ask"), instead)
	}
	return nil
}

// me is who asks, for the record.
func (u *call) me() string {
	if u.from != nil {
		return u.from.name
	}
	if u, err := user.Current(); err == nil {
		if os.Geteuid() == 0 {
			return record.AsRoot(u.Username, os.Getenv("SUDO_USER"))
		}
		return u.Username
	}
	return os.Getenv("USER")
}

// apply shows what would happen, asks, and carries it out; or carries out a saved plan.
func (s *session) apply(ctx context.Context, saved *plan.Saved, ask bool) error {
	readErr := s.read(ctx, false)
	if err := hopeless(ctx, readErr); err != nil {
		return s.untouched(err)
	}
	if readErr != nil && saved != nil {
		return exit.Failed(readErr, "nothing was done: a saved plan is carried out only when everything can be compared")
	}
	if err := s.leaversFirst(ctx); err != nil {
		return s.untouched(err)
	}
	if !ask {
		return exit.Also(readErr, s.inTurn(ctx, func(ctx context.Context) error { return s.applyUnasked(ctx, saved) }))
	}
	return exit.Also(readErr, s.applyAsked(ctx))
}

// applyUnasked carries out what it sees, or a saved plan if it is still that.
func (s *session) applyUnasked(ctx context.Context, saved *plan.Saved) error {
	o, err := s.look(ctx, true)
	if err != nil {
		return s.untouched(err)
	}
	if saved != nil {
		if err := s.same(*saved, o); err != nil {
			return err
		}
	}
	f := s.forecast(o)
	s.showPlan(f)
	if err := s.takeUp(ctx, o); err != nil {
		return err
	}
	return s.carry(ctx, f)
}

// applyAsked asks in between. Nobody waits for the answers but who asked: meanwhile the daemon may reconcile.
func (s *session) applyAsked(ctx context.Context) error {
	var o *engine.Outlook
	err := s.inTurn(ctx, func(ctx context.Context) (err error) {
		o, err = s.look(ctx, true)
		return s.untouched(err)
	})
	if err != nil {
		return err
	}
	f := s.forecast(o)
	f.asks = s.settings.Approvals.Allow(s.ui.me())
	s.showPlan(f)
	if err := s.proven(ctx, o); err != nil {
		return err
	}
	approved, yes, err := s.consult(ctx, o)
	if err != nil || !yes {
		return s.untouched(err)
	}
	return s.inTurn(ctx, func(ctx context.Context) error {
		o, err := s.decided(ctx, o, approved)
		if err != nil {
			return s.untouched(err)
		}
		if err := s.takeUp(ctx, o); err != nil {
			return err
		}
		return s.carry(ctx, s.forecast(o))
	})
}

// untouched is the end of a verb that failed before it did anything.
func (s *session) untouched(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, context.Canceled):
		return exit.Failed(errors.New("interrupted; nothing was done"), "")
	}
	return exit.Failed(err, "nothing was done")
}

// look observes Kisi and plans, and settles what an earlier run left open.
func (s *session) look(ctx context.Context, full bool) (o *engine.Outlook, err error) {
	if full && s.turn != nil && s.gaveWay >= daemon.GiveWays {
		defer s.lookingAtKisi()()
		err = s.turn.LookBeside(ctx, func(ctx context.Context, alone func(context.Context) error) (err error) {
			o, err = s.engine.LookBeside(ctx, full, alone)
			return err
		})
		return o, err
	}
	err = s.observe(ctx, func(ctx context.Context) (err error) {
		o, err = s.engine.Look(ctx, full)
		return err
	})
	return o, err
}

// fresh is how long an observation is good for while somebody thinks about a question.
const fresh = 10 * time.Minute

// still looks again when the answers took long, or when the daemon may have run meanwhile, and gives up when the plan is another one by now.
func (s *session) still(ctx context.Context, o *engine.Outlook) (*engine.Outlook, error) {
	if now().Sub(o.Run.Began) < fresh && s.ui.host() == nil {
		return o, nil
	}
	before := o.Plan.Save(o.Words, now())
	o, err := s.look(ctx, true)
	if err != nil {
		return nil, err
	}
	return o, s.same(before, o)
}

// difference is what --json prints when a saved plan is not today's.
type difference struct {
	Gone []string `json:"gone"`
	New  []string `json:"new"`
}

// same says that a plan would still do exactly what a saved one says.
func (s *session) same(saved plan.Saved, o *engine.Outlook) error {
	today := o.Plan.Save(o.Words, now())
	if saved.Organization != today.Organization {
		return exit.Usage(fmt.Errorf("the plan is for the organization %q, the file is about %q", saved.Organization, today.Organization), "nothing was done")
	}
	d := saved.Compare(today)
	if d.Empty() {
		return nil
	}
	if s.ui.JSON {
		if err := s.ui.Print(difference{shape.OrEmpty(d.Gone), shape.OrEmpty(d.New)}); err != nil {
			return err
		}
	}
	for _, line := range d.Gone {
		s.ui.Say("%s no longer: %s", s.ui.Red("-"), line)
	}
	for _, line := range d.New {
		s.ui.Say("%s now also: %s", s.ui.Green("+"), line)
	}
	return exit.Failed(errors.New("things have changed since the plan was made; nothing was done"), "make the plan again")
}
