package mapping

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/kisi-sync/kisi-sync/internal/access"
	"github.com/kisi-sync/kisi-sync/internal/directory"
	"github.com/kisi-sync/kisi-sync/sync/plan"
)

// office is a world and a Kisi in memory, in which plans are carried out.
type office struct {
	world
	users  map[access.RemoteID]access.Member
	policy plan.Policy
	limits plan.Limits
	holds  []access.Hold
	next   access.RemoteID
}

func drawOffice(t *rapid.T) *office {
	o := &office{world: drawWorld(t), users: map[access.RemoteID]access.Member{}, next: 1000,
		limits: plan.Limits{Disabled: -1, Grants: -1, Removals: plan.Removals{People: -1}, Sensitive: -1},
		policy: plan.Policy{Installation: "berlin-1", Existing: rapid.SampledFrom([]plan.Existing{plan.ManageOurRights, plan.ReportOnly, plan.Adopt}).Draw(t, "existing")}}
	o.declare(t)
	for _, mail := range rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"ana@x.org", "bo@x.org", "hi@x.org", "stranger@x.org"}), 0, 3, rapid.ID).Draw(t, "users by hand") {
		o.next++
		u := access.Member{ID: o.next, Email: mail, Name: "By hand", Enabled: rapid.Bool().Draw(t, "enabled")}
		if rapid.Bool().Draw(t, "holds") {
			u.Grants = []access.Grant{{Assignment: o.next + 500, Group: 101, Role: access.DoorAccess}}
		}
		o.users[u.ID] = u
	}
	return o
}

// input is what a plan is made from; mixed up, everything that has no order of its own is in another one.
func (o *office) input(t *rapid.T, mixed bool) plan.Input {
	shuffle := inOrder
	users, groups, holds := slices.Collect(maps.Values(o.users)), o.catalog().Groups, slices.Clone(o.holds)
	if mixed {
		shuffle = func(r []directory.Record) []directory.Record { return rapid.Permutation(r).Draw(t, "records") }
		groups, holds = rapid.Permutation(groups).Draw(t, "groups"), rapid.Permutation(holds).Draw(t, "holds")
	}
	rules, in := o.world.input(t, shuffle, mixed)
	out := rules.Map(in)
	if !mixed {
		o.bindings = out.Bindings
	}
	observed := &access.State{At: access.At(noon()), Covers: access.Scope{All: true, Roles: true}, Members: users, Groups: groups}
	observed.Sort()
	return plan.Input{Desired: out.Desired, Owned: in.Owned, Observed: observed, Policy: o.policy, Limits: o.limits, Holds: holds, At: access.At(noon())}
}

// run plans, approves whatever waits for that, and carries everything out.
func (o *office) run(t *rapid.T) (done int) {
	p := plan.Compute(o.input(t, false))
	for i := range p.Steps {
		if s := &p.Steps[i]; s.Hold != nil {
			o.holds = append(o.holds, access.Hold{Step: s.ID, Reason: *s.Hold, Verdict: access.Approved})
		}
	}
	in := o.input(t, false)
	p = plan.Compute(in)
	for i := range p.Steps {
		if s := &p.Steps[i]; s.Change.Kind.LedgerOnly() {
			o.book(access.Call{Change: s.Change}, access.Result{})
		}
	}
	for i := range o.accounts {
		seen, _ := in.Observed.Member(o.accounts[i].Known.ID)
		o.accounts[i] = o.accounts[i].Saw(*seen, in.Observed.At)
	}
	made := map[int]access.RemoteID{}
	for i := range p.Steps {
		if s := &p.Steps[i]; s.Hold == nil && !s.Change.Kind.LedgerOnly() {
			c := access.Call{Change: s.Change}
			for _, n := range s.Needs {
				switch p.Steps[n].Change.Kind {
				case access.CreateMember:
					c.Refs.Member = made[n]
				case access.CreateGroup:
					c.Refs.Group = made[n]
				}
			}
			made[i] = o.call(t, c)
			o.book(c, access.Result{ID: made[i]})
		}
	}
	o.holds = nil
	return len(p.Steps)
}

// call is Kisi. It returns the id of what was created, else 0.
func (o *office) call(t *rapid.T, c access.Call) (id access.RemoteID) {
	ch, u := c.Change, o.users[c.Member()]
	if ch.Kind == access.CreateGroup || ch.Kind == access.CreateMember || ch.Kind == access.CreateAssignment {
		o.next++
		id = o.next
	}
	switch ch.Kind {
	case access.CreateGroup:
		o.made = append(o.made, access.Group{ID: id, Name: ch.Object.GroupName, Place: ch.After.Place})
		return id
	case access.CreateMember:
		u = access.Member{ID: id, Email: ch.After.Email, Name: ch.After.Name, Enabled: true, Stamp: ch.After.Stamp}
	case access.UpdateMember:
		u.Name = ch.After.Name
	case access.DisableMember, access.EnableMember:
		u.Enabled = ch.After.Enabled
	case access.CreateAssignment:
		if len(u.In(c.Group())) > 0 {
			t.Fatalf("%s is given group %d twice", u.Email, c.Group())
		}
		u.Grants = append(slices.Clone(u.Grants), right(id, c))
	case access.UpdateAssignment:
		u.Grants = append(without(u.Grants, ch.Object.Assignment), right(ch.Object.Assignment, c))
	case access.RemoveAssignment:
		u.Grants = without(u.Grants, ch.Object.Assignment)
	default:
		t.Fatalf("nobody asked for %s", ch.Kind)
	}
	if u.ID == 0 {
		t.Fatalf("%s of nobody", ch.Kind)
	}
	if access.SortGrants(u.Grants); slices.ContainsFunc(u.Grants, func(g access.Grant) bool { return g.Group.IsRole() }) {
		u.Protected = access.Administrator
	} else {
		u.Protected = access.Unprotected
	}
	o.users[u.ID] = u
	return id
}

func right(assignment access.RemoteID, c access.Call) access.Grant {
	f := c.Change.After
	return access.Grant{Assignment: assignment, Group: c.Group(), Role: f.Role, From: f.From, Until: f.Until}
}

func without(grants []access.Grant, assignment access.RemoteID) []access.Grant {
	return slices.DeleteFunc(slices.Clone(grants), func(g access.Grant) bool { return g.Assignment == assignment })
}

// book writes into the ledger what was done.
func (o *office) book(c access.Call, r access.Result) {
	ch := c.Change
	if !ch.Kind.OfMember() {
		o.ours = append(o.ours, access.GroupAccount{}.After(c, r))
		return
	}
	id := c.Member()
	if ch.Kind == access.CreateMember {
		id = r.ID
	}
	i, found := slices.BinarySearchFunc(o.accounts, id, func(a access.Account, id access.RemoteID) int { return int(a.Known.ID - id) })
	if !found {
		o.accounts = slices.Insert(o.accounts, i, access.Account{})
	}
	o.accounts[i] = o.accounts[i].After(c, r, access.At(noon()))
}

// change has something happen in the directories, or in the file.
func (o *office) change(t *rapid.T) {
	switch rapid.SampledFrom([]string{"nothing", "people", "a rule goes"}).Draw(t, "what happens") {
	case "people":
		o.disturb(t)
	case "a rule goes":
		o.spec.Rules = slices.Clone(o.spec.Rules[min(1, len(o.spec.Rules)):])
	}
}

func TestAPlanOfWhatTheFileSaysIsTheSameInEveryOrder(t *testing.T) {
	did := map[string]int{}
	rapid.Check(t, func(t *rapid.T) {
		o := drawOffice(t)
		if rapid.Bool().Draw(t, "after a run") {
			o.run(t)
			o.change(t)
		}
		o.pinSome(t, access.Block, access.Exempt)
		want := plan.Compute(o.input(t, false))
		if diff := cmp.Diff(want, plan.Compute(o.input(t, true)), cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("another order, another plan:\n%s", diff)
		}
		for i := range want.Steps {
			did[fmt.Sprint(want.Steps[i].Change.Kind)]++
		}
	})
	t.Log(did)
	for _, kind := range []access.Kind{access.CreateMember, access.CreateGroup, access.CreateAssignment, access.RemoveAssignment, access.DisableMember} {
		if did[kind.String()] == 0 {
			t.Errorf("no plan did %s: the test tries too little", kind)
		}
	}
}

func TestAPlanOfWhatTheFileSaysLeavesNothingToDo(t *testing.T) {
	done := 0
	rapid.Check(t, func(t *rapid.T) {
		o := drawOffice(t)
		for range rapid.IntRange(1, 3).Draw(t, "runs") {
			done += o.run(t)
			again := plan.Compute(o.input(t, false))
			for i := range again.Steps {
				t.Errorf("left to do: %s (%s), %+v", again.Steps[i].Describe(nil), again.Steps[i].Reason, again.Steps[i].Hold)
			}
			o.change(t)
		}
	})
	if done == 0 {
		t.Error("nothing was ever done: the test tries nothing")
	}
}
