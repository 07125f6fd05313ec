package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/kisi-sync/kisi-sync/cmd/kisi-sync/internal/exit"
	"github.com/kisi-sync/kisi-sync/cmd/kisi-sync/internal/shape"
	"github.com/kisi-sync/kisi-sync/cmd/kisi-sync/internal/voice"
	"github.com/kisi-sync/kisi-sync/config"
	"github.com/kisi-sync/kisi-sync/internal/access"
	"github.com/kisi-sync/kisi-sync/internal/record"
)

func approveVerb(ui *call, c *common) *cobra.Command {
	return (&ruling{
		verdict: access.Approved, use: "approve STEP|PLAN", short: "Let held steps pass, exactly these, once",
		long: `Lets one step pass, or all that waits now under the name of its plan, as kisi-sync plans shows them. An id may be
shortened to six digits or more. The next run carries out exactly these steps, once; the limits stay as they are, and what
comes later waits again. Approving a right for somebody whose Kisi user has yet to be made approves that, too.

When the file names who may approve (approvals.by), nobody else can.`,
		example: `  kisi-sync approve 3f9a01c2 --why ticket-4711
  kisi-sync approve 3f9a01c2 --only 9b1e22 --why confirmed`,
	}).command(ui, c)
}

func rejectVerb(ui *call, c *common) *cobra.Command {
	return (&ruling{
		verdict: access.Rejected, use: "reject STEP|PLAN", short: "Keep held steps back until somebody approves them",
		long: `Keeps one step back, or all that waits now under the name of its plan, as kisi-sync plans shows them. It is not asked
about again for as long as runs would do it, and a week longer; approve takes the rejection back. A step that follows from
something else later waits anew.`,
		example: `  kisi-sync reject 3f9a01c2 --why ticket-4711
  kisi-sync reject 3f9a01c2 --only 9b1e22 --why stays`,
	}).command(ui, c)
}

// ruling is approve or reject.
type ruling struct {
	verdict                   access.Verdict
	use, short, long, example string
	only                      []string
	why                       string
}

func (r *ruling) command(ui *call, c *common) *cobra.Command {
	cmd := &cobra.Command{Use: r.use, Short: r.short, Long: r.long, Example: r.example, Args: exactly("STEP|PLAN")}
	cmd.Flags().StringSliceVar(&r.only, "only", nil, "of a plan, decide about `STEP`,... only")
	cmd.Flags().StringVar(&r.why, "why", "", "the reason, for the audit trail: `TEXT`; required")
	cmd.RunE = func(cmd *cobra.Command, args []string) (err error) {
		if err := reasoned(r.why); err != nil {
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
		return r.decide(cmd.Context(), m, args[0])
	}
	return cmd
}

// mayApprove refuses whoever the file does not name.
func mayApprove(settings *config.Settings, who string) error {
	if settings.Approvals.Allow(who) {
		return nil
	}
	return exit.Failed(fmt.Errorf("%s may not decide; %s names %s (approvals.by)", who, settings.File,
		strings.Join(settings.Approvals.By, ", ")), "nothing was decided; ask one of them")
}

// decide writes the decision down.
func (r *ruling) decide(ctx context.Context, m *memory, id string) error {
	all, err := readHolds(ctx, m)
	if err != nil {
		return err
	}
	d := access.Decision{Verdict: r.verdict, By: m.ui.me(), Why: r.why}
	chosen, whole, err := r.choose(all, id)
	if err != nil {
		return err
	}
	if r.verdict == access.Approved {
		chosen = all.withNeeds(chosen)
	}
	if whole {
		_, err = m.DecidePlan(ctx, all.plan.ID.String(), d, chosen...)
	} else {
		decisions := shape.Convert(chosen, func(step access.Digest) access.Decision { d := d; d.Step = step; return d })
		err = m.Decide(ctx, decisions...)
	}
	if err != nil {
		return exit.Failed(err, "kisi-sync plans shows what waits now; nothing was decided")
	}
	return r.tell(ctx, m, all, chosen)
}

// decisionDocument is what approve --json and reject --json print.
type decisionDocument struct {
	Verdict string     `json:"verdict"`
	By      string     `json:"by"`
	Why     string     `json:"why"`
	Steps   []heldStep `json:"steps"`
}

func (r *ruling) tell(ctx context.Context, m *memory, all *held, chosen []access.Digest) error {
	d := decisionDocument{Verdict: r.verdict.String(), By: m.ui.me(), Why: r.why, Steps: []heldStep{}}
	for _, id := range chosen {
		d.Steps = append(d.Steps, heldStep{ID: id, What: all.byStep[id].What, Again: all.byStep[id].Again})
	}
	if m.ui.JSON {
		return m.ui.Print(d)
	}
	clocks, err := newClocks(ctx, m.settings, m)
	if err != nil {
		return err
	}
	for _, step := range d.Steps {
		m.ui.Say("  %s  %s", step.ID.Short(), clocks.local(step.What))
	}
	if r.verdict == access.Rejected {
		m.ui.Say("Rejected %s; kisi-sync approve takes that back.", voice.Count(len(d.Steps), "step", "steps"))
		return nil
	}
	m.ui.Say("Approved %s, once; the limits stay as they are. %s", voice.Count(len(d.Steps), "step", "steps"), d.next())
	return nil
}

// next says what carries out what was approved.
func (d *decisionDocument) next() string {
	var again []string
	byRuns := false
	for _, step := range d.Steps {
		byRuns = byRuns || step.Again == ""
		if step.Again != "" && !slices.Contains(again, step.Again) {
			again = append(again, step.Again)
		}
	}
	const run = "The next kisi-sync sync carries out exactly these."
	if len(again) == 0 {
		return run
	}
	text := "No run does that by itself: run this again, within a week: " + strings.Join(again, "; ")
	if byRuns {
		return run + " But for some: " + text
	}
	return text
}

// held is everything that a decision can be about.
type held struct {
	plan   record.HeldPlan
	steps  []access.Hold // that wait, or were decided about and not done yet
	byStep map[access.Digest]access.Hold
}

func readHolds(ctx context.Context, st holdReader) (*held, error) {
	plan, err := st.HeldPlan(ctx)
	if err != nil {
		return nil, err
	}
	steps, err := st.Holds(ctx)
	if err != nil {
		return nil, err
	}
	h := &held{plan: plan, byStep: map[access.Digest]access.Hold{}}
	for _, step := range steps {
		if step.Verdict != access.Parked { // when it is tried again is not for a person to say
			h.steps, h.byStep[step.Step] = append(h.steps, step), step
		}
	}
	return h, nil
}

// choose finds the steps that an id means. whole says that it is that of the plan.
func (r *ruling) choose(all *held, id string) (steps []access.Digest, whole bool, err error) {
	whole = len(all.plan.Steps) > 0 && begins(all.plan.ID, id)
	switch {
	case len(r.only) > 0 && !whole:
		return nil, false, exit.Usage(fmt.Errorf("%s is not the plan that waits now, and --only chooses from one", id), "kisi-sync plans shows it; nothing was decided")
	case len(r.only) > 0:
		for _, one := range r.only {
			step, err := find(all.plan.Steps, one)
			if err != nil {
				return nil, true, err
			}
			steps = append(steps, step)
		}
		slices.SortFunc(steps, func(a, b access.Digest) int { return slices.Compare(a[:], b[:]) })
		return slices.Compact(steps), true, nil
	case whole:
		return shape.Convert(all.plan.Steps, func(h access.Hold) access.Digest { return h.Step }), true, nil
	}
	step, err := find(all.steps, id)
	return []access.Digest{step}, false, err
}

// shortestID is how many digits of an id name it.
const shortestID = 6

func begins(id access.Digest, with string) bool {
	return len(with) >= shortestID && strings.HasPrefix(id.String(), strings.ToLower(with))
}

// find returns the one step whose id begins so.
func find(steps []access.Hold, with string) (access.Digest, error) {
	const hint = "kisi-sync plans shows what waits now; nothing was decided"
	if len(with) < shortestID {
		return access.Digest{}, exit.Usage(fmt.Errorf("%q is too short for an id: six digits at least", with), hint)
	}
	var found []access.Digest
	for i := range steps {
		if begins(steps[i].Step, with) {
			found = append(found, steps[i].Step)
		}
	}
	switch len(found) {
	case 0:
		return access.Digest{}, exit.Failed(fmt.Errorf("nothing that is held has the id %s", with), hint)
	case 1:
		return found[0], nil
	}
	return access.Digest{}, exit.Usage(fmt.Errorf("%d held steps have ids that begin with %s", len(found), with), "write more digits; nothing was decided")
}

// withNeeds adds what must be done first and waits as well: a right can be given only to somebody who has a Kisi user.
func (h *held) withNeeds(steps []access.Digest) []access.Digest {
	for i := 0; i < len(steps); i++ {
		for _, need := range h.byStep[steps[i]].Needs {
			if first, waits := h.byStep[need]; waits && first.Verdict == access.Waiting && first.Reason.Kind != access.HeldByHand && !slices.Contains(steps, need) {
				steps = append(steps, need)
			}
		}
	}
	return steps
}
