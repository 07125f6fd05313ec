package entra

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"testing"

	"github.com/kisi-sync/kisi-sync/connectors/connectortest"
	"github.com/kisi-sync/kisi-sync/internal/directory"
	"github.com/kisi-sync/kisi-sync/internal/sim/entrasim"
	"github.com/kisi-sync/kisi-sync/internal/sim/simhttp"
)

// chaos is a tenant in which anything may happen.
type chaos struct {
	*tenant
	*rand.Rand
	users, groups, bin []string
	names              int
}

// one takes somebody out of a list.
func (c *chaos) one(list []string) string { return list[c.IntN(len(list))] }

func without(list []string, id string) []string {
	return slices.DeleteFunc(slices.Clone(list), func(other string) bool { return other == id })
}

// step does one thing that an administrator may do.
func (c *chaos) step() {
	c.names++
	switch c.IntN(9) {
	case 0:
		c.users = append(c.users, c.AddUser(fmt.Sprint("User ", c.names), entrasim.Properties{"mail": fmt.Sprintf("u%d@example.com", c.names)}))
	case 1:
		c.Update(c.one(c.users), entrasim.Properties{"accountEnabled": c.IntN(2) == 0})
	case 2:
		c.Update(c.one(c.users), entrasim.Properties{"department": []any{"IT", "Sales", nil}[c.IntN(3)]})
	case 3:
		c.Update(c.one(c.users), entrasim.Properties{"userType": []any{"Guest", "Member", nil}[c.IntN(3)]})
	case 4, 5:
		var members []string
		for _, id := range slices.Concat(c.users, c.groups) {
			if c.IntN(3) == 0 {
				members = append(members, id)
			}
		}
		c.SetMembers(c.one(c.groups), members...)
	case 6:
		c.groups = append(c.groups, c.AddGroup(fmt.Sprint("Group ", c.names), c.one(c.users)))
	case 7:
		c.leave()
	case 8:
		c.comeBack()
	}
}

// leave deletes a user or a group, sometimes for good.
func (c *chaos) leave() {
	list := &c.users
	if c.IntN(3) == 0 {
		list = &c.groups
	}
	if len(*list) < 3 {
		return
	}
	id := c.one(*list)
	*list = without(*list, id)
	if c.IntN(4) == 0 {
		c.Purge(id)
		return
	}
	c.Delete(id)
	c.bin = append(c.bin, id)
}

func (c *chaos) comeBack() {
	if len(c.bin) == 0 {
		return
	}
	id := c.one(c.bin)
	c.bin = without(c.bin, id)
	c.Restore(id)
	if c.Kind(id) == "group" {
		c.groups = append(c.groups, id)
		return
	}
	c.users = append(c.users, id)
}

// TestIncrementsEndWhereAFullReadEndsWhateverHappens lets an administrator do anything, between reads and in the middle of them, in tenants of every
// habit. After the last change, an increment must have made of it what a full read makes of it.
func TestIncrementsEndWhereAFullReadEndsWhateverHappens(t *testing.T) {
	deltas := 0
	for seed := range uint64(60) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			r := rand.New(rand.NewPCG(seed, 1))
			yes := func() bool { return r.IntN(2) == 0 }
			habits := entrasim.Habits{EmptyPages: yes(), Duplicates: yes(), Partial: yes(), Leftovers: yes(), Code400: yes(), Silent: yes()}
			c := &chaos{tenant: newTenant(t, entrasim.Options{PageSize: 1 + r.IntN(4), MemberPage: 1 + r.IntN(5), Habits: habits}), Rand: r}
			for range 6 {
				c.names++
				c.users = append(c.users, c.AddUser(fmt.Sprint("User ", c.names), entrasim.Properties{"mail": fmt.Sprintf("u%d@example.com", c.names)}))
			}
			c.groups = []string{c.AddGroup("Group 1", c.users[:3]...), c.AddGroup("Group 2", c.users[3:]...)}
			reader := connectortest.Follow(t, c.open("department"))
			reader.Full()
			for range 12 {
				for range r.IntN(4) {
					c.step()
				}
				middle := c.Inject(simhttp.Fault{Where: func(call simhttp.Call) bool { return call.Method == http.MethodGet }, Nth: 1 + r.IntN(5), Do: simhttp.Do("meanwhile", c.step)})
				if r.IntN(6) == 0 {
					c.ForgetPositions()
				}
				reader.Changes()
				middle.Remove()
				if reader.Receipt.Coverage == directory.Delta {
					deltas++
				}
			}
			reader.Changes()
			reader.SameAsFull()
		})
	}
	if deltas < 300 {
		t.Errorf("%d increments only", deltas)
	}
}
