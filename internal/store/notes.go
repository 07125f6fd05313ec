package store

import (
	"context"
	"fmt"
	"slices"

	"github.com/kisi-sync/kisi-sync/internal/access"
)

// Note books changes of the ledger alone, in their order, without an intent: there is no outcome to wait for. A call that is
// made to Kisi is refused, and then none is booked.
func (s *Store) Note(ctx context.Context, all []access.Call) error {
	for i := range all {
		if kind := all[i].Change.Kind; !kind.LedgerOnly() {
			return s.wrap(accountBucket, fmt.Errorf("%s is not a note", kind))
		}
	}
	for batch := range slices.Chunk(all, s.sizes.notes) {
		err := s.update(ctx, accountBucket, func(t *txn) error {
			run, at, who := s.runUnderWay(t), s.instant(), s.asked()
			for i := range batch {
				b := &booking{t: t, call: batch[i], at: at, run: run, who: who}
				if err := b.approved(); err != nil {
					return err
				}
				if err := b.done(); err != nil {
					return err
				}
				if err := b.audit(); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}
