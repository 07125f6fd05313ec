package engine_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/kisi-sync/kisi-sync/internal/access"
	"github.com/kisi-sync/kisi-sync/internal/sim/kisisim"
	"github.com/kisi-sync/kisi-sync/sync/engine"
)

// asked returns how many requests a run sent, and its error.
func (w *world) asked(full bool) (int, error) {
	w.kisi.ResetLog()
	_, err := w.run(full)
	return len(w.kisi.Requests()), err
}

// cases.md 91: when Kisi does not work, runs ask less and less, one call each, and say why and until when; when it works again, the
// next one that asks does everything.
func TestWhileKisiDoesNotWorkItIsAskedEverMoreRarelyByOneCall(t *testing.T) {
	t.Parallel()
	for _, down := range []kisisim.Action{kisisim.Unavailable(), kisisim.CutBefore(), kisisim.BadGateway(), kisisim.Status(500), kisisim.Status(401)} {
		w := newWorld(t, kisisim.Assumptions{})
		w.must(true)
		w.staff.groups["fay"] = "staff"
		fault := w.kisi.Inject(kisisim.Fault{Count: kisisim.Always, Do: down})
		var gaps []int // minutes between two runs that asked
		since := 0
		for range 120 {
			w.pass(time.Minute)
			since++
			calls, err := w.asked(false)
			var resting *engine.Resting
			switch {
			case err == nil:
				t.Fatalf("%s: no error", down)
			case errors.As(err, &resting) != (calls == 0):
				t.Fatalf("%s: %d calls, %v", down, calls, err)
			case calls > 3: // the pacer's tries of one call
				t.Fatalf("%s: %d calls", down, calls)
			case calls > 0:
				gaps, since = append(gaps, since), 0
			}
		}
		if got := fmt.Sprint(gaps); got != "[1 1 2 4 8 15 15 15 15 15 15]" {
			t.Errorf("%s: minutes between runs that asked: %s", down, got)
		}
		_, err := w.run(false)
		for _, word := range []string{"2026-11-21 12:01 UTC", "is left alone for another", "GET /"} {
			if err == nil || !strings.Contains(err.Error(), word) {
				t.Errorf("%s: %v does not say %q", down, err, word)
			}
		}
		fault.Remove()
		w.pass(16 * time.Minute)
		w.must(false)
		w.expect("fay", "Staff", true)
		w.quiet()
	}
}

// Whoever puts a new key in place has not to wait until the rest is over.
func TestANewCredentialIsTriedAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t, kisisim.Assumptions{})
	w.must(true)
	w.staff.groups["fay"] = "staff"
	fault := w.kisi.Inject(kisisim.Fault{Count: kisisim.Always, Do: kisisim.Status(401)})
	for range 9 {
		w.pass(15 * time.Minute)
		if _, err := w.run(false); err == nil {
			t.Fatal("no error")
		}
	}
	fault.Remove()
	w.pass(time.Minute)
	if calls, err := w.asked(false); err == nil || calls > 0 {
		t.Fatalf("the old credential: %d calls, %v", calls, err)
	}
	w.renewed = true
	w.must(false)
	w.expect("fay", "Staff", true)
	w.quiet()
}

// A run of changes without an outcome ends the run, and the next one that asks begins with one call.
func TestChangesWithoutAnOutcomeEndTheRunAfterFive(t *testing.T) {
	t.Parallel()
	w := newWorld(t, kisisim.Assumptions{})
	w.must(true)
	for i := range 40 {
		w.staff.groups[fmt.Sprintf("new%02d", i)] = "staff"
	}
	w.staff.disabled["cem"] = true
	w.pass(time.Minute)
	fault := w.kisi.Inject(kisisim.Fault{Method: "POST", Count: kisisim.Always, Do: kisisim.Unavailable()})
	w.kisi.ResetLog()
	_, err := w.run(false)
	if !errors.Is(err, access.ErrStop) || !strings.Contains(err.Error(), "5 calls in a row without an outcome") {
		t.Errorf("err = %v", err)
	}
	if n := len(w.kisi.Writes()); n != 6 {
		t.Errorf("%d writes, want a suspension and five that failed", n)
	}
	w.expect("cem", "Staff", false)
	if calls, err := w.asked(false); calls != 0 || err == nil {
		t.Errorf("%d calls, %v", calls, err)
	}
	fault.Remove()
	w.heal()
	w.expect("new39", "Staff", true)
	w.kisi.CheckT(t)
}

// Kisi answers a call for each of some people with 500, for ever: they are tried ever more rarely, and everybody else gets their doors.
func TestPeopleOverWhomKisiFailsStopNobodyElse(t *testing.T) {
	t.Parallel()
	w := newWorld(t, kisisim.Assumptions{})
	w.must(true)
	for i := range 8 {
		w.staff.groups[fmt.Sprintf("bad%d", i)] = "staff"
		w.staff.groups[fmt.Sprintf("good%d", i)] = "staff"
	}
	fault := w.kisi.Inject(kisisim.Fault{Method: "POST", Path: "/users", Count: kisisim.Always, Do: kisisim.Status(500),
		Where: func(r kisisim.Request) bool { return strings.Contains(string(r.Body), "bad") }})
	for range 24 * 12 {
		w.pass(5 * time.Minute)
		_, _ = w.run(false)
	}
	for i := range 8 {
		w.expect(fmt.Sprintf("good%d", i), "Staff", true)
	}
	if n := fault.Hits(); n > 8*11 {
		t.Errorf("eight people were tried %d times in a day", n)
	}
	fault.Remove()
	w.pass(24 * time.Hour)
	w.heal()
	w.expect("bad7", "Staff", true)
	w.kisi.CheckT(t)
}

// Who leaves is not kept waiting by a rest: a run that has to suspend somebody asks at once.
func TestALeaverDoesNotWaitForTheEndOfARest(t *testing.T) {
	t.Parallel()
	w := newWorld(t, kisisim.Assumptions{})
	w.must(true)
	w.pass(time.Minute)
	w.staff.groups["fay"] = "staff"
	fault := w.kisi.Inject(kisisim.Fault{Count: kisisim.Always, Do: kisisim.Unavailable()})
	for range 60 {
		w.pass(time.Minute)
		_, _ = w.run(false)
	}
	fault.Remove()
	w.staff.disabled["cem"] = true
	w.must(false)
	w.expect("cem", "Staff", false)
	w.expect("fay", "Staff", true)
}
