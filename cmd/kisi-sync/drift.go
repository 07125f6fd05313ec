package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/kisi-sync/kisi-sync/cmd/kisi-sync/internal/exit"
	"github.com/kisi-sync/kisi-sync/cmd/kisi-sync/internal/shape"
	"github.com/kisi-sync/kisi-sync/internal/access"
	"github.com/kisi-sync/kisi-sync/internal/record"
	"github.com/kisi-sync/kisi-sync/internal/store"
)

func driftVerb(ui *call, c *common) *cobra.Command {
	var accept, why string
	cmd := &cobra.Command{
		Use: "drift", Short: "What somebody did in Kisi to what is ours", Args: exactly(),
		Long: `Shows what differs in Kisi by somebody's hand from what kisi-sync gave or wrote, since when, and what was expected. It
stays as it is; each run over everybody tells of it until it is settled: undone in Kisi, done again with approve, no longer
wanted by the rules, or accepted here. What was accepted and changes again is told anew. Nobody is contacted: it is as the
last run over everybody saw it.`,
		Example: `  kisi-sync drift
  kisi-sync drift --accept 3f9a01c2 --why ticket-4711
  kisi-sync drift --json | jq -r '.drift[] | select(.accepted_by == null) | .who'`,
	}
	cmd.Flags().StringVar(&accept, "accept", "", "leave `ID` as it is, and be told no more")
	cmd.Flags().StringVar(&why, "why", "", "the reason, for the audit trail: `TEXT`; required with --accept")
	cmd.RunE = func(cmd *cobra.Command, _ []string) (err error) {
		switch {
		case accept != "":
			return acceptDrift(cmd.Context(), ui, c, accept, why)
		case why != "":
			return exit.Usage(errors.New("--why is the reason of --accept ID"), "kisi-sync drift shows the ids")
		}
		settings, st, err := recollect(cmd.Context(), ui, c)
		if err != nil {
			return err
		}
		defer func() { err = exit.Also(err, st.Close()) }()
		all, err := st.Drift(cmd.Context())
		if err != nil {
			return err
		}
		s := &session{ui: ui, settings: settings}
		if s.clocks, err = newClocks(cmd.Context(), settings, st); err != nil {
			return err
		}
		return s.showDrift(shape.Convert(all, newDriftRow))
	}
	return cmd
}

// driftRow is one drift as JSON.
type driftRow struct {
	ID       access.Digest  `json:"id"`
	Kind     string         `json:"kind"`
	Who      string         `json:"who"`
	Subject  string         `json:"subject"`
	Expected string         `json:"expected"`
	Found    string         `json:"found"`
	Since    string         `json:"since"`
	Step     *access.Digest `json:"step,omitempty"` // does it again, once approved; left out when nothing does
	By       *string        `json:"accepted_by,omitempty"`
	Why      string         `json:"why,omitempty"`
}

func newDriftRow(x access.Drift) driftRow {
	row := driftRow{ID: x.ID(), Kind: x.Kind, Who: x.Who, Subject: x.Subject, Expected: x.Expected, Found: x.Found, Since: shape.Stamp(x.Since), Why: x.Why}
	if x.Step != (access.Digest{}) {
		row.Step = &x.Step
	}
	if x.Accepted() {
		row.By = &x.By
	}
	return row
}

// showDrift prints what differs, and then what was accepted of it.
func (s *session) showDrift(all []driftRow) error {
	if s.ui.JSON {
		return s.ui.Print(map[string]any{"drift": shape.OrEmpty(all)})
	}
	if len(all) == 0 {
		s.ui.Say("Nothing in Kisi differs by somebody's hand.")
	}
	for _, accepted := range []bool{false, true} {
		for _, x := range all {
			if (x.By != nil) != accepted {
				continue
			}
			s.ui.Say("%s", s.clocks.local(fmt.Sprintf("%s  %s, %s: expected: %s; found: %s; since %s", x.ID.Short(), x.Who, x.Subject, x.Expected, x.Found, s.moment(x.Since))))
			switch {
			case accepted:
				s.ui.Say("          accepted by %s: %s", *x.By, x.Why)
			case x.Step != nil:
				s.ui.Say("          kisi-sync approve %s --why TEXT does it again", x.Step.Short())
			}
		}
	}
	return nil
}

func acceptDrift(ctx context.Context, ui *call, c *common, id, why string) (err error) {
	if err := reasoned(why); err != nil {
		return err
	}
	m, err := remember(ctx, ui, c)
	if err != nil {
		return err
	}
	defer m.closeInto(ctx, &err)
	if err := mayApprove(m.settings, m.ui.me()); err != nil {
		return err
	}
	x, err := m.AcceptDrift(ctx, id, record.Said{By: m.ui.me(), Why: why})
	if errors.Is(err, store.ErrNoDrift) {
		return exit.Failed(err, "kisi-sync drift shows the ids; nothing was accepted")
	}
	if err != nil {
		return err
	}
	if ui.JSON {
		return ui.Print(newDriftRow(x))
	}
	clocks, err := newClocks(ctx, m.settings, m)
	if err != nil {
		return err
	}
	ui.Say("%s", clocks.local(fmt.Sprintf("Accepted: %s, %s stays as it is (%s).", x.Who, x.Subject, x.Found)))
	return nil
}
