package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/kisi-sync/kisi-sync/cmd/kisi-sync/internal/audit"
	"github.com/kisi-sync/kisi-sync/cmd/kisi-sync/internal/exit"
	"github.com/kisi-sync/kisi-sync/cmd/kisi-sync/internal/voice"
	"github.com/kisi-sync/kisi-sync/internal/record"
	"github.com/kisi-sync/kisi-sync/internal/store"
)

// keptDays is how much of the trail is never cut: what went wrong is mostly noticed within weeks, and whoever wants to hide it has the
// same reason to cut.
const keptDays = 90

// pruning is audit prune.
type pruning struct {
	before, why string
	yes         bool
	unsent      bool // also what the syslog server does not have
}

func auditPruneVerb(ui *call, c *common) *cobra.Command {
	p := &pruning{}
	cmd := &cobra.Command{
		Use: "prune", Short: "Cut old lines off the beginning of the trail, where a rule says that they must go", Args: exactly(),
		Long: `Takes lines from before a day off the beginning of the trail, after it has shown which, and asked. Who held what then stays
known, so that audit who answers as before for every moment since. The trail carries on from the digest of the last line
that went, and a line at its end says who cut it and why: audit verify finds it whole. Nothing is ever cut by itself, and
nothing of the last 90 days at all. Export first what goes. Lines that the syslog server of audit.syslog does not have yet
are not cut, unless --unsent says so.`,
		Example: `  kisi-sync audit export --jsonl --until 2025-12-31 > audit-2025.jsonl
  kisi-sync audit prune --before 2026-01-01 --why policy-12`,
	}
	cmd.Flags().StringVar(&p.before, "before", "", "lines from before `DAY` (2026-01-01) go; required")
	cmd.Flags().StringVar(&p.why, "why", "", "the reason, for the audit trail: `TEXT`; required")
	cmd.Flags().BoolVar(&p.yes, "yes", false, "do not ask")
	cmd.Flags().BoolVar(&p.unsent, "unsent", false, "cut also what the syslog server was not sent, and never will be then")
	cmd.RunE = func(cmd *cobra.Command, _ []string) (err error) {
		if err := p.complete(ui); err != nil {
			return err
		}
		m, err := remember(cmd.Context(), ui, c)
		if err != nil {
			return err
		}
		defer m.closeInto(cmd.Context(), &err)
		if err := mayApprove(m.settings, m.ui.me()); err != nil {
			return err
		}
		return p.prune(cmd.Context(), m)
	}
	return cmd
}

// complete refuses what lacks something, and to begin when there will be a question and nobody to answer it.
func (p *pruning) complete(ui *call) error {
	if p.before == "" {
		return exit.Usage(errors.New("say up to where: --before DAY"), "nothing was cut")
	}
	if err := reasoned(p.why); err != nil {
		return err
	}
	if !p.yes && (ui.JSON || !ui.Answers()) {
		return exit.Usage(errors.New("audit prune asks before it cuts, and there is nobody to ask"), "with --yes it does not ask; nothing was cut")
	}
	return nil
}

// pruneDocument is what audit prune --json prints.
type pruneDocument struct {
	Lines  uint64    `json:"lines"` // that went
	From   time.Time `json:"from"`  // the first of them
	To     time.Time `json:"to"`    // the last of them
	Last   string    `json:"last"`  // the head that the trail carries on from
	Left   uint64    `json:"left"`  // lines that are still there
	Head   string    `json:"head"`
	Reason string    `json:"why"`
}

func (p *pruning) prune(ctx context.Context, m *memory) error {
	before, err := parseTime(p.before, m.settings.Schedule.Zone, false)
	if err != nil {
		return err
	}
	goes, err := m.Prunable(ctx, before)
	if err != nil {
		return exit.Failed(err, audit.VerifyHint(err))
	}
	if err := p.recent(m.settings.Schedule.Zone, before, goes.End); err != nil {
		return err
	}
	if goes.Lines == 0 {
		m.ui.Say("No line is from before %s. Nothing was cut.", p.before)
		return m.ui.PrintJSON(map[string]int{"lines": 0})
	}
	if err := p.sent(ctx, m, goes); err != nil {
		return err
	}
	if yes, err := p.agreed(ctx, m, goes); err != nil || !yes {
		return err
	}
	return p.cut(ctx, m, before, goes)
}

// recent refuses a cut that would take from the last days. They are counted from the last line, so that a clock that runs ahead makes
// nothing old.
func (p *pruning) recent(zone *time.Location, before, end time.Time) error {
	last := now()
	if !end.IsZero() && end.Before(last) {
		last = end
	}
	if kept := last.AddDate(0, 0, -keptDays); before.After(kept) {
		return exit.Usage(fmt.Errorf("the last %d days of the trail are never cut", keptDays),
			"the latest day that --before may name now is "+kept.In(zone).Format(time.DateOnly)+"; nothing was cut")
	}
	return nil
}

// sent refuses to cut what the syslog server does not have: a line that was cut can never be sent.
func (p *pruning) sent(ctx context.Context, m *memory, goes store.Prunable) error {
	c := copyOf(m.Store, m.settings)
	if c == nil || p.unsent {
		return nil
	}
	u, err := c.Unsent(ctx)
	if err != nil || u.Lines == 0 || u.First > goes.Last.Number {
		return err
	}
	lacking := goes.Last.Number - u.First + 1
	return exit.Failed(fmt.Errorf("%s of those that would go %s not sent to %s yet", voice.Count(int(lacking), "line", "lines"), wereOrWas(lacking), c.To),
		"kisi-sync status says how far it is, and the log why; with --unsent they are cut all the same, and the server never gets them; nothing was cut")
}

func wereOrWas(n uint64) string {
	if n == 1 {
		return "was"
	}
	return "were"
}

// agreed shows what goes, and asks.
func (p *pruning) agreed(ctx context.Context, m *memory, goes store.Prunable) (bool, error) {
	at := func(t time.Time) string { return t.In(m.settings.Schedule.Zone).Format("2006-01-02 15:04:05 MST") }
	m.ui.Say("%s go, from %s to %s; %d stay.", voice.Count(int(goes.Lines), "line", "lines"), at(goes.From), at(goes.To), goes.Left)
	m.ui.Say("Afterwards nobody can ask about moments before %s, or read those lines: kisi-sync audit export writes them elsewhere first.", at(goes.To))
	m.ui.Say("The trail carries on from %s, and verifies as before.", goes.Last)
	if p.yes {
		return true, nil
	}
	yes, err := m.ui.Ask(ctx, fmt.Sprintf("\nCut %s off?", voice.Count(int(goes.Lines), "line", "lines")))
	if err == nil && !yes {
		m.ui.Say("Nothing was cut.")
	}
	return yes, err
}

func (p *pruning) cut(ctx context.Context, m *memory, before time.Time, goes store.Prunable) error {
	n, err := m.PruneAudit(ctx, store.Pruning{Before: before, Said: record.Said{By: m.ui.me(), Why: p.why}})
	if err != nil {
		return exit.Failed(err, "nothing was cut")
	}
	if _, err := m.VerifyAudit(ctx); err != nil {
		return exit.Failed(err, audit.VerifyHint(err))
	}
	head, err := m.AuditHead(ctx)
	if err != nil {
		return err
	}
	m.ui.Say("%s cut off, and the rest holds. Head: %s", voice.Count(int(n), "line was", "lines were"), head)
	return m.ui.PrintJSON(pruneDocument{Lines: n, From: goes.From.UTC(), To: goes.To.UTC(), Last: goes.Last.String(), Left: goes.Left + 1, Head: head.String(), Reason: p.why})
}
