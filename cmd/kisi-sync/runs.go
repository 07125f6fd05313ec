package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/kisi-sync/kisi-sync/cmd/kisi-sync/internal/audit"
	"github.com/kisi-sync/kisi-sync/cmd/kisi-sync/internal/exit"
	"github.com/kisi-sync/kisi-sync/cmd/kisi-sync/internal/shape"
	"github.com/kisi-sync/kisi-sync/cmd/kisi-sync/internal/status"
	"github.com/kisi-sync/kisi-sync/internal/record"
)

func runsVerb(ui *call, c *common) *cobra.Command {
	n := 20
	cmd := &cobra.Command{
		Use: "runs", Short: "The last runs, and how each ended", Args: exactly(),
		Long:    "Lists the last runs, newest first. Nobody is contacted. runs show tells everything about one.",
		Example: "  kisi-sync runs\n  kisi-sync runs --count 200 --json | jq '.[] | select(.error)'\n  kisi-sync runs show 4711",
		RunE: reading(ui, c, func(ctx context.Context, t *trail, _ []string) error {
			if n < 1 {
				return exit.Usage(fmt.Errorf("--count %d: expected 1 or more", n), "")
			}
			return t.listRuns(ctx, n)
		}),
	}
	cmd.Flags().IntVarP(&n, "count", "n", n, "how many: `N`")
	cmd.AddCommand(&cobra.Command{
		Use: "show NUMBER", Short: "Everything that is remembered of one run", Args: exactly("NUMBER"),
		Long:    "Shows a run: who asked for it, how each source was read, what was done and seen, and what could not be decided.",
		Example: "  kisi-sync runs show 4711\n  kisi-sync runs show 4711 --json | jq '.problems[] | .text'",
		RunE:    reading(ui, c, func(ctx context.Context, t *trail, args []string) error { return t.showRun(ctx, args[0]) }),
	})
	return cmd
}

func (t *trail) listRuns(ctx context.Context, n int) error {
	runs, err := t.Runs(ctx, n)
	if err != nil {
		return err
	}
	rows := make([]shape.Run, len(runs))
	for i := range runs {
		rows[i] = shape.NewRun(&runs[i])
	}
	if t.ui.JSON {
		return t.ui.Print(rows)
	}
	s := &status.Teller{UI: t.ui.Voice, Zone: t.settings.Schedule.Zone}
	for i := range rows {
		t.ui.Say("%6d  %s", rows[i].Run, s.RunLine(&rows[i]))
	}
	if len(rows) == 0 {
		t.ui.Say("There was no run yet.")
	}
	return nil
}

// runShown is what runs show --json prints.
type runShown struct {
	shape.Run
	Sources  []shape.Source  `json:"sources"`
	Problems []shape.Problem `json:"problems"`
	Lines    json.RawMessage `json:"lines"` // of the audit trail, as audit show --json prints them
}

func (t *trail) showRun(ctx context.Context, number string) error {
	id, err := strconv.ParseUint(number, 10, 64)
	if err != nil {
		return exit.Usage(fmt.Errorf("%q is not the number of a run", number), "kisi-sync runs lists them")
	}
	runs, err := t.Runs(ctx, status.ManyRuns)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(runs, func(r record.Run) bool { return r.ID == id })
	if i < 0 {
		return exit.Failed(fmt.Errorf("nothing is remembered of a run %d", id), "kisi-sync runs lists those that are; kisi-sync audit show knows what older ones did")
	}
	r := &runs[i]
	d := runShown{Run: shape.NewRun(r), Sources: shape.Convert(r.Sources, shape.NewSource), Problems: shape.Convert(r.Problems, func(p record.Problem) shape.Problem {
		return shape.Problem{Kind: p.Kind, Who: p.Who, Text: p.Text, Hint: p.Hint, Count: max(1, p.Count)}
	})}
	want := record.AuditFilter{Run: id, Since: r.Began}
	if t.ui.JSON {
		if d.Lines, err = t.teller().LinesJSON(ctx, want); err != nil {
			return err
		}
		return t.ui.Print(d)
	}
	s := &session{ui: t.ui, settings: t.settings}
	t.ui.Say("%s  %s", t.ui.Bold(fmt.Sprintf("run %d", id)), (&status.Teller{UI: t.ui.Voice, Zone: t.settings.Schedule.Zone}).RunLine(&d.Run))
	for _, source := range r.Sources {
		s.sayRead(source)
	}
	for _, p := range d.Problems {
		t.ui.Say("%s %s: %s", t.ui.Yellow("!"), p.Who, p.Text)
	}
	return t.sayRunLines(ctx, want)
}

// sayRunLines prints what the trail has of a run: what was done, tried and seen in it.
func (t *trail) sayRunLines(ctx context.Context, want record.AuditFilter) error {
	const enough = 40
	n := 0
	err := t.EachAudit(ctx, want, func(e *record.Entry) error {
		if n++; n <= enough {
			t.ui.Say("  %d  %s  %s%s", e.Number, t.teller().Moment(e.At), t.clocks.local(e.What), audit.OutcomeWords(e))
		}
		return nil
	})
	switch {
	case n > enough:
		t.ui.Say("  … and %d more", n-enough)
		fallthrough
	case n > 0:
		t.ui.Say("kisi-sync audit show --run %d says of each why, and by which rule.", want.Run)
	}
	return audit.Broken(err)
}

// sayRead says how a source had been read for a run.
func (s *session) sayRead(d record.SourceStatus) {
	if d.Error != "" {
		s.ui.Say("  %s source %s could not be read: %s", s.ui.Red("✗"), d.Name, exit.OneLine(d.Error))
		return
	}
	s.ui.Say("  source %s: %s", d.Name, sizeOf(d))
	for _, remark := range d.Remarks {
		s.ui.Say("    %s %s", s.ui.Yellow("!"), exit.OneLine(remark))
	}
}

func pauseVerb(ui *call, c *common) *cobra.Command {
	var why string
	cmd := &cobra.Command{
		Use: "pause", Short: "Send nothing to Kisi until resume", Args: exactly(),
		Long: `Stops after the call under way. Directories are still read, and what is to be done is still known; it is done after resume.
A pause outlives restarts. It holds up leavers, too: while it lasts, nobody loses a door.`,
		Example: "  kisi-sync pause --why ticket-4711\n  kisi-sync resume",
	}
	cmd.Flags().StringVar(&why, "why", "", "the reason, for status and for the audit trail: `TEXT`; required")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if err := reasoned(why); err != nil {
			return err
		}
		return pausing(cmd.Context(), ui, c, record.Said{Why: why}, true)
	}
	return cmd
}

func resumeVerb(ui *call, c *common) *cobra.Command {
	return &cobra.Command{
		Use: "resume", Short: "End a pause", Args: exactly(),
		Long:    "Ends a pause. A daemon goes on at once with what has come up meanwhile; what is over a limit is held, as always.",
		Example: "  kisi-sync resume",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return pausing(cmd.Context(), ui, c, record.Said{Why: "resume"}, false)
		},
	}
}

// pauseDocument is what pause --json and resume --json print.
type pauseDocument struct {
	Paused bool   `json:"paused"`
	By     string `json:"by"`
}

func pausing(ctx context.Context, ui *call, c *common, said record.Said, on bool) (err error) {
	m, err := remember(ctx, ui, c)
	if err != nil {
		return err
	}
	if !m.shared {
		defer func() { err = exit.Also(err, m.Close()) }()
	}
	said.By = ui.me()
	switch h := ui.host(); {
	case h != nil && on:
		err = h.ops.Pause(ctx, said)
	case h != nil:
		err = h.ops.Resume(ctx, said)
	case on:
		_, err = m.Pause(ctx, said)
	default:
		err = m.Resume(ctx, said)
	}
	if err != nil {
		return err
	}
	if on {
		ui.Say("Paused: nothing is sent to Kisi until kisi-sync resume, not even for leavers.")
	} else {
		ui.Say("Resumed.")
	}
	return ui.PrintJSON(pauseDocument{Paused: on, By: said.By})
}

func reloadVerb(ui *call, c *common) *cobra.Command {
	return &cobra.Command{
		Use: "reload", Short: "Have the daemon read its configuration again", Args: exactly(),
		Long: `The daemon reads the file again, runs the tests in it, and goes by it from then on. With a file that is wrong it keeps the
one that it has, and says what is wrong.`,
		Example: "  kisi-sync reload",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := ui.beside(cmd.Context(), c); err != nil {
				return err
			}
			h := ui.host()
			if h == nil {
				return exit.Failed(errors.New("no daemon is running"), "nothing is to be done: every verb reads the file anew, and so does a daemon that starts")
			}
			if err := h.ops.Reload(cmd.Context(), ui.me()); err != nil {
				return exit.Failed(err, "the daemon goes on by the file that it has")
			}
			ui.Say("The daemon goes by %s as it is now.", h.daemon().settings.File)
			return ui.PrintJSON(map[string]bool{"reloaded": true})
		},
	}
}
