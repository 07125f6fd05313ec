package daemon

import (
	"context"
	"errors"
	"testing"
	"time"
)

// Who left without a word is missing from a full read only: such a read may not be put off for a day by a directory that was down at three.
func TestAFullReadThatFailedIsTriedAgainAsAFullOne(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.start()
		w.pass(179 * time.Minute) // from midnight; the full run is at three
		w.company.breaks(errors.New("the directory is restarted"))
		w.pass(90 * time.Second)
		w.company.breaks(nil)
		healed := time.Now()
		w.pass(3 * time.Minute)
		if n := len(w.company.fullsSince(healed)); n != 1 {
			t.Errorf("%d full reads after the directory was back", n)
		}
		w.pass(2 * time.Hour)
		if n := len(w.company.fullsSince(healed)); n != 1 {
			t.Errorf("%d full reads in two hours, though the first went well", n)
		}
	}, "ana", "bo")
}

func TestAFullReadThatAlwaysFailsIsTriedLessAndLessOften(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.start()
		w.pass(179 * time.Minute)
		broken, reads := time.Now(), w.company.readsSoFar()
		w.company.breaks(errors.New("the directory is down"))
		w.pass(5 * time.Hour)
		// at once, after 1, 2, 4, 8, 16 and 32 minutes, and from then on every hour
		if n := len(w.company.fullsSince(broken)); n < 8 || n > 11 {
			t.Errorf("%d full reads in five hours", n)
		}
		if n := w.company.readsSoFar() - reads; n < 290 {
			t.Errorf("%d reads in five hours: increments are read as always", n)
		}
	}, "ana", "bo")
}

func TestAFullReadThatIsOwedIsMadeAfterARestart(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.start()
		w.pass(179 * time.Minute)
		w.company.breaks(errors.New("the directory is down"))
		w.pass(90 * time.Second)
		w.end()
		w.company.breaks(nil)
		began := time.Now()
		w.start()
		w.pass(30 * time.Second)
		if n := len(w.company.fullsSince(began)); n != 1 {
			t.Errorf("%d full reads after the restart", n)
		}
	}, "ana", "bo")
}

func TestAFileThatIsRefusedDoesNotLoseTheFullReadThatIsOwed(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.start()
		w.pass(179 * time.Minute)
		w.company.breaks(errors.New("the directory is down"))
		w.pass(4*time.Minute + 30*time.Second)
		w.company.breaks(nil)
		w.work = func(work *Work) error {
			work.Check = func(context.Context) error { return errors.New("ana should have Staff") }
			return nil
		}
		began := time.Now()
		if err := w.daemon.Reload(t.Context(), "mia"); err == nil {
			t.Error("the file was not refused")
		}
		w.pass(30 * time.Second)
		if n := len(w.company.fullsSince(began)); n != 1 {
			t.Errorf("%d full reads after the file was refused", n)
		}
	}, "ana", "bo")
}

// A directory that shows too little on a Friday shows it on each read until Monday. It is told once, and the list of runs is not filled with it.
func TestADoubtThatStaysIsNoNewsOnEveryRead(t *testing.T) {
	names := people(20)
	inWorld(t, func(t *testing.T, w *world) {
		w.start()
		w.pass(time.Hour)
		for _, name := range names[2:] {
			w.company.remove(name)
		}
		w.pass(130 * time.Minute) // the full read is at three, from midnight
		if all, err := w.store.Statuses(t.Context()); err != nil || len(all) != 1 || all[0].Doubt == "" {
			t.Fatalf("nothing is doubted: %+v %v", all, err)
		}
		runs, reads := len(w.runs()), w.company.readsSoFar()
		w.pass(time.Hour)
		if more := len(w.runs()) - runs; more > 0 || w.company.readsSoFar() < reads+50 {
			t.Errorf("%d runs after %d reads", more, w.company.readsSoFar()-reads)
		}
		w.company.disable(names[0])
		w.company.join("zoe")
		w.pass(5 * time.Minute)
		w.expect(names[0], false)
		w.expect("zoe", true)
		w.expect(names[5], true)
		w.company.join(names[5]) // is seen again, and nothing else is
		runs = len(w.runs())
		w.pass(5 * time.Minute)
		if len(w.runs()) == runs {
			t.Error("somebody of whom nothing could be said is there again, and nothing is decided")
		}
	}, names...)
}
