package engine

import (
	"context"
	"reflect"
	"slices"

	"github.com/kisi-sync/kisi-sync/internal/access"
)

// underWay says that a call is being made at this moment, by a run beside: what becomes of it is that run's to find out.
func (e *Engine) underWay(i access.Intent) bool {
	return e.o.Alive != 0 && i.Cut == 0 && i.Begun >= e.o.Alive
}

// catchUp takes in what a run beside has done while Kisi was looked at. Without it that would look as if somebody had done it by hand:
// what is remembered is older than the observation, and an observation takes a while.
func (l *look) catchUp(ctx context.Context) error {
	if l.e.o.Alive == 0 {
		return nil
	}
	const enough = 3 // groups and their doors are made at the beginning of a run, and then no more
	for range enough {
		before := l.ledger.Groups
		if err := l.recallAgain(ctx); err != nil {
			return err
		}
		if reflect.DeepEqual(before, l.ledger.Groups) {
			break
		}
		for _, step := range []func(context.Context) error{l.catalog, l.remap, l.observe} {
			if err := step(ctx); err != nil {
				return err
			}
		}
	}
	state := newer(l.out.Input.Observed, l.ledger)
	l.out.Input.Observed, l.out.Words.Observed = state, state
	return l.remap(ctx)
}

// recallAgain is recall, with nothing told twice.
func (l *look) recallAgain(ctx context.Context) error {
	l.unread, l.out.Run.Problems = nil, nil
	return l.recall(ctx)
}

// newer returns an observation with the rows that were written after it began as they were written.
func newer(observed *access.State, ledger *access.Ledger) *access.State {
	state := *observed
	state.Members = slices.Clone(observed.Members)
	for i := range ledger.Accounts {
		row := &ledger.Accounts[i].Known
		if row.ID == 0 || row.Seen <= observed.At {
			continue
		}
		if m, there := state.Member(row.ID); there {
			*m = *row
		} else {
			state.Members = append(state.Members, *row)
			state.Sort() // which Member relies on; these are few
		}
	}
	return &state
}
