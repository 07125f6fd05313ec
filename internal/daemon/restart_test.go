package daemon

import (
	"errors"
	"testing"
	"time"

	"github.com/kisi-sync/kisi-sync/internal/access"
	"github.com/kisi-sync/kisi-sync/internal/record"
	"github.com/kisi-sync/kisi-sync/internal/sim/kisisim"
)

// leavesUnheard has ana leave while Kisi does not answer, and ends the daemon before Kisi is back.
func (w *world) leavesUnheard() {
	w.watch = true
	w.start()
	w.until("everybody is there", 5*time.Minute, func() bool { return w.opens("ana") && w.opens("bo") })
	w.pass(time.Minute)
	down := w.kisi.Inject(kisisim.Fault{Count: kisisim.Always, Do: kisisim.Status(500)})
	w.company.disable("ana")
	w.until("the daemon knows", 20*time.Minute, func() bool { return w.status().LeaversWait })
	w.end()
	down.Remove()
	w.expect("ana", true)
}

// Issue 4: a leaver waits for nobody, and not for a schedule because the daemon was started anew meanwhile.
func TestALeaverWhoWasKnownBeforeARestartIsUrgentRightAfterIt(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.changes, w.watch = "@every 15m", true
		w.crowded()
		w.start()
		w.until("everybody is there", 5*time.Minute, func() bool { return w.opens("ana") && w.opens("bo") })
		w.pass(time.Minute)
		w.company.disable("ana")
		w.until("the daemon knows", time.Minute, func() bool { return w.status().LeaversWait })
		w.end()
		w.expect("ana", true)
		w.work = func(work *Work) error { work.Changed = true; return nil } // so all of Kisi is looked at
		w.start()
		took := w.until("ana is suspended", 10*time.Minute, func() bool { return !w.opens("ana") })
		t.Logf("from the start to the suspension: %s", took)
		if took > 5*time.Second {
			t.Errorf("a leaver waited %s", took)
		}
		w.pass(time.Minute)
		if w.status().LeaversWait {
			t.Error("somebody still waits")
		}
	}, "ana", "bo")
}

// A directory that is down as well says nothing anew: what it said before is good enough to take access by.
func TestAfterARestartNoSourceIsNeededToTakeAccessFromAKnownLeaver(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.changes = "@every 15m"
		w.leavesUnheard()
		w.company.takes = time.Hour // it hangs
		w.company.breaks(errors.New("the line is cut"))
		w.start()
		if took := w.until("ana is suspended", 10*time.Minute, func() bool { return !w.opens("ana") }); took > 15*time.Second {
			t.Errorf("a leaver waited %s", took)
		}
	}, "ana", "bo")
}

// Whoever has come back while the daemon was down is not suspended first.
func TestAfterARestartADirectoryThatAnswersIsHeardFirst(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.leavesUnheard()
		w.company.takes = 2 * time.Second
		w.company.join("ana")
		writes := len(w.kisi.Writes())
		w.start()
		w.pass(2 * time.Minute)
		w.expect("ana", true)
		if n := len(w.kisi.Writes()) - writes; n != 0 || w.status().LeaversWait {
			t.Errorf("%d writes, %+v", n, w.status())
		}
	}, "ana", "bo")
}

// Kisi is still down after the restart: whoever is paged sees that somebody waits, and once Kisi is back the schedule is not waited for.
func TestALeaverOfBeforeARestartIsSeenToWait(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.changes = "@every 2h"
		w.leavesUnheard()
		down := w.kisi.Inject(kisisim.Fault{Count: kisisim.Always, Do: kisisim.Status(500)})
		w.start()
		for range 60 {
			w.pass(20 * time.Second)
			if !w.status().LeaversWait {
				t.Fatalf("at %s nobody is seen to wait: %+v", w.now().Format(time.TimeOnly), w.status())
			}
		}
		down.Remove()
		w.until("ana is suspended", 17*time.Minute, func() bool { return !w.opens("ana") })
	}, "ana", "bo")
}

// Where nobody has left, nothing is asked of Kisi and no run is made for that.
func TestARestartWithoutLeaversMakesNoRunForThem(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.start()
		w.pass(time.Minute)
		w.company.disable("bo")
		w.pass(2 * time.Minute)
		w.expect("bo", false)
		w.end()
		before := len(w.runs())
		w.kisi.ResetLog()
		w.start()
		w.pass(30 * time.Second)
		if runs := w.runs()[before:]; len(runs) != 1 || runs[0].Asked != atStart || len(w.kisi.Requests()) != 0 {
			t.Errorf("%+v, %d requests", runs, len(w.kisi.Requests()))
		}
	}, "ana", "bo")
}

// A full run fails while somebody has left, because whoever blocked somebody could not be served: that is tried again like any leaver.
func TestSomebodyWhoWasBlockedWhileKisiIsDownIsUrgentOnceTheNextRunFails(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.changes, w.full = "@every 2h", "0 0 1 1 *"
		w.start()
		w.pass(time.Minute)
		down := w.kisi.Inject(kisisim.Fault{Count: kisisim.Always, Do: kisisim.Status(500)})
		if err := w.store.SavePin(t.Context(), access.Pin{Kind: access.Block, Anchor: "corp:id-ana", By: "lea", Why: "ticket 1"}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.daemon.Sync(t.Context(), record.Wish{By: "lea", Full: true}); err == nil {
			t.Fatal("Kisi is down")
		}
		w.pass(time.Minute)
		if !w.status().LeaversWait {
			t.Error("nobody is seen to wait")
		}
		down.Remove()
		w.until("ana is suspended", 17*time.Minute, func() bool { return !w.opens("ana") })
	}, "ana", "bo")
}
