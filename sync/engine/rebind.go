package engine

import (
	"context"

	"github.com/kisi-sync/kisi-sync/internal/record"
	"github.com/kisi-sync/kisi-sync/mapping"
)

// Rebind says what it would mean to accept the group that a rule names now, as mapping.Rules.Rebind does. Kisi is not asked.
func (e *Engine) Rebind(ctx context.Context, what string) (mapping.Rebinding, error) {
	l := e.look(true)
	if _, err := l.do(ctx, l.recall); err != nil {
		return mapping.Rebinding{}, err
	}
	return e.o.Rules.Rebind(l.mappingInput(), what)
}

// AcceptRebinding remembers it.
func (e *Engine) AcceptRebinding(ctx context.Context, r mapping.Rebinding, said record.Said) error {
	return e.o.Store.SaveBindings(ctx, r.All, said)
}
