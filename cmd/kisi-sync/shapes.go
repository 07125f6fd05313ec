package main

import (
	"time"

	"github.com/kisi-sync/kisi-sync/cmd/kisi-sync/internal/exit"
	"github.com/kisi-sync/kisi-sync/internal/access"
	"github.com/kisi-sync/kisi-sync/internal/record"
	"github.com/kisi-sync/kisi-sync/mapping"
	"github.com/kisi-sync/kisi-sync/sync/apply"
	"github.com/kisi-sync/kisi-sync/sync/plan"
)

// What --json prints is an interface, as docs/scripting.md says: fields may be added, none is renamed or dropped. Lists are never
// null. Times are RFC 3339.

// orEmpty makes a list that is written as [] when there is nothing in it.
func orEmpty[T any](all []T) []T {
	if all == nil {
		return []T{}
	}
	return all
}

// convert makes each element anew.
func convert[A, B any](all []A, one func(A) B) []B {
	out := make([]B, len(all))
	for i, a := range all {
		out[i] = one(a)
	}
	return out
}

// planDocument is what plan --json prints. It is also a plan for apply.
type planDocument struct {
	Version      int              `json:"version"`
	Organization string           `json:"organization"`
	Made         time.Time        `json:"made"`
	Mode         string           `json:"mode"`
	Summary      []lineDocument   `json:"summary"`
	Steps        []plan.SavedStep `json:"steps"`
	Notes        []plan.Note      `json:"notes"`
	Sum          string           `json:"sum"`
	Do           int              `json:"do"`
	Held         int              `json:"held"`
	Calls        int              `json:"calls"`
	Seconds      int              `json:"seconds"` // about
	Sources      []sourceDocument `json:"sources"`
	Problems     []problem        `json:"problems"`
}

type lineDocument struct {
	Text   string   `json:"text"`
	People []string `json:"people"`
	Steps  []string `json:"steps"`
	Hold   string   `json:"hold,omitempty"`
}

func newLine(l plan.Line) lineDocument {
	return lineDocument{Text: l.Text, People: orEmpty(l.People), Steps: orEmpty(l.Steps), Hold: l.Hold}
}

// sourceDocument is how a source was read.
type sourceDocument struct {
	Name    string  `json:"name"`
	Read    *string `json:"read"` // when; null: never
	People  int     `json:"people"`
	Groups  int     `json:"groups"`
	Members int     `json:"members"`
	Doubts  int     `json:"doubts"` // absences that are not believed
	Doubt   string  `json:"doubt,omitempty"`
	Seconds float64 `json:"seconds"`
	Error   string  `json:"error,omitempty"`
	// AsOf is of when the content was that was read, where the source knows: a file's time.
	AsOf    string   `json:"as_of,omitempty"`
	Remarks []string `json:"remarks,omitempty"` // what the source wants known, such as rows that could not be used
	// Gathering: it is pushed to, and nobody has accepted yet that it has been told everything.
	Gathering bool `json:"gathering,omitempty"`
}

func newSource(s record.SourceStatus) sourceDocument {
	out := sourceDocument{Name: s.Name, People: s.People, Groups: s.Groups, Members: s.Members, Doubts: s.Doubts, Doubt: s.Doubt, Seconds: s.Took.Seconds(), Error: s.Error,
		Remarks: s.Remarks, Gathering: s.Gathering}
	if !s.AsOf.IsZero() {
		out.AsOf = s.AsOf.UTC().Format(time.RFC3339)
	}
	if !s.At.IsZero() {
		at := s.At.UTC().Format(time.RFC3339)
		out.Read = &at
	}
	return out
}

// problem is something that could not be decided, or that was noticed.
type problem struct {
	Kind  string `json:"kind"`
	Who   string `json:"who"`
	Rule  string `json:"rule,omitempty"`
	Text  string `json:"text"`
	Hint  string `json:"hint,omitempty"`
	Count int    `json:"count"` // how many people it is about; 1 for groups and rules
	// Informs: nothing is undecided for it, it is only worth knowing.
	Informs bool `json:"informs,omitempty"`
}

func newProblem(c mapping.Conflict) problem {
	return problem{Kind: c.Kind, Who: c.Who, Rule: c.Rule, Text: c.Text, Hint: c.Hint, Count: max(1, c.Count), Informs: c.Informs()}
}

// newPlanDocument puts together what plan --json prints.
func newPlanDocument(f forecast, saved plan.Saved) planDocument {
	return planDocument{
		Version: saved.Version, Organization: saved.Organization, Made: saved.Made, Mode: f.mode.String(),
		Summary: convert(saved.Summary, newLine), Steps: orEmpty(saved.Steps), Notes: orEmpty(saved.Notes), Sum: saved.Sum,
		Do: f.told.Do(), Held: f.told.Held(), Calls: f.told.Calls(), Seconds: int(f.takes().Seconds()),
		Sources: convert(f.Run.Sources, newSource), Problems: convert(f.Conflicts, newProblem),
	}
}

// runDocument is what apply --json and sync --json print.
type runDocument struct {
	Run      uint64           `json:"run"` // its number; 0: none was made
	Mode     string           `json:"mode"`
	Full     bool             `json:"full"` // everybody was looked at in Kisi
	Asked    string           `json:"asked"`
	Began    time.Time        `json:"began"`
	Ended    time.Time        `json:"ended"`
	Calls    int64            `json:"calls"` // made to Kisi, for looking too
	Summary  []lineDocument   `json:"summary"`
	Steps    stepsDocument    `json:"steps"`
	Waiting  int              `json:"waiting"` // held by an earlier run and not looked at in this one
	Failures []failedStep     `json:"failures"`
	Notes    []plan.Note      `json:"notes"`
	Sources  []sourceDocument `json:"sources"`
	Problems []problem        `json:"problems"`
}

type stepsDocument struct {
	Planned int `json:"planned"`
	Done    int `json:"done"`
	Held    int `json:"held"`
	Blocked int `json:"blocked"`
	Refused int `json:"refused"`
	Unknown int `json:"unknown"`
	Left    int `json:"left"`
}

type failedStep struct {
	ID    access.Digest `json:"id"`
	What  string        `json:"what"`
	Error string        `json:"error"`
}

func newFailedStep(f apply.Failure) failedStep {
	return failedStep{ID: f.Step.ID, What: f.Step.Describe(nil), Error: exit.Explained(f.Err).Text}
}

func newRunDocument(f forecast, run record.Run, report apply.Report, calls int64) runDocument {
	return runDocument{
		Run: run.ID, Mode: f.mode.String(), Full: run.Full, Asked: run.Asked, Began: run.Began, Ended: run.Ended, Calls: calls,
		Summary: convert(f.told.Summary(f.Words), newLine), Steps: stepsDocument(run.Steps), Waiting: f.waiting(),
		Failures: convert(report.Failures, newFailedStep), Notes: orEmpty(f.told.Notes),
		Sources: convert(run.Sources, newSource), Problems: convert(f.Conflicts, newProblem),
	}
}
