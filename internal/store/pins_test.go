package store

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	bolt "go.etcd.io/bbolt"

	"github.com/kisi-sync/kisi-sync/internal/access"
	"github.com/kisi-sync/kisi-sync/internal/record"
)

func block(address string) access.Pin {
	return access.Pin{Kind: access.Block, Email: address, By: "eva", Why: "lost badge"}
}

func (f *fixture) pins() []access.Pin {
	f.t.Helper()
	all, err := f.Pins(context.Background())
	must(f.t, err)
	return all
}

func (f *fixture) lastLine() record.AuditLine {
	f.t.Helper()
	lines, err := f.AuditLines(context.Background(), 1)
	must(f.t, err)
	if len(lines) == 0 {
		f.t.Fatal("no line")
	}
	return lines[0]
}

func TestAPinStandsUntilItIsTakenBackAndBothAreInTheTrail(t *testing.T) {
	f, ctx := newFixture(t), context.Background()
	until := access.At(f.clock.now().Add(time.Hour))
	exempt := access.Pin{Kind: access.Exempt, Anchor: "corp:1", Email: "ana@x.com", Until: until, By: "eva", Why: "parental leave"}
	must(t, f.SavePin(ctx, exempt))
	must(t, f.SavePin(ctx, block("ben@x.com")))
	f.reopen()
	blocked := block("ben@x.com")
	blocked.Since, exempt.Since = access.At(f.clock.now()), access.At(f.clock.now())
	if d := cmp.Diff([]access.Pin{blocked, exempt}, f.pins()); d != "" {
		t.Error(d)
	}
	want := record.AuditLine{At: f.clock.now(), Kind: record.DidPin, Who: "eva", Why: "lost badge", Email: "ben@x.com", Outcome: "done", What: "block: ben@x.com"}
	if d := cmp.Diff(want, f.lastLine()); d != "" {
		t.Error(d)
	}
	must(t, f.DropPin(ctx, access.Pin{Kind: access.Block, Email: "ben@x.com"}, "kim", "found"))
	if l := f.lastLine(); l.Kind != record.DidUnpin || l.Who != "kim" || l.Why != "found" || l.What != "take back: block: ben@x.com" {
		t.Errorf("%+v", l)
	}
	if d := cmp.Diff([]access.Pin{exempt}, f.pins()); d != "" {
		t.Error(d)
	}
	f.clock.pass(2 * time.Hour)
	if len(f.pins()) != 1 {
		t.Error("one whose time is over must be there until it is dropped: somebody is to be told")
	}
}

func TestASecondPinOfAKindForSomebodyReplacesTheFirst(t *testing.T) {
	f, ctx := newFixture(t), context.Background()
	must(t, f.SavePin(ctx, block("ben@x.com")))
	again := block("ben@x.com")
	again.Why = "stolen badge"
	must(t, f.SavePin(ctx, again))
	if all := f.pins(); len(all) != 1 || all[0].Why != "stolen badge" {
		t.Errorf("%+v", all)
	}
}

func TestAPinWithoutAPersonAKindOrAReasonIsRefused(t *testing.T) {
	f, ctx := newFixture(t), context.Background()
	for name, spoil := range map[string]func(*access.Pin){
		"kind": func(p *access.Pin) { p.Kind = 0 }, "person": func(p *access.Pin) { p.Email = "" },
		"who": func(p *access.Pin) { p.By = "" }, "why": func(p *access.Pin) { p.Why = "" },
	} {
		p := block("ben@x.com")
		spoil(&p)
		if err := f.SavePin(ctx, p); err == nil {
			t.Errorf("%s: saved", name)
		}
	}
	if err := f.DropPin(ctx, block("ben@x.com"), "eva", "x"); !errors.Is(err, ErrNoPin) {
		t.Error(err)
	}
	if n, err := f.VerifyAudit(ctx); n != 0 || err != nil {
		t.Errorf("%d lines, %v", n, err)
	}
}

func TestALostOrDamagedPinIsAnErrorAndNoFreePass(t *testing.T) {
	for name, spoil := range map[string]func(b *bolt.Bucket, key, row []byte) error{
		"lost":    func(b *bolt.Bucket, key, _ []byte) error { return b.Delete(key) },
		"damaged": func(b *bolt.Bucket, key, row []byte) error { row[len(row)-1] ^= 1; return b.Put(key, row) },
	} {
		f, ctx := newFixture(t), context.Background()
		must(t, f.SavePin(ctx, block("ben@x.com")))
		must(t, f.SavePin(ctx, block("kim@x.com")))
		f.raw(func(tx *bolt.Tx) error {
			b := tx.Bucket([]byte(pinBucket))
			key, row := b.Cursor().First()
			return spoil(b, append([]byte(nil), key...), append([]byte(nil), row...))
		})
		if _, err := f.Pins(ctx); !errors.Is(err, ErrDamaged) {
			t.Errorf("%s: %v", name, err)
		}
		f.abandon()
	}
}
