package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/kisi-sync/kisi-sync/cmd/kisi-sync/internal/audit"
	"github.com/kisi-sync/kisi-sync/cmd/kisi-sync/internal/exit"
	"github.com/kisi-sync/kisi-sync/config"
	"github.com/kisi-sync/kisi-sync/internal/record"
	"github.com/kisi-sync/kisi-sync/internal/store"
)

func auditVerb(ui *call, c *common) *cobra.Command {
	cmd := group(&cobra.Command{
		Use: "audit", Short: "What kisi-sync did, saw and was told, from its own trail",
		Long: `The trail has a line for every call, every decision of a person, and everything that kisi-sync saw in Kisi otherwise than it
had left it. Each line is sealed with all before it. It tells what kisi-sync did and saw, and nothing else: what somebody
does in Kisi is known from when kisi-sync saw it.`,
		Example: `  kisi-sync audit show --person ana@example.com
  kisi-sync audit who Staff --at 2026-03-31`,
	})
	cmd.AddCommand(auditVerifyVerb(ui, c), auditShowVerb(ui, c), auditWhoVerb(ui, c), auditExportVerb(ui, c), auditPruneVerb(ui, c))
	return cmd
}

// trail is the audit trail for the verbs that read it.
type trail struct {
	ui       *call
	settings *config.Settings
	*store.Preview
	clocks clocks
}

// teller tells what the trail has.
func (t *trail) teller() *audit.Teller {
	return &audit.Teller{UI: t.ui.Voice, Settings: t.settings, Trail: t.Preview, Copy: copyOf(t.Preview, t.settings), Local: t.clocks.local}
}

// chosen does something with the lines that flags choose.
func (t *trail) chosen(f *filterFlags, do func(record.AuditFilter) error) error {
	want, err := f.filter(t.settings.Schedule.Zone)
	if err != nil {
		return err
	}
	return do(want)
}

// reading opens the trail for a verb and closes it again.
func reading(ui *call, c *common, read func(context.Context, *trail, []string) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) (err error) {
		settings, st, err := recollect(cmd.Context(), ui, c)
		if err != nil {
			return err
		}
		defer func() { err = exit.Also(err, st.Close()) }()
		clocks, err := newClocks(cmd.Context(), settings, st)
		if err != nil {
			return err
		}
		return read(cmd.Context(), &trail{ui, settings, st, clocks}, args)
	}
}

func auditVerifyVerb(ui *call, c *common) *cobra.Command {
	var from, anchors string
	cmd := &cobra.Command{
		Use: "verify", Short: "Walk the whole trail and see that no line was changed or taken away", Args: exactly(),
		Long: `Walks the whole trail: every line must fit all before it. Prints the trail's head; kept on another machine and given with
--from later, it proves that everything up to it is still the same. --anchor does that with all heads in a file: the one
that audit.anchor.file names, or the log of the syslog server.`,
		Example: `  kisi-sync audit verify
  kisi-sync audit verify --anchor /mnt/worm/kisi-sync-audit-heads
  kisi-sync audit verify --from 1204:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08`,
	}
	cmd.Flags().StringVar(&from, "from", "", "a `HEAD` that was kept elsewhere")
	cmd.Flags().StringVar(&anchors, "anchor", "", "a `FILE` with heads that were kept elsewhere")
	cmd.RunE = reading(ui, c, func(ctx context.Context, t *trail, _ []string) error {
		check := audit.Check{Named: anchors}
		if anchors != "" {
			check.Anchors = ui.path(anchors)
		}
		if from != "" {
			head, err := record.ParseHead(from)
			if err != nil {
				return exit.Usage(fmt.Errorf("--from: %w", err), "write it as audit verify has printed it")
			}
			check.Heads = append(check.Heads, head)
		}
		return t.teller().Verify(ctx, check)
	})
	return cmd
}

// filterFlags are the flags that choose lines.
type filterFlags struct {
	person, group, door, since, until string
	run                               uint64
}

func (f *filterFlags) add(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.person, "person", "", "lines about `PERSON`: an address, also an earlier one, a key, or the id of a Kisi user")
	cmd.Flags().StringVar(&f.group, "group", "", "lines about `GROUP`: a name, also an earlier one, or an id")
	cmd.Flags().StringVar(&f.door, "door", "", "lines about groups that opened `DOOR` then: a name (HQ / Garage), or an id")
	cmd.Flags().Uint64Var(&f.run, "run", 0, "lines of the run `NUMBER`")
	cmd.Flags().StringVar(&f.since, "since", "", "from `DAY` on (2026-03-31), or a moment (2026-03-31T18:00)")
	cmd.Flags().StringVar(&f.until, "until", "", "up to `DAY`, its end included, or a moment")
}

func (f *filterFlags) filter(zone *time.Location) (record.AuditFilter, error) {
	want := record.AuditFilter{Person: f.person, Group: f.group, Door: f.door, Run: f.run}
	var err error
	if f.since != "" {
		if want.Since, err = parseTime(f.since, zone, false); err != nil {
			return want, err
		}
	}
	if f.until != "" {
		want.Until, err = parseTime(f.until, zone, true)
	}
	return want, err
}

func auditShowVerb(ui *call, c *common) *cobra.Command {
	var f filterFlags
	cmd := &cobra.Command{
		Use: "show", Short: "Lines of the trail, oldest first", Args: exactly(),
		Long: `Prints what kisi-sync did, saw and was told: when, what, why, in which run, and who asked or approved. Without a flag all of
it; several flags choose what fits all of them. A suspension or a block closes every door of a person, so such lines are
shown for each group and door that the person held then. Each line is verified on the way.`,
		Example: `  kisi-sync audit show --person ana@example.com --since 2026-03-01
  kisi-sync audit show --group Staff --json | jq '.[].what'`,
	}
	f.add(cmd)
	cmd.RunE = reading(ui, c, func(ctx context.Context, t *trail, _ []string) error {
		return t.chosen(&f, func(want record.AuditFilter) error { return t.teller().Show(ctx, want) })
	})
	return cmd
}

func auditExportVerb(ui *call, c *common) *cobra.Command {
	var f filterFlags
	var asCSV, asLines bool
	cmd := &cobra.Command{
		Use: "export", Short: "Write the trail for other programs, as CSV or JSON Lines", Args: exactly(),
		Long: `Writes lines of the trail to standard output: --csv with a line of headings, for a spreadsheet, or --jsonl with one JSON
object a line. It names people.`,
		Example: `  kisi-sync audit export --csv > audit.csv
  kisi-sync audit export --jsonl --since 2026-01-01 > audit.jsonl`,
	}
	f.add(cmd)
	cmd.Flags().BoolVar(&asCSV, "csv", false, "comma-separated values")
	cmd.Flags().BoolVar(&asLines, "jsonl", false, "one JSON object a line")
	cmd.RunE = reading(ui, c, func(ctx context.Context, t *trail, _ []string) error {
		if asCSV == asLines || ui.JSON {
			return exit.Usage(errors.New("say which: --csv or --jsonl"), "audit show --json prints one JSON document")
		}
		w := record.NewJSONLines(ui.Out)
		if asCSV {
			w = record.NewCSV(ui.Out)
		}
		return t.chosen(&f, func(want record.AuditFilter) error { return audit.Broken(t.ExportAudit(ctx, want, w)) })
	})
	return cmd
}
