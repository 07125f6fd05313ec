package main

import (
	"context"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/kisi-sync/kisi-sync/internal/access"
	"github.com/kisi-sync/kisi-sync/internal/record"
)

func plansVerb(ui *voice, c *common) *cobra.Command {
	cmd := &cobra.Command{
		Use: "plans", Short: "What is held and waits for somebody to decide", Args: exactly(),
		Long: `Shows what the last runs held back, by reason, with the ids that approve and reject take: one for all that waits now, and
one for each step; and what Kisi refuses, with when it is tried again. Nobody is contacted. Exit code 3 says that
something waits for a decision.`,
		Example: `  kisi-sync plans
  kisi-sync plans --json | jq -r '.held[].reason'`,
	}
	cmd.RunE = func(cmd *cobra.Command, _ []string) (err error) {
		settings, st, err := recollect(cmd.Context(), ui, c)
		if err != nil {
			return err
		}
		defer func() { err = also(err, st.Close()) }()
		d, err := readHeld(cmd.Context(), st)
		if err != nil {
			return err
		}
		s := &session{ui: ui, settings: settings}
		if err := s.showHeld(d); err != nil || d.Plan == "" {
			return err
		}
		return &exit{code: exitHeld}
	}
	return cmd
}

// heldDocument is what plans --json prints.
type heldDocument struct {
	Plan     string      `json:"plan"` // names all that waits now; "" when nothing does
	Since    string      `json:"since"`
	Held     []heldGroup `json:"held"`
	Approved []heldStep  `json:"approved"` // and not done yet
	Rejected []heldStep  `json:"rejected"`
	Refused  []heldStep  `json:"refused"` // by Kisi, and tried again by itself
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
	ID   access.Digest `json:"id"`
	What string        `json:"what"`
	By   string        `json:"by,omitempty"`
	Why  string        `json:"why,omitempty"`
	Next string        `json:"next,omitempty"` // when it is tried again
}

func newHeldStep(h access.Hold) heldStep {
	return heldStep{ID: h.Step, What: h.What, By: h.By, Why: h.Why}
}

// holdReader is what is asked of the store about holds.
type holdReader interface {
	HeldPlan(ctx context.Context) (record.HeldPlan, error)
	Holds(ctx context.Context) ([]access.Hold, error)
}

func readHeld(ctx context.Context, st holdReader) (heldDocument, error) {
	d := heldDocument{Held: []heldGroup{}}
	waiting, err := st.HeldPlan(ctx)
	if err != nil {
		return d, err
	}
	all, err := st.Holds(ctx)
	if err != nil {
		return d, err
	}
	if len(waiting.Steps) > 0 {
		d.Plan, d.Since, d.Held = waiting.ID.String(), stamp(waiting.Since), byReason(waiting.Steps)
	}
	with := func(v access.Verdict) []heldStep {
		some := slices.DeleteFunc(slices.Clone(all), func(h access.Hold) bool { return h.Verdict != v })
		return convert(some, newHeldStep)
	}
	d.Approved, d.Rejected = with(access.Approved), with(access.Rejected)
	d.Refused = convert(slices.DeleteFunc(all, func(h access.Hold) bool {
		return h.Verdict != access.Parked || h.Until <= access.At(now()) // what is over due is done by now, or wanted no more
	}), newRefusedStep)
	return d, nil
}

// newRefusedStep shows a step that Kisi did not do: why, and when it is tried again.
func newRefusedStep(h access.Hold) heldStep {
	return heldStep{ID: h.Step, What: h.What, Why: h.Reason.Text, Next: stamp(h.Until)}
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
			groups = append(groups, heldGroup{Reason: h.Reason.Text, Kind: h.Reason.Kind.String(), Since: stamp(h.Since), People: []string{}})
		}
		g := &groups[i]
		g.Steps = append(g.Steps, newHeldStep(h))
		if who := personOf(h.What); who != "" && !slices.Contains(g.People, who) {
			g.People = append(g.People, who)
		}
	}
	for i := range groups {
		slices.Sort(groups[i].People)
		slices.SortFunc(groups[i].Steps, func(a, b heldStep) int { return strings.Compare(a.What, b.What) })
	}
	return groups
}

// personOf returns the address in the words of a step ("give access: ana@example.com in Staff"), "" when it is about a group.
func personOf(what string) string {
	_, about, _ := strings.Cut(what, ": ")
	who, _, _ := strings.Cut(about, " ")
	who = strings.TrimSuffix(who, ",")
	if !strings.Contains(who, "@") {
		return ""
	}
	return who
}

// showHeld prints what waits, and what was decided and not done yet.
func (s *session) showHeld(d heldDocument) error {
	if s.ui.json {
		return s.ui.print(d)
	}
	ui := s.ui
	if d.Plan == "" {
		ui.say("Nothing is held.")
	} else {
		ui.say("%s, since %s", ui.bold("Plan "+d.Plan[:8]), s.moment(d.Since))
	}
	for _, g := range d.Held {
		ui.say("\n%s %s", ui.yellow("Held:"), g.Reason)
		ui.say("  since %s; %s: %s", s.moment(g.Since), count(len(g.People), "person", "people"), names(g.People))
		s.showSteps(g.Steps)
	}
	if len(d.Approved) > 0 {
		ui.say("\n%s", ui.bold("Approved; the next run does it:"))
		s.showSteps(d.Approved)
	}
	if len(d.Rejected) > 0 {
		ui.say("\n%s", ui.bold("Rejected; not done until somebody approves it:"))
		s.showSteps(d.Rejected)
	}
	if len(d.Refused) > 0 {
		ui.say("\n%s", ui.bold("Refused by Kisi; tried again by itself, ever more rarely:"))
		s.showRefused(d.Refused)
	}
	if d.Plan != "" {
		ui.tell("\n%s kisi-sync approve %s --why TEXT lets all of it pass, once; --only STEP,... lets some of it; reject keeps it back", ui.yellow("hint:"), d.Plan[:8])
	}
	return nil
}

func (s *session) showRefused(steps []heldStep) {
	for _, step := range steps {
		s.ui.say("  %s  %s", step.ID.Short(), step.What)
		s.ui.say("            %s; next at %s", step.Why, s.moment(step.Next))
	}
}

func (s *session) showSteps(steps []heldStep) {
	for _, step := range steps {
		text := step.What
		if step.By != "" {
			text += " (" + step.By + ": " + step.Why + ")"
		}
		s.ui.say("  %s  %s", step.ID.Short(), text)
	}
}
