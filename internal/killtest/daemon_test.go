//go:build unix

package killtest

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/kisi-sync/kisi-sync/internal/sim/kisisim"
)

// TestADaemonKilledAtAnyChangeLeavesNothingThatTheNextRunCannotEnd kills kisi-sync run at calls that change something. It leaves the doors
// of groups to its next full run, so it has fewer of them than the story.
func TestADaemonKilledAtAnyChangeLeavesNothingThatTheNextRunCannotEnd(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	for nth := 1; nth <= s.writes-5; nth += 2 {
		for _, done := range []bool{false, true} {
			if !sparsely(nth) {
				continue
			}
			t.Run(fmt.Sprintf("change %d, done %v", nth, done), func(t *testing.T) {
				t.Parallel()
				s.daemonKilled(t, nth, done)
			})
		}
	}
}

func (s *stage) daemonKilled(t *testing.T, nth int, done bool) {
	w := s.past.relive(t)
	w.write("config.yaml", w.read("config.yaml")+"metrics: {listen: \"off\"}\n")
	var p *process
	started, changes := make(chan struct{}), 0
	w.watch(func(c call) {
		if c.method == http.MethodGet || c.done != done {
			return
		}
		if changes++; changes == nth {
			<-started
			p.kill()
		}
		if changes >= nth && !done {
			w.kisi.Inject(kisisim.Fault{Do: kisisim.CutBefore()}) // nobody asks any more
		}
	})
	p = w.start(launching{}, nil, "run")
	close(started)
	if code := p.wait(); code != -1 {
		t.Fatalf("ends with %d:\n%s", code, &p.out)
	}
	w.settled()
	s.recovers(w, "killed")
}
