package engine_test

import (
	"context"
	"testing"
	"time"

	"github.com/kisi-sync/kisi-sync/internal/access"
	"github.com/kisi-sync/kisi-sync/internal/directory"
	"github.com/kisi-sync/kisi-sync/internal/record"
	"github.com/kisi-sync/kisi-sync/internal/sim/kisisim"
	"github.com/kisi-sync/kisi-sync/internal/store"
	"github.com/kisi-sync/kisi-sync/sync/engine"
)

// runs returns the records of all runs, newest first.
func (w *world) runs() (all []record.Run) {
	w.t.Helper()
	w.say(func(s *store.Store) (err error) { all, err = s.Runs(w.t.Context(), 100); return err })
	return all
}

// dying is a store of a process that is killed at the first call: from then on nothing is written.
type dying struct {
	engine.Store
	dead context.CancelFunc
}

func (d *dying) Begin(context.Context, access.Call) (access.Seq, error) {
	d.dead()
	return 0, context.Canceled
}

func (d *dying) SaveRun(ctx context.Context, r *record.Run) error {
	if !r.Ended.IsZero() {
		return context.Canceled
	}
	return d.Store.SaveRun(ctx, r)
}

func TestARunThatWasKilledCanBeSeen(t *testing.T) {
	t.Parallel()
	w := newWorld(t, kisisim.Assumptions{})
	w.store = func(s engine.Store) engine.Store { return &dying{s, func() {}} }
	if _, err := w.run(true); err == nil {
		t.Fatal("it did not die")
	}
	w.store = nil
	w.pass(time.Hour)
	w.must(true)
	all := w.runs()
	if len(all) != 2 || !all[1].Ended.IsZero() || all[0].Ended.IsZero() || all[0].ID != all[1].ID+1 {
		t.Errorf("%+v", all)
	}
}

func TestARunSaysHowManyCallsItMadeAndWhatWasReadWhole(t *testing.T) {
	t.Parallel()
	w := newWorld(t, kisisim.Assumptions{})
	for _, full := range []bool{true, true, false} {
		w.kisi.ResetLog()
		w.pass(time.Hour)
		w.must(full)
		if got, want := w.runs()[0].Calls, len(w.kisi.Requests()); got != want || full == (want == 0) {
			t.Errorf("%d calls, %d were made", got, want)
		}
		if s := w.last.Sources[0]; !s.Complete {
			t.Errorf("%+v", s)
		}
	}
	w.more = []engine.Source{{Name: "more", ID: "more", Source: increments{newStaff(nil)}}}
	w.say(func(st *store.Store) error {
		e := w.engine(st)
		for _, full := range []bool{true, false} {
			if _, err := e.Intake(t.Context(), "more", full); err != nil {
				return err
			}
			if s := e.Statuses()[1]; s.Complete != full {
				t.Errorf("%+v", s)
			}
		}
		return nil
	})
}

// increments is a source that answers with everything at first, then with increments.
type increments struct{ *staff }

func (i increments) Fetch(ctx context.Context, since directory.Cursor, put func(*directory.Record) error) (directory.Receipt, error) {
	r, err := i.staff.Fetch(ctx, since, put)
	r.Next = directory.Cursor{Shape: [32]byte{1}, Token: []byte("next")}
	if !since.IsZero() {
		r.Coverage = directory.Delta
	}
	return r, err
}

func TestTheEndOfABlockIsToldOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t, kisisim.Assumptions{})
	w.must(true)
	w.say(func(s *store.Store) error {
		return s.SavePin(t.Context(), access.Pin{Kind: access.Exempt, Anchor: "corp:id-ana", Email: "ana@nordlicht.example", By: "eva", Why: "moves",
			Until: access.At(w.clock.Add(time.Hour))})
	})
	w.pass(time.Minute)
	w.must(true)
	w.pass(2 * time.Hour)
	w.must(false)
	w.expectTold("exemption_ended", "ana@", "moves")
	w.pass(time.Hour)
	w.must(true)
	if w.told("exemption_ended", "", "") {
		t.Error("told again")
	}
	w.say(func(s *store.Store) error {
		pins, err := s.Pins(t.Context())
		if len(pins) > 0 {
			t.Errorf("%+v", pins)
		}
		return err
	})
}

func TestWhatWaitsIsKeptWithTheWordsOfThePlan(t *testing.T) {
	t.Parallel()
	w := newWorld(t, kisisim.Assumptions{})
	w.limits.Grants = 1
	w.must(true)
	w.say(func(s *store.Store) error {
		p, err := s.HeldPlan(t.Context())
		if len(p.Summary) == 0 || len(p.Steps) == 0 {
			t.Errorf("%+v", p)
		}
		return err
	})
}
