// Package apply carries out one plan under a journal: every call is written down before it is made and after it came back, so that
// whatever ends the process, the next run knows what may have happened.
//
// It decides nothing: what to do, in which order and what to hold is the plan's. Once its context is cancelled nothing more is
// changed; the call under way is finished and written down first.
package apply

import (
	"context"
	"errors"
	"fmt"

	"github.com/kisi-sync/kisi-sync/internal/access"
	"github.com/kisi-sync/kisi-sync/sync/plan"
)

// Target changes Kisi. Do makes exactly one change. Its error wraps one of the sentinels of package access; any other error
// stops the run like access.ErrStop, and the outcome counts as unknown.
type Target interface {
	Do(ctx context.Context, c access.Call) (access.Result, error)
}

// Journal remembers what is under way and books what was done. Begin is durable when it returns. Finish closes an intent and
// books its outcome in one transaction; after access.ErrUnknownOutcome the intent stays open. Note books changes of the ledger
// alone, in their order.
type Journal interface {
	Begin(ctx context.Context, c access.Call) (access.Seq, error)
	Finish(ctx context.Context, s access.Seq, r access.Result, err error) error
	Note(ctx context.Context, all []access.Call) error
}

// Report says what became of a plan's steps. Every step is in exactly one of the counts.
type Report struct {
	Done, Noted, Held, Blocked, Refused, Unknown, Left int
	Failures                                           []Failure
	Cut                                                bool // stopped early because something urgent waits
}

// Failure is a step that was tried and did not succeed.
type Failure struct {
	Step *plan.Step
	Err  error
}

// Event is told after each step that was tried.
type Event struct {
	Step        *plan.Step
	Tried, Todo int // of the steps that send a call
	Err         error
}

// Options are what a caller may want to know or say while a plan is carried out. The zero Options are useful.
type Options struct {
	Urgent   func() bool // asked after each call; true stops before the next one
	Progress func(Event)
	Clock    func() access.Instant // what Kisi's clock says now, 0 when nobody knows; written down with each call
}

// refusalsInARow is after how many refusals no more steps of a kind are tried in a run: the organization is probably full, or the key may
// not do it. What takes something away is always tried.
const refusalsInARow = 5

// Record books the steps of a plan that change the ledger only. They come before all others and depend only on each other.
func Record(ctx context.Context, p *plan.Plan, j Journal) (int, error) {
	var notes []access.Call
	for i := range p.Steps {
		if s := &p.Steps[i]; s.Hold == nil && s.Change.Kind.LedgerOnly() {
			notes = append(notes, access.Call{Change: s.Change})
		}
	}
	if len(notes) == 0 {
		return 0, nil
	}
	if err := j.Note(ctx, notes); err != nil {
		return 0, fmt.Errorf("write %d notes into the ledger: %w", len(notes), err)
	}
	return len(notes), nil
}

// Execute makes the calls of a plan, one after another. Steps whose needs were not done are blocked; a refused step does not stop the
// others. It returns an error when the run had to stop: the journal cannot be written, or the target says so.
func Execute(ctx context.Context, p *plan.Plan, t Target, j Journal, o Options) (Report, error) {
	e := &execution{plan: p, target: t, journal: j, options: o, results: make([]outcome, len(p.Steps)), refused: map[access.Kind]int{}}
	for i := range p.Steps {
		if e.sends(&p.Steps[i]) {
			e.todo++
		}
	}
	err := e.run(ctx)
	return e.report, err
}

// outcome is what became of one step.
type outcome struct {
	done bool
	id   access.RemoteID
}

type execution struct {
	plan    *plan.Plan
	target  Target
	journal Journal
	options Options
	results []outcome
	report  Report
	tried   int
	todo    int
	refused map[access.Kind]int // in a row
}

func (e *execution) sends(s *plan.Step) bool { return s.Hold == nil && !s.Change.Kind.LedgerOnly() }

func (e *execution) run(ctx context.Context) error {
	for i := range e.plan.Steps {
		s := &e.plan.Steps[i]
		switch {
		case s.Hold != nil:
			e.report.Held++
		case s.Change.Kind.LedgerOnly():
			e.report.Noted++
			e.results[i].done = true
		case e.report.Cut || ctx.Err() != nil || e.full(s):
			e.report.Left++
		case !e.needsDone(s):
			e.report.Blocked++
		default:
			if err := e.step(ctx, i); err != nil {
				e.leave(i + 1)
				return err
			}
			e.report.Cut = e.options.Urgent != nil && e.options.Urgent()
		}
	}
	return ctx.Err()
}

// leave counts the steps that are not reached.
func (e *execution) leave(from int) {
	for i := from; i < len(e.plan.Steps); i++ {
		switch s := &e.plan.Steps[i]; {
		case s.Hold != nil:
			e.report.Held++
		case s.Change.Kind.LedgerOnly():
			e.report.Noted++
		default:
			e.report.Left++
		}
	}
}

func (e *execution) needsDone(s *plan.Step) bool {
	for _, n := range s.Needs {
		if !e.results[n].done {
			return false
		}
	}
	return true
}

// full says that Kisi has refused several steps of this kind in a row.
func (e *execution) full(s *plan.Step) bool {
	return e.refused[s.Change.Kind] >= refusalsInARow && !s.Change.Takes()
}

// call puts the ids that earlier steps made into a change.
func (e *execution) call(s *plan.Step) access.Call {
	c := access.Call{Change: s.Change}
	for _, n := range s.Needs {
		switch e.plan.Steps[n].Change.Kind {
		case access.CreateMember:
			c.Refs.Member = e.results[n].id
		case access.CreateGroup:
			c.Refs.Group = e.results[n].id
		}
	}
	return c
}

func (e *execution) step(ctx context.Context, i int) error {
	s := &e.plan.Steps[i]
	c := e.call(s)
	if e.options.Clock != nil {
		c.There = e.options.Clock()
	}
	seq, err := e.journal.Begin(ctx, c)
	if err != nil {
		e.report.Left++
		return fmt.Errorf("write the intent to %s: %w", s.Describe(nil), err)
	}
	result, err := e.target.Do(ctx, c)
	if err != nil && !known(err) {
		err = fmt.Errorf("%w: %w: %w", access.ErrStop, access.ErrUnknownOutcome, err)
	}
	if ferr := e.journal.Finish(context.WithoutCancel(ctx), seq, result, err); ferr != nil {
		e.report.Unknown++
		return fmt.Errorf("write the outcome of %s: %w", s.Describe(nil), ferr)
	}
	if ctx.Err() != nil && errors.Is(err, context.Canceled) && !errors.Is(err, access.ErrUnknownOutcome) {
		e.report.Left++ // stopped before it was sent
		return ctx.Err()
	}
	return e.book(i, result, err)
}

// known says that an error says what became of the call.
func known(err error) bool {
	for _, sentinel := range []error{access.ErrUnknownOutcome, access.ErrExists, access.ErrGone, access.ErrRefused, access.ErrStop} {
		if errors.Is(err, sentinel) {
			return true
		}
	}
	return false
}

// book counts a step that was tried and says whether the run must stop.
func (e *execution) book(i int, r access.Result, err error) error {
	s := &e.plan.Steps[i]
	e.tried++
	if removal(s.Change.Kind) && errors.Is(err, access.ErrGone) {
		err = nil
	}
	switch {
	case err == nil:
		e.report.Done++
		e.results[i] = outcome{done: true, id: r.ID}
	case errors.Is(err, access.ErrUnknownOutcome):
		e.report.Unknown++
	default:
		e.report.Refused++
	}
	if e.refused[s.Change.Kind]++; !errors.Is(err, access.ErrRefused) {
		e.refused[s.Change.Kind] = 0
	}
	if err != nil {
		e.report.Failures = append(e.report.Failures, Failure{s, err})
	}
	if e.options.Progress != nil {
		e.options.Progress(Event{Step: s, Tried: e.tried, Todo: e.todo, Err: err})
	}
	if errors.Is(err, access.ErrStop) {
		return fmt.Errorf("%s: %w", s.Describe(nil), err)
	}
	return nil
}

func removal(k access.Kind) bool {
	return k == access.RemoveAssignment || k == access.RemoveDoor || k == access.RemoveStop || k == access.DeleteMember || k == access.DeleteGroup
}
