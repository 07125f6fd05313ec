package engine

import (
	"context"

	"github.com/kisi-sync/kisi-sync/internal/access"
)

// Order looks at Kisi and plans for what an operator wants of groups, and for nothing else. make says what that is, by what there is in Kisi
// today and what the file makes of it; everybody is looked at where what it returns takes something away from whole groups.
func (e *Engine) Order(ctx context.Context, everybody bool, make func(*Outlook) ([]access.DesiredGroup, error)) (*Outlook, error) {
	l := e.look(true)
	l.out.Full, l.out.Run.Full = false, false // nothing is said about anything else
	var wanted []access.DesiredGroup
	order := func(context.Context) (err error) {
		wanted, err = make(l.out)
		return err
	}
	observe := func(ctx context.Context) error {
		scope := access.Scope{All: everybody, Beside: everybody}
		for _, g := range wanted {
			scope.Doors = append(scope.Doors, g.ID)
		}
		state, err := l.believed(ctx, scope)
		if err != nil {
			return err
		}
		l.out.Input.Observed, l.out.Words.Observed = state, state
		return l.groupsOfToday(ctx, state)
	}
	alone := func(context.Context) error {
		desired := &access.Desired{Groups: wanted, Sensitive: l.out.Input.Desired.Sensitive}
		l.out.Input.Desired, l.out.Words.Desired, l.out.Conflicts, l.out.ended = desired, desired, nil, nil
		return nil
	}
	return l.do(ctx, l.recall, l.catalog, l.remap, order, observe, l.settle, alone, l.plan)
}
