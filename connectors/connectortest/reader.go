package connectortest

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kisi-sync/kisi-sync/connectors"
	"github.com/kisi-sync/kisi-sync/internal/directory"
)

// patience is how long one read of a test may take.
const patience = time.Minute

// A Reader follows one source as the engine does: each read on top of the last one.
type Reader struct {
	Source   connectors.Source
	Snapshot *directory.Snapshot // after the last read
	Receipt  directory.Receipt   // of the last read
	Diff     directory.Diff      // what the last read changed
	Records  int                 // how many it put
	accepts  bool
	name     string
	t        testing.TB
}

// Follow starts with nothing read.
func Follow(t testing.TB, s connectors.Source) *Reader { return FollowAs(t, s, "corp") }

// FollowAs is Follow for a source of another name than corp.
func FollowAs(t testing.TB, s connectors.Source, name string) *Reader {
	return &Reader{t: t, Source: s, name: name}
}

// Full reads everything.
func (r *Reader) Full() {
	r.t.Helper()
	r.From(directory.Cursor{})
}

// Changes reads what changed since the last read.
func (r *Reader) Changes() {
	r.t.Helper()
	r.From(r.Snapshot.Cursor())
}

// Everything reads everything, as the engine does it now and then: what was read before is known.
func (r *Reader) Everything() {
	r.t.Helper()
	r.From(r.Snapshot.Cursor().Past())
}

// Accept reads everything, and a person says that it is so.
func (r *Reader) Accept() {
	r.t.Helper()
	r.accepts = true
	defer func() { r.accepts = false }()
	r.Everything()
}

// From reads since a position. It ends the test when the read fails or contradicts itself.
func (r *Reader) From(since directory.Cursor) {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	b := directory.Build(r.name, r.Snapshot)
	if r.accepts {
		b.Accept()
	}
	r.Records = 0
	receipt, err := r.Source.Fetch(ctx, since, func(rec *directory.Record) error { r.Records++; return b.Put(rec) })
	if err != nil {
		r.t.Fatalf("fetch: %v", err)
	}
	if receipt.At.IsZero() {
		r.t.Error("the receipt does not say when the read began")
	}
	next, diff, err := b.Seal(receipt, nil)
	if err != nil {
		r.t.Fatalf("seal: %v", err)
	}
	r.Snapshot, r.Receipt, r.Diff = next, receipt, diff
}

// View is what is known after the last read.
func (r *Reader) View() *directory.View { return directory.Join(r.Snapshot) }

// People are the addresses of all people, sorted.
func (r *Reader) People() []string {
	v := r.View()
	out := []string{}
	for i := range v.People() {
		out = append(out, v.Person(i).Email())
	}
	slices.Sort(out)
	return out
}

// Members are the addresses of all people in a group, through groups in groups, sorted; nil when there is no such group.
func (r *Reader) Members(group string) []string {
	v := r.View()
	for g := range v.Groups() {
		if v.Group(g).Name() != group {
			continue
		}
		out := []string{}
		for _, p := range v.Members(g) {
			out = append(out, v.Person(int(p)).Email())
		}
		slices.Sort(out)
		return out
	}
	return nil
}

// Person finds somebody by address; it ends the test when nobody has it.
func (r *Reader) Person(address string) directory.Object {
	r.t.Helper()
	v := r.View()
	for i := range v.People() {
		if v.Person(i).Email() == address {
			return v.Person(i)
		}
	}
	r.t.Fatalf("nobody has the address %s; there are %v", address, r.People())
	panic("unreachable")
}

// SameAsFull compares what increments made of the directory with what one full read of the same source makes of it.
func (r *Reader) SameAsFull() {
	r.t.Helper()
	fresh := Follow(r.t, r.Source)
	fresh.Full()
	if d := cmp.Diff(Dump(fresh.Snapshot), Dump(r.Snapshot)); d != "" {
		r.t.Errorf("a full read (-) and increments (+) differ:\n%s", d)
	}
}

// Dump is everything a snapshot knows as sorted lines, but for when an object was changed: a snapshot keeps the moment of what it takes
// for a change, which a first read cannot know.
func Dump(s *directory.Snapshot) []string {
	var out []string
	err := s.Records(func(r *directory.Record) error {
		var handles []string
		for _, h := range r.Handles {
			handles = append(handles, h.Kind.String()+" "+h.Value)
		}
		slices.Sort(handles)
		out = append(out, fmt.Sprintf("%d %s member=%v [%s] %q %q %v %v", r.Kind, r.ID, r.Member, strings.Join(handles, "; "),
			r.Email, r.Name, r.Active, r.Attrs))
		return nil
	})
	if err != nil {
		panic(err) // the function above returns none
	}
	slices.Sort(out)
	return out
}
