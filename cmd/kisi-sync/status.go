package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/kisi-sync/kisi-sync/cmd/kisi-sync/internal/exit"
	"github.com/kisi-sync/kisi-sync/cmd/kisi-sync/internal/shape"
	"github.com/kisi-sync/kisi-sync/cmd/kisi-sync/internal/voice"
	"github.com/kisi-sync/kisi-sync/config"
	"github.com/kisi-sync/kisi-sync/connectors/scim"
	"github.com/kisi-sync/kisi-sync/internal/access"
	"github.com/kisi-sync/kisi-sync/internal/pacer"
	"github.com/kisi-sync/kisi-sync/internal/record"
	"github.com/kisi-sync/kisi-sync/internal/store"
	"github.com/kisi-sync/kisi-sync/sync/plan"
)

func statusVerb(ui *call, c *common) *cobra.Command {
	var watch bool
	cmd := &cobra.Command{
		Use: "status", Short: "How it is: sources, runs, and what waits for somebody", Args: exactly(),
		Long: `Shows on one screen how each source was read and how old that is, the run under way with the time that it will take, the
last runs and the next ones, what is held, parked and drifted. It asks the daemon, and without one the state file. Nobody
else is contacted.`,
		Example: `  kisi-sync status
  kisi-sync status --watch
  kisi-sync status --json | jq '.sources[] | {name, age_seconds}'`,
	}
	cmd.Flags().BoolVarP(&watch, "watch", "w", false, "show it again every two seconds, until Ctrl-C")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if watch && ui.JSON {
			return exit.Usage(errors.New("--watch has no JSON"), "ask as often as you like without it")
		}
		if watch {
			return watchStatus(cmd.Context(), ui, c)
		}
		return showStatus(cmd.Context(), ui, c)
	}
	return cmd
}

// glance is how long a screen of --watch stands.
const glance = 2 * time.Second

func watchStatus(ctx context.Context, ui *call, c *common) error {
	if err := ui.beside(ctx, c); err != nil { // then all of it goes on there
		return err
	}
	tick := time.NewTicker(glance)
	defer tick.Stop()
	for {
		if ui.Width() > 0 {
			ui.Say("\x1b[H\x1b[2J%s", ui.Bold(now().Format("15:04:05")))
		}
		if err := showStatus(ctx, ui, c); err != nil {
			return err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil
		}
	}
}

func showStatus(ctx context.Context, ui *call, c *common) (err error) {
	settings, st, err := recollect(ctx, ui, c)
	if err != nil {
		return err
	}
	defer func() { err = exit.Also(err, st.Close()) }()
	d, err := newStatus(ctx, ui.host(), settings, st)
	if err != nil {
		return err
	}
	if ui.JSON {
		return ui.Print(d)
	}
	(&session{ui: ui, settings: settings}).showStatus(d)
	return nil
}

// statusDocument is what status --json prints.
type statusDocument struct {
	Installation string         `json:"installation"`
	Mode         string         `json:"mode"`
	Daemon       *record.Status `json:"daemon"`                    // null: none is running
	Paused       *record.Pause  `json:"paused"`                    // null: it is not
	Kisi         *statusRest    `json:"kisi_left_alone"`           // null: Kisi works, as far as is known
	Trial        *statusTrial   `json:"kisi_unanswered,omitempty"` // nil: the call under way, if there is one, was just sent
	Sources      []statusSource `json:"sources"`
	LastRun      *runRow        `json:"last_run"`      // null: there was none
	LastFullRun  *runRow        `json:"last_full_run"` // null: there was none lately
	Held         int            `json:"held"`          // steps that wait for somebody to decide
	HeldSince    string         `json:"held_since"`    // "" when none does
	Approved     int            `json:"approved"`      // and not done yet
	Rejected     int            `json:"rejected"`
	Parked       int            `json:"parked"`                 // refused by Kisi, tried again by itself
	Unsettled    int            `json:"unsettled"`              // calls of which it is not known whether they were carried out
	Drifted      int            `json:"drifted"`                // what the last full run found altered by hand in Kisi
	StillHas     int            `json:"still_has"`              // people who should have no access, and have some that is not ours to take
	Undecided    int            `json:"undecided"`              // people, rules and groups about which the last run could not decide
	Unsent       *statusUnsent  `json:"audit_unsent,omitempty"` // nil: the syslog server has the whole trail, or there is none
	Ends         []statusEnd    `json:"ends,omitempty"`         // certificates and secrets that end soon, the next first
	LogLost      uint64         `json:"log_lost,omitempty"`     // lines of the daemon's log that its syslog server will never see

	lastGood, lastGoodFull *runRow // that ended without an error
	losing                 bool    // lines of the log were lost lately
}

// statusRest is that Kisi does not work and is left alone. Who must lose everything at once does not wait for the end of that.
type statusRest struct {
	Since string `json:"since"`
	Why   string `json:"why"`
	Runs  int    `json:"failed_runs"` // in a row
	Next  string `json:"next_try"`    // no run asks before, but for leavers
}

func newStatusRest(c record.Circuit) *statusRest {
	if !c.Open() {
		return nil
	}
	return &statusRest{Since: c.Since.UTC().Format(time.RFC3339), Why: c.Why, Runs: c.Failures, Next: c.Until.UTC().Format(time.RFC3339)}
}

// statusUnsent are lines of the audit trail that the syslog server does not have yet. A daemon sends within seconds, as long as it can.
type statusUnsent struct {
	Lines uint64 `json:"lines"`
	To    string `json:"to"`
	Since string `json:"since"` // the first of them

	since time.Time
}

// older says that the first of them has waited for longer than some time.
func (u *statusUnsent) older(than time.Duration) bool { return u != nil && now().Sub(u.since) > than }

func newStatusUnsent(ctx context.Context, settings *config.Settings, st *store.Preview) (*statusUnsent, error) {
	c := copyOf(st, settings)
	if c == nil {
		return nil, nil
	}
	u, err := c.Unsent(ctx)
	if err != nil || u.Lines == 0 {
		return nil, err
	}
	return &statusUnsent{Lines: u.Lines, To: c.To.String(), Since: u.Since.UTC().Format(time.RFC3339), since: u.Since}, nil
}

// statusTrial is a call to Kisi that is under way, tried again and again, and not answered as it should be.
type statusTrial struct {
	Since string `json:"since"`
	Tries int    `json:"tries"`
	Last  string `json:"last,omitempty"` // how the last try ended; "" while the first is still waited for

	since time.Time
}

// newStatusTrial returns nil for a call that was just sent. One that goes well at the second try is no news, either.
func newStatusTrial(t pacer.Trial) *statusTrial {
	const noNews = 3 * time.Second
	if t.Since.IsZero() || now().Sub(t.Since) < noNews {
		return nil
	}
	return &statusTrial{Since: t.Since.UTC().Format(time.RFC3339), Tries: t.Tries, Last: t.Last, since: t.Since}
}

// stuck is for how long a call is tried until whoever asks is told that Kisi does not answer.
const stuck = 15 * time.Second

// stuck says that it has been tried for so long that somebody should know.
func (t *statusTrial) stuck() bool { return t.age() >= stuck }

// age is how long it has been tried; 0 for none.
func (t *statusTrial) age() time.Duration {
	if t == nil {
		return 0
	}
	return now().Sub(t.since)
}

// words say how it goes with the call.
func (t *statusTrial) words() string {
	text := fmt.Sprintf("Kisi has not answered as it should since %s, though asked %s", t.since.UTC().Format("15:04:05 MST"), voice.Count(t.Tries, "time", "times"))
	if t.Last == "" {
		return text
	}
	return text + ", the last time: " + exit.OneLine(t.Last)
}

// statusSource is a source.
type statusSource struct {
	shape.Source
	Age      *int64 `json:"age_seconds"` // of what the last good read brought; null: there was none
	Stale    bool   `json:"stale"`       // older than stale_after: its people are left as they are
	Watching bool   `json:"watching"`
	Pushed   bool   `json:"pushed,omitempty"` // to it; the age is that of the last push
	// NotWatched is why a source that could tell of changes is not listened to; "" when there is nothing to say.
	NotWatched string `json:"not_watched,omitempty"`
	Next       string `json:"next"` // when it is read next; "" when nobody knows
}

// manyRuns is how far back status looks for a full run: a week of one a minute.
const manyRuns = 10_080

func newStatus(ctx context.Context, h *host, settings *config.Settings, st *store.Preview) (d statusDocument, err error) {
	d = statusDocument{Installation: settings.Policy().Installation, Mode: settings.Policy().Mode.String(), Sources: []statusSource{}}
	if h != nil {
		s, err := h.ops.Status(ctx)
		if err != nil {
			return d, err
		}
		d.Daemon, d.Mode = &s, s.Mode
		d.Trial = newStatusTrial(h.daemon().client.Stats().Trial)
	}
	if d.Paused, err = st.Paused(ctx); err != nil {
		return d, err
	}
	circuit, err := st.Circuit(ctx)
	if err != nil {
		return d, err
	}
	d.Kisi = newStatusRest(circuit)
	if d.Unsent, err = newStatusUnsent(ctx, settings, st); err != nil {
		return d, err
	}
	d.Ends = endsSoon(settings)
	if h != nil && h.sender != nil {
		d.LogLost = h.sender.Lost()
	}
	statuses, err := st.Statuses(ctx)
	if err != nil {
		return d, err
	}
	for _, source := range settings.Sources {
		d.Sources = append(d.Sources, d.source(source, statuses))
	}
	if err := d.runs(ctx, st); err != nil {
		return d, err
	}
	return d, d.holds(ctx, st)
}

// runs looks back until a full run that succeeded, in larger and larger steps: a day has many runs, and most full ones are of last night.
func (d *statusDocument) runs(ctx context.Context, st *store.Preview) error {
	for n := 32; ; n = min(n*8, manyRuns) {
		runs, err := st.Runs(ctx, n)
		if err != nil {
			return err
		}
		d.lastRuns(runs)
		if d.lastGoodFull != nil || len(runs) < n || n == manyRuns {
			return nil
		}
	}
}

func (d *statusDocument) source(s config.Source, all []record.SourceStatus) statusSource {
	out := statusSource{Source: shape.Source{Name: s.Name}}
	_, out.Pushed = s.Config.(*scim.Settings)
	for _, status := range all {
		if status.Name != s.Name {
			continue
		}
		out.Source = shape.NewSource(status)
		if !status.At.IsZero() {
			seconds := int64(status.Age(now()).Seconds())
			out.Age, out.Stale = &seconds, tooOld(&status, s)
		}
	}
	if d.Daemon == nil {
		return out
	}
	for _, health := range d.Daemon.Sources {
		if health.Name == s.Name {
			out.Watching, out.NotWatched = health.Watching, health.NotWatched
			if !health.Next.IsZero() {
				out.Next = health.Next.UTC().Format(time.RFC3339)
			}
		}
	}
	return out
}

// lastRuns finds the newest of each sort.
func (d *statusDocument) lastRuns(runs []record.Run) {
	d.LastRun, d.LastFullRun, d.lastGood, d.lastGoodFull = nil, nil, nil, nil
	d.StillHas, d.Undecided = stillHave(runs), undecidedOf(runs)
	for i := range runs {
		r := &runs[i]
		if r.Ended.IsZero() {
			continue
		}
		row := newRunRow(r)
		note := func(to **runRow, is bool) bool {
			if *to != nil || !is {
				return false
			}
			*to = &row
			return true
		}
		note(&d.LastRun, true)
		note(&d.lastGood, r.Error == "")
		note(&d.LastFullRun, r.Full)
		if note(&d.lastGoodFull, r.Full && r.Error == "") {
			return
		}
	}
}

// stillHave counts who should have no access and has some, as the last run over everybody and those after it told; newest first.
func stillHave(runs []record.Run) int {
	who := map[string]bool{}
	for i := range runs {
		for _, p := range runs[i].Problems {
			if p.Kind == string(plan.StillHolds) || p.Kind == string(plan.Protected) {
				who[p.Who] = true
			}
		}
		if runs[i].Full && runs[i].Error == "" {
			break
		}
	}
	return len(who)
}

// undecidedOf counts the people, rules and groups that the last run which decided could not decide about; newest first. Every run decides
// about everybody, also one that looks at nobody.
func undecidedOf(runs []record.Run) (n int) {
	for i := range runs {
		if runs[i].Ended.IsZero() || runs[i].Error != "" {
			continue
		}
		for _, p := range runs[i].Problems {
			if p.Undecided {
				n += max(1, p.Count)
			}
		}
		break
	}
	return n
}

func (d *statusDocument) holds(ctx context.Context, st *store.Preview) error {
	all, err := st.Holds(ctx)
	if err != nil {
		return err
	}
	var since access.Instant
	for i := range all {
		h := &all[i]
		if h.Reason.Kind == access.HeldByHand && h.Verdict == access.Waiting {
			continue // is drift, and waits for nobody
		}
		switch h.Verdict {
		case access.Waiting:
			d.Held++
			if since == 0 || h.Since < since {
				since = h.Since
			}
		case access.Approved:
			d.Approved++
		case access.Rejected:
			d.Rejected++
		case access.Parked:
			d.Parked++
		}
	}
	d.HeldSince = shape.Stamp(since)
	drift, err := st.Drift(ctx)
	if err != nil {
		return err
	}
	for i := range drift {
		if !drift[i].Accepted() {
			d.Drifted++
		}
	}
	open, err := st.Open(ctx)
	for i := range open {
		if !d.underWay(&open[i]) {
			d.Unsettled++
		}
	}
	return err
}

// underWay says that a call is being made now: the daemon that began it still runs, and has not found it without an outcome.
func (d *statusDocument) underWay(i *access.Intent) bool {
	return d.Daemon != nil && i.Cut == 0 && i.Begun >= access.At(d.Daemon.Started)
}
