//go:build unix

package killtest

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kisi-sync/kisi-sync/internal/sim/kisisim"
)

// wound is where a process is killed: at a call to Kisi, or at a write to the state file. Where writes cannot be held, only the
// commit counts.
type wound struct {
	call  int  // 0: at a write
	done  bool // Kisi has done the call and not answered; otherwise it never saw it
	place place
}

func (x wound) String() string {
	switch {
	case x.call == 0:
		return x.place.String()
	case x.done:
		return fmt.Sprintf("after call %d was done", x.call)
	}
	return fmt.Sprintf("before call %d was seen", x.call)
}

// inflict runs a verb and kills it there. It says whether that place was reached.
func (x wound) inflict(w *world, held bool, verb ...string) bool {
	w.t.Helper()
	g := &gate{}
	begin := lastCommit(w.state())
	p := &process{}
	started := make(chan struct{})
	kill := func() { <-started; p.kill() }
	if x.call > 0 {
		w.watch(func(c call) {
			if c.nth != x.call || c.done != x.done {
				return
			}
			kill()
			if !x.done {
				w.kisi.Inject(kisisim.Fault{Do: kisisim.CutBefore()}) // nobody asks any more
			}
		})
	} else {
		g.at = func(at place) verdict {
			if at == x.place {
				kill()
			}
			return pass
		}
	}
	p = w.start(launching{Gated: held && x.call == 0}, g, verb...)
	close(started)
	if x.call == 0 && !held {
		w.killAtCommit(p, begin, x.place.commit)
	}
	p.wait()
	w.settled()
	w.watch(nil)
	return p.cmd.ProcessState.ExitCode() == -1
}

// TestKilledAtAnyCallTheNextRunEndsInTheSameState kills at each call, in both readings: Kisi never saw the call, and Kisi did it
// and could not say so.
func TestKilledAtAnyCallTheNextRunEndsInTheSameState(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	for nth := 1; nth <= s.calls; nth++ {
		for _, done := range []bool{false, true} {
			if sparsely(nth) {
				s.killed(t, wound{call: nth, done: done})
			}
		}
	}
}

// killed kills one run there and lets the next one go on. A place in the file that is only watched may be gone by when it is seen; then
// another run is killed.
func (s *stage) killed(t *testing.T, x wound) {
	held := len(s.places) > 0
	t.Run(x.String(), func(t *testing.T) {
		t.Parallel()
		for tries := 1; ; tries++ {
			w := s.past.relive(t)
			if x.inflict(w, held, "sync") {
				s.recovers(w, "killed "+x.String())
				return
			}
			if held || x.call != 0 || tries == 10 {
				t.Fatal("survived")
			}
		}
	})
}

// TestKilledAtAnyCommitTheNextRunEndsInTheSameState kills around each commit of the state file: once when it is made and not yet
// safe on the disk, and once at one of the writes before that, a different one from commit to commit.
func TestKilledAtAnyCommitTheNextRunEndsInTheSameState(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	if len(s.places) == 0 {
		s.killedByWatching(t)
		return
	}
	commits := map[int][]place{}
	for _, p := range s.places {
		commits[p.commit] = append(commits[p.commit], p)
	}
	t.Logf("%d commits with %d writes; each can be held", len(commits), len(s.places))
	if len(commits) < 40 {
		t.Fatalf("only %d commits", len(commits))
	}
	for n, places := range commits {
		for i, p := range places {
			if sparsely(n) && (*every || p.committed() || i == n%(len(places)-1)) {
				s.killed(t, wound{place: p})
			}
		}
	}
}

// killedByWatching kills at commits as they are seen in the file.
func (s *stage) killedByWatching(t *testing.T) {
	t.Helper()
	// A story has two commits for each write to Kisi, and some more.
	for n := 1; n <= s.calls; n++ {
		s.killed(t, wound{place: place{commit: n}})
	}
}

// TestKilledWhileTheFileIsMadeTheNextRunBegins kills the very first run at each of its writes up to the third commit.
func TestKilledWhileTheFileIsMadeTheNextRunBegins(t *testing.T) {
	t.Parallel()
	undisturbed := first(t)
	g := &gate{}
	p := undisturbed.start(launching{Gated: gated(t)}, g, "sync")
	if code := p.wait(); code != 0 {
		t.Fatalf("ends with %d:\n%s", code, &p.out)
	}
	for _, at := range g.places() {
		if at.commit > 3 {
			break
		}
		t.Run(at.String(), func(t *testing.T) {
			t.Parallel()
			w := first(t)
			if !(wound{place: at}).inflict(w, true, "sync") {
				t.Fatal("survived")
			}
			w.pass(settleAfter)
			w.runs(0, "sync")
			if diff := cmp.Diff(undisturbed.kisi.World(), w.kisi.World()); diff != "" {
				t.Error(diff)
			}
			w.kisi.CheckT(t)
		})
	}
}

// TestKilledWhenTheFileSaysSoTheNextRunEndsInTheSameState kills without the kernel's help, as it must be done where that is not to be had.
func TestKilledWhenTheFileSaysSoTheNextRunEndsInTheSameState(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.places = nil
	for n := 5; n < s.calls; n += 10 {
		s.killed(t, wound{place: place{commit: n}})
	}
}

// TestKilledTwiceTheNextRunEndsInTheSameState kills a run and the run after it, at places that are drawn by lot.
func TestKilledTwiceTheNextRunEndsInTheSameState(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	for i := range *pairs {
		n := *seed + uint64(i)
		if !sparsely(i) {
			continue
		}
		t.Run(fmt.Sprintf("seed %d", n), func(t *testing.T) {
			t.Parallel()
			s.killedTwice(t, rand.New(rand.NewPCG(n, 0)))
		})
	}
}

func (s *stage) killedTwice(t *testing.T, lot *rand.Rand) {
	w := s.past.relive(t)
	first := s.draw(lot)
	first.inflict(w, len(s.places) > 0, "sync")
	// The second run comes at once, when nothing can be said yet about a call that was cut, or when it can.
	wait := []time.Duration{0, time.Minute, settleAfter}[lot.IntN(3)]
	w.pass(wait)
	second := s.draw(lot)
	reached := second.inflict(w, len(s.places) > 0, "sync")
	s.recovers(w, fmt.Sprintf("killed %s, %s later %s (reached: %v)", first, wait, second, reached))
}

// draw draws a place, which the second of two runs may not reach: it has less to do.
func (s *stage) draw(lot *rand.Rand) wound {
	if lot.IntN(2) == 0 || len(s.places) == 0 {
		return wound{call: 1 + lot.IntN(s.calls), done: lot.IntN(2) == 0}
	}
	return wound{place: s.places[lot.IntN(len(s.places))]}
}
