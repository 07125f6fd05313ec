package store

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kisi-sync/kisi-sync/internal/access"
)

func stepID(n byte) access.Digest { return access.Digest{n} }

func waits(n byte, text string) access.Hold {
	return access.Hold{Step: stepID(n), Reason: access.HoldReason{Kind: access.HeldByLimit, Text: text}, What: "remove access", Since: access.Instant(n)}
}

func (f *fixture) holds() []access.Hold {
	f.t.Helper()
	all, err := f.Holds(context.Background())
	must(f.t, err)
	return all
}

func TestAPlanOverEverybodyReplacesWhatWaitsAndKeepsSinceWhen(t *testing.T) {
	f, ctx := newFixture(t), context.Background()
	must(t, f.SaveHolds(ctx, []access.Hold{waits(1, "31 people"), waits(2, "31 people")}))
	newer := waits(1, "35 people")
	newer.Since = 99
	must(t, f.SaveHolds(ctx, []access.Hold{newer, waits(3, "35 people")}))
	if d := cmp.Diff([]access.Hold{waits(1, "35 people"), waits(3, "35 people")}, f.holds()); d != "" {
		t.Error(d)
	}
}

func TestAPlanOverSomePeopleKeepsWhatWaitsForOthers(t *testing.T) {
	f, ctx := newFixture(t), context.Background()
	must(t, f.SaveHolds(ctx, []access.Hold{waits(1, "x")}))
	must(t, f.AddHolds(ctx, []access.Hold{waits(2, "x")}))
	if len(f.holds()) != 2 {
		t.Errorf("%+v", f.holds())
	}
}

func TestADecisionStandsAgainstLaterPlans(t *testing.T) {
	f, ctx := newFixture(t), context.Background()
	must(t, f.SaveHolds(ctx, []access.Hold{waits(1, "x"), waits(2, "x"), waits(3, "x")}))
	must(t, f.Decide(ctx, access.Decision{Step: stepID(1), Verdict: access.Approved, By: "eva", Why: "reorganization"}))
	must(t, f.Decide(ctx, access.Decision{Step: stepID(2), Verdict: access.Rejected, By: "eva"}))
	must(t, f.Decide(ctx, access.Decision{Step: stepID(3), Verdict: access.Rejected, By: "eva"}))
	must(t, f.Decide(ctx, access.Decision{Step: stepID(3), Verdict: access.Waiting, By: "eva", Why: "a mistake"}))
	must(t, f.SaveHolds(ctx, []access.Hold{waits(2, "y")}))
	f.reopen()
	all := f.holds()
	if len(all) != 2 || all[0].Verdict != access.Approved || all[0].By != "eva" || all[0].Why != "reorganization" ||
		all[1].Verdict != access.Rejected || all[1].Step != stepID(2) {
		t.Errorf("%+v", all)
	}
	lines, err := f.AuditLines(ctx, 1)
	if err != nil || lines[0].Outcome != "waiting by eva" || lines[0].Step != stepID(3) || lines[0].What != "remove access" {
		t.Errorf("%+v %v", lines, err)
	}
}

func TestDecidingAboutNothingIsAnError(t *testing.T) {
	f, ctx := newFixture(t), context.Background()
	if err := f.Decide(ctx, access.Decision{Step: stepID(1), Verdict: access.Approved}); !errors.Is(err, ErrNoHold) {
		t.Error(err)
	}
	must(t, f.SaveHolds(ctx, []access.Hold{waits(1, "x")}))
	if err := f.Decide(ctx, access.Decision{Step: stepID(1), Verdict: access.Parked}); err == nil {
		t.Error("a person parked a step")
	}
}

func TestAnApprovalIsGoodForAWeek(t *testing.T) {
	f, ctx := newFixture(t), context.Background()
	must(t, f.SaveHolds(ctx, []access.Hold{waits(1, "x"), waits(2, "x")}))
	must(t, f.Decide(ctx, access.Decision{Step: stepID(1), Verdict: access.Approved}))
	must(t, f.Decide(ctx, access.Decision{Step: stepID(2), Verdict: access.Rejected}))
	f.clock.pass(7 * 24 * time.Hour)
	must(t, f.SaveHolds(ctx, []access.Hold{waits(1, "x"), waits(2, "x")})) // planned again: a rejection stays, an approval ages
	if len(f.holds()) != 2 {
		t.Errorf("%+v", f.holds())
	}
	f.clock.pass(time.Minute)
	if all := f.holds(); len(all) != 1 || all[0].Verdict != access.Rejected {
		t.Errorf("%+v", all)
	}
	if err := f.Decide(ctx, access.Decision{Step: stepID(1), Verdict: access.Approved}); !errors.Is(err, ErrNoHold) {
		t.Errorf("approved what nobody can see: %v", err)
	}
	must(t, f.SaveHolds(ctx, []access.Hold{waits(1, "again")}))
	if all := f.holds(); len(all) != 2 || all[0].Verdict != access.Waiting {
		t.Errorf("the step must wait anew: %+v", all)
	}
	must(t, f.Decide(ctx, access.Decision{Step: stepID(2), Verdict: access.Waiting}))
	must(t, f.SaveHolds(ctx, nil))
	if len(f.holds()) != 0 {
		t.Errorf("%+v", f.holds())
	}
}

func TestANoStandsWhilePlansWantTheStepAndAWeekLonger(t *testing.T) {
	f, ctx := newFixture(t), context.Background()
	must(t, f.SaveHolds(ctx, []access.Hold{waits(2, "x")}))
	must(t, f.Decide(ctx, access.Decision{Step: stepID(2), Verdict: access.Rejected}))
	for range 60 { // a year in which every run wants it
		f.clock.pass(6 * 24 * time.Hour)
		must(t, f.SaveHolds(ctx, []access.Hold{waits(2, "x")}))
		if all := f.holds(); len(all) != 1 || all[0].Verdict != access.Rejected {
			t.Fatalf("a no must stay a no: %+v", all)
		}
	}
	f.clock.pass(6 * 24 * time.Hour)
	must(t, f.SaveHolds(ctx, nil)) // a source may be down for some days
	if all := f.holds(); len(all) != 1 {
		t.Errorf("forgotten within the week: %+v", all)
	}
	f.clock.pass(2 * 24 * time.Hour)
	if all := f.holds(); len(all) != 0 {
		t.Errorf("whoever is disabled again later is another leaver: %+v", all)
	}
}

func TestARefusedStepIsParkedLongerEachTimeAndADayAtMost(t *testing.T) {
	f := newFixture(t)
	call := give(1, 7)
	for _, want := range []time.Duration{10 * time.Minute, 20 * time.Minute, 40 * time.Minute, 80 * time.Minute, 160 * time.Minute,
		320 * time.Minute, 640 * time.Minute, 1280 * time.Minute, 24 * time.Hour, 24 * time.Hour, 24 * time.Hour} {
		f.carry(call, access.Result{}, access.ErrRefused)
		h := f.holds()[0]
		if got := h.Until.Time().Sub(f.clock.now()); got != want || h.Verdict != access.Parked || h.Reason.Kind != access.HeldByRefusal {
			t.Errorf("parked for %s, want %s: %+v", got, want, h)
		}
		must(t, f.SaveHolds(context.Background(), nil))
		f.clock.pass(want)
	}
	f.carry(call, access.Result{ID: 9}, nil)
	if len(f.holds()) != 0 {
		t.Errorf("%+v", f.holds())
	}
}

func TestWhatAnOperatorWantsOfAGroupWaitsForAWeekWhateverRunsLieBetween(t *testing.T) {
	f, ctx := newFixture(t), context.Background()
	ordered := waits(1, "5 people")
	ordered.Again = "kisi-sync groups delete Nights --why x"
	must(t, f.AddHolds(ctx, []access.Hold{ordered}))
	must(t, f.SaveHolds(ctx, []access.Hold{waits(2, "x")}))
	f.clock.pass(6 * 24 * time.Hour)
	must(t, f.SaveHolds(ctx, nil))
	if d := cmp.Diff([]access.Hold{ordered}, f.holds()); d != "" {
		t.Error(d)
	}
	f.clock.pass(2 * 24 * time.Hour)
	if p := f.plan(); len(f.holds()) != 0 || len(p.Steps) != 0 {
		t.Errorf("waits for ever: %+v %+v", f.holds(), p)
	}
}
