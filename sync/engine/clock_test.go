package engine_test

import (
	"testing"
	"time"

	"github.com/kisi-sync/kisi-sync/internal/sim/kisisim"
)

// jump moves this host's clock by so much against everybody else's.
func (w *world) jump(by time.Duration) { w.skew += by }

// cases.md 103, 109: this machine's clock is wrong. What follows from the time alone waits, in either direction; who is disabled, joins
// or moves does not; when the clock is right again, everything is done by itself.
func TestAWrongClockHoldsWhatFollowsFromTheTimeAloneAndNothingElse(t *testing.T) {
	t.Parallel()
	for _, jump := range []time.Duration{400 * 24 * time.Hour, 26 * time.Hour, -26 * time.Hour, -400 * 24 * time.Hour} {
		w := newWorld(t, kisisim.Assumptions{})
		w.staff.until["dora"] = "2026-11-22"
		w.must(true)
		delete(w.staff.groups, "eva") // her grace is a day
		w.pass(time.Hour)
		w.must(true)
		w.jump(jump)
		w.staff.disabled["cem"] = true
		w.staff.groups["fay"] = "staff"
		w.staff.groups["bo"] = "staff servers"
		for range 3 {
			w.pass(time.Hour)
			w.must(true)
			w.must(false)
		}
		w.expect("cem", "Staff", false)
		w.expect("fay", "Staff", true)
		w.expect("bo", "HQ / Server Room", true)
		w.expect("bo", "HQ / Lab", false)
		w.expect("eva", "Staff", true)
		if w.right("dora", "Contractors") == 0 {
			t.Errorf("%s: dora's right is gone before its end", jump)
		}
		w.expectTold("clock", "this machine", "Kisi's: what follows from the time alone waits until they agree")
		w.jump(-jump)
		w.must(true)
		if w.told("clock", "", "") {
			t.Errorf("%s: %+v", jump, w.last.Problems)
		}
		w.expect("eva", "Staff", true)
		for range 2 {
			w.pass(25 * time.Hour)
			w.must(true)
		}
		w.expect("eva", "Staff", false)
		w.expect("ana", "Staff", true)
		w.kisi.CheckT(t)
	}
}

// Within an hour nothing is held: a grace ends a little early or late, as it may by any clock.
func TestAClockThatIsALittleWrongHoldsNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t, kisisim.Assumptions{})
	w.must(true)
	delete(w.staff.groups, "eva")
	w.pass(time.Hour)
	w.must(true)
	w.jump(50 * time.Minute)
	w.pass(25 * time.Hour)
	w.must(true)
	w.expect("eva", "Staff", false)
	if w.told("clock", "", "") {
		t.Errorf("%+v", w.last.Problems)
	}
}

// Kisi does not say what time it is, and this machine's clock lies before the last run.
func TestAClockThatWentBackIsNotTrustedWhereKisiDoesNotSayTheTime(t *testing.T) {
	t.Parallel()
	w := newWorld(t, kisisim.Assumptions{})
	w.blind = true
	w.must(true)
	w.jump(-30 * time.Hour)
	w.staff.disabled["cem"] = true
	w.must(true)
	w.expectTold("clock", "this machine", "went back by")
	w.expect("cem", "Staff", false)
	w.jump(30 * time.Hour)
	w.pass(time.Hour)
	w.must(true)
	if w.told("clock", "", "") {
		t.Errorf("%+v", w.last.Problems)
	}
}

// What was written down by a clock that was far ahead does not last until that time comes: graces, refusals, calls without an outcome,
// and rests.
func TestWhatAWrongClockWroteDownEndsAllTheSame(t *testing.T) {
	t.Parallel()
	const far = 400 * 24 * time.Hour
	w := newWorld(t, kisisim.Assumptions{})
	w.must(true)
	w.jump(far)
	w.staff.groups["fay"], w.staff.groups["gil"] = "staff", "staff"
	delete(w.staff.groups, "eva")
	w.pass(time.Hour)
	w.kisi.Inject(kisisim.Fault{Method: "POST", Path: "/users", Nth: 1, Do: kisisim.Unprocessable()})
	w.kisi.Inject(kisisim.Fault{Method: "POST", Path: "/users", Nth: 1, Do: kisisim.CutAfter()}) // of the next one
	_, _ = w.run(true)
	w.kisi.Inject(kisisim.Fault{Path: "/users", Do: kisisim.Status(401)})
	w.pass(time.Minute)
	_, _ = w.run(true)
	w.jump(-far)
	for range 4 {
		w.pass(20 * time.Minute)
		w.must(true)
	}
	w.expect("fay", "Staff", true)
	w.expect("gil", "Staff", true)
	w.expect("eva", "Staff", true)
	w.pass(25 * time.Hour)
	w.must(true)
	w.expect("eva", "Staff", false)
	w.kisi.CheckT(t)
}

// Found by TestSoak (seed 60138): who returns is let in only once a right is shortened that has ended meanwhile, and a clock that is behind cannot do that.
func TestWhoReturnsWhileTheClockIsWrongIsNotLetInToWhatHasEnded(t *testing.T) {
	t.Parallel()
	w := newWorld(t, kisisim.Assumptions{})
	w.must(true)
	w.staff.disabled["dora"] = true
	w.pass(time.Hour)
	w.must(true)
	w.staff.disabled["dora"] = false
	w.staff.groups["dora"], w.staff.until["dora"] = "staff temps", "2026-11-20"
	w.pass(time.Hour)
	w.jump(-60 * 24 * time.Hour)
	w.must(true)
	w.expect("dora", "Contractors", false)
	w.jump(60 * 24 * time.Hour)
	w.heal()
	w.expect("dora", "Staff", true)
	if w.right("dora", "Contractors") != 0 {
		t.Error("dora has a right that has ended")
	}
	w.kisi.CheckT(t)
}
