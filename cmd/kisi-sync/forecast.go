package main

import (
	"slices"
	"time"

	"github.com/kisi-sync/kisi-sync/cmd/kisi-sync/internal/exit"
	"github.com/kisi-sync/kisi-sync/internal/access"
	"github.com/kisi-sync/kisi-sync/mapping"
	"github.com/kisi-sync/kisi-sync/sync/engine"
	"github.com/kisi-sync/kisi-sync/sync/plan"
)

// forecast is an outlook as it is told. In mode observe nothing is ever done, so what is told is what mode full would do.
type forecast struct {
	*engine.Outlook
	told *plan.Plan
	mode plan.Mode
	rate float64 // calls a second
	asks bool    // what is held is asked about next
	own  bool    // it is about what somebody wants now, and how it ends says nothing of what waits beside it
}

func (s *session) forecast(o *engine.Outlook) forecast {
	f := forecast{Outlook: o, told: o.Plan, mode: o.Input.Policy.Mode, rate: s.settings.Kisi.Rate}
	if f.mode == plan.Observe {
		in := o.Input
		in.Policy.Mode = plan.Full
		f.told = plan.Compute(in)
	}
	return f
}

// holds counts held steps by what they wait for.
type holds struct {
	person int // somebody's decision, or steps that wait for one
	kisi   int // Kisi: it refused them lately, or does not say yet whether an earlier call was carried out
	mode   int // nothing: the mode of the file leaves them out
	kept   int // nothing: it would undo what somebody did in Kisi, or somebody rejected it
}

func holdsOf(p *plan.Plan) holds {
	var h holds
	for i := range p.Steps {
		if p.Steps[i].Hold == nil {
			continue
		}
		switch waitsFor(p, i) {
		case waitsForMode:
			h.mode++
		case waitsForKisi:
			h.kisi++
		case waitsForNobody:
			h.kept++
		default:
			h.person++
		}
	}
	return h
}

const (
	waitsForPerson = iota
	waitsForKisi
	waitsForMode
	waitsForNobody
)

// waitsFor says what a held step waits for; one that waits for another step, for what that one waits for.
func waitsFor(p *plan.Plan, step int) int {
	s := &p.Steps[step]
	switch s.Hold.Kind {
	case access.HeldByMode:
		return waitsForMode
	case access.HeldByUnknown, access.HeldByRefusal, access.HeldByTime:
		return waitsForKisi
	case access.HeldByHand, access.HeldByVerdict:
		return waitsForNobody
	case access.HeldByNeed:
		for _, n := range s.Needs {
			if p.Steps[n].Hold != nil {
				return waitsFor(p, n)
			}
		}
	}
	return waitsForPerson
}

// code is the exit code of plan.
func (f forecast) code() int {
	h := holdsOf(f.told)
	switch {
	case h.person > 0:
		return exit.CodeHeld
	case f.told.Do()+h.kisi > 0:
		return exit.CodeChanges
	}
	return 0
}

// takes says how long the plan takes at the configured rate.
func (f forecast) takes() time.Duration {
	return time.Duration(float64(f.told.Calls()) / f.rate * float64(time.Second))
}

// undecided says that something could not be decided.
func (f forecast) undecided() bool {
	return slices.ContainsFunc(f.Conflicts, func(c mapping.Conflict) bool { return !c.Informs() })
}

// rests says that Kisi is not as it should be although there is nothing to do: somebody still has what is not ours to take, or Kisi refused
// something that is tried again later.
func (f forecast) rests() bool {
	loud, _ := stillHolds(f.told.Notes)
	return len(loud) > 0 || slices.ContainsFunc(f.Input.Holds, func(h access.Hold) bool { return h.Verdict == access.Parked })
}

// waiting counts the steps that wait for a decision since an earlier run. A run over a few people does not look at them again.
func (f forecast) waiting() int {
	if f.Full {
		return 0
	}
	again := map[access.Digest]bool{}
	for i := range f.told.Steps {
		again[f.told.Steps[i].ID] = true
	}
	n := 0
	for _, h := range f.Input.Holds {
		if h.Verdict == access.Waiting && h.Reason.Kind != access.HeldByHand && !again[h.Step] {
			n++
		}
	}
	return n
}
