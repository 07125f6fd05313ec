package plan

import (
	"fmt"
	"math/rand"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/kisi-sync/kisi-sync/internal/access"
	"pgregory.net/rapid"
)

// TestAPlanCarriedOutLeavesNothingToDo lets a world live for a few runs, some of them cut short: whatever happened before, the plan
// after one that was carried out to its end has nothing to do but what is held.
func TestAPlanCarriedOutLeavesNothingToDo(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := drawModel(t)
		for range rapid.IntRange(1, 3).Draw(t, "runs") {
			if rapid.IntRange(0, 3).Draw(t, "cut") == 0 {
				m.run(t, rapid.IntRange(0, 5).Draw(t, "calls before it is cut"))
			}
			m.run(t, -1)
			m.settled(t)
			m.live(t)
		}
	})
}

// run plans and carries out, at most so many calls; negative is all.
func (m *model) run(t *rapid.T, calls int) {
	in := m.input()
	p := Compute(in)
	if err := m.carry(p, in, calls); err != nil {
		t.Fatalf("%v\n%s", err, tellAll(p))
	}
}

func (m *model) settled(t *rapid.T) {
	again := Compute(m.input())
	for i := range again.Steps {
		s := &again.Steps[i]
		if s.Hold == nil && weightless(s) && slices.ContainsFunc(m.holds, func(h access.Hold) bool { return h.Step == s.ID }) {
			return // what was over a limit concerns nobody any more, and may go on in this run
		}
		if s.Hold == nil {
			t.Errorf("left to do: %s (%s)", s.Describe(nil), s.Reason)
		}
	}
	if scope := Suspects(m.input()); again.Held() == 0 && !scope.Empty() && !m.unremembered() {
		t.Errorf("suspects in a settled world: %+v", scope)
	}
}

// live lets something happen to everybody: in the directory, or by hand in Kisi.
func (m *model) live(t *rapid.T) {
	for i := range m.people {
		h := &m.people[i]
		id, member := m.who(h.wish.Folded)
		switch rapid.SampledFrom([]string{"", "moves", "leaves", "returns", "right taken", "right given", "off", "on", "deleted"}).Draw(t, "life") {
		case "moves":
			h.wish.Grants = []access.WishedGrant{{Group: uint32(rapid.IntRange(0, len(m.declared)-1).Draw(t, "to")), Cause: byRule, Role: access.DoorAccess}}
		case "leaves":
			h.wish.Standing, h.wish.Cause = access.Suspend, disabled
		case "returns":
			h.wish.Standing, h.leave = access.Keep, false
		case "right taken":
			member.Grants = member.Grants[:max(0, len(member.Grants)-1)]
			m.put(id, member)
		case "right given":
			if len(m.groups) > 0 && len(member.In(byID(m.groups)[0].ID)) == 0 {
				m.nextID++
				member.Grants = append(slices.Clone(member.Grants), access.Grant{Assignment: m.nextID, Group: byID(m.groups)[0].ID, Role: access.DoorAccess})
				access.SortGrants(member.Grants)
				m.put(id, member)
			}
		case "off", "on":
			member.Enabled = !member.Enabled
			m.put(id, member)
		case "deleted":
			delete(m.members, id)
		}
	}
}

func (m *model) who(address string) (access.RemoteID, access.Member) {
	for _, member := range byID(m.members) {
		if member.Email == address {
			return member.ID, member
		}
	}
	return 0, access.Member{}
}

func (m *model) put(id access.RemoteID, member access.Member) {
	if id != 0 {
		m.members[id] = member
	}
}

// unremembered says that somebody's address belongs to a user who is not linked, of whom the ledger knows nothing. Such people remain
// suspects.
func (m *model) unremembered() bool {
	return slices.ContainsFunc(m.people, func(h human) bool {
		id, _ := m.who(h.wish.Folded)
		return id != 0 && len(m.accounts[id].Link.Anchors) == 0
	})
}

// tellAll says a plan step by step, for failures.
func tellAll(p *Plan) string {
	text := ""
	for i := range p.Steps {
		s := &p.Steps[i]
		text += fmt.Sprintf("  %s (%s) needs %v", s.Describe(nil), s.Reason, s.Needs)
		if s.Hold != nil {
			text += " held: " + s.Hold.Text
		}
		text += "\n"
	}
	return text
}

func TestNothingForeignIsEverChanged(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := drawModel(t)
		before, groups, ledger, in := m.observe(access.Scope{All: true}), byID(m.groups), m.ledger(), m.input()
		if err := m.carry(Compute(in), in, -1); err != nil {
			t.Fatal(err)
		}
		for i := range before.Members {
			checkForeign(t, m, &before.Members[i], ledger)
		}
		for _, g := range groups {
			account, _ := ledger.Group(g.ID)
			for _, o := range g.Doors {
				if !slices.Contains(account.Doors, o) && !slices.Contains(m.groups[g.ID].Doors, o) {
					t.Errorf("a door put into %s by hand is gone", g.Name)
				}
			}
		}
	})
}

func checkForeign(t *rapid.T, m *model, was *access.Member, ledger *access.Ledger) {
	is, there := m.members[was.ID]
	account, linked := ledger.Account(was.ID)
	now := m.accounts[was.ID]
	adopted := m.policy.Existing == Adopt && now.Link.Level.Ours()
	ours := linked && account.Link.Level.Ours() || was.Stamp.Installation == m.policy.Installation
	switch {
	case !there:
		t.Fatalf("%s was deleted", was.Email)
	case !ours && (is.Enabled != was.Enabled || is.Name != was.Name && !adopted):
		t.Errorf("%s is not ours and was changed", was.Email)
	case was.Protected != access.Unprotected && was.Enabled && !is.Enabled:
		t.Errorf("%s is %s and was suspended", was.Email, was.Protected)
	case !was.Enabled && is.Enabled && account.Link.Suspended == nil:
		t.Errorf("%s was suspended by hand and restored", was.Email)
	}
	for _, g := range was.Grants {
		owned, ok := account.Grant(g.Group)
		if ok && owned.Level.Ours() && owned.Assignment == g.Assignment {
			continue
		}
		if taken, ok := now.Grant(g.Group); adopted && ok && taken.Level == access.Adopted && len(is.In(g.Group)) > 0 {
			continue // the rules want it, and say how
		}
		if !slices.Contains(is.Grants, g) {
			t.Errorf("%s had a right in group %d that is not ours, and has it no more", was.Email, g.Group)
		}
	}
}

func TestAPlanDependsOnNothingButItsInput(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := drawModel(t)
		in := m.input()
		first := Compute(in)
		m.keepHolds(first)
		in.Holds = m.holds
		first = Compute(in)

		shuffled := in
		desired := *in.Desired
		desired.Wishes, shuffled.Holds = slices.Clone(desired.Wishes), slices.Clone(in.Holds)
		shuffled.Desired = &desired
		r := rand.New(rand.NewSource(rapid.Int64().Draw(t, "seed")))
		r.Shuffle(len(desired.Wishes), func(i, k int) { desired.Wishes[i], desired.Wishes[k] = desired.Wishes[k], desired.Wishes[i] })
		r.Shuffle(len(in.Holds), func(i, k int) { shuffled.Holds[i], shuffled.Holds[k] = shuffled.Holds[k], shuffled.Holds[i] })
		if diff := cmp.Diff(first, Compute(shuffled), cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("another order, another plan:\n%s", diff)
		}
	})
}

func TestStepsAreWellFormed(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := Compute(drawModel(t).input())
		seen := map[access.Digest]bool{}
		for i := range p.Steps {
			s := &p.Steps[i]
			if seen[s.ID] || s.ID != s.Change.Digest() {
				t.Errorf("%s: its id is not its own", s.Describe(nil))
			}
			seen[s.ID] = true
			if s.Change.Cause.Text == "" || s.Reason == 0 {
				t.Errorf("%s: nobody says why", s.Describe(nil))
			}
			for _, n := range s.Needs {
				if n >= i || n < 0 {
					t.Errorf("%s needs step %d of %d", s.Describe(nil), n, i)
				} else if p.Steps[n].Hold != nil && s.Hold == nil {
					t.Errorf("%s is not held, though what it needs is", s.Describe(nil))
				}
			}
		}
	})
}

func TestWhoIsNotCoveredGetsNoStep(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := drawModel(t)
		in := m.input()
		var scope access.Scope
		for _, w := range in.Desired.Wishes {
			if rapid.Bool().Draw(t, "covered") {
				scope.Emails = append(scope.Emails, w.Folded)
			}
			if w.Member != 0 && rapid.Bool().Draw(t, "covered by id") {
				scope.Members = append(scope.Members, w.Member)
			}
		}
		in.Observed = m.observe(scope)
		p := Compute(in)
		for i := range p.Steps {
			o := p.Steps[i].Change.Object
			if p.Steps[i].Change.Kind.OfMember() && !slices.Contains(scope.Emails, o.Email) && !slices.Contains(scope.Members, o.Member) {
				t.Errorf("%s: nobody looked", p.Steps[i].Describe(nil))
			}
		}
	})
}

func TestWhoIsUncertainLosesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := drawModel(t).input()
		p := Compute(in)
		for i := range in.Desired.Wishes {
			w := &in.Desired.Wishes[i]
			for k := range p.Steps {
				c := &p.Steps[k].Change
				if c.Object.Anchor != w.Anchors[0] || !c.Kind.OfMember() {
					continue
				}
				if w.Standing == access.Leave {
					t.Errorf("%s, though nobody is certain who this is", p.Steps[k].Describe(nil))
				}
				unsure := slices.ContainsFunc(w.Grants, func(g access.WishedGrant) bool {
					return g.Unsure && in.Desired.Groups[g.Group].Name == c.Object.GroupName
				})
				unproven := slices.ContainsFunc(w.Unproven, func(l access.Loss) bool { return l.Group == c.Object.Group })
				if unsure && w.Standing == access.Keep && !c.Kind.LedgerOnly() && !(unproven && c.Kind == access.RemoveAssignment) {
					t.Errorf("%s, though the rule could not be decided", p.Steps[k].Describe(nil))
				}
			}
		}
	})
}

func TestNobodyIsLetInWithWhatIsNotCertain(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := drawModel(t).input()
		p := Compute(in)
		for i := range p.Steps {
			s := &p.Steps[i]
			if s.Change.Kind != access.EnableMember {
				continue
			}
			w := in.Desired.Wishes[slices.IndexFunc(in.Desired.Wishes, func(w access.Wish) bool { return w.Member == s.Change.Object.Member })]
			member, _ := in.Observed.Member(w.Member)
			for _, l := range w.Unproven {
				owned := ownedIn(in.Owned, w.Member, l.Group)
				_, there := byAssignment(member.Grants, owned.Assignment)
				if there && !slices.ContainsFunc(s.Needs, func(n int) bool { return p.Steps[n].Change.Object.Assignment == owned.Assignment }) {
					t.Errorf("%s, and nobody can say whether Group %d is still wanted", s.Describe(nil), l.Group)
				}
			}
		}
	})
}

func ownedIn(ledger *access.Ledger, member, group access.RemoteID) *access.OwnedGrant {
	account, _ := ledger.Account(member)
	owned, _ := account.Grant(group)
	return owned
}

func TestNoLimitIsExceeded(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := drawModel(t).input()
		lose, gain := map[access.CauseKind]map[string]bool{}, map[string]bool{}
		p := Compute(in)
		for i := range p.Steps {
			c := &p.Steps[i].Change
			if p.Steps[i].Hold != nil || !c.Kind.OfMember() || weightless(&p.Steps[i]) {
				continue
			}
			switch c.Effect() {
			case access.Widens:
				gain[c.Object.Email] = true
			case access.Narrows:
				if lose[c.Cause.Kind] == nil {
					lose[c.Cause.Kind] = map[string]bool{}
				}
				lose[c.Cause.Kind][c.Object.Email] = true
			}
		}
		if l := in.Limits.Grants; l >= 0 && len(gain) > l {
			t.Errorf("%d people gain something, the limit is %d", len(gain), l)
		}
		for cause, people := range lose {
			limit := in.Limits.Removals.People
			if cause == access.Disabled {
				limit = in.Limits.Disabled
			}
			if limit >= 0 && len(people) > limit && cause != access.Blocked {
				t.Errorf("%d people lose something (%s), the limit is %d", len(people), cause, limit)
			}
		}
	})
}

// TestSuspectsAreWhoWouldBeChanged holds Suspects against a plan over what is known: nobody whom it would change is missing, and
// nobody else is there, least of all who only waits for approval.
func TestSuspectsAreWhoWouldBeChanged(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := drawModel(t)
		if rapid.Bool().Draw(t, "held before") {
			m.keepHolds(Compute(m.input()))
		}
		in := m.input()
		in.Observed = in.Owned.Known()
		in.Observed.Covers.All, in.Observed.Groups = true, byID(m.groups)
		in.Limits = Limits{Disabled: -1, Grants: -1, Removals: Removals{People: -1}, Sensitive: -1}
		want := map[string]bool{}
		p := Compute(in)
		for i := range p.Steps {
			if s := &p.Steps[i]; s.Hold == nil && s.Change.Kind.OfMember() {
				want[s.Change.Object.Email] = true
			}
		}
		got := map[string]bool{}
		scope := Suspects(in)
		for _, id := range scope.Members {
			got[in.Desired.Wishes[slices.IndexFunc(in.Desired.Wishes, func(w access.Wish) bool { return w.Member == id })].Folded] = true
		}
		for _, address := range scope.Emails {
			got[address] = true
		}
		if m.lostGroup() {
			return
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("changed and suspected differ:\n%s\n%s", diff, tellAll(p))
		}
	})
}

// lostGroup says that a group of ours is gone, which only a list of the groups can tell.
func (m *model) lostGroup() bool {
	for id, g := range m.ours {
		if _, there := m.groups[id]; !there && g.Level == access.Created {
			return true
		}
	}
	return false
}
