package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync"
	"time"

	bolt "go.etcd.io/bbolt"

	"github.com/kisi-sync/kisi-sync/internal/access"
	"github.com/kisi-sync/kisi-sync/internal/directory"
	"github.com/kisi-sync/kisi-sync/internal/record"
	"github.com/kisi-sync/kisi-sync/mapping"
)

// Preview is a store for looking ahead: what is known is read from a Store, what a run would remember stays in memory and is
// forgotten with it, and the journal refuses, so that nothing can be carried out. The file is not written, and not made when there
// is none. It may be used by many goroutines.
type Preview struct {
	base *Store
	owns bool // base was opened for it

	mu        sync.Mutex
	snapshots map[string]*directory.Snapshot
	renamed   map[string]string // sources, by their new id
	catalog   *access.Catalog
}

// Preview looks ahead from an open store, which stays open when the Preview is closed.
func (s *Store) Preview() *Preview {
	return &Preview{base: s, snapshots: map[string]*directory.Snapshot{}, renamed: map[string]string{}}
}

// OpenPreview looks ahead from the file at path; when there is none, from knowing nothing. Close the Preview after use.
func OpenPreview(path string, o Options) (_ *Preview, err error) {
	o = o.withDefaults()
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return owning(&Store{path: path, now: o.Now}), nil
	}
	s, err := openFile(path, o, true)
	if err == nil {
		if err = s.readable(currentSchema()); err != nil {
			err = errors.Join(err, s.db.Close())
		}
	}
	if err != nil {
		return nil, fmt.Errorf("state file %s: %w", path, err)
	}
	return owning(s), nil
}

func owning(s *Store) *Preview {
	p := s.Preview()
	p.owns = true
	return p
}

// readable says whether a file can be used without being brought up to date.
func (s *Store) readable(want schema) (err error) {
	defer rescue(expectFaults(), &err)
	return s.db.View(func(tx *bolt.Tx) error {
		have, err := versionOf(tx)
		switch {
		case err != nil:
			return err
		case have > want.version:
			return fmt.Errorf("schema %d, this is for %d: %w", have, want.version, ErrNewer)
		case have < want.version:
			return fmt.Errorf("schema %d, this is for %d: written by an older kisi-sync; any verb that changes something brings it up to date",
				have, want.version)
		}
		return nil
	})
}

// Close lets go of the file if OpenPreview opened it.
func (p *Preview) Close() error {
	if !p.owns {
		return nil
	}
	return p.base.Close()
}

// Path returns where the file is, or would be.
func (p *Preview) Path() string { return p.base.Path() }

// Bind refuses like Store.Bind, and ties nothing.
func (p *Preview) Bind(ctx context.Context, o access.Organization, installation string) error {
	now := fingerprint{Organization: o.ID, Name: o.Name, Domain: o.Domain, Installation: installation}
	return p.base.view(ctx, metaBucket, func(t *txn) error { return t.fits(now) })
}

// Snapshot returns what was saved here, else what the store knows.
func (p *Preview) Snapshot(ctx context.Context, source string) (*directory.Snapshot, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if s := p.snapshots[source]; s != nil {
		return s, nil
	}
	return p.base.Snapshot(ctx, source)
}

// SaveSnapshot keeps a snapshot in memory.
func (p *Preview) SaveSnapshot(_ context.Context, s *directory.Snapshot) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.snapshots[s.Source()] = s
	return nil
}

// SaveSnapshotAgain keeps a snapshot in memory.
func (p *Preview) SaveSnapshotAgain(ctx context.Context, s *directory.Snapshot) error {
	return p.SaveSnapshot(ctx, s)
}

// Sources is Store.Sources.
func (p *Preview) Sources(ctx context.Context) ([]string, error) { return p.base.Sources(ctx) }

// HighWater is Store.HighWater.
func (p *Preview) HighWater(ctx context.Context, source string, window time.Duration) (directory.Counts, error) {
	return p.base.HighWater(ctx, p.known(source), window)
}

// ForgetMarks does nothing: marks are not read again while looking ahead.
func (p *Preview) ForgetMarks(context.Context, string) error { return nil }

// LowerMarks does nothing either.
func (p *Preview) LowerMarks(context.Context, string, directory.Counts) error { return nil }

// Forget refuses.
func (p *Preview) Forget(context.Context, string) error { return ErrPreview }

// Ledger is Store.Ledger.
func (p *Preview) Ledger(ctx context.Context) (*access.Ledger, error) { return p.base.Ledger(ctx) }

// Meet does nothing.
func (p *Preview) Meet(context.Context, []access.RemoteID) error { return nil }

// SaveObserved does nothing: what was observed is looked at now and forgotten.
func (p *Preview) SaveObserved(context.Context, *access.State) error { return nil }

// Catalog returns what was saved here, else what the store knows.
func (p *Preview) Catalog(ctx context.Context) (*access.Catalog, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.catalog != nil {
		return p.catalog, nil
	}
	return p.base.Catalog(ctx)
}

// SaveCatalog keeps a catalog in memory.
func (p *Preview) SaveCatalog(_ context.Context, c *access.Catalog) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.catalog = c
	return nil
}

// Open is Store.Open.
func (p *Preview) Open(ctx context.Context) ([]access.Intent, error) { return p.base.Open(ctx) }

// Begin refuses.
func (p *Preview) Begin(context.Context, access.Call) (access.Seq, error) { return 0, ErrPreview }

// Finish refuses.
func (p *Preview) Finish(context.Context, access.Seq, access.Result, error) error { return ErrPreview }

// Note refuses.
func (p *Preview) Note(context.Context, []access.Call) error { return ErrPreview }

// Holds is Store.Holds.
func (p *Preview) Holds(ctx context.Context) ([]access.Hold, error) { return p.base.Holds(ctx) }

// SaveHolds does nothing.
func (p *Preview) SaveHolds(context.Context, []access.Hold) error { return nil }

// AddHolds does nothing.
func (p *Preview) AddHolds(context.Context, []access.Hold) error { return nil }

// Decide refuses.
func (p *Preview) Decide(context.Context, ...access.Decision) error { return ErrPreview }

// Spent is Store.Spent.
func (p *Preview) Spent(ctx context.Context, since access.Instant) ([]access.Spending, error) {
	return p.base.Spent(ctx, since)
}

// SaveRun does nothing; the run keeps the ID 0.
func (p *Preview) SaveRun(context.Context, *record.Run) error { return nil }

// Runs is Store.Runs.
func (p *Preview) Runs(ctx context.Context, n int) ([]record.Run, error) { return p.base.Runs(ctx, n) }

// SaveStatus does nothing.
func (p *Preview) SaveStatus(context.Context, record.SourceStatus) error { return nil }

// Statuses is Store.Statuses.
func (p *Preview) Statuses(ctx context.Context) ([]record.SourceStatus, error) {
	return p.base.Statuses(ctx)
}

// Audit refuses.
func (p *Preview) Audit(context.Context, ...record.AuditLine) error { return ErrPreview }

// AuditLines is Store.AuditLines.
func (p *Preview) AuditLines(ctx context.Context, n int) ([]record.AuditLine, error) {
	return p.base.AuditLines(ctx, n)
}

// Pins is Store.Pins.
func (p *Preview) Pins(ctx context.Context) ([]access.Pin, error) { return p.base.Pins(ctx) }

// SavePin refuses.
func (p *Preview) SavePin(context.Context, access.Pin) error { return ErrPreview }

// ChangePins refuses.
func (p *Preview) ChangePins(context.Context, []access.Pin, []access.Pin) error { return ErrPreview }

// DropPin refuses.
func (p *Preview) DropPin(context.Context, access.Pin, string, string) error { return ErrPreview }

// Bindings is Store.Bindings.
func (p *Preview) Bindings(ctx context.Context) ([]mapping.Binding, error) {
	return p.base.Bindings(ctx)
}

// SaveBindings does nothing.
func (p *Preview) SaveBindings(context.Context, []mapping.Binding, record.Said) error { return nil }

// Wordings is Store.Wordings.
func (p *Preview) Wordings(ctx context.Context) ([]mapping.Wording, error) {
	return p.base.Wordings(ctx)
}

// SaveWordings does nothing.
func (p *Preview) SaveWordings(context.Context, []mapping.Wording) error { return nil }

// Document returns a document of a source, nil when there is none.
func (p *Preview) Document(ctx context.Context, source, key string) ([]byte, error) {
	return p.base.Documents(source).Get(ctx, key)
}

// HeldPlan is Store.HeldPlan.
func (p *Preview) HeldPlan(ctx context.Context) (record.HeldPlan, error) { return p.base.HeldPlan(ctx) }

// SavePlan does nothing.
func (p *Preview) SavePlan(context.Context, []string) error { return nil }

// Drift is Store.Drift.
func (p *Preview) Drift(ctx context.Context) ([]access.Drift, error) { return p.base.Drift(ctx) }

// SaveDrift does nothing.
func (p *Preview) SaveDrift(context.Context, []access.Drift) error { return nil }

// AcceptDrift refuses.
func (p *Preview) AcceptDrift(context.Context, string, record.Said) (access.Drift, error) {
	return access.Drift{}, ErrPreview
}

// DecidePlan refuses.
func (p *Preview) DecidePlan(context.Context, string, access.Decision, ...access.Digest) ([]access.Digest, error) {
	return nil, ErrPreview
}

// EachAudit is Store.EachAudit.
func (p *Preview) EachAudit(ctx context.Context, want record.AuditFilter, yield func(*record.Entry) error) error {
	return p.base.EachAudit(ctx, want, yield)
}

// ExportAudit is Store.ExportAudit.
func (p *Preview) ExportAudit(ctx context.Context, want record.AuditFilter, w record.LineWriter) error {
	return p.base.ExportAudit(ctx, want, w)
}

// Holders is Store.Holders.
func (p *Preview) Holders(ctx context.Context, group string, at time.Time) (record.Answer, error) {
	return p.base.Holders(ctx, group, at)
}

// DoorHolders is Store.DoorHolders.
func (p *Preview) DoorHolders(ctx context.Context, door string, at time.Time) (record.Answer, error) {
	return p.base.DoorHolders(ctx, door, at)
}

// HoldersOf is Store.HoldersOf.
func (p *Preview) HoldersOf(ctx context.Context, groups []access.RemoteID, at time.Time) (record.Answer, error) {
	return p.base.HoldersOf(ctx, groups, at)
}

// GroupsOpening is Store.GroupsOpening.
func (p *Preview) GroupsOpening(ctx context.Context, door string, at time.Time) ([]access.RemoteID, error) {
	return p.base.GroupsOpening(ctx, door, at)
}

// AuditHead is Store.AuditHead.
func (p *Preview) AuditHead(ctx context.Context) (record.Head, error) { return p.base.AuditHead(ctx) }

// VerifyAuditFrom is Store.VerifyAuditFrom.
func (p *Preview) VerifyAuditFrom(ctx context.Context, anchor record.Head) (uint64, error) {
	return p.base.VerifyAuditFrom(ctx, anchor)
}

// VerifyAuditAgainst is Store.VerifyAuditAgainst.
func (p *Preview) VerifyAuditAgainst(ctx context.Context, anchors []record.Head) (Verified, error) {
	return p.base.VerifyAuditAgainst(ctx, anchors)
}

// Anchored is Store.Anchored.
func (p *Preview) Anchored(ctx context.Context, place string) (record.Anchor, error) {
	return p.base.Anchored(ctx, place)
}

// AuditSince is Store.AuditSince.
func (p *Preview) AuditSince(ctx context.Context, after record.Head, most int) ([]record.Sealed, error) {
	return p.base.AuditSince(ctx, after, most)
}

// SaveAnchored refuses.
func (p *Preview) SaveAnchored(context.Context, string, record.Anchor) error { return ErrPreview }

// Prunable is Store.Prunable.
func (p *Preview) Prunable(ctx context.Context, before time.Time) (Prunable, error) {
	return p.base.Prunable(ctx, before)
}

// PruneAudit refuses.
func (p *Preview) PruneAudit(context.Context, Pruning) (uint64, error) { return 0, ErrPreview }

// VerifyAudit is Store.VerifyAudit.
func (p *Preview) VerifyAudit(ctx context.Context) (uint64, error) { return p.base.VerifyAudit(ctx) }

// Backup is Store.Backup.
func (p *Preview) Backup(ctx context.Context, path string) error { return p.base.Backup(ctx, path) }

// Findings is Store.Findings.
func (p *Preview) Findings(ctx context.Context) ([]Finding, error) { return p.base.Findings(ctx) }

// Check is Store.Check.
func (p *Preview) Check(ctx context.Context) error { return p.base.Check(ctx) }

// Paused is Store.Paused.
func (p *Preview) Paused(ctx context.Context) (*record.Pause, error) { return p.base.Paused(ctx) }

// Pause refuses.
func (p *Preview) Pause(context.Context, record.Said) (*record.Pause, error) {
	return nil, ErrPreview
}

// Resume refuses.
func (p *Preview) Resume(context.Context, record.Said) error { return ErrPreview }
