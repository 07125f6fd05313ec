// Package engine conducts: it takes in one source at a time (Intake), and holds everything that is known against Kisi and carries
// out the difference (Look, then Carry; Reconcile is both).
//
// It decides what is believable of what was read. What should be is mapping's business, what is done about it plan's, how it is
// done apply's. Intakes of different sources may run side by side; of reconciliations there is one at a time.
package engine

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/kisi-sync/kisi-sync/connectors"
	"github.com/kisi-sync/kisi-sync/internal/access"
	"github.com/kisi-sync/kisi-sync/internal/directory"
	"github.com/kisi-sync/kisi-sync/internal/record"
	"github.com/kisi-sync/kisi-sync/mapping"
	"github.com/kisi-sync/kisi-sync/sync/apply"
	"github.com/kisi-sync/kisi-sync/sync/plan"
)

// Target is Kisi. Observe may see more than it was asked for, never less; what it returns is whole. Catalog lists what there is to be
// granted. Probe makes the one call that says whether Kisi works at all, and does not go on about it.
type Target interface {
	apply.Target
	Observe(ctx context.Context, s access.Scope) (*access.State, error)
	Catalog(ctx context.Context) (*access.Catalog, error)
	Probe(ctx context.Context) error
}

// Snapshots remembers what was read of the sources. Snapshot returns nil when nothing is known of a source. RenameSource moves what is
// known of one to another id, of which nothing is known, and says whether there was something. SaveSnapshot keeps rows, cursor and
// counts together or not at all; SaveSnapshotAgain keeps cursor and time of one whose rows are those that are kept. HighWater returns
// the largest of each count within a window; ForgetMarks starts that anew, and LowerMarks takes something off each.
type Snapshots interface {
	Snapshot(ctx context.Context, source string) (*directory.Snapshot, error)
	RenameSource(ctx context.Context, from, to string) (bool, error)
	SaveSnapshot(ctx context.Context, s *directory.Snapshot) error
	SaveSnapshotAgain(ctx context.Context, s *directory.Snapshot) error
	HighWater(ctx context.Context, source string, window time.Duration) (directory.Counts, error)
	ForgetMarks(ctx context.Context, source string) error
	LowerMarks(ctx context.Context, source string, by directory.Counts) error
}

// Memory remembers Kisi: what is ours, how it was last seen, and what there is to be granted (nil when that is not known). Meet makes
// accounts of nobody, for users of whom SaveObserved shall keep how they were seen.
type Memory interface {
	Ledger(ctx context.Context) (*access.Ledger, error)
	Meet(ctx context.Context, members []access.RemoteID) error
	SaveObserved(ctx context.Context, s *access.State) error
	Catalog(ctx context.Context) (*access.Catalog, error)
	SaveCatalog(ctx context.Context, c *access.Catalog) error
	Bind(ctx context.Context, o access.Organization, installation string) error // refuses another organization than before
}

// Rulings remembers what is held, what was decided about it, and what was spent. SaveHolds replaces all that wait for a decision,
// AddHolds adds to them; SavePlan keeps what a plan over everybody said of those that wait; Decide decides about some. SaveDrift
// replaces what somebody did in Kisi to what is ours.
type Rulings interface {
	Holds(ctx context.Context) ([]access.Hold, error)
	SaveHolds(ctx context.Context, waiting []access.Hold) error
	AddHolds(ctx context.Context, waiting []access.Hold) error
	SavePlan(ctx context.Context, summary []string) error
	Drift(ctx context.Context) ([]access.Drift, error)
	SaveDrift(ctx context.Context, found []access.Drift) error
	Decide(ctx context.Context, all ...access.Decision) error
	Spent(ctx context.Context, since access.Instant) ([]access.Spending, error)
}

// Words remembers what operators said about single people, and which groups the selectors of the file were bound to. DropPin takes
// one back; SaveBindings replaces them all and writes nothing when none differs. Wordings are what rules said, also earlier ones that may
// have given what there is, newest last; SaveWordings says by which the run goes.
type Words interface {
	Pins(ctx context.Context) ([]access.Pin, error)
	DropPin(ctx context.Context, p access.Pin, by, why string) error
	Bindings(ctx context.Context) ([]mapping.Binding, error)
	SaveBindings(ctx context.Context, all []mapping.Binding, said record.Said) error
	Wordings(ctx context.Context) ([]mapping.Wording, error)
	SaveWordings(ctx context.Context, now []mapping.Wording) error
}

// Journal is what apply writes, and the intents that were never finished.
type Journal interface {
	apply.Journal
	Open(ctx context.Context) ([]access.Intent, error)
}

// Runs keeps the record of runs: SaveRun numbers a new one, and replaces what was kept of one that has a number. SaveStatus keeps how a
// source was read last.
type Runs interface {
	SaveRun(ctx context.Context, r *record.Run) error
	Circuit(ctx context.Context) (record.Circuit, error) // for how long Kisi is left alone
	SaveCircuit(ctx context.Context, c record.Circuit) error
	SaveStatus(ctx context.Context, status record.SourceStatus) error
	Runs(ctx context.Context, n int) ([]record.Run, error) // the newest n, newest first
}

// Store is everything that is remembered.
type Store interface {
	Snapshots
	Memory
	Rulings
	Words
	Journal
	Runs
}

// Source is an opened source with its two names.
type Source struct {
	Name, ID string
	Was      []string // ids that it had before
	// StaleAfter is the age from which on what is known of the source decides nothing any more: its people are left exactly as they are.
	// 0: never.
	StaleAfter time.Duration
	// Stated says that its people stand in the configuration file: nothing of them is ever doubted.
	Stated bool
	connectors.Source
}

// Options are what an Engine is made of. All fields but Asked, Alive, Accept, Skew, Insist, Renewed and Calls are required.
type Options struct {
	Sources      []Source
	Rules        *mapping.Rules
	Policy       plan.Policy
	Limits       plan.Limits
	Organization string // the domain that the file names; "": whatever the key belongs to
	Target       Target
	Store        Store
	Now          func() time.Time
	Log          *slog.Logger
	Asked        string                       // who asked, for the record
	Alive        access.Instant               // there may be a run beside this engine, which makes calls since then; 0: there is none
	Accept       map[string]bool              // names of sources whose next read is believed whatever it says; "kisi" for Kisi itself
	Insist       bool                         // ask Kisi also while it is to be left alone: somebody waits for the answer
	Renewed      func() bool                  // Kisi's credential is another one than that of the last call; nil: it never is
	Calls        func() int                   // how many requests were sent to Kisi so far; nil: nobody counts
	Skew         func() (time.Duration, bool) // Kisi's clock minus this one, as Kisi's last answer told it; false when none did. nil: nobody measures
}

// Engine conducts runs. Intake may be called for several sources at once; everything else one at a time.
type Engine struct {
	o Options
	*heard
	turns *turns
}

// heard is what was read, and how.
type heard struct {
	mu     sync.Mutex
	status map[string]record.SourceStatus // by name
	held   map[string]*directory.Snapshot // by source ID, once read from the store or taken in
	loads  turns                          // of reading one from the store
}

// New returns an Engine. It contacts nobody.
func New(o Options) *Engine {
	return &Engine{o: o, heard: &heard{status: map[string]record.SourceStatus{}, held: map[string]*directory.Snapshot{}}, turns: &turns{}}
}

func (e *Engine) now() access.Instant { return access.At(e.o.Now()) }

// calls returns how many requests were sent to Kisi so far.
func (e *Engine) calls() int {
	if e.o.Calls == nil {
		return 0
	}
	return e.o.Calls()
}

// source returns a source by name.
func (e *Engine) source(name string) (Source, error) {
	for _, s := range e.o.Sources {
		if s.Name == name {
			return s, nil
		}
	}
	return Source{}, fmt.Errorf("no source is called %q", name)
}

// Statuses returns how each source was last read, in the order of the sources.
func (e *Engine) Statuses() []record.SourceStatus {
	e.mu.Lock()
	defer e.mu.Unlock()
	var all []record.SourceStatus
	for _, s := range e.o.Sources {
		status, ok := e.status[s.Name]
		if !ok {
			status = record.SourceStatus{Name: s.Name}
		}
		all = append(all, status)
	}
	return all
}
