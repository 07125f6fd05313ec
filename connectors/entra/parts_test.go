package entra

import (
	"encoding/json"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/kisi-sync/kisi-sync/connectors/connectortest"
	"github.com/kisi-sync/kisi-sync/internal/directory"
	"github.com/kisi-sync/kisi-sync/internal/sim/entrasim"
)

// objects decodes what a page would hold.
func objects(t *testing.T, text string) []object {
	t.Helper()
	var all []object
	if err := json.Unmarshal([]byte(text), &all); err != nil {
		t.Fatal(err)
	}
	return all
}

// A page may name a group, then say that it is gone, and then bring it again: only what comes last counts, also of its members.
func TestAGroupThatGoesAndComesWithinOneReadIsWhatItIsAtTheEnd(t *testing.T) {
	s := &source{settings: *goodSettings()}
	s.env.Now = time.Now
	found := directory.Build("contoso", nil)
	r := s.reading(found.Put)
	for _, o := range objects(t, `[{"id":"g","displayName":"G","members@delta":[{"id":"a"},{"id":"b"}]}, {"id":"g","@removed":{"reason":"changed"}},
		{"id":"g","displayName":"G2","members@delta":[{"id":"b"}]}, {"id":"g","displayName":"G2","members@delta":[{"id":"c"},{"id":"b","@removed":{"reason":"deleted"}}]}]`) {
		if err := r.group(o); err != nil {
			t.Fatal(err)
		}
	}
	snapshot, _, err := found.Seal(directory.Receipt{Coverage: directory.Complete, At: time.Now()}, nil)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{`2 g member={? } [] "" "G2" unknown []`, `3 g member={? } [] "" "" unknown []`, `4 g member={id c} [] "" "" unknown []`}
	if got := connectortest.Dump(snapshot); !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
}

// Gone and there again within one delta, too, may have come back with more than the delta tells.
func TestWhoGoesAndComesWithinOneDeltaIsAReasonToReadEverything(t *testing.T) {
	for _, c := range []struct {
		text  string
		again bool
	}{
		{`[{"id":"a","@removed":{"reason":"changed"}}, {"id":"A"}]`, true},
		{`[{"id":"a"}, {"id":"a","@removed":{"reason":"changed"}}]`, false},
		{`[{"id":"binned"}]`, true},
		{`[{"id":"binned","@removed":{"reason":"deleted"}}]`, false},
		{`[{"id":"a"}, {"id":"b"}]`, false},
	} {
		old, removed := &position{Bin: map[string]time.Time{"binned": time.Now()}}, map[string]bool{}
		var err error
		for _, o := range objects(t, c.text) {
			err = errors.Join(err, restored(o, old, removed))
		}
		var u *useless
		if errors.As(err, &u) != c.again {
			t.Errorf("%s: %v", c.text, err)
		}
	}
}

// A name and a disabling in one update, and nothing else of the person: the address is not lost by that.
func TestAnUpdateInPartsTakesNothingAway(t *testing.T) {
	d := newTenant(t, entrasim.Options{Habits: entrasim.Habits{Partial: true}})
	ana := d.AddUser("Ana", entrasim.Properties{"mail": "ana@example.com"})
	r := connectortest.Follow(t, d.open())
	r.Full()
	d.Update(ana, entrasim.Properties{"displayName": "Ana Reis", "accountEnabled": false})
	r.Changes()
	if p := r.Person("ana@example.com"); p.Name() != "Ana Reis" || p.Active() != directory.No || r.Receipt.Coverage != directory.Delta {
		t.Errorf("%s, active: %v", p.Name(), p.Active())
	}
	d.Delete(ana)
	r.Changes()
	d.Restore(ana)
	r.Changes()
	d.Update(ana, entrasim.Properties{"displayName": "Ana"})
	if r.Changes(); r.Receipt.Coverage != directory.Delta {
		t.Error("who was restored once leads to a full read with each change")
	}
}
