package kisi_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kisi-sync/kisi-sync/internal/access"
	"github.com/kisi-sync/kisi-sync/internal/sim/kisisim"
)

// used fills an organization with people who use doors and people who do not.
func used(b *bench, n int) (users []access.RemoteID) {
	for i := range n {
		spec := kisisim.UserSpec{Email: fmt.Sprintf("p%03d@example.com", i), Name: fmt.Sprintf("P %d", i)}
		if i%3 == 0 {
			spec.LastAccess = time.Now().Add(-time.Duration(i+1) * time.Hour)
		}
		id := b.AddUser(spec)
		if i%5 == 0 {
			b.AddCard(id)
		}
		users = append(users, access.RemoteID(id))
	}
	return users
}

func TestWhoNeverUnlockedAnythingIsFoundWhateverTheOrder(t *testing.T) {
	for _, v := range kisisim.Variations() {
		t.Run(v.Name, func(t *testing.T) {
			o := kisisim.Options{}
			v.Set(&o.Assume)
			withAcme(t, o, func(t *testing.T, b *bench) {
				users := used(b, 250)
				never, err := b.target.NeverUnlocked(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				for i, id := range users {
					if never[id] != (i%3 != 0) {
						t.Fatalf("user %d: %v", i, never[id])
					}
				}
			})
		})
	}
}

func TestWhoNeverUnlockedAnythingIsReadWithoutTheOthers(t *testing.T) {
	withAcme(t, kisisim.Options{}, func(t *testing.T, b *bench) {
		for i := range 900 {
			b.AddUser(kisisim.UserSpec{Email: fmt.Sprintf("u%d@example.com", i), LastAccess: time.Now().Add(-time.Hour)})
		}
		before := len(b.Requests())
		if never, err := b.target.NeverUnlocked(t.Context()); err != nil || len(never) == 0 {
			t.Fatal(never, err)
		}
		if calls := len(b.Requests()) - before; calls > 2 {
			t.Errorf("%d calls", calls)
		}
	})
}

func TestCardsAreReadWithTheFewestCalls(t *testing.T) {
	for name, c := range map[string]struct {
		byUser bool
		ask    int // of how many users
		calls  int // at most
	}{
		"of few users":                       {false, 2, 2},
		"of many users":                      {false, 300, 2},
		"of many users, listed by user only": {true, 40, 41},
	} {
		t.Run(name, func(t *testing.T) {
			o := kisisim.Options{}
			o.Assume.CardsByUser = c.byUser
			withAcme(t, o, func(t *testing.T, b *bench) {
				users := used(b, 300)[:c.ask]
				before := len(b.Requests())
				has, err := b.target.CardHolders(t.Context(), users)
				if err != nil {
					t.Fatal(err)
				}
				var want []access.RemoteID
				for i := 0; i < len(users); i += 5 {
					want = append(want, users[i])
				}
				got := slices.DeleteFunc(slices.Sorted(maps.Keys(has)), func(id access.RemoteID) bool { return !slices.Contains(users, id) })
				if diff := cmp.Diff(want, got); diff != "" {
					t.Error(diff)
				}
				if calls := len(b.Requests()) - before; calls > c.calls {
					t.Errorf("%d calls", calls)
				}
			})
		})
	}
}

func TestCardsOfThousandsAreNotReadOneByOne(t *testing.T) {
	o := kisisim.Options{}
	o.Assume.CardsByUser = true
	withAcme(t, o, func(t *testing.T, b *bench) {
		_, err := b.target.CardHolders(t.Context(), make([]access.RemoteID, 1001))
		if err == nil || !strings.Contains(err.Error(), "1001 users are too many") {
			t.Error(err)
		}
	})
}
