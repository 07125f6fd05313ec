package engine_test

import (
	"testing"

	"github.com/kisi-sync/kisi-sync/internal/email"
	"github.com/kisi-sync/kisi-sync/internal/sim/kisisim"
	"github.com/kisi-sync/kisi-sync/internal/store"
)

func TestWhoeverIsExplainedIsThePersonAskedFor(t *testing.T) {
	t.Parallel()
	w := newWorld(t, kisisim.Assumptions{})
	w.must(true)
	w.say(func(s *store.Store) error {
		e := w.engine(s)
		if _, err := e.Intake(t.Context(), "corp", true); err != nil {
			return err
		}
		for who := range w.staff.groups {
			x, err := e.Explain(t.Context(), who+"@nordlicht.example")
			if err != nil {
				return err
			}
			if x.Member == nil || email.Fold(x.Member.Email) != who+"@nordlicht.example" || x.Account == nil {
				t.Errorf("%s: %+v, %+v", who, x.Member, x.Account)
			}
		}
		return nil
	})
}
