package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/kisi-sync/kisi-sync/cmd/kisi-sync/internal/exit"
	"github.com/kisi-sync/kisi-sync/cmd/kisi-sync/internal/shape"
	"github.com/kisi-sync/kisi-sync/cmd/kisi-sync/internal/voice"
	"github.com/kisi-sync/kisi-sync/internal/access"
	"github.com/kisi-sync/kisi-sync/internal/record"
)

func plansVerb(ui *call, c *common) *cobra.Command {
	cmd := &cobra.Command{
		Use: "plans", Short: "What is held and waits for somebody to decide", Args: exactly(),
		Long: `Shows what the last runs held back, by reason, with the ids that approve and reject take: one for all that waits now, and
one for each step; and what Kisi refuses, with when it is tried again. What is held stays so until somebody decides, also
when a limit was raised since. Nobody is contacted. Exit code 3 says that something waits for a decision.`,
		Example: `  kisi-sync plans
  kisi-sync plans --json | jq -r '.held[].reason'`,
	}
	cmd.RunE = func(cmd *cobra.Command, _ []string) (err error) {
		settings, st, err := recollect(cmd.Context(), ui, c)
		if err != nil {
			return err
		}
		defer func() { err = exit.Also(err, st.Close()) }()
		d, err := readHeld(cmd.Context(), st)
		if err != nil {
			return err
		}
		if h := ui.host(); h != nil {
			status, err := h.ops.Status(cmd.Context())
			if err != nil {
				return err
			}
			d.Last.notKilled(status.Started)
		}
		s := &session{ui: ui, settings: settings}
		if s.clocks, err = newClocks(cmd.Context(), settings, st); err != nil {
			return err
		}
		if err := s.showHeld(d); err != nil || d.Plan == "" {
			return err
		}
		return &exit.Error{Code: exit.CodeHeld}
	}
	return cmd
}

// heldDocument is what plans --json prints.
type heldDocument struct {
	Plan     string      `json:"plan"` // names all that waits now; "" when nothing does
	Since    string      `json:"since"`
	Summary  []string    `json:"summary"` // what the last look at everybody said of what waits; empty when something was decided since
	Held     []heldGroup `json:"held"`
	Approved []heldStep  `json:"approved"` // and not done yet
	Rejected []heldStep  `json:"rejected"`
	Refused  []heldStep  `json:"refused"`        // by Kisi, and tried again by itself
	ByHand   []heldStep  `json:"by_hand"`        // undone by somebody in Kisi and kept so; approve does it again
	Last     *lastRun    `json:"last,omitempty"` // the last look at everybody; left out: there was none
}

// lastRun is a run as plans tells of it.
type lastRun struct {
	Run   uint64 `json:"run"`
	Began string `json:"began"`
	Ended string `json:"ended"` // "" when it is under way, or was killed
	Done  int    `json:"done"`
	Error string `json:"error,omitempty"`

	UnderWay bool `json:"under_way,omitempty"`
	began    time.Time
}

// notKilled is told since when the daemon lives that answers: a run that it began and has not ended is under way. r may be nil.
func (r *lastRun) notKilled(since time.Time) {
	if r != nil {
		r.UnderWay = r.Ended == "" && !r.began.Before(since)
	}
}

// heldGroup is what waits for one reason.
type heldGroup struct {
	Reason string     `json:"reason"`
	Kind   string     `json:"kind"` // limit, by_hand
	Since  string     `json:"since"`
	People []string   `json:"people"`
	Steps  []heldStep `json:"steps"`
}

type heldStep struct {
	ID    access.Digest `json:"id"`
	What  string        `json:"what"`
	By    string        `json:"by,omitempty"`
	Why   string        `json:"why,omitempty"`
	Next  string        `json:"next,omitempty"`      // when it is tried again
	Again string        `json:"run_again,omitempty"` // the command line that does it once it is approved; left out: the next run does
}

func newHeldStep(h access.Hold) heldStep {
	return heldStep{ID: h.Step, What: h.What, By: h.By, Why: h.Why, Again: h.Again}
}

// holdReader is what is asked of the store about holds.
type holdReader interface {
	HeldPlan(ctx context.Context) (record.HeldPlan, error)
	Holds(ctx context.Context) ([]access.Hold, error)
	Runs(ctx context.Context, n int) ([]record.Run, error)
}

func readHeld(ctx context.Context, st holdReader) (heldDocument, error) {
	d := heldDocument{Held: []heldGroup{}, Summary: []string{}}
	waiting, err := st.HeldPlan(ctx)
	if err != nil {
		return d, err
	}
	all, err := st.Holds(ctx)
	if err != nil {
		return d, err
	}
	if len(waiting.Steps) > 0 {
		d.Plan, d.Since, d.Held = waiting.ID.String(), shape.Stamp(waiting.Since), byReason(waiting.Steps)
		d.Summary = shape.OrEmpty(waiting.Summary)
	}
	with := func(v access.Verdict) []heldStep {
		some := slices.DeleteFunc(slices.Clone(all), func(h access.Hold) bool { return h.Verdict != v })
		return shape.Convert(some, newHeldStep)
	}
	d.Approved, d.Rejected = with(access.Approved), with(access.Rejected)
	d.Refused = shape.Convert(slices.DeleteFunc(slices.Clone(all), func(h access.Hold) bool {
		return h.Verdict != access.Parked || h.Until <= access.At(now()) // what is over due is done by now, or wanted no more
	}), newRefusedStep)
	byHand := slices.DeleteFunc(slices.Clone(all), func(h access.Hold) bool {
		return h.Verdict != access.Waiting || h.Reason.Kind != access.HeldByHand
	})
	d.ByHand = shape.Convert(byHand, newHeldStep)
	d.Last, err = lastFull(ctx, st)
	return d, err
}

// lastFull returns the last run that looked at everybody; nil when none of the last ones did.
func lastFull(ctx context.Context, st holdReader) (*lastRun, error) {
	const enough = 2000 // more than a day of one a minute
	runs, err := st.Runs(ctx, enough)
	for _, r := range runs {
		if r.Full {
			return &lastRun{Run: r.ID, Began: moment(r.Began), Ended: moment(r.Ended), Done: r.Steps.Done, Error: r.Error, began: r.Began}, err
		}
	}
	return nil, err
}

// moment is a time as JSON shows it; "" for none.
func moment(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

// newRefusedStep shows a step that Kisi did not do: why, and when it is tried again.
func newRefusedStep(h access.Hold) heldStep {
	return heldStep{ID: h.Step, What: h.What, Why: h.Reason.Text, Next: shape.Stamp(h.Until)}
}

// byReason sorts what waits: one group for each reason, what has waited longest first.
func byReason(steps []access.Hold) []heldGroup {
	steps = slices.Clone(steps)
	slices.SortStableFunc(steps, func(a, b access.Hold) int { return int(a.Since - b.Since) })
	groups, index := []heldGroup{}, map[string]int{}
	for _, h := range steps {
		i, ok := index[h.Reason.Text]
		if !ok {
			i = len(groups)
			index[h.Reason.Text] = i
			groups = append(groups, heldGroup{Reason: h.Reason.Text, Kind: h.Reason.Kind.String(), Since: shape.Stamp(h.Since), People: []string{}})
		}
		g := &groups[i]
		g.Steps = append(g.Steps, newHeldStep(h))
		if h.Email != "" && !slices.Contains(g.People, h.Email) {
			g.People = append(g.People, h.Email)
		}
	}
	for i := range groups {
		slices.Sort(groups[i].People)
		slices.SortFunc(groups[i].Steps, func(a, b heldStep) int { return strings.Compare(a.What, b.What) })
	}
	return groups
}

// showHeld prints what waits, and what was decided and not done yet.
func (s *session) showHeld(d heldDocument) error {
	if s.ui.JSON {
		return s.ui.Print(d)
	}
	ui := s.ui
	if d.Plan == "" {
		ui.Say("Nothing is held.")
	} else {
		ui.Say("%s, since %s", ui.Bold("Plan "+d.Plan[:8]), s.moment(d.Since))
	}
	for _, line := range d.Summary {
		ui.Say("%s %s", ui.Yellow("‖"), line)
	}
	for _, g := range d.Held {
		ui.Say("\n%s %s", ui.Yellow("Held:"), g.Reason)
		about := "" // a step about a group names nobody
		if len(g.People) > 0 {
			about = fmt.Sprintf("; %s: %s", voice.Count(len(g.People), "person", "people"), voice.Names(g.People))
		}
		ui.Say("  since %s%s", s.moment(g.Since), about)
		s.showSteps(g.Steps)
	}
	if len(d.Approved) > 0 {
		ui.Say("\n%s", ui.Bold("Approved; the next run does it:"))
		s.showSteps(d.Approved)
	}
	if len(d.Rejected) > 0 {
		ui.Say("\n%s", ui.Bold("Rejected; not done until somebody approves it:"))
		s.showSteps(d.Rejected)
	}
	if len(d.Refused) > 0 {
		ui.Say("\n%s", ui.Bold("Refused by Kisi; tried again by itself, ever more rarely:"))
		s.showRefused(d.Refused)
	}
	if len(d.ByHand) > 0 {
		ui.Say("\n%s", ui.Bold("Undone in Kisi by hand, and kept so; nobody has to decide, and approve does it again:"))
		s.showSteps(d.ByHand)
	}
	s.showLastFull(d.Last)
	if d.Plan != "" {
		ui.Tell("\n%s kisi-sync approve %s --why TEXT lets all of it pass, once; --only STEP,... lets some of it; reject keeps it back", ui.Yellow("hint:"), d.Plan[:8])
	}
	return nil
}

func (s *session) showRefused(steps []heldStep) {
	for _, step := range steps {
		s.ui.Say("  %s  %s", step.ID.Short(), s.clocks.local(step.What))
		s.ui.Say("            %s; next at %s", step.Why, s.moment(step.Next))
	}
}

func (s *session) showLastFull(last *lastRun) {
	switch {
	case last == nil:
		return
	case last.UnderWay:
		s.ui.Say("\nA run over everybody (run %d, %s) is under way; kisi-sync status says how far it is.", last.Run, s.moment(last.Began))
	case last.Ended == "":
		s.ui.Say("\nThe last run over everybody (run %d, %s) was killed; the next one goes on where it stopped.", last.Run, s.moment(last.Began))
	case last.Error != "":
		s.ui.Say("\nThe last run over everybody (run %d, %s) ended early: %s", last.Run, s.moment(last.Ended), last.Error)
	default:
		s.ui.Say("\nThe last run over everybody was run %d, %s: %s done.", last.Run, s.moment(last.Ended), voice.Count(last.Done, "step", "steps"))
	}
}

func (s *session) showSteps(steps []heldStep) {
	for _, step := range steps {
		text := s.clocks.local(step.What)
		if step.By != "" {
			text += " (" + step.By + ": " + step.Why + ")"
		}
		s.ui.Say("  %s  %s", step.ID.Short(), text)
		if step.Again != "" {
			s.ui.Say("            no run does it by itself; once it is approved, run again: %s", step.Again)
		}
	}
}
