//go:build unix

package killtest

import (
	"fmt"
	"net/http"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/kisi-sync/kisi-sync/internal/sim/kisisim"
)

// TestAskedToStopAtAnyCallItFinishesThatOneAndTheNextRunGoesOn sends SIGTERM in the middle of each call. A call that changes something is
// waited for, and so is the one that reads back what came of new dates; any other that only reads need not be, and here is never answered.
func TestAskedToStopAtAnyCallItFinishesThatOneAndTheNextRunGoesOn(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	for nth := 1; nth <= s.calls; nth++ {
		if !sparsely(nth) {
			continue
		}
		t.Run(fmt.Sprintf("call %d", nth), func(t *testing.T) {
			t.Parallel()
			s.stopped(t, nth)
		})
	}
}

func (s *stage) stopped(t *testing.T, nth int) {
	w := s.past.relive(t)
	var p *process
	var readsBack bool // the change takes another call
	started := make(chan struct{})
	w.watch(func(c call) {
		if c.nth != nth || c.done {
			return
		}
		<-started
		_ = p.cmd.Process.Signal(syscall.SIGTERM)
		inChange := strings.HasPrefix(c.path, "/role_assignments/")
		if readsBack = c.method == http.MethodPatch && inChange; c.method == http.MethodGet && !inChange {
			w.kisi.Inject(kisisim.Fault{Do: kisisim.Hang()})
			return
		}
		p.says("stopping after the call under way")
	})
	p = w.start(launching{}, nil, "sync")
	close(started)
	if code := p.wait(); code != 1 {
		t.Errorf("ends with %d, want 1", code)
	}
	w.settled()
	w.watch(nil)
	p.said("error: interrupted; ")
	if n := w.made() - nth; n > 1 || n == 1 && !readsBack {
		t.Errorf("made %d more calls", n)
	}
	p = w.runs(0, "sync") // at once: nothing is left without an outcome
	if !s.same(w) {
		t.Errorf("the run after it said:\n%s", &p.out)
	}
}

// TestASecondProcessSaysThatAnotherIsAtWork starts others while one is in the middle of a call.
func TestASecondProcessSaysThatAnotherIsAtWork(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	w := s.past.relive(t)
	reached, goOn := make(chan struct{}), make(chan struct{})
	w.watch(func(c call) {
		if c.nth == s.calls/2 && !c.done {
			close(reached)
			<-goOn
		}
	})
	first := w.start(launching{}, nil, "sync")
	<-reached
	w.watch(nil)
	before, err := os.ReadFile(w.state())
	w.must(err)
	for _, verb := range []string{"sync", "plan"} {
		w.runs(1, verb).said("error: state file ", "another kisi-sync has it open", "hint: one run at a time")
	}
	after, err := os.ReadFile(w.state())
	w.must(err)
	if string(before) != string(after) {
		t.Error("the state file was changed")
	}
	if n := w.made(); n != 0 {
		t.Errorf("the second process made %d calls", n)
	}
	close(goOn)
	if code := first.wait(); code != 0 {
		t.Errorf("the first ends with %d:\n%s", code, &first.out)
	}
	s.same(w)
}
