package apply

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/kisi-sync/kisi-sync/internal/access"
	"github.com/kisi-sync/kisi-sync/sync/plan"
)

// scripted is a Kisi and a journal that answer as told.
type scripted struct {
	answers map[int]error // by number of the call, from 1
	calls   int
	stop    func() // called within the call that is answered with context.Canceled
}

func (s *scripted) Do(context.Context, access.Call) (access.Result, error) {
	s.calls++
	err := s.answers[s.calls]
	if errors.Is(err, context.Canceled) {
		s.stop()
	}
	return access.Result{ID: access.RemoteID(s.calls)}, err
}

func (s *scripted) Begin(context.Context, access.Call) (access.Seq, error) {
	return access.Seq(s.calls + 1), nil
}
func (s *scripted) Finish(context.Context, access.Seq, access.Result, error) error {
	return nil
}
func (s *scripted) Note(context.Context, []access.Call) error { return nil }

// joiners makes a plan of people who are created and given one right each.
func joiners(n int) *plan.Plan {
	p := &plan.Plan{}
	for i := range n {
		who := access.ObjectKey{Email: fmt.Sprintf("p%d@x.com", i)}
		p.Steps = append(p.Steps,
			plan.Step{Change: access.Change{Kind: access.CreateMember, Object: who, After: &access.Fields{}}},
			plan.Step{Change: access.Change{Kind: access.CreateAssignment, Object: who, After: &access.Fields{}}, Needs: []int{2 * i}})
	}
	return p
}

func TestEveryStepIsCountedOnceWhateverComesBack(t *testing.T) {
	for _, c := range []struct {
		name    string
		answers map[int]error
		want    Report
		calls   int
	}{
		{"all well", nil, Report{Done: 6}, 6},
		{"one person refused", map[int]error{1: access.ErrRefused}, Report{Done: 4, Refused: 1, Blocked: 1}, 5},
		{"a lost answer", map[int]error{3: access.ErrUnknownOutcome}, Report{Done: 4, Unknown: 1, Blocked: 1}, 5},
		{"stopped by Kisi", map[int]error{2: access.ErrStop}, Report{Done: 1, Refused: 1, Left: 4}, 2},
		{"an error that says nothing", map[int]error{2: errors.New("?")}, Report{Done: 1, Unknown: 1, Left: 4}, 2},
		{"interrupted before a call was sent", map[int]error{3: fmt.Errorf("%w: %w", access.ErrStop, context.Canceled)}, Report{Done: 2, Left: 4}, 3},
	} {
		t.Run(c.name, func(t *testing.T) {
			ctx, stop := context.WithCancel(t.Context())
			defer stop()
			s := &scripted{answers: c.answers, stop: stop}
			got, _ := Execute(ctx, joiners(3), s, s, Options{})
			got.Failures = nil
			if fmt.Sprint(got) != fmt.Sprint(c.want) || s.calls != c.calls {
				t.Errorf("%+v after %d calls, want %+v after %d", got, s.calls, c.want, c.calls)
			}
		})
	}
}

func TestAnUrgentMatterStopsTheRunAfterTheCallUnderWay(t *testing.T) {
	s := &scripted{}
	got, err := Execute(t.Context(), joiners(3), s, s, Options{Urgent: func() bool { return s.calls == 2 }})
	if err != nil || !got.Cut || got.Done != 2 || got.Left != 4 {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestOnceCancelledNothingIsBegun(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	stop()
	s := &scripted{}
	if got, err := Execute(ctx, joiners(2), s, s, Options{}); !errors.Is(err, context.Canceled) || s.calls != 0 || got.Left != 4 {
		t.Errorf("%+v, %v after %d calls", got, err, s.calls)
	}
}
