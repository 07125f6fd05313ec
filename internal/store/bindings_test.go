package store

import (
	"context"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
	bolt "go.etcd.io/bbolt"

	"github.com/kisi-sync/kisi-sync/internal/record"
	"github.com/kisi-sync/kisi-sync/mapping"
)

func TestBindingsAreReplacedAndOnlyWhatIsBoundOtherwiseIsInTheTrail(t *testing.T) {
	f, ctx := newFixture(t), context.Background()
	staff := mapping.Binding{Source: "corp", Text: "Staff", GroupID: "9f1c", Name: "Staff", Since: 5}
	lab := mapping.Binding{Source: "corp", Text: "Lab", GroupID: "77aa", Name: "Lab", Since: 5}
	renamed, rebound := staff, lab
	renamed.Name, rebound.GroupID = "All Staff", "88bb"
	said := record.Said{By: "eva", Why: "the new lab"}
	for _, c := range []struct {
		name  string
		all   []mapping.Binding
		lines uint64
		last  string
	}{
		{"first", []mapping.Binding{lab, staff}, 2, "bind: Staff of corp to Staff (9f1c)"},
		{"the same", []mapping.Binding{lab, staff}, 2, "bind: Staff of corp to Staff (9f1c)"},
		{"renamed", []mapping.Binding{lab, renamed}, 2, "bind: Staff of corp to Staff (9f1c)"},
		{"another group", []mapping.Binding{rebound, renamed}, 3, "bind: Lab of corp to Lab (88bb), before to Lab (77aa)"},
		{"no rule any more", []mapping.Binding{rebound}, 4, "unbind: Staff of corp to All Staff (9f1c)"},
	} {
		must(t, f.SaveBindings(ctx, c.all, said))
		f.reopen()
		got, err := f.Bindings(ctx)
		if d := cmp.Diff(c.all, got); d != "" || err != nil {
			t.Error(c.name, d, err)
		}
		n, err := f.VerifyAudit(ctx)
		if l := f.lastLine(); err != nil || n != c.lines || l.What != c.last || l.Who != "eva" || l.Why != "the new lab" || l.Kind != record.DidBind {
			t.Errorf("%s: %d lines, %+v %v", c.name, n, l, err)
		}
	}
}

func TestALostBindingIsAnError(t *testing.T) {
	f, ctx := newFixture(t), context.Background()
	must(t, f.SaveBindings(ctx, []mapping.Binding{{Source: "corp", Text: "Staff", GroupID: "9f1c"}}, record.Said{}))
	f.raw(func(tx *bolt.Tx) error {
		b := tx.Bucket([]byte(bindingBucket))
		key, _ := b.Cursor().First()
		return b.Delete(key)
	})
	if _, err := f.Bindings(ctx); !errors.Is(err, ErrDamaged) {
		t.Error(err)
	}
	f.abandon()
}
