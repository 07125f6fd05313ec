package main

import (
	"time"

	"github.com/kisi-sync/kisi-sync/cmd/kisi-sync/internal/shape"
	"github.com/kisi-sync/kisi-sync/internal/record"
	"github.com/kisi-sync/kisi-sync/sync/apply"
	"github.com/kisi-sync/kisi-sync/sync/plan"
)

// planDocument is what plan --json prints. It is also a plan for apply.
type planDocument struct {
	Version      int              `json:"version"`
	Organization string           `json:"organization"`
	Made         time.Time        `json:"made"`
	Mode         string           `json:"mode"`
	Summary      []shape.Line     `json:"summary"`
	Steps        []plan.SavedStep `json:"steps"`
	Notes        []plan.Note      `json:"notes"`
	Sum          string           `json:"sum"`
	Do           int              `json:"do"`
	Held         int              `json:"held"`
	Calls        int              `json:"calls"`
	Seconds      int              `json:"seconds"` // about
	Sources      []shape.Source   `json:"sources"`
	Problems     []shape.Problem  `json:"problems"`
}

// newPlanDocument puts together what plan --json prints.
func newPlanDocument(f forecast, saved plan.Saved) planDocument {
	return planDocument{
		Version: saved.Version, Organization: saved.Organization, Made: saved.Made, Mode: f.mode.String(),
		Summary: shape.Convert(saved.Summary, shape.NewLine), Steps: shape.OrEmpty(saved.Steps), Notes: shape.OrEmpty(saved.Notes), Sum: saved.Sum,
		Do: f.told.Do(), Held: f.told.Held(), Calls: f.told.Calls(), Seconds: int(f.takes().Seconds()),
		Sources: shape.Convert(f.Run.Sources, shape.NewSource), Problems: shape.Convert(f.Conflicts, shape.NewProblem),
	}
}

// runDocument is what apply --json and sync --json print.
type runDocument struct {
	Run      uint64             `json:"run"` // its number; 0: none was made
	Mode     string             `json:"mode"`
	Full     bool               `json:"full"` // everybody was looked at in Kisi
	Asked    string             `json:"asked"`
	Began    time.Time          `json:"began"`
	Ended    time.Time          `json:"ended"`
	Calls    int64              `json:"calls"` // made to Kisi, for looking too
	Summary  []shape.Line       `json:"summary"`
	Steps    shape.Steps        `json:"steps"`
	Waiting  int                `json:"waiting"` // held by an earlier run and not looked at in this one
	Failures []shape.FailedStep `json:"failures"`
	Notes    []plan.Note        `json:"notes"`
	Sources  []shape.Source     `json:"sources"`
	Problems []shape.Problem    `json:"problems"`
}

func newRunDocument(f forecast, run record.Run, report apply.Report, calls int64) runDocument {
	return runDocument{
		Run: run.ID, Mode: f.mode.String(), Full: run.Full, Asked: run.Asked, Began: run.Began, Ended: run.Ended, Calls: calls,
		Summary: shape.Convert(f.told.Summary(f.Words), shape.NewLine), Steps: shape.Steps(run.Steps), Waiting: f.waiting(),
		Failures: shape.Convert(report.Failures, shape.NewFailedStep), Notes: shape.OrEmpty(f.told.Notes),
		Sources: shape.Convert(run.Sources, shape.NewSource), Problems: shape.Convert(f.Conflicts, shape.NewProblem),
	}
}
