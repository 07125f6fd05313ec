package engine_test

import (
	"testing"
	"time"

	"github.com/kisi-sync/kisi-sync/internal/access"
	"github.com/kisi-sync/kisi-sync/internal/sim/kisisim"
	"github.com/kisi-sync/kisi-sync/internal/store"
)

// say opens the store between two runs, as a verb of the command line does.
func (w *world) say(do func(*store.Store) error) {
	w.t.Helper()
	st, err := store.Open(w.path, store.Options{Now: w.now, NoSync: true})
	if err != nil {
		w.t.Fatal(err)
	}
	defer func() { _ = st.Close() }()
	if err := do(st); err != nil {
		w.t.Fatal(err)
	}
}

func TestABlockClosesTheDoorsUntilItIsTakenBack(t *testing.T) {
	w := newWorld(t, kisisim.Assumptions{})
	w.must(true)
	block := access.Pin{Kind: access.Block, Anchor: "corp:id-ana", Email: "ana@nordlicht.example", By: "eva", Why: "lost badge"}
	w.say(func(s *store.Store) error { return s.SavePin(t.Context(), block) })
	w.pass(time.Minute)
	w.must(false)
	w.expect("ana", "Staff", false)
	w.expect("bo", "Staff", true)
	w.say(func(s *store.Store) error { return s.DropPin(t.Context(), block, "eva", "found it") })
	w.pass(time.Minute)
	w.must(false)
	w.expect("ana", "Staff", true)
	w.kisi.CheckT(t)
}

func TestSomebodyExemptKeepsTheDoorsButNotAgainstADisabling(t *testing.T) {
	w := newWorld(t, kisisim.Assumptions{})
	w.must(true)
	w.say(func(s *store.Store) error {
		return s.SavePin(t.Context(), access.Pin{Kind: access.Exempt, Anchor: "corp:id-ana", Email: "ana@nordlicht.example", By: "eva", Why: "hands over until Friday"})
	})
	w.staff.groups["ana"] = ""
	w.pass(time.Hour)
	w.must(true)
	w.expect("ana", "Staff", true)
	w.staff.disabled["ana"] = true
	w.pass(time.Hour)
	w.must(true)
	w.expect("ana", "Staff", false)
	w.kisi.CheckT(t)
}
