package connectortest

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/kisi-sync/kisi-sync/internal/directory"
)

// crowd adds enough people and groups for positions and failures to mean something.
func crowd(h Harness, d Directory) int {
	n := max(3*h.PageSize, 12)
	for i := range n {
		d.AddPerson(fmt.Sprintf("p%03d", i), fmt.Sprint(i%3))
	}
	d.AddGroup("staff", "p001", "p002", "p003")
	d.AddGroup("team", "staff", "p004")
	return n
}

// The second and third read find nothing new, full or not.
func repeated(t *testing.T, h Harness, d Directory) {
	crowd(h, d)
	r := Follow(t, d.Open(h.Attribute))
	r.Full()
	for _, read := range []func(){r.Changes, r.Changes, r.Full} {
		if read(); !r.Diff.Same() {
			t.Errorf("nothing happened, and yet %+v", r.Diff)
		}
	}
}

// Every kind of change, one increment after each, and after each the same as a full read. A source without increments reads
// everything each time and passes too.
func increments(t *testing.T, h Harness, d Directory) {
	crowd(h, d)
	r := Follow(t, d.Open(h.Attribute))
	r.Full()
	for _, change := range []struct {
		what string
		do   func()
	}{
		{"a joiner", func() { d.AddPerson("new", "1") }},
		{"a joiner's group", func() { d.SetMembers("staff", "p001", "p002", "new") }},
		{"an attribute changes", func() { d.SetValue("p005", "other") }},
		{"an attribute goes", func() { d.SetValue("p005", "") }},
		{"a rename", func() { d.RenamePerson("p006", "p006b") }},
		{"a member's rename", func() { d.RenamePerson("p002", "p002b") }},
		{"a group's rename", func() { d.RenameGroup("staff", "crew") }},
		{"somebody is disabled", func() { d.Disable("p007") }},
		{"somebody goes", func() { d.Remove("p008") }},
		{"a group comes", func() { d.AddGroup("fresh", "p009", "team") }},
		{"a group goes", func() { d.Remove("team") }},
		{"several at once", func() { d.Remove("p010"); d.AddPerson("late", ""); d.SetMembers("fresh", "late") }},
	} {
		change.do()
		r.Changes()
		if t.Run(change.what, func(*testing.T) { r.SameAsFull() }); t.Failed() {
			t.FailNow()
		}
	}
}

// A Shape that is not ours says that the position was taken with another server, filter or set of attributes.
func foreignCursor(t *testing.T, h Harness, d Directory) {
	n := crowd(h, d)
	plain := Follow(t, d.Open())
	plain.Full()
	r := Follow(t, d.Open(h.Attribute))
	r.From(plain.Receipt.Next)
	if r.Receipt.Coverage != directory.Complete || len(r.People()) != n {
		t.Errorf("from the position of a source with other attributes: %v, %d of %d people", r.Receipt.Coverage, len(r.People()), n)
	}
	cursor := r.Receipt.Next
	cursor.Shape[0]++
	r = Follow(t, d.Open(h.Attribute))
	if r.From(cursor); r.Receipt.Coverage != directory.Complete || len(r.People()) != n {
		t.Errorf("from a position of another shape: %v, %d of %d people", r.Receipt.Coverage, len(r.People()), n)
	}
}

// The store may be old or damaged. A position that the directory does not understand must not be taken for "nothing changed".
func garbledCursor(t *testing.T, h Harness, d Directory) {
	n := crowd(h, d)
	r := Follow(t, d.Open())
	r.Full()
	for _, token := range []string{"", "\x00", "garbage", "{}", `{"cookies":null}`} {
		fresh := Follow(t, d.Open())
		fresh.From(directory.Cursor{Shape: r.Receipt.Next.Shape, Token: []byte(token)})
		if fresh.Receipt.Coverage != directory.Complete || len(fresh.People()) != n {
			t.Errorf("from %q: %v, %d of %d people", token, fresh.Receipt.Coverage, len(fresh.People()), n)
		}
	}
}

// Directories forget: tokens expire, logs are trimmed, servers restart. What happened meanwhile must not be lost, and nothing
// may be taken away because of the gap.
func expiredCursor(t *testing.T, h Harness, d Directory) {
	f, ok := d.(Forgetter)
	if !ok {
		t.Skip("the positions of this directory do not expire")
	}
	crowd(h, d)
	r := Follow(t, d.Open(h.Attribute))
	r.Full()
	d.Remove("p005")
	d.SetValue("p006", "other")
	f.Forget()
	d.AddPerson("new", "")
	r.Changes()
	r.SameAsFull()
}

// The caller may have enough: its error comes back as it is, and nothing more is put.
func putFails(t *testing.T, h Harness, d Directory) {
	crowd(h, d)
	enough, puts := errors.New("enough"), 0
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	_, err := d.Open().Fetch(ctx, directory.Cursor{}, func(*directory.Record) error {
		if puts++; puts > 2 {
			return enough
		}
		return nil
	})
	if !errors.Is(err, enough) || puts != 3 {
		t.Errorf("%v after %d records", err, puts)
	}
}

// A timeout, a cut line, a limit: the read is an error, whatever it has put by then. The caller throws that away; afterwards
// the same source reads as if nothing had been.
func brokenRead(t *testing.T, h Harness, d Directory) {
	b, ok := d.(Breaker)
	if !ok {
		t.Skip("this directory cannot break in the middle")
	}
	n := crowd(h, d)
	r := Follow(t, d.Open())
	heal := b.Break()
	puts := 0
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	receipt, err := r.Source.Fetch(ctx, directory.Cursor{}, func(*directory.Record) error { puts++; return nil })
	if err == nil || receipt.Coverage != 0 || !receipt.Next.IsZero() {
		t.Errorf("a broken read says %v and %+v", err, receipt)
	}
	if puts == 0 {
		t.Error("Break broke the read before its middle")
	}
	heal()
	if r.Full(); len(r.People()) != n {
		t.Errorf("after it healed there are %d of %d people", len(r.People()), n)
	}
}

// Shutting down must not wait for a directory, and a read that was cut short is not a short directory.
func cancelled(t *testing.T, h Harness, d Directory) {
	crowd(h, d)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := d.Open().Fetch(ctx, directory.Cursor{}, func(*directory.Record) error { return nil }); err == nil {
		t.Error("a read that was cancelled before it began ended well")
	}
	ctx, cancel = context.WithCancel(context.Background())
	defer cancel()
	began := time.Now()
	_, err := d.Open().Fetch(ctx, directory.Cursor{}, func(*directory.Record) error { cancel(); return ctx.Err() })
	if !errors.Is(err, context.Canceled) {
		t.Errorf("a read that was cancelled in the middle says %v", err)
	}
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("it took %v to stop", took)
	}
}
