package plan

import (
	"fmt"
	"testing"

	"github.com/kisi-sync/kisi-sync/internal/access"
)

// Map and Compute together should stay under 0.5 s and 300 MB for 50,000 people with 500,000 rights, and under 10 s and 2 GB for a
// million with five million. What is measured here is Compute's share, and that of Suspects.

// size is how big an organization is.
type size struct{ people, each, groups int }

func (s size) String() string { return fmt.Sprintf("%dx%d", s.people, s.each) }

// sized are the organizations that are measured; the big one is left out with -short.
func sized(b *testing.B) []size {
	all := []size{{50_000, 10, 500}}
	if !testing.Short() {
		all = append(all, size{1_000_000, 5, 2000})
	}
	return all
}

// settledWorld is an organization in which everything is as it should be. Every right is ours.
func settledWorld(z size) Input {
	s := newScene()
	s.desired.Groups, s.observed.Groups = make([]access.DesiredGroup, z.groups), make([]access.Group, z.groups)
	for g := range z.groups {
		id, name := access.RemoteID(g+1), fmt.Sprintf("Group %04d", g)
		s.desired.Groups[g] = access.DesiredGroup{ID: id, Name: name, Members: true}
		s.observed.Groups[g] = access.Group{ID: id, Name: name}
	}
	s.desired.Wishes, s.observed.Members = make([]access.Wish, z.people), make([]access.Member, z.people)
	s.accounts = make([]access.Account, z.people)
	cause := &s.desired.Causes[byRule]
	wished, grants := make([]access.WishedGrant, z.people*z.each), make([]access.Grant, z.people*z.each)
	owned := make([]access.OwnedGrant, z.people*z.each)
	for i := range z.people {
		w, m := wishOf(i, fmt.Sprintf("person%07d", i), access.RemoteID(i+1)), user(access.RemoteID(i+1), fmt.Sprintf("person%07d", i))
		for k := range z.each {
			at := i*z.each + k
			group, row := (i%(z.groups/z.each))+k*(z.groups/z.each), access.RemoteID(at+1)
			wished[at] = access.WishedGrant{Group: uint32(group), Cause: byRule, Role: access.DoorAccess}
			grants[at] = access.Grant{Assignment: row, Group: access.RemoteID(group + 1), Role: access.DoorAccess}
			owned[at] = access.OwnedGrant{Group: access.RemoteID(group + 1), Assignment: row, Level: access.Created, Role: access.DoorAccess, Cause: cause}
		}
		from, to := i*z.each, (i+1)*z.each
		w.Name, w.Grants, m.Grants = m.Name, wished[from:to:to], grants[from:to:to]
		s.desired.Wishes[i], s.observed.Members[i] = w, m
		s.accounts[i] = access.Account{Known: m, Owned: owned[from:to:to], Link: access.Link{Anchors: w.Anchors, Level: access.Created, Name: m.Name}}
	}
	return s.input()
}

// stirred is a world in which one person of a hundred changed: half moved to another group, a quarter left, a quarter is new.
func stirred(z size) Input {
	in := settledWorld(z)
	accounts := in.Owned.Accounts
	var kept []access.Account
	var members []access.Member
	for i := range in.Desired.Wishes {
		w := &in.Desired.Wishes[i]
		switch i % 400 {
		case 0, 1:
			last := len(w.Grants) - 1
			w.Losses = []access.Loss{{Group: access.RemoteID(w.Grants[last].Group + 1), Cause: leftGroup}}
			w.Grants[last].Group = (w.Grants[last].Group + 1) % uint32(z.groups)
		case 2:
			w.Standing, w.Cause, w.Grants = access.Suspend, disabled, nil
		case 3:
			w.Member = 0
			continue
		}
		kept, members = append(kept, accounts[i]), append(members, in.Observed.Members[i])
	}
	in.Owned = access.NewLedger(kept, nil)
	in.Observed = &access.State{Members: members, Groups: in.Observed.Groups, Covers: in.Observed.Covers, At: now}
	return in
}

// empty is a world in which nobody is in Kisi yet.
func empty(z size) Input {
	in := settledWorld(z)
	for i := range in.Desired.Wishes {
		in.Desired.Wishes[i].Member = 0
	}
	in.Owned = access.NewLedger(nil, nil)
	in.Observed = &access.State{Groups: in.Observed.Groups, Covers: in.Observed.Covers, At: now}
	return in
}

func BenchmarkCompute(b *testing.B) {
	for _, z := range sized(b) {
		for _, world := range []struct {
			name string
			make func(size) Input
			big  bool
		}{{"nothing changed", settledWorld, true}, {"1 in 100 changed", stirred, true}, {"first load", empty, false}} {
			if z.people > 100_000 && !world.big {
				continue
			}
			b.Run(z.String()+"/"+world.name, func(b *testing.B) {
				in := world.make(z)
				b.ReportAllocs()
				steps := 0
				for b.Loop() {
					steps = len(Compute(in).Steps)
				}
				b.ReportMetric(float64(steps), "steps")
			})
		}
	}
}

func BenchmarkSuspects(b *testing.B) {
	for _, z := range sized(b) {
		b.Run(z.String()+"/nothing changed", func(b *testing.B) {
			in := settledWorld(z)
			b.ReportAllocs()
			for b.Loop() {
				if s := Suspects(in); !s.Empty() {
					b.Fatal("suspects in a settled world")
				}
			}
		})
	}
}

func BenchmarkSummary(b *testing.B) {
	in := empty(size{50_000, 10, 500})
	p := Compute(in)
	b.ReportAllocs()
	for b.Loop() {
		p.Summary(Words{Catalog: &access.Catalog{}, Desired: in.Desired, Observed: in.Observed})
	}
}
