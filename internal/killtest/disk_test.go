package killtest

import (
	"fmt"
	"strings"
	"syscall"
	"testing"
)

// TestAFullDiskStopsTheRunBeforeTheNextCall lets the disk be full from any commit on, or broken: what cannot be written down is not
// done, and what was done and could not be written down is found by the next run that can write.
func TestAFullDiskStopsTheRunBeforeTheNextCall(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	if len(s.places) == 0 {
		return // TestAFileThatMayNotGrowStopsTheRunBeforeTheNextCall does without
	}
	for _, p := range s.places {
		switch {
		case p.kind == data && p.nth == 1:
			s.unwritable(t, p, syscall.ENOSPC)
		case p.kind == syncing && p.commit%6 == 0, p.kind == meta && p.commit%6 == 3:
			s.unwritable(t, p, syscall.EIO)
		}
	}
}

// unwritable fails every write from there on.
func (s *stage) unwritable(t *testing.T, from place, why syscall.Errno) {
	t.Run(fmt.Sprintf("%v %v", why, from), func(t *testing.T) {
		t.Parallel()
		w := s.past.relive(t)
		made, full := 0, false
		g := &gate{at: func(p place) verdict {
			if p == from {
				made, full = w.made(), true
			}
			if full {
				return verdict(why)
			}
			return pass
		}}
		p := w.start(launching{Gated: true}, g, "sync")
		if code := p.wait(); code != 1 {
			t.Errorf("ends with %d, want 1", code)
		}
		if n := w.made(); n > made {
			t.Errorf("made %d calls after what it could not write", n-made)
		}
		w.saidUnwritable(p, why.Error())
		s.recovers(w, "could not write")
	})
}

// saidUnwritable expects that a run said what it could not write, and why, and what to do.
func (w *world) saidUnwritable(p *process, why string) {
	w.t.Helper()
	p.said("state file "+w.state(), why, "hint: ")
	if strings.Contains(p.out.String(), "what was done is written down;") {
		w.t.Errorf("says that what was done is written down:\n%s", &p.out)
	}
}
