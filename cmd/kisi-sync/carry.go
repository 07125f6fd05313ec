package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/kisi-sync/kisi-sync/cmd/kisi-sync/internal/exit"
	"github.com/kisi-sync/kisi-sync/cmd/kisi-sync/internal/voice"
	"github.com/kisi-sync/kisi-sync/internal/access"
	"github.com/kisi-sync/kisi-sync/internal/daemon"
	"github.com/kisi-sync/kisi-sync/internal/record"
	"github.com/kisi-sync/kisi-sync/internal/store"
	"github.com/kisi-sync/kisi-sync/sync/apply"
	"github.com/kisi-sync/kisi-sync/sync/plan"
)

// carry carries out an outlook with progress and says how it ended.
func (s *session) carry(ctx context.Context, f forecast) error {
	progress := s.ui.Progress(s.describes(f.Words.Catalog), now)
	stop := context.AfterFunc(ctx, func() {
		s.ui.Tell("stopping after the call under way; once more Ctrl-C ends at once, which is safe too")
	})
	run, report, err := s.engine.Carry(ctx, f.Outlook, apply.Options{Progress: s.logged(progress.Step), Urgent: s.urgent()})
	stop()
	s.logRun(run, report)
	progress.End()
	if ctx.Err() != nil {
		leaveUnsent(&run.Steps, &report)
	}
	if s.ui.JSON {
		if err := s.ui.Print(newRunDocument(f, run, report, s.client.Stats().Calls)); err != nil {
			return err
		}
	}
	s.showRun(f, run, report)
	if report.Cut {
		s.ui.Tell("Cut short: somebody must lose access at once, which comes first. The daemon goes on with the rest by itself.")
	}
	return ended(f, report, err)
}

// logged has the daemon's log tell of each change, too, if this is within the daemon: it is the one place that has all of them.
func (s *session) logged(tell func(apply.Event)) func(apply.Event) {
	h := s.ui.host()
	if h == nil {
		return tell
	}
	return func(e apply.Event) {
		if e.Err == nil {
			h.log.Info("change", daemon.Words(e.Step)...)
		}
		tell(e)
	}
}

// logRun has the daemon's log tell how a run ended that somebody asked for beside it, and what could not be done.
func (s *session) logRun(run record.Run, report apply.Report) {
	h := s.ui.host()
	if h == nil {
		return
	}
	for _, f := range report.Failures {
		h.log.Warn("change not made", append(daemon.Words(f.Step), "err", exit.Explained(f.Err).Text)...)
	}
	h.log.Info("run ended", "run", run.ID, "asked", run.Asked, "done", run.Steps.Done, "held", run.Steps.Held, "refused", run.Steps.Refused,
		"unknown", run.Steps.Unknown, "left", run.Steps.Left)
}

// leaveUnsent counts what was interrupted on its way to Kisi, and never left, among what was not begun.
func leaveUnsent(steps *record.Steps, report *apply.Report) {
	report.Failures = slices.DeleteFunc(report.Failures, func(f apply.Failure) bool {
		if !errors.Is(f.Err, context.Canceled) || errors.Is(f.Err, access.ErrUnknownOutcome) {
			return false
		}
		report.Refused, report.Left = report.Refused-1, report.Left+1
		steps.Refused, steps.Left = steps.Refused-1, steps.Left+1
		return true
	})
	if report.Refused+report.Unknown == 0 { // then only what was not begun can stand in the way of the rest
		report.Blocked, report.Left = 0, report.Left+report.Blocked
		steps.Blocked, steps.Left = 0, steps.Left+steps.Blocked
	}
}

// ended turns the end of a run into an error with its exit code.
func ended(f forecast, report apply.Report, err error) error {
	const again = "the next run tries again by itself"
	h := holdsOf(f.Plan)
	switch {
	case errors.Is(err, context.Canceled):
		return exit.Failed(errors.New("interrupted; what was begun is finished and written down"), "run the same again, it goes on where it stopped")
	case errors.Is(err, store.ErrUnwritable):
		return exit.Failed(err, "run the same again then: a change that was made and not written down is found by looking at Kisi")
	case err != nil:
		return exit.Failed(err, "what was done is written down; run the same again, it goes on where it stopped")
	case report.Refused+report.Unknown+report.Blocked > 0:
		return exit.Failed(errors.New("not everything could be done"), again)
	case len(f.Unsettled) > 0 || h.kisi > 0:
		return exit.Failed(errors.New("something waits for Kisi: it refused it lately, or does not say yet whether it was done"), again)
	case f.mode != plan.Observe && h.person > 0 || f.mode != plan.Observe && !f.own && f.waiting() > 0:
		return &exit.Error{Code: exit.CodeHeld}
	}
	return nil
}

// showRun says how a run ended.
func (s *session) showRun(f forecast, run record.Run, report apply.Report) {
	for _, failure := range report.Failures {
		s.ui.Say("%s %s: %s", s.ui.Red("✗"), s.describes(f.Words.Catalog)(failure.Step), exit.Explained(failure.Err).Text)
	}
	number := fmt.Sprintf("(run %d, %s)", run.ID, voice.Round(run.Ended.Sub(run.Began)))
	if f.mode == plan.Observe {
		s.ui.Say("Nothing was written: the file says mode: observe. %s", number)
		return
	}
	var parts []string
	for _, part := range []struct {
		n    int
		what string
	}{
		{run.Steps.Done, "done"}, {run.Steps.Held, "held"}, {run.Steps.Blocked, "blocked by others"}, {run.Steps.Refused, "refused"},
		{run.Steps.Unknown, "with unknown outcome"}, {run.Steps.Left, "not begun"},
	} {
		if part.n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", part.n, part.what))
		}
	}
	if len(parts) > 0 {
		s.ui.Say("Steps: %s. %s", strings.Join(parts, ", "), number)
		return
	}
	s.ui.Say("%s", number)
}
