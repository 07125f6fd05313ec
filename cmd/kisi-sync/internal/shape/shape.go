// Package shape has what several verbs print with --json, and how lists and times look there.
//
// What --json prints is an interface, as docs/scripting.md says: fields may be added, none is renamed or dropped. Lists are never null.
// Times are RFC 3339. What one verb alone prints is beside that verb; nothing here reads, asks or prints.
package shape

import (
	"fmt"
	"strings"
	"time"

	"github.com/kisi-sync/kisi-sync/cmd/kisi-sync/internal/exit"
	"github.com/kisi-sync/kisi-sync/internal/access"
	"github.com/kisi-sync/kisi-sync/internal/record"
	"github.com/kisi-sync/kisi-sync/mapping"
	"github.com/kisi-sync/kisi-sync/sync/apply"
	"github.com/kisi-sync/kisi-sync/sync/plan"
)

// OrEmpty returns the list itself, and makes of nil one that is written as [] when there is nothing in it.
func OrEmpty[T any](all []T) []T {
	if all == nil {
		return []T{}
	}
	return all
}

// Convert makes each element anew, in the same order. The result is never nil.
func Convert[A, B any](all []A, one func(A) B) []B {
	out := make([]B, len(all))
	for i, a := range all {
		out[i] = one(a)
	}
	return out
}

// Stamp writes an instant as JSON has it, "" for none.
func Stamp(i access.Instant) string {
	if i == 0 {
		return ""
	}
	return i.Time().UTC().Format(time.RFC3339)
}

// Line is a sentence of a plan, and the steps of which it tells.
type Line struct {
	Text   string   `json:"text"`
	People []string `json:"people"`
	Steps  []string `json:"steps"`
	Hold   string   `json:"hold,omitempty"`
}

// NewLine puts a sentence of a plan into its shape.
func NewLine(l plan.Line) Line {
	return Line{Text: l.Text, People: OrEmpty(l.People), Steps: OrEmpty(l.Steps), Hold: l.Hold}
}

// NextLine is a sentence about what the next run does.
type NextLine struct {
	Text string `json:"text"`
	Hold string `json:"hold,omitempty"` // why it is held, if it is
}

// Source is how a source was read, the last time that it was.
type Source struct {
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
	AsOf string `json:"as_of,omitempty"`
	// Behind is why the last read was older than what was known, so that only leavers were believed of it.
	Behind  string   `json:"behind,omitempty"`
	Remarks []string `json:"remarks,omitempty"` // what the source wants known, such as rows that could not be used
	// Gathering: it is pushed to, and nobody has accepted yet that it has been told everything.
	Gathering bool `json:"gathering,omitempty"`
}

// NewSource puts how a source was read into its shape.
func NewSource(s record.SourceStatus) Source {
	out := Source{Name: s.Name, People: s.People, Groups: s.Groups, Members: s.Members, Doubts: s.Doubts, Doubt: s.Doubt, Seconds: s.Took.Seconds(), Error: s.Error,
		Remarks: s.Remarks, Gathering: s.Gathering, Behind: s.Behind}
	if !s.AsOf.IsZero() {
		out.AsOf = s.AsOf.UTC().Format(time.RFC3339)
	}
	if !s.At.IsZero() {
		at := s.At.UTC().Format(time.RFC3339)
		out.Read = &at
	}
	return out
}

// Problem is something that could not be decided, or that was noticed.
type Problem struct {
	Kind  string `json:"kind"`
	Who   string `json:"who"`
	Rule  string `json:"rule,omitempty"`
	Text  string `json:"text"`
	Hint  string `json:"hint,omitempty"`
	Count int    `json:"count"` // how many people it is about; 1 for groups and rules
	// Informs: nothing is undecided for it, it is only worth knowing.
	Informs bool `json:"informs,omitempty"`
}

// NewProblem puts a conflict into its shape.
func NewProblem(c mapping.Conflict) Problem {
	return Problem{Kind: c.Kind, Who: c.Who, Rule: c.Rule, Text: c.Text, Hint: c.Hint, Count: max(1, c.Count), Informs: c.Informs()}
}

// Steps counts what became of the steps of a run.
type Steps struct {
	Planned int `json:"planned"`
	Done    int `json:"done"`
	Held    int `json:"held"`
	Blocked int `json:"blocked"`
	Refused int `json:"refused"`
	Unknown int `json:"unknown"`
	Left    int `json:"left"`
}

// Words say what became of a plan.
func (d Steps) Words() string {
	var parts []string
	for _, part := range []struct {
		n    int
		what string
	}{
		{d.Done, "done"}, {d.Held, "held"}, {d.Blocked, "blocked by others"}, {d.Refused, "refused"}, {d.Unknown, "with unknown outcome"}, {d.Left, "not begun"},
	} {
		if part.n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", part.n, part.what))
		}
	}
	if len(parts) == 0 {
		return "nothing to do"
	}
	return strings.Join(parts, ", ")
}

// Run is a run in a list.
type Run struct {
	Run     uint64     `json:"run"`
	Began   time.Time  `json:"began"`
	Ended   *time.Time `json:"ended"` // null: it is under way, or was killed
	Seconds float64    `json:"seconds"`
	Full    bool       `json:"full"`
	Asked   string     `json:"asked"`
	Cut     bool       `json:"cut"` // something else could not wait
	Calls   int        `json:"calls"`
	Steps   Steps      `json:"steps"`
	Error   string     `json:"error,omitempty"`
}

// NewRun puts a run into its shape.
func NewRun(r *record.Run) Run {
	out := Run{Run: r.ID, Began: r.Began.UTC(), Full: r.Full, Asked: r.Asked, Cut: r.Cut, Calls: r.Calls, Steps: Steps(r.Steps), Error: r.Error}
	if !r.Ended.IsZero() {
		ended := r.Ended.UTC()
		out.Ended, out.Seconds = &ended, r.Ended.Sub(r.Began).Seconds()
	}
	return out
}

// FailedStep is a step that was tried, and not done.
type FailedStep struct {
	ID    access.Digest `json:"id"`
	What  string        `json:"what"`
	Error string        `json:"error"`
}

// NewFailedStep puts a failure into its shape, with the error in words for people.
func NewFailedStep(f apply.Failure) FailedStep {
	return FailedStep{ID: f.Step.ID, What: f.Step.Describe(nil), Error: exit.Explained(f.Err).Text}
}
