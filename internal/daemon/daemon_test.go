package daemon

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/kisi-sync/kisi-sync/internal/record"
	"github.com/kisi-sync/kisi-sync/internal/sim/kisisim"
	"github.com/kisi-sync/kisi-sync/sync/plan"
)

func TestAJoinerGetsTheDoorAndALeaverLosesItAtTheNextTick(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.start()
		w.pass(30 * time.Second)
		w.expect("ana", true)
		w.company.join("cem")
		w.company.disable("ana")
		w.pass(70 * time.Second)
		w.expect("cem", true)
		w.expect("ana", false)
		if s := w.status(); s.UnderWay != nil || s.Failures != 0 || s.LeaversWait {
			t.Errorf("%+v", s)
		}
	}, "ana", "bo")
}

func TestWhileNothingHappensKisiIsNotAsked(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.start()
		w.pass(2 * time.Hour) // from midnight: the full run at three is yet to come
		runs, reads := len(w.runs()), w.company.readsSoFar()
		w.kisi.ResetLog()
		w.pass(50 * time.Minute)
		if n := len(w.kisi.Requests()); n != 0 {
			t.Errorf("%d calls", n)
		}
		if n := len(w.runs()) - runs; n != 0 {
			t.Errorf("%d runs", n)
		}
		if n := w.company.readsSoFar() - reads; n != 50 {
			t.Errorf("%d reads", n)
		}
		w.pass(20 * time.Minute)
		if r := w.runs(); len(r) != runs+1 || !r[runs].Full || len(w.kisi.Requests()) == 0 {
			t.Errorf("the full run at three: %+v", r)
		}
	}, "ana", "bo")
}

// Issue 4: a leaver waits for nobody, also while many people are loaded for the first time (bench has a thousand).
func TestALeaverDoesNotWaitForAFirstLoad(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.watch = true
		w.start()
		w.pass(time.Minute)
		w.expect("ana", true)
		w.company.join(people(150)...)
		w.until("the load is under way", 5*time.Minute, func() bool { u := w.status().UnderWay; return u != nil && u.Tried > 50 })
		w.company.disable("ana")
		took := w.until("ana is suspended", time.Minute, func() bool { return !w.opens("ana") })
		t.Logf("from the directory's change to the suspension: %s", took)
		if took > 5*time.Second {
			t.Errorf("a leaver waited %s", took)
		}
		if u := w.status().UnderWay; u != nil && u.Tried > 50 {
			t.Error("the load was not cut")
		}
		w.until("the load is done", 30*time.Minute, func() bool { return w.opens("p0000") && w.opens("p0149") })
	}, "ana", "bo")
}

// The same while Kisi is only looked at: looking is broken off, and begun again.
func TestALeaverDoesNotWaitForALookAtKisi(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.watch = true
		for _, p := range people(1500) {
			w.kisi.AddUser(kisisim.UserSpec{Email: p + "@elsewhere.example", Name: p})
		}
		w.start()
		w.until("everybody is there", 5*time.Minute, func() bool { return w.opens("ana") && w.opens("bo") })
		w.pass(time.Minute)
		go func() { _, _ = w.daemon.Sync(t.Context(), record.Wish{Full: true, By: "mia"}) }()
		w.pass(2 * time.Second)
		if u := w.status().UnderWay; u == nil || u.Todo != 0 || u.Asked != "mia" {
			t.Fatalf("%+v", u)
		}
		w.company.disable("ana")
		if took := w.until("ana is suspended", time.Minute, func() bool { return !w.opens("ana") }); took > 5*time.Second {
			t.Errorf("a leaver waited %s", took)
		}
		w.pass(2 * time.Minute)
		runs := w.runs()
		if last := runs[len(runs)-1]; !last.Full || last.Asked != "mia" {
			t.Errorf("the run that was put off: %+v", last)
		}
	}, "ana", "bo")
}

// cases.md 108
func TestAReadLongerThanItsIntervalNeverOverlapsAndMissedTicksAreOne(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.company.takes = 150 * time.Second
		w.start()
		w.pass(time.Hour)
		if w.company.together != 1 {
			t.Errorf("%d reads at one time", w.company.together)
		}
		if n := w.company.readsSoFar(); n < 20 || n > 25 {
			t.Errorf("%d reads in an hour", n)
		}
		runs := w.runs()
		for i := 1; i < len(runs); i++ {
			if runs[i].Began.Before(runs[i-1].Ended) {
				t.Errorf("runs overlap: %+v, %+v", runs[i-1], runs[i])
			}
		}
	}, "ana")
}

func TestWhatFallsDueByItselfIsDoneWithoutAChange(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.start()
		w.pass(time.Minute)
		w.company.remove("cem")
		w.pass(2 * time.Minute)
		w.expect("cem", true)
		due := w.status().NextDue
		if wait := time.Until(due); wait < 23*time.Hour || wait > 24*time.Hour {
			t.Errorf("due in %s", wait)
		}
		w.pass(time.Until(due) - time.Minute)
		w.expect("cem", true)
		w.pass(2 * time.Minute)
		w.expect("cem", false)
	}, "ana", "bo", "cem", "dora", "eva", "fay")
}

func TestAGraceThatEndsWhileTheSourceIsDownEndsWithTheNextRead(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.start()
		w.pass(time.Minute)
		w.company.remove("cem")
		w.pass(2 * time.Minute)
		w.pass(20 * time.Hour)
		w.company.breaks(errors.New("the line is cut"))
		w.pass(8 * time.Hour)
		w.expect("cem", true)
		if s := w.status().Sources[0]; s.Failures < 100 {
			t.Errorf("%+v", s)
		}
		w.company.breaks(nil)
		w.pass(2 * time.Minute)
		w.expect("cem", false)
	}, "ana", "bo", "cem", "dora", "eva", "fay")
}

func TestARunThatFailedIsTriedAgainByItself(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.start()
		w.pass(time.Minute)
		down := w.kisi.Inject(kisisim.Fault{Count: kisisim.Always, Do: kisisim.Status(500)})
		w.company.disable("ana")
		w.pass(10 * time.Minute)
		w.expect("ana", true)
		if s := w.status(); s.Failing == "" || s.Failures == 0 || !s.LeaversWait {
			t.Errorf("%+v", s)
		}
		down.Remove()
		w.pass(2 * time.Minute)
		w.expect("ana", false)
		if s := w.status(); s.Failing != "" {
			t.Errorf("%+v", s)
		}
	}, "ana", "bo")
}

// cases.md 112
func TestARotatedKeyNeedsNoRestart(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.start()
		w.pass(time.Minute)
		w.kisi.RevokeKey(w.kisi.Key)
		w.company.disable("ana")
		w.pass(2 * time.Minute)
		w.expect("ana", true)
		if s := w.status(); s.Failing == "" {
			t.Errorf("%+v", s)
		} else {
			t.Log(s.Failing)
		}
		fresh := "fresh-key"
		w.kisi.AddKey(w.kisi.KeyUser, fresh)
		w.key.Store(&fresh)
		w.pass(2 * time.Minute)
		w.expect("ana", false)
	}, "ana", "bo")
}

// cases.md 110
func TestItEndsWithTheCallUnderWayAndGoesOnWhereItStopped(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.start()
		w.until("it is under way", time.Minute, func() bool { u := w.status().UnderWay; return u != nil && u.Tried > 20 })
		began := time.Now()
		w.end()
		if took := time.Since(began); took > 2*time.Second {
			t.Errorf("it took %s", took)
		}
		runs := w.runs()
		if last := runs[len(runs)-1]; last.Steps.Left == 0 || last.Steps.Unknown != 0 {
			t.Errorf("%+v", last)
		}
		if open, err := w.store.Open(t.Context()); len(open) > 0 || err != nil {
			t.Error(open, err)
		}
		w.start()
		w.until("all have the door", 10*time.Minute, func() bool { return w.opens("p0000") && w.opens("p0059") })
	}, people(60)...)
}

func TestAPauseStopsEverythingAndSurvivesARestart(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.start()
		w.until("it is under way", time.Minute, func() bool { u := w.status().UnderWay; return u != nil && u.Tried > 20 })
		if err := w.daemon.Pause(t.Context(), record.Said{By: "lea", Why: "moving house"}); err != nil {
			t.Fatal(err)
		}
		w.pass(2 * time.Second)
		w.kisi.ResetLog()
		w.company.disable("p0000")
		w.pass(10 * time.Minute)
		w.end()
		w.start()
		w.pass(10 * time.Minute)
		s := w.status()
		if n := len(w.kisi.Requests()); n != 0 || s.Paused == nil || s.Paused.By != "lea" || s.UnderWay != nil {
			t.Errorf("%d calls, %+v", n, s)
		}
		if _, err := w.daemon.Sync(t.Context(), record.Wish{}); !errors.Is(err, ErrPaused) {
			t.Error(err)
		}
		if err := w.daemon.Resume(t.Context(), record.Said{By: "lea"}); err != nil {
			t.Fatal(err)
		}
		w.until("all have the door", 10*time.Minute, func() bool { return w.opens("p0001") && w.opens("p0059") })
		w.expect("p0000", false)
	}, people(60)...)
}

func TestWhoAsksForARunIsToldHowItEnded(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.start()
		w.pass(time.Minute)
		w.company.join("cem")
		run, err := w.daemon.Sync(t.Context(), record.Wish{By: "mia"})
		if err != nil || run.Asked != "mia" || run.Steps.Done != 2 || run.Full {
			t.Errorf("%+v, %v", run, err)
		}
		w.expect("cem", true)
		w.company.breaks(errors.New("the line is cut"))
		if run, err = w.daemon.Sync(t.Context(), record.Wish{By: "mia", Full: true}); err == nil || !run.Full || run.ID == 0 {
			t.Errorf("%+v, %v", run, err)
		}
		w.end()
		if _, err := w.daemon.Sync(t.Context(), record.Wish{}); !errors.Is(err, ErrStopped) {
			t.Error(err)
		}
	}, "ana")
}

func TestObserveAsksKisiAndWritesNothing(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.policy.Mode = plan.Observe
		w.start()
		w.pass(10 * time.Minute)
		w.company.disable("ana")
		w.pass(10 * time.Minute)
		if n := len(w.kisi.Writes()); n != 0 || len(w.kisi.Requests()) == 0 || w.status().Mode != "observe" {
			t.Errorf("%d writes", n)
		}
	}, "ana", "bo")
}

// What was noted by the old file, such as who keeps the doors because of its mode, must not stand until the next night.
func TestAFileThatWasChangedWhileTheDaemonWasDownIsBegunWithALookAtEverything(t *testing.T) {
	for _, changed := range []bool{false, true} {
		t.Run(fmt.Sprintf("changed %v", changed), func(t *testing.T) { beginsAnew(t, changed) })
	}
}

func beginsAnew(t *testing.T, changed bool) {
	inWorld(t, func(t *testing.T, w *world) {
		w.start()
		w.pass(2 * time.Minute)
		w.end()
		before := len(w.runs())
		w.work = func(work *Work) error { work.Changed = changed; return nil }
		w.start()
		w.pass(30 * time.Second)
		full := false
		for _, r := range w.runs()[before:] {
			full = full || r.Full
		}
		if full != changed {
			t.Errorf("the file changed: %v, a full run: %v", changed, full)
		}
	}, "ana", "bo")
}
