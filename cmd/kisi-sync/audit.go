package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/kisi-sync/kisi-sync/cmd/kisi-sync/internal/exit"
	"github.com/kisi-sync/kisi-sync/cmd/kisi-sync/internal/shape"
	"github.com/kisi-sync/kisi-sync/cmd/kisi-sync/internal/voice"
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

func (t *trail) moment(at time.Time) string {
	return at.In(t.settings.Schedule.Zone).Format("2006-01-02 15:04:05 MST")
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
	cmd.RunE = reading(ui, c, func(ctx context.Context, t *trail, _ []string) error { return t.verify(ctx, from, anchors) })
	return cmd
}

// verifyDocument is what audit verify --json prints.
type verifyDocument struct {
	Lines   uint64           `json:"lines"` // that hold
	Head    string           `json:"head"`
	Anchors *anchorsDocument `json:"anchors,omitempty"` // with --anchor
}

func (t *trail) verify(ctx context.Context, from, anchors string) error {
	d := verifyDocument{}
	var heads []record.Head
	if anchors != "" {
		var err error
		d.Anchors = &anchorsDocument{}
		if heads, d.Anchors.Others, err = t.readAnchors(anchors); err != nil {
			return err
		}
	}
	if from != "" {
		head, err := record.ParseHead(from)
		if err != nil {
			return exit.Usage(fmt.Errorf("--from: %w", err), "write it as audit verify has printed it")
		}
		heads = append(heads, head)
	}
	head, err := t.AuditHead(ctx)
	if err != nil {
		return err
	}
	v, err := t.VerifyAuditAgainst(ctx, heads)
	if d.Lines, d.Head = v.Lines, head.String(); d.Anchors != nil {
		d.Anchors.Met, d.Anchors.Gone = v.Met, v.Gone
	}
	if jsonErr := t.ui.PrintJSON(d); jsonErr != nil {
		return jsonErr
	}
	if err == nil && v.Met == 0 && len(heads) > 0 {
		err = errors.New("all heads are of lines that were cut off since, so they prove nothing; hold the trail against a later one")
	}
	if err != nil {
		return exit.Failed(err, verifyHint(err))
	}
	t.ui.Say("%s, each with all before it. Head: %s", voice.Count(int(v.Lines), "line holds", "lines hold"), head)
	t.sayAnchors(d.Anchors)
	return t.sayAnchored(ctx, head)
}

func verifyHint(err error) string {
	const keep = "keep the state file and its backups as they are: they show what was changed"
	if errors.Is(err, store.ErrAltered) {
		return keep + "; after state restore or rebuild a trail differs rightly from there on, and a line in it says so"
	}
	return keep
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
	cmd.RunE = reading(ui, c, func(ctx context.Context, t *trail, _ []string) error { return t.show(ctx, &f) })
	return cmd
}

func (t *trail) show(ctx context.Context, f *filterFlags) error {
	want, err := f.filter(t.settings.Schedule.Zone)
	if err != nil {
		return err
	}
	if t.ui.JSON {
		return t.showJSON(ctx, want)
	}
	lines := 0
	err = t.EachAudit(ctx, want, func(e *record.Entry) error {
		lines++
		t.ui.Say("%d  %s  %s%s", e.Number, t.moment(e.At), t.clocks.local(e.What), outcomeWords(e))
		if about := aboutLine(e); about != "" {
			t.ui.Say("      %s", t.clocks.local(about))
		}
		return nil
	})
	if err == nil && lines == 0 {
		t.ui.Say("The trail has no such line.")
	}
	return broken(err)
}

// broken says what to do when the trail is not what was written.
func broken(err error) error {
	if !errors.Is(err, store.ErrBroken) {
		return err
	}
	return exit.Failed(err, "what is said above holds, and no more is said; keep the state file and its backups as they are: they show what was changed")
}

// showJSON prints the lines as export writes them, as one list.
func (t *trail) showJSON(ctx context.Context, want record.AuditFilter) error {
	rows, err := t.linesJSON(ctx, want)
	if err != nil {
		return err
	}
	return t.ui.Print(rows)
}

func (t *trail) linesJSON(ctx context.Context, want record.AuditFilter) (json.RawMessage, error) {
	var b bytes.Buffer
	if err := t.ExportAudit(ctx, want, record.NewJSONLines(&b)); err != nil {
		return nil, broken(err)
	}
	rows := []json.RawMessage{}
	for line := range bytes.Lines(b.Bytes()) {
		rows = append(rows, bytes.TrimSpace(line))
	}
	return json.Marshal(rows)
}

func outcomeWords(e *record.Entry) string {
	if e.Outcome == "" || e.Outcome == record.Done {
		return ""
	}
	return " – " + e.Outcome
}

// aboutLine says why, and who.
func aboutLine(e *record.Entry) string {
	var parts []string
	if e.Why != "" {
		parts = append(parts, e.Why)
	}
	if e.Rule != "" && !strings.Contains(e.Why, e.Rule) {
		parts = append(parts, "rule "+e.Rule)
	}
	if e.Anchor != "" {
		parts = append(parts, "record "+string(e.Anchor))
	}
	if e.Held != "" {
		parts = append(parts, "held: "+e.Held)
	}
	if len(e.Concerned) > 0 {
		parts = append(parts, "about all doors of the person: "+strings.Join(shape.Convert(e.Doors, record.Door.String), ", "))
	}
	if e.Run != 0 {
		parts = append(parts, fmt.Sprintf("run %d", e.Run))
	}
	if e.Who != "" {
		parts = append(parts, "asked by "+e.Who)
	}
	if a := e.Approval; a != nil {
		parts = append(parts, "approved by "+a.By+": "+a.Why)
	}
	return strings.Join(parts, "; ")
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
		want, err := f.filter(t.settings.Schedule.Zone)
		if err != nil {
			return err
		}
		w := record.NewJSONLines(ui.Out)
		if asCSV {
			w = record.NewCSV(ui.Out)
		}
		return broken(t.ExportAudit(ctx, want, w))
	})
	return cmd
}
