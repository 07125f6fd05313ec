package store

import (
	"bytes"
	"context"
	"testing"
	"time"

	"github.com/kisi-sync/kisi-sync/internal/record"
)

func (f *fixture) since(after record.Head, most int) []record.Sealed {
	f.t.Helper()
	lines, err := f.AuditSince(context.Background(), after, most)
	must(f.t, err)
	return lines
}

func TestLinesSinceAHeadFollowItAndEachCarriesTheDigestOfTheOneBefore(t *testing.T) {
	f, ctx := newFixture(t), context.Background()
	if all := f.since(record.Head{}, 9); len(all) > 0 {
		t.Error(all)
	}
	must(t, f.Audit(ctx, line(1), line(2), line(3)))
	head, err := f.AuditHead(ctx)
	must(t, err)
	all := f.since(record.Head{}, 9)
	if len(all) != 3 || all[0].Before != nil || all[2].Head().String() != head.String() || all[1].What != "line 2" {
		t.Fatal(all)
	}
	for i := 1; i < 3; i++ {
		if !bytes.Equal(all[i].Before, all[i-1].Digest) || all[i].Number != uint64(i+1) {
			t.Error(all[i])
		}
	}
	if two := f.since(all[0].Head(), 1); len(two) != 1 || two[0].Number != 2 {
		t.Error(two)
	}
	if none := f.since(head, 9); len(none) > 0 {
		t.Error(none)
	}
}

func TestAfterAHeadOfAnotherTrailAllLinesAreGiven(t *testing.T) {
	f, ctx := newFixture(t), context.Background()
	must(t, f.Audit(ctx, line(1), line(2), line(3)))
	second := f.since(record.Head{}, 9)[1].Head()
	for _, other := range []record.Head{{Number: 2, Digest: bytes.Repeat([]byte{7}, 32)}, {Number: 20, Digest: second.Digest}} {
		if all := f.since(other, 9); len(all) != 3 {
			t.Errorf("%s: %d lines", other, len(all))
		}
	}
}

func TestLinesThatWereCutOffAreLeftOutAndTheOthersGivenFromWhereTheHeadIs(t *testing.T) {
	f, ctx := newFixture(t), context.Background()
	must(t, f.Audit(ctx, line(1), line(2), line(3)))
	before := f.since(record.Head{}, 9)
	if n := f.cutBefore(time.Unix(3, 0)); n != 2 {
		t.Fatal(n)
	}
	for i, want := range []uint64{3, 3, 4} {
		if all := f.since(before[i].Head(), 9); len(all) == 0 || all[0].Number != want {
			t.Errorf("after line %d: %v", i+1, all)
		}
	}
	if all := f.since(record.Head{Number: 2, Digest: bytes.Repeat([]byte{7}, 32)}, 9); len(all) != 2 {
		t.Error(all)
	}
}
