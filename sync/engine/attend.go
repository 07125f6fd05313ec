package engine

import (
	"context"
	"fmt"

	"github.com/kisi-sync/kisi-sync/internal/access"
)

// Attention is what an operator is about to say of some people, and whom it is about.
type Attention struct {
	Drop, Save []access.Pin
	Members    []access.RemoteID // their Kisi users
	Emails     []string          // folded; who has these addresses in Kisi
}

// Attend looks at some people and plans for them alone, as if something had been said already: what Carry then does is exactly what
// was shown. It is the caller who keeps the pins, before Carry.
func (e *Engine) Attend(ctx context.Context, a Attention) (*Outlook, error) {
	l := e.look(false)
	say := func(context.Context) error {
		l.pins = withPins(l.pins, a)
		l.out.Input.Released = released(l.pins)
		return nil
	}
	observe := func(ctx context.Context) error { return l.attend(ctx, a) }
	return l.do(ctx, l.recall, say, l.catalog, l.remap, observe, l.settle, l.recognize, l.plan)
}

// withPins returns the pins as they will be.
func withPins(pins []access.Pin, a Attention) []access.Pin {
	var all []access.Pin
	for _, p := range pins {
		if !contains(a.Drop, &p) && !contains(a.Save, &p) {
			all = append(all, p)
		}
	}
	return append(all, a.Save...)
}

func contains(pins []access.Pin, p *access.Pin) bool {
	for i := range pins {
		if o := &pins[i]; o.Kind == p.Kind && o.Anchor == p.Anchor && o.Email == p.Email && o.Member == p.Member {
			return true
		}
	}
	return false
}

// attend observes the people whom it is about, and groups as in any run.
func (l *look) attend(ctx context.Context, a Attention) error {
	scope := access.Scope{Members: a.Members, Emails: a.Emails}
	if scope.Empty() {
		return fmt.Errorf("nobody to look at")
	}
	state, err := l.believed(ctx, scope)
	if err != nil {
		return err
	}
	l.out.Input.Observed, l.out.Words.Observed = state, state
	return l.groupsOfToday(ctx, state)
}
