package store

import (
	"context"

	"github.com/kisi-sync/kisi-sync/internal/record"
)

func circuitKey() []byte { return []byte("circuit") }

// Circuit returns for how long Kisi is left alone; the zero Circuit when it works.
func (s *Store) Circuit(ctx context.Context) (c record.Circuit, err error) {
	err = s.view(ctx, metaBucket, func(t *txn) error {
		_, err := t.get(metaBucket, circuitKey(), &c)
		return err
	})
	return c, err
}

// SaveCircuit keeps for how long Kisi is left alone.
func (s *Store) SaveCircuit(ctx context.Context, c record.Circuit) error {
	return s.update(ctx, metaBucket, func(t *txn) error {
		if !c.Open() {
			return t.remove(metaBucket, circuitKey())
		}
		return t.put(metaBucket, circuitKey(), c)
	})
}

// Circuit is Store.Circuit.
func (p *Preview) Circuit(ctx context.Context) (record.Circuit, error) { return p.base.Circuit(ctx) }

// SaveCircuit does nothing.
func (p *Preview) SaveCircuit(context.Context, record.Circuit) error { return nil }
