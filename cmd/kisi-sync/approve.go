package main

import (
	"context"
	"fmt"
	"slices"

	"github.com/kisi-sync/kisi-sync/cmd/kisi-sync/internal/voice"
	"github.com/kisi-sync/kisi-sync/internal/access"
	"github.com/kisi-sync/kisi-sync/sync/engine"
	"github.com/kisi-sync/kisi-sync/sync/plan"
)

// consult asks about what is held, and then about everything. It returns the held steps that may pass, and whether there is to be a run:
// no was said then. Nothing is written down before the last yes: an approval that was given on the way to a no would let the next run
// do what was refused.
func (s *session) consult(ctx context.Context, o *engine.Outlook) (approved []access.Digest, yes bool, err error) {
	approved, err = s.askAboutHolds(ctx, o)
	if err != nil {
		return nil, false, err
	}
	todo := o.Plan.Do()
	if len(approved) > 0 {
		todo = withApproval(o.Input, approved).Do()
	}
	if todo == 0 {
		return nil, true, nil // the run is still written down, and what is held with it
	}
	yes, err = s.ui.Ask(ctx, fmt.Sprintf("\nCarry out %s?", voice.Count(todo, "step", "steps")))
	if err == nil && !yes {
		s.ui.Say("Nothing was done.")
	}
	return approved, yes, err
}

// decided is the outlook after the answers.
func (s *session) decided(ctx context.Context, o *engine.Outlook, approved []access.Digest) (*engine.Outlook, error) {
	o, err := s.still(ctx, o)
	if err != nil || len(approved) == 0 {
		return o, err
	}
	if err := s.engine.Approve(ctx, o, approved, s.ui.me(), "asked by apply"); err != nil {
		return nil, err
	}
	return o, s.engine.Reconsider(ctx, o)
}

// withApproval is the plan as it will be when steps are approved.
func withApproval(in plan.Input, approved []access.Digest) *plan.Plan {
	in.Holds = slices.Clone(in.Holds)
	for _, id := range approved {
		i := slices.IndexFunc(in.Holds, func(h access.Hold) bool { return h.Step == id })
		if i < 0 {
			i = len(in.Holds)
			in.Holds = append(in.Holds, access.Hold{Step: id})
		}
		in.Holds[i].Verdict = access.Approved
	}
	return plan.Compute(in)
}

// askAboutHolds turns each reason for which something is held into a question, and returns the steps that may pass. An approval is
// good for exactly these steps, once. Who may not approve is not asked.
func (s *session) askAboutHolds(ctx context.Context, o *engine.Outlook) ([]access.Digest, error) {
	if !s.settings.Approvals.Allow(s.ui.me()) {
		return nil, nil
	}
	var approved []access.Digest
	for _, q := range questions(o) {
		yes, err := s.ui.Ask(ctx, q.text(s.ui))
		if err != nil {
			return nil, err
		}
		if yes {
			approved = append(approved, q.steps...)
		}
	}
	return approved, nil
}

// question is what is held for one reason.
type question struct {
	reason string
	lines  []plan.Line
	steps  []access.Digest
}

// text is the question, with all that it is about: the plan above it may have gone to a file.
func (q *question) text(ui *call) string {
	text := "\n" + ui.Yellow("Held:") + " " + q.reason + "\n"
	for _, line := range q.lines {
		text += "    " + line.Text + "\n"
	}
	if len(q.steps) == 1 {
		return text + "Approve this step, this once?"
	}
	return text + fmt.Sprintf("Approve these %d steps, this once?", len(q.steps))
}

// questions lists what a person may approve, by reason, in the order of the plan.
func questions(o *engine.Outlook) []*question {
	var all []*question
	byReason, ofStep := map[string]*question{}, map[string]*question{}
	for i := range o.Plan.Steps {
		step := &o.Plan.Steps[i]
		if h := step.Hold; h == nil || h.Kind != access.HeldByLimit && h.Kind != access.HeldByHand {
			continue
		}
		q := byReason[step.Hold.Text]
		if q == nil {
			q = &question{reason: step.Hold.Text}
			byReason[q.reason] = q
			all = append(all, q)
		}
		q.steps = append(q.steps, step.ID)
		ofStep[step.ID.String()] = q
	}
	for _, line := range o.Plan.Summary(o.Words) {
		if q := ofStep[line.Steps[0]]; q != nil {
			q.lines = append(q.lines, line)
		}
	}
	return all
}
