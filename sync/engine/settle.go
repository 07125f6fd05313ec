package engine

import (
	"context"

	"github.com/kisi-sync/kisi-sync/internal/access"
	"github.com/kisi-sync/kisi-sync/sync/plan"
)

// settle closes intents whose outcome the observation shows, and then looks at what is ours again.
func (l *look) settle(ctx context.Context) error {
	if err := l.recut(ctx); err != nil {
		return err
	}
	var still []access.Intent
	settled := 0
	for i, v := range plan.Settle(l.open, l.out.Input.Observed) {
		var err error
		switch v.Outcome {
		case plan.Open:
			still = append(still, l.open[i])
			l.out.Unsettled = append(l.out.Unsettled, v)
			continue
		case plan.Half: // stays written down, so that neither right is ever forgotten
			l.out.Input.Halved = append(l.out.Input.Halved, plan.Halved{Call: l.open[i].Call, Made: v.ID})
			continue
		case plan.Lost:
			err = l.giveUp(ctx, l.open[i])
		case plan.Done:
			err = l.e.o.Store.Finish(ctx, v.Seq, access.Result{ID: v.ID}, nil)
		default:
			err = l.e.o.Store.Finish(ctx, v.Seq, access.Result{}, access.ErrNotDone)
		}
		if err != nil {
			return err
		}
		settled++
	}
	apart := len(still) < len(l.open)
	l.open = still
	if !apart {
		return nil
	}
	var err error
	if l.ledger, err = l.e.o.Store.Ledger(ctx); err != nil {
		return err
	}
	l.e.o.Log.Info("earlier calls settled", "settled", settled, "open", len(still), "half", len(l.out.Input.Halved))
	return l.remap(ctx)
}

// giveUp forgets a right that a cut call of ours took away without giving the new one, so that it is given again. It is forgotten
// first: killed in between, the same is found again.
func (l *look) giveUp(ctx context.Context, i access.Intent) error {
	forget := i.Call
	forget.Change.Kind, forget.Change.After = access.ForgetGrant, nil
	if err := l.e.o.Store.Note(ctx, []access.Call{forget}); err != nil {
		return err
	}
	return l.e.o.Store.Finish(ctx, i.Seq, access.Result{}, access.ErrNotDone)
}

// recognize links users who bear our stamp and whom the ledger does not know, because it was lost or is old.
func (l *look) recognize(ctx context.Context) error {
	links := plan.Recognize(l.out.Input)
	if len(links) == 0 {
		return nil
	}
	if !l.aloof && l.e.o.Policy.Mode != plan.Observe {
		if err := l.e.o.Store.Note(ctx, links); err != nil {
			return err
		}
	}
	l.ledger = plan.Relink(l.ledger, links, l.e.now())
	l.e.o.Log.Warn("users of ours that the state file did not know", "recognized", len(links))
	return l.remap(ctx)
}
