package daemon

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/kisi-sync/kisi-sync/internal/sim/kisisim"
	"github.com/kisi-sync/kisi-sync/sync/engine"
)

// lookedAtByHand has somebody look at all of Kisi beside the daemon, as sync does, again and again until it was seen whole. The channel
// tells how often it was begun.
func (w *world) lookedAtByHand(begins *int) <-chan error {
	ended := make(chan error, 1)
	go func() {
		for {
			err := w.daemon.Beside(w.t.Context(), func(ctx context.Context, t *Turn) error {
				*begins++
				by := w.daemon.shift.Engine.Beside(true, func(o *engine.Options) { o.Insist = true })
				return t.Look(ctx, func(ctx context.Context) error {
					_, err := by.Look(ctx, true)
					return err
				})
			})
			if !errors.Is(err, ErrGiveWay) {
				ended <- err
				return
			}
		}
	}()
	return ended
}

// crowded makes looking at all of Kisi take minutes at the pace that Kisi allows.
func (w *world) crowded() {
	for _, p := range people(1500) {
		w.kisi.AddUser(kisisim.UserSpec{Email: p + "@elsewhere.example", Name: p})
	}
}

// Issue 4: a leaver waits for nobody, and not for somebody who looks at all of Kisi by hand either.
func TestALeaverDoesNotWaitForSomebodyWhoLooksAtKisiByHand(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.watch = true
		w.crowded()
		w.start()
		w.until("everybody is there", 5*time.Minute, func() bool { return w.opens("ana") && w.opens("bo") })
		w.pass(time.Minute)
		begins := 0
		ended := w.lookedAtByHand(&begins)
		w.pass(2 * time.Second)
		if len(ended) > 0 || begins != 1 {
			t.Fatalf("begun %d times, ended: %v", begins, len(ended) > 0)
		}
		w.company.disable("ana")
		took := w.until("ana is suspended", time.Minute, func() bool { return !w.opens("ana") })
		t.Logf("from the directory's change to the suspension: %s", took)
		if took > 5*time.Second {
			t.Errorf("a leaver waited %s", took)
		}
		if len(ended) > 0 {
			t.Error("the look was over already")
		}
		if err := <-ended; err != nil || begins != 2 {
			t.Errorf("begun %d times: %v", begins, err)
		}
	}, "ana", "bo")
}

// lookedAtInTheEnd is lookedAtByHand by somebody who has given way often enough. The channel gets what was seen.
func (w *world) lookedAtInTheEnd(begins *int) <-chan *engine.Outlook {
	seen := make(chan *engine.Outlook, 1)
	go func() {
		defer close(seen)
		for {
			err := w.daemon.Beside(w.t.Context(), func(ctx context.Context, t *Turn) error {
				*begins++
				by := w.daemon.shift.Engine.Beside(true, func(o *engine.Options) { o.Insist = true })
				look := func(ctx context.Context, alone func(context.Context) error) error {
					o, err := by.LookBeside(ctx, true, alone)
					seen <- o
					return err
				}
				if *begins > GiveWays {
					return t.LookBeside(ctx, look)
				}
				return t.Look(ctx, func(ctx context.Context) error {
					_, err := by.Look(ctx, true)
					return err
				})
			})
			if !errors.Is(err, ErrGiveWay) {
				if err != nil {
					w.t.Error(err)
				}
				return
			}
		}
	}()
	return seen
}

// Issue 4: in a company where somebody leaves every few seconds, nobody waits, neither a leaver nor for ever who looks at Kisi by hand.
func TestALookByHandComesToItsEndHoweverManyLeave(t *testing.T) {
	everybody := people(60)
	inWorld(t, func(t *testing.T, w *world) {
		w.watch = true
		w.crowded()
		w.start()
		w.until("everybody is there", 10*time.Minute, func() bool { return w.opens(everybody[0]) && w.opens(everybody[59]) })
		w.pass(time.Minute)
		begins, left, longest := 0, 0, time.Duration(0)
		seen := w.lookedAtInTheEnd(&begins)
		for len(seen) == 0 && left < 59 {
			w.pass(2 * time.Second)
			w.company.disable(everybody[left])
			longest = max(longest, w.until("somebody who left is suspended", time.Minute, func() bool { return !w.opens(everybody[left]) }))
			left++
		}
		t.Logf("%d left meanwhile, none later than %s after it", left, longest)
		o := <-seen
		if o == nil || begins != GiveWays+1 {
			t.Fatalf("begun %d times", begins)
		}
		if longest > 5*time.Second || left <= GiveWays {
			t.Errorf("%d left, and one waited %s", left, longest)
		}
		if len(o.Plan.Steps) > 0 || len(o.Plan.Drift) > 0 {
			t.Errorf("what was done beside the look is not known to it: %+v %+v", o.Plan.Steps, o.Plan.Drift)
		}
	}, everybody...)
}

// Who takes somebody's access on the command line, or reads a directory by hand, says so to the daemon.
func TestALookByHandGivesWayToWhomeverTheDaemonIsToldOf(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.crowded()
		w.start()
		w.until("everybody is there", 5*time.Minute, func() bool { return w.opens("ana") && w.opens("bo") })
		w.pass(time.Minute)
		begins := 0
		ended := w.lookedAtByHand(&begins)
		w.pass(2 * time.Second)
		if err := w.daemon.Leavers(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := <-ended; err != nil || begins != 2 {
			t.Errorf("begun %d times: %v", begins, err)
		}
	}, "ana", "bo")
}

// A run of leavers that cannot succeed, because Kisi shows too few people, is tried every minute. Somebody who comes to accept that must not be
// sent away each time.
func TestALookByHandDoesNotGiveWayToWhatIsOnlyTriedAgain(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.watch = true
		w.crowded()
		w.start()
		w.until("everybody is there", 5*time.Minute, func() bool { return w.opens("ana") && w.opens("bo") })
		w.pass(time.Minute)
		down := w.kisi.Inject(kisisim.Fault{Where: byID, Count: kisisim.Always, Do: kisisim.Status(500)})
		defer down.Remove()
		w.company.disable("ana")
		w.until("it was tried", 30*time.Minute, func() bool { s := w.status(); return s.LeaversWait && s.Failures > 3 && s.UnderWay == nil })
		begins := 0
		if err := <-w.lookedAtByHand(&begins); err != nil || begins != 1 {
			t.Errorf("begun %d times: %v", begins, err)
		}
	}, "ana", "bo")
}

// A new file waits until somebody has done what he does beside, and that may take an hour. Leavers do not.
func TestALeaverDoesNotWaitForANewFileThatWaitsForSomebody(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.watch = true
		w.start()
		w.pass(time.Minute)
		ended, reloaded := make(chan error, 1), make(chan error, 1)
		go func() {
			ended <- w.daemon.Beside(t.Context(), func(ctx context.Context, turn *Turn) error {
				for !turn.Urgent() && ctx.Err() == nil {
					pause(ctx, 100*time.Millisecond)
				}
				return ctx.Err()
			})
		}()
		w.pass(time.Second)
		go func() { reloaded <- w.daemon.Reload(t.Context(), "lea") }()
		w.pass(10 * time.Minute)
		if len(reloaded) > 0 || len(ended) > 0 {
			t.Fatal("the file was put to use beside what somebody does")
		}
		w.company.disable("ana")
		if took := w.until("ana is suspended", time.Minute, func() bool { return !w.opens("ana") }); took > 5*time.Second {
			t.Errorf("a leaver waited %s", took)
		}
		if err := errors.Join(<-ended, <-reloaded); err != nil {
			t.Error(err)
		}
	}, "ana", "bo")
}

// What somebody carries out by hand is cut short by a retry, too: nothing of it is lost, and the daemon goes on with the rest.
func TestWhatIsCarriedOutByHandIsCutShortWhenALeaverIsTriedAgain(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.start()
		w.pass(time.Minute)
		down := w.kisi.Inject(kisisim.Fault{Count: kisisim.Always, Do: kisisim.Status(500)})
		w.company.disable("ana")
		w.until("it was tried", 30*time.Minute, func() bool { s := w.status(); return s.LeaversWait && s.Failures > 3 && s.UnderWay == nil })
		err := w.daemon.Beside(t.Context(), func(ctx context.Context, turn *Turn) error {
			down.Remove()
			if turn.Urgent() {
				t.Error("what cannot be tried yet is urgent")
			}
			w.pass(20 * time.Minute)
			if !turn.Urgent() {
				t.Error("what is to be tried again is not urgent")
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
		w.until("ana is suspended", time.Minute, func() bool { return !w.opens("ana") })
	}, "ana", "bo")
}

// byID is how a run of leavers looks at people, and a look at everybody does not.
func byID(r kisisim.Request) bool { return r.Template == "/users" && r.Query.Has("ids") }
