package engine

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/kisi-sync/kisi-sync/internal/access"
	"github.com/kisi-sync/kisi-sync/internal/record"
	"github.com/kisi-sync/kisi-sync/sync/apply"
	"github.com/kisi-sync/kisi-sync/sync/plan"
)

// Carry carries out a plan that was looked at, and writes the record of the run: that it began before anything else, so that a run
// which was killed can be seen, and the rest at its end. It returns the record also when the run ended early; what was not done is
// still a difference, and the next run finds it by itself.
func (e *Engine) Carry(ctx context.Context, o *Outlook, options apply.Options) (record.Run, apply.Report, error) {
	run := o.Run
	if err := e.o.Store.SaveRun(ctx, &run); err != nil {
		return run, apply.Report{Held: o.Plan.Held(), Left: o.Plan.Do()}, err
	}
	done := map[access.Digest]bool{}
	options.Clock = e.there
	tell := options.Progress
	options.Progress = func(event apply.Event) {
		if event.Err == nil {
			done[event.Step.ID] = true
		}
		if tell != nil {
			tell(event)
		}
	}
	report, err := e.carry(ctx, o, options)
	if err == nil {
		err = o.kisi.worked(ctx)
	}
	run.Ended, run.Calls = e.o.Now(), e.calls()-o.calls
	run.Steps.Done, run.Steps.Held, run.Steps.Blocked = report.Done+report.Noted, report.Held, report.Blocked
	run.Steps.Refused, run.Steps.Unknown, run.Steps.Left = report.Refused, report.Unknown, report.Left
	run.Cut = report.Cut
	switch {
	case errors.Is(err, context.Canceled):
		run.Error = "told to stop"
	case err != nil:
		run.Error = err.Error()
	}
	if due, dueErr := e.due(context.WithoutCancel(ctx), o); dueErr == nil {
		run.Due = due
	}
	if driftErr := e.saveDrift(context.WithoutCancel(ctx), o, done); err == nil {
		err = driftErr
	}
	if endErr := e.end(context.WithoutCancel(ctx), o, &run); err == nil {
		err = endErr
	}
	e.o.Log.Info("run ended", "run", run.ID, "done", run.Steps.Done, "held", run.Steps.Held, "refused", run.Steps.Refused,
		"unknown", run.Steps.Unknown, "left", run.Steps.Left)
	return run, report, err
}

// saveDrift keeps what somebody did in Kisi to what is ours, but for what was done again just now. A look at some people settles nothing.
func (e *Engine) saveDrift(ctx context.Context, o *Outlook, done map[access.Digest]bool) error {
	if !o.Full {
		return nil
	}
	var still []access.Drift
	for _, x := range o.Plan.Drift {
		if done[x.Step] {
			continue
		}
		var id access.RemoteID
		if _, err := fmt.Sscanf(x.Expected, "opens door %d", &id); err == nil {
			x.Expected = "opens " + cmp.Or(o.Words.Catalog.DoorName(id), x.Subject)
		} else if _, err := fmt.Sscanf(x.Expected, "opens elevator stop %d", &id); err == nil {
			x.Expected = "opens " + cmp.Or(o.Words.Catalog.StopName(id), x.Subject)
		}
		still = append(still, x)
	}
	return e.o.Store.SaveDrift(ctx, still)
}

// end writes down how a run ended. Pins whose time is over were told of in it, and are dropped then: killed in between, it is told twice.
func (e *Engine) end(ctx context.Context, o *Outlook, run *record.Run) error {
	if err := e.o.Store.SaveRun(ctx, run); err != nil {
		return err
	}
	for _, p := range o.ended {
		why := "its time is over"
		if p.Until == 0 {
			why = "nothing is left to be done for it"
		}
		if err := e.o.Store.DropPin(ctx, p, "kisi-sync", why); err != nil {
			return err
		}
	}
	return nil
}

// due returns when a run will find something to do although nothing changed: a date of a rule or a grace has come, a call without an
// outcome can be settled, or what Kisi refused is tried again. It is zero when nothing is ahead.
func (e *Engine) due(ctx context.Context, o *Outlook) (time.Time, error) {
	var first access.Instant
	note := func(at access.Instant) { // what came to be due while the run went on is due now
		if at > o.Input.At && (first == 0 || at < first) {
			first = at
		}
	}
	if d := o.Input.Desired; d != nil {
		note(d.Due)
	}
	open, err := e.o.Store.Open(ctx)
	if err != nil {
		return time.Time{}, err
	}
	for _, intent := range open {
		note(max(plan.SettlesAt(intent), e.now()+60)) // one that cannot be settled is looked at again, and not all the time
	}
	holds, err := e.o.Store.Holds(ctx)
	for i := range holds {
		if holds[i].Verdict == access.Parked {
			note(holds[i].Until)
		}
	}
	if err != nil || first == 0 {
		return time.Time{}, err
	}
	return first.Time(), nil
}

// carry writes down what is held and what changes only in the ledger, then what was observed of everybody who is linked by now,
// and then makes the calls.
func (e *Engine) carry(ctx context.Context, o *Outlook, options apply.Options) (apply.Report, error) {
	if err := e.saveHolds(ctx, o); err != nil {
		return apply.Report{}, err
	}
	if err := e.o.Store.SaveBindings(ctx, o.bindings, record.Said{By: e.o.Asked}); err != nil {
		return apply.Report{}, err
	}
	if o.wordings != nil {
		if err := e.o.Store.SaveWordings(ctx, o.wordings); err != nil {
			return apply.Report{}, err
		}
	}
	if _, err := apply.Record(ctx, o.Plan, e.o.Store); err != nil {
		return apply.Report{}, err
	}
	if err := e.o.Store.Meet(ctx, o.Plan.Met); err != nil {
		return apply.Report{}, err
	}
	if o.Input.Observed != nil && !o.Input.Observed.Covers.Empty() {
		if err := e.o.Store.SaveObserved(ctx, o.Input.Observed); err != nil {
			return apply.Report{}, err
		}
	}
	report, err := apply.Execute(ctx, o.Plan, o.kisi, e.o.Store, options)
	if err == nil && report.Done > 0 && !report.Cut && o.makesGroups() { // whoever cut it short does not wait for that, and groups are looked at anew anyhow
		err = e.rereadCatalog(ctx, o.kisi)
	}
	return report, err
}

// makesGroups says that the catalog is another one after the plan.
func (o *Outlook) makesGroups() bool {
	return slices.ContainsFunc(o.Plan.Steps, func(s plan.Step) bool {
		k := s.Change.Kind
		return (k == access.CreateGroup || k == access.DeleteGroup || k == access.UpdateGroup && s.Change.After.Name != "") && s.Hold == nil
	})
}

func (e *Engine) rereadCatalog(ctx context.Context, kisi Target) error {
	c, err := e.readCatalog(ctx, kisi)
	if err != nil {
		return err
	}
	return e.o.Store.SaveCatalog(ctx, c)
}

// Approve lets exactly these steps of an outlook pass once; Reconsider then plans with it.
func (e *Engine) Approve(ctx context.Context, o *Outlook, steps []access.Digest, by, why string) error {
	if err := e.saveHolds(ctx, o); err != nil {
		return err
	}
	decisions := make([]access.Decision, len(steps))
	for i, id := range steps {
		decisions[i] = access.Decision{Step: id, Verdict: access.Approved, By: by, Why: why}
	}
	return e.o.Store.Decide(ctx, decisions...)
}

// saveHolds keeps what waits for a person's decision, and what the plan says of it. A look at some people says nothing about what
// waits for others.
func (e *Engine) saveHolds(ctx context.Context, o *Outlook) error {
	if !o.Full {
		return e.o.Store.AddHolds(ctx, o.holds(e.now()))
	}
	if err := e.o.Store.SaveHolds(ctx, o.holds(e.now())); err != nil {
		return err
	}
	return e.o.Store.SavePlan(ctx, o.summary())
}

// summary is what the plan says of the steps that wait for somebody to decide.
func (o *Outlook) summary() (lines []string) {
	waits := map[string]bool{}
	for i := range o.Plan.Steps {
		if s := &o.Plan.Steps[i]; s.Hold != nil && s.Hold.Kind == access.HeldByLimit {
			waits[s.ID.String()] = true
		}
	}
	for _, line := range o.Plan.Summary(o.Words) {
		if waits[line.Steps[0]] {
			lines = append(lines, line.Text)
		}
	}
	return lines
}

// holds returns the steps that a person may decide about: those that wait for it, those that would undo what somebody did, and those
// that were rejected and are still wanted.
func (o *Outlook) holds(at access.Instant) []access.Hold {
	decidable := func(s *plan.Step) bool {
		return s.Hold != nil && (s.Hold.Kind == access.HeldByLimit || s.Hold.Kind == access.HeldByHand || s.Hold.Kind == access.HeldByVerdict)
	}
	var all []access.Hold
	for i := range o.Plan.Steps {
		s := &o.Plan.Steps[i]
		if !decidable(s) {
			continue
		}
		h := access.Hold{Step: s.ID, Verdict: access.Waiting, Reason: *s.Hold, What: s.Describe(o.Words.Catalog), Since: at}
		if h.Reason.Kind == access.HeldByVerdict { // what was rejected is known as that already; the rest is what somebody accepted
			h.Reason.Kind = access.HeldByHand
		}
		h.Again = o.again(&s.Change)
		if s.Change.Kind.OfMember() {
			h.Email = s.Change.Object.Email
		}
		for _, n := range s.Needs {
			if decidable(&o.Plan.Steps[n]) {
				h.Needs = append(h.Needs, o.Plan.Steps[n].ID)
			}
		}
		all = append(all, h)
	}
	return all
}

// again is the command line that wants a change of a group; "" for what the file wants.
func (o *Outlook) again(c *access.Change) string {
	for i := range o.Input.Desired.Groups {
		if g := &o.Input.Desired.Groups[i]; g.Order != nil && g.ID == c.Object.Group {
			return g.Order.Again
		}
	}
	return ""
}

// Reconcile is one run: look, then carry out what is not held. urgent is asked after each call; true cuts the run short.
func (e *Engine) Reconcile(ctx context.Context, full bool, urgent func() bool) (record.Run, error) {
	o, err := e.Look(ctx, full)
	if err != nil {
		return record.Run{}, err
	}
	run, _, err := e.Carry(ctx, o, apply.Options{Urgent: urgent})
	return run, err
}
