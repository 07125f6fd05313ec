package store

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/kisi-sync/kisi-sync/internal/access"
	"github.com/kisi-sync/kisi-sync/internal/record"
)

func (f *fixture) plan() record.HeldPlan {
	f.t.Helper()
	p, err := f.HeldPlan(context.Background())
	must(f.t, err)
	return p
}

func TestWhatWaitsHasOneNameThatChangesWithIt(t *testing.T) {
	f, ctx := newFixture(t), context.Background()
	if p := f.plan(); p.ID != (access.Digest{}) || p.Steps != nil {
		t.Errorf("%+v", p)
	}
	must(t, f.SavePlan(ctx, []string{"nobody would lose anything"}))
	must(t, f.SaveHolds(ctx, []access.Hold{waits(2, "31 people"), waits(1, "31 people"), waits(3, "31 people")}))
	must(t, f.SavePlan(ctx, []string{"31 people would lose HQ Staff"}))
	f.reopen()
	first := f.plan()
	if len(first.Steps) != 3 || first.Since != 1 || !slices.Equal(first.Summary, []string{"31 people would lose HQ Staff"}) {
		t.Errorf("%+v", first)
	}
	must(t, f.SaveHolds(ctx, []access.Hold{waits(3, "later"), waits(2, "later"), waits(1, "later")}))
	if f.plan().ID != first.ID {
		t.Error("the same steps have another name")
	}
	must(t, f.Decide(ctx, access.Decision{Step: stepID(3), Verdict: access.Rejected, By: "eva"}))
	second := f.plan()
	if second.ID == first.ID || len(second.Steps) != 2 || second.Summary != nil {
		t.Errorf("%+v", second)
	}
}

func TestAPlanIsApprovedAsItWasLookedAtOrNotAtAll(t *testing.T) {
	f, ctx := newFixture(t), context.Background()
	yes := access.Decision{Verdict: access.Approved, By: "eva", Why: "reorganization"}
	must(t, f.SaveHolds(ctx, []access.Hold{waits(1, "x"), waits(2, "x")}))
	looked := f.plan().ID.Short()
	must(t, f.AddHolds(ctx, []access.Hold{waits(3, "x")}))
	for name, plan := range map[string]string{"another": looked, "too short": f.plan().ID.String()[:7], "none": ""} {
		if steps, err := f.DecidePlan(ctx, plan, yes); !errors.Is(err, ErrNoPlan) || steps != nil {
			t.Errorf("%s: %v %v", name, steps, err)
		}
	}
	if _, err := f.DecidePlan(ctx, f.plan().ID.Short(), yes, stepID(1), stepID(9)); !errors.Is(err, ErrNoHold) {
		t.Error(err)
	}
	for _, h := range f.holds() {
		if h.Verdict != access.Waiting {
			t.Errorf("%+v", h)
		}
	}
	steps, err := f.DecidePlan(ctx, f.plan().ID.Short(), yes, stepID(1))
	if err != nil || len(steps) != 1 || len(f.plan().Steps) != 2 {
		t.Errorf("%v %v", steps, err)
	}
	if steps, err = f.DecidePlan(ctx, f.plan().ID.String(), yes); err != nil || len(steps) != 2 || len(f.plan().Steps) != 0 {
		t.Errorf("%v %v", steps, err)
	}
	if l := f.lastLine(); l.Kind != record.DidApprove || l.Who != "eva" || l.Why != "reorganization" || l.Step != stepID(3) {
		t.Errorf("%+v", l)
	}
}

func TestALineNamesWhoLetTheStepPassAndWhoAskedForTheRun(t *testing.T) {
	f, ctx := newFixture(t), context.Background()
	call := give(1, 7)
	call.Change.Object.Anchor = "corp:1"
	must(t, f.SaveHolds(ctx, []access.Hold{{Step: call.Change.Digest()}}))
	must(t, f.Decide(ctx, access.Decision{Step: call.Change.Digest(), Verdict: access.Approved, By: "eva", Why: "reorganization"}))
	must(t, f.SaveRun(ctx, &record.Run{Began: f.clock.now(), Asked: "schedule"}))
	f.carry(call, access.Result{ID: 70}, nil)
	l := f.lastLine()
	if l.Approval == nil || *l.Approval != (record.Approval{By: "eva", Why: "reorganization", At: access.At(f.clock.now())}) || l.Who != "schedule" || l.Run != 1 ||
		l.Anchor != "corp:1" || l.Email != "1@x.com" || l.GroupName != "HQ Staff" || l.Rule != "hq" || l.Cause != "rule" || l.Made != 70 ||
		l.Role != access.DoorAccess || l.Until != 5 || l.Kind != "give access" {
		t.Errorf("%+v %+v", l, l.Approval)
	}
	f.carry(give(2, 7), access.Result{ID: 71}, nil)
	if l := f.lastLine(); l.Approval != nil {
		t.Errorf("nobody approved this: %+v", l.Approval)
	}
}
