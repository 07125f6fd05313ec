package store

import (
	"context"
	"errors"
	"testing"

	"github.com/kisi-sync/kisi-sync/internal/access"
	"github.com/kisi-sync/kisi-sync/internal/record"
)

func TestDriftStandsSinceItWasFirstSeenUntilItIsSettled(t *testing.T) {
	f, ctx := newFixture(t), context.Background()
	ana := access.Drift{Kind: "drifted", Who: "ana@x.com", Subject: "name", Expected: "Ana", Found: "Anna", Since: 10}
	bo := access.Drift{Kind: "removed_by_hand", Who: "bo@x.com", Subject: "Staff", Expected: "holds Staff", Found: "taken away", Since: 10, Step: stepID(1)}
	save := func(at access.Instant, all ...access.Drift) []access.Drift {
		t.Helper()
		for i := range all {
			all[i].Since = at
		}
		must(t, f.SaveDrift(ctx, all))
		f.reopen()
		kept, err := f.Drift(ctx)
		must(t, err)
		return kept
	}
	save(10, ana, bo)
	x, err := f.AcceptDrift(ctx, ana.ID().Short(), record.Said{By: "eva", Why: "married"})
	if err != nil || !x.Accepted() || x.Who != ana.Who {
		t.Fatalf("%+v %v", x, err)
	}
	if kept := save(20, ana, bo); kept[0].By != "eva" || kept[0].Since != 10 || kept[1].Since != 10 || kept[1].Accepted() || kept[1].Step != stepID(1) {
		t.Errorf("%+v", kept)
	}
	other := ana
	other.Found = "Annette"
	if kept := save(30, other); len(kept) != 1 || kept[0].Accepted() || kept[0].Since != 10 {
		t.Errorf("what became something else: %+v", kept)
	}
	if kept := save(40); len(kept) != 0 {
		t.Errorf("%+v", kept)
	}
	if kept := save(50, bo); kept[0].Since != 50 {
		t.Errorf("what came again: %+v", kept)
	}
	lines, err := f.AuditLines(ctx, 9)
	must(t, err)
	if len(lines) != 1 || lines[0].Kind != record.DidAccept || lines[0].Who != "eva" || lines[0].Email != "ana@x.com" {
		t.Errorf("%+v", lines)
	}
	for id, said := range map[string]record.Said{"000000": {By: "eva", Why: "x"}, bo.ID().Short()[:4]: {By: "eva", Why: "x"}} {
		if _, err := f.AcceptDrift(ctx, id, said); !errors.Is(err, ErrNoDrift) {
			t.Errorf("%s: %v", id, err)
		}
	}
	if _, err := f.AcceptDrift(ctx, bo.ID().String(), record.Said{By: "eva"}); err == nil {
		t.Error("accepted without a reason")
	}
}
