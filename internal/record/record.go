// Package record holds the words of runs: what happened when, to whom and why, for status, reports and the audit trail; and what
// can be said from the lines of the trail alone (Replay), or written of them for others (NewCSV, NewJSONLines).
//
// It is pure: no disk, no clock. What it holds may name people, so it is kept with the store and never logged whole.
package record

import (
	"time"

	"github.com/kisi-sync/kisi-sync/internal/access"
)

// Run is one reconciliation from start to end.
type Run struct {
	ID       uint64 // ascending, given by the store
	Began    time.Time
	Ended    time.Time // zero while it is under way, and for ever if it was killed
	Full     bool      // everybody was observed, not only suspects
	Asked    string    // who asked: "schedule", "start" or "reload" of the daemon, or the name of a person at the command line
	Sources  []SourceStatus
	Steps    Steps
	Problems []Problem
	Calls    int       // made to Kisi, for looking too; each counts once however often it was tried
	Error    string    // why the run ended early; "" when it did not
	Cut      bool      // ended early because something else could not wait
	Due      time.Time // when a run will find something to do by itself; zero: not before something changes
}

// Steps counts what became of a plan.
type Steps struct {
	Planned, Done, Held, Blocked, Refused, Unknown, Left int // Left: not begun because the run was stopped
}

// HeldPlan is what waits for a decision, under one name.
type HeldPlan struct {
	ID      access.Digest // over the ids of its steps; zero when nothing waits
	Since   access.Instant
	Steps   []access.Hold // by step
	Summary []string      // what the plan said about them; nil when nobody wrote it down
}

// Problem is something about one person, group or rule that could not be decided; the rest went on.
type Problem struct {
	Kind  string // a word for scripts: "no_email", "duplicate_email", ...
	Who   string // person, group or rule, as people call it
	Text  string
	Hint  string
	Count int // how many are alike; 0 and 1 both mean one
	// Undecided says that nothing was decided for it, so that something stays as it is; otherwise it is only told.
	Undecided bool `json:",omitempty"`
}

// SourceStatus is how one source was read.
type SourceStatus struct {
	Name     string
	At       time.Time // when the last good read began
	Complete bool      // the last read was complete, not an increment
	People   int
	Groups   int
	Members  int
	Doubts   int    // absences that are not believed
	Behind   string // why the last read was older than what was known, so that only leavers were believed; "" when it was not
	Doubt    string // why, as the last read saw it; "" when nothing is doubted, or when it is not known any more
	Error    string // why the last read failed; "" when it did not
	Took     time.Duration
	// AsOf is of when the content is that was read, where the source says so and it is older than At, as a file is; else zero.
	AsOf time.Time `json:",omitzero"`
	// Gathering: the source is pushed to, and nobody has accepted yet that it has been told everything.
	Gathering bool `json:",omitzero"`
	// Remarks are what the source wants known of the last good read, such as rows that could not be used.
	Remarks []string `json:",omitempty"`
}

// Age is how old what is known of the source is.
func (s *SourceStatus) Age(now time.Time) time.Duration {
	if !s.AsOf.IsZero() {
		return now.Sub(s.AsOf)
	}
	return now.Sub(s.At)
}

// Said is who did something, and why.
type Said struct{ By, Why string }
