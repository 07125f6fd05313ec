package engine

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/kisi-sync/kisi-sync/internal/directory"
	"github.com/kisi-sync/kisi-sync/internal/record"
)

// News is what a read brought.
type News struct {
	Changed bool // anything is different now
	Leavers bool // somebody was disabled or deleted, by the source's own words
}

// Intake reads one source and keeps what it said, if the read was whole. full asks for everything, else for what changed where the
// source can tell. After an error everything known of the source stays as it was.
func (e *Engine) Intake(ctx context.Context, name string, full bool) (News, error) {
	s, err := e.source(name)
	if err != nil {
		return News{}, err
	}
	if err := e.turns.take(ctx, s.ID); err != nil {
		return News{}, err
	}
	defer e.turns.give(s.ID)
	began := e.o.Now()
	r, err := e.read(ctx, s, full)
	if err != nil && ctx.Err() != nil { // we broke it off ourselves
		return News{}, fmt.Errorf("source %s: %w", name, err)
	}
	status := e.report(s, began, r, err)
	if err == nil {
		err = e.o.Store.SaveStatus(ctx, status)
	} else if saveErr := e.o.Store.SaveStatus(context.WithoutCancel(ctx), status); saveErr != nil {
		e.o.Log.Error("how a source was read is not written down", "source", name, "err", saveErr)
	}
	if err != nil {
		return News{}, fmt.Errorf("source %s: %w", name, err)
	}
	diff := r.diff
	level := slog.LevelInfo
	if diff.Same() {
		level = slog.LevelDebug
	}
	e.o.Log.Log(ctx, level, "source read", "source", name, "people", diff.After.People, "groups", diff.After.Groups,
		"members", diff.After.Members, "changed", !diff.Same(), "doubts", r.next.Doubts())
	if why := cmp.Or(r.behind, r.doubted); why != "" && !r.again {
		e.o.Log.Warn("source degraded", "source", name, "reason", why)
	}
	if !diff.Same() && !r.again {
		for _, remark := range r.remarks {
			e.o.Log.Warn("source read with a remark", "source", name, "remark", remark)
		}
	}
	return News{Changed: !diff.Same() && !r.again, Leavers: diff.Disabled+diff.Deleted > 0}, nil
}

// reading is what came of reading a source once.
type reading struct {
	next     *directory.Snapshot
	diff     directory.Diff
	complete bool   // not an increment
	doubted  string // why what is missing was not believed; "" when it was
	behind   string // why only leavers were; "" when all was
	again    bool   // the doubts are those of the read before, and there is nothing else to say
	remarks  []string
}

// read fetches, weighs and keeps. The reading is nil after an error.
func (e *Engine) read(ctx context.Context, s Source, full bool) (*reading, error) {
	last, err := e.snapshot(ctx, s)
	if err != nil {
		return nil, err
	}
	high, err := e.o.Store.HighWater(ctx, s.ID, guardWindow)
	if err != nil {
		return nil, err
	}
	b, err := e.build(ctx, s, last)
	if err != nil {
		return nil, err
	}
	said := false
	receipt, err := s.Fetch(ctx, since(last, full || e.o.Accept[s.Name]), func(r *directory.Record) error {
		said = true
		return b.Put(r)
	})
	if err != nil {
		return nil, err
	}
	if receipt.Coverage == directory.Delta && last == nil {
		return nil, errors.New("an increment came where everything was asked for")
	}
	if receipt.At.IsZero() {
		receipt.At = e.o.Now()
	}
	if last != nil && !said && receipt.Coverage == directory.Delta && receipt.Behind == "" && !e.o.Accept[s.Name] {
		return e.again(ctx, last, receipt)
	}
	r := &reading{complete: receipt.Coverage == directory.Complete, remarks: receipt.Remarks}
	if last != nil && receipt.Behind != "" && !e.o.Accept[s.Name] {
		r.complete, r.behind = false, receipt.Behind
		r.remarks = append(r.remarks, "only leavers are believed: "+receipt.Behind+"; if it will not be told any more: kisi-sync accept "+s.Name)
	}
	r.next, r.diff, err = b.Seal(receipt, func(d directory.Diff) bool {
		r.doubted = e.withEdit(ctx, s, cmp.Or(e.doubt(s, receipt, d, high), e.unpushed(s, receipt, d)))
		return r.doubted == ""
	})
	if err != nil {
		return nil, err
	}
	r.again = r.behind != "" && r.behind == e.behind(s.Name) && r.diff.Same() || r.doubted != "" && last != nil && noFacts(r.diff) && sameDoubts(last, r.next)
	if err := e.measure(ctx, s, receipt, r.diff.Stated); err != nil {
		return nil, err
	}
	if err := e.o.Store.SaveSnapshot(ctx, r.next); err != nil {
		return nil, err
	}
	e.hold(r.next)
	return r, nil
}

// since is where a read begins: nowhere if it is to be of everything, but the source may know what it has told before.
func since(last *directory.Snapshot, everything bool) directory.Cursor {
	switch {
	case last == nil:
		return directory.Cursor{}
	case everything:
		return last.Cursor().Past()
	}
	return last.Cursor()
}

// behind is why the read before was not believed in anything but leavers; "" if it was.
func (e *Engine) behind(source string) string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.status[source].Behind
}

// noFacts says that a read that was not believed brought nothing but what was missing.
func noFacts(d directory.Diff) bool {
	return d.Added+d.Changed+d.Disabled+d.Deleted+d.GainedMembers == 0
}

// sameDoubts says that what is missing was missing before.
func sameDoubts(last, next *directory.Snapshot) bool {
	return last.Doubts() == next.Doubts() && last.DoubtsDigest() == next.DoubtsDigest()
}

// measure lowers what the next read is held against: to what was accepted, and by what was said to be deleted.
func (e *Engine) measure(ctx context.Context, s Source, r directory.Receipt, deleted directory.Counts) error {
	switch {
	case e.o.Accept[s.Name]:
		return e.o.Store.ForgetMarks(ctx, s.ID)
	case r.Gathering && deleted.People+deleted.Groups > 0:
		return e.o.Store.LowerMarks(ctx, s.ID, deleted)
	}
	return nil
}

// build begins what is known of a source after a read.
func (e *Engine) build(ctx context.Context, s Source, last *directory.Snapshot) (*directory.Builder, error) {
	b := directory.Build(s.ID, last)
	good, err := e.clockGood(ctx)
	if err != nil {
		return nil, err
	}
	if good {
		b.TrustClock()
	}
	if e.o.Accept[s.Name] {
		b.Accept()
	}
	return b, nil
}

// unpushed says that a source which is pushed to lacks what it had, as when it was another kind of source before; "" when it does not.
func (e *Engine) unpushed(s Source, r directory.Receipt, d directory.Diff) string {
	if !r.Gathering || d.Vanished == 0 || e.o.Accept[s.Name] {
		return ""
	}
	return fmt.Sprintf("%d people and groups that were known have not been pushed", d.Vanished)
}

// again keeps a snapshot of which the source says that it still is so. It costs the same however many people there are.
func (e *Engine) again(ctx context.Context, last *directory.Snapshot, receipt directory.Receipt) (*reading, error) {
	next := last.Again(receipt)
	if err := e.o.Store.SaveSnapshotAgain(ctx, next); err != nil {
		return nil, err
	}
	e.hold(next)
	counts := last.Counts()
	return &reading{next: next, diff: directory.Diff{Before: counts, After: counts}, remarks: receipt.Remarks}, nil
}

// report notes how a source was read. After an error it still says when and as what it was read before.
func (e *Engine) report(s Source, began time.Time, r *reading, err error) record.SourceStatus {
	e.mu.Lock()
	defer e.mu.Unlock()
	status, known := e.status[s.Name]
	if last := e.held[s.ID]; !known && last != nil {
		status = sized(last)
		status.At = last.At()
	}
	if r != nil {
		status = sized(r.next)
		status.At, status.Complete, status.Doubt, status.Behind, status.Remarks = began, r.complete, r.doubted, r.behind, r.remarks
	}
	status.Name, status.Took, status.Error = s.Name, e.o.Now().Sub(began), ""
	if err != nil {
		status.Error = err.Error()
	}
	e.status[s.Name] = status
	return status
}

// sized is the size of what is known.
func sized(s *directory.Snapshot) record.SourceStatus {
	c := s.Counts()
	status := record.SourceStatus{People: c.People, Groups: c.Groups, Members: c.Members, Doubts: s.Doubts(), Gathering: s.Standing() == directory.Gathering}
	if asOf := s.AsOf(); asOf.Before(s.At()) {
		status.AsOf = asOf
	}
	return status
}
