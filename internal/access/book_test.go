package access

import "testing"

func TestARightThatExistedIsSatisfiedAndNotOurs(t *testing.T) {
	cause := Cause{Kind: ByRule, Rule: "hq"}
	c := Call{Change: Change{Kind: CreateAssignment, Object: ObjectKey{Member: 1, Group: 7}, After: &Fields{Role: DoorAccess}, Cause: cause}}
	for existed, want := range map[bool]Level{false: Created, true: Satisfied} {
		a := Account{Known: Member{ID: 1}}.After(c, Result{ID: 99, Existed: existed}, 5)
		g, ok := a.Grant(7)
		if !ok || g.Level != want || g.Assignment != 99 || len(a.Known.Grants) != 1 {
			t.Errorf("existed %v: %+v", existed, a)
		}
	}
}

func TestRemovingARightForgetsItAndLeavesTheOldAccountAlone(t *testing.T) {
	before := Account{Known: Member{ID: 1, Grants: []Grant{{9, 7, DoorAccess, 0, 0}}}, Owned: []OwnedGrant{{Group: 7, Assignment: 9, Level: Created}}}
	after := before.After(Call{Change: Change{Kind: RemoveAssignment, Object: ObjectKey{Member: 1, Group: 7, Assignment: 9}}}, Result{}, 5)
	if len(after.Known.Grants)+len(after.Owned) != 0 || len(before.Owned) != 1 || len(before.Known.Grants) != 1 {
		t.Errorf("before %+v after %+v", before, after)
	}
}

func TestChangesOfDatesWidenOrNarrow(t *testing.T) {
	for _, c := range []struct {
		name          string
		before, after Fields
		want          Effect
	}{
		{"same", Fields{Role: DoorAccess}, Fields{Role: DoorAccess}, Neutral},
		{"an end where there was none", Fields{Role: DoorAccess}, Fields{Role: DoorAccess, Until: 50}, Narrows},
		{"no end any more", Fields{Role: DoorAccess, Until: 50}, Fields{Role: DoorAccess}, Widens},
		{"earlier end", Fields{Role: DoorAccess, Until: 50}, Fields{Role: DoorAccess, Until: 40}, Narrows},
		{"later end", Fields{Role: DoorAccess, Until: 50}, Fields{Role: DoorAccess, Until: 60}, Widens},
		{"later beginning", Fields{Role: DoorAccess, From: 1}, Fields{Role: DoorAccess, From: 2}, Narrows},
		{"shifted", Fields{Role: DoorAccess, From: 1, Until: 5}, Fields{Role: DoorAccess, From: 2, Until: 6}, Widens},
		{"promoted", Fields{Role: DoorAccess}, Fields{Role: GroupManager}, Widens},
		{"demoted", Fields{Role: GroupManager}, Fields{Role: DoorAccess}, Narrows},
	} {
		ch := Change{Kind: UpdateAssignment, Before: &c.before, After: &c.after}
		if got := ch.Effect(); got != c.want {
			t.Errorf("%s: %d, want %d", c.name, got, c.want)
		}
	}
}

func TestTheDigestIsOfNamesNotOfIDsThatOtherStepsMake(t *testing.T) {
	c := Change{Kind: CreateAssignment, Object: ObjectKey{Email: "ana@x.com", GroupName: "HQ"}, After: &Fields{Role: DoorAccess}}
	later := c
	later.Object.Member, later.Object.Group = 42, 7
	if c.Digest() != later.Digest() {
		t.Error("the digest changed when the user was created")
	}
	other := c
	other.After = &Fields{Role: DoorAccess, Until: 9}
	if c.Digest() == other.Digest() {
		t.Error("another end has the same digest")
	}
}

func TestAForgottenUserLeavesNothingButTheID(t *testing.T) {
	before := Account{Known: Member{ID: 1, Email: "ana@x.com"}, Link: Link{Anchors: []Anchor{"corp:1"}, Level: Created},
		Owned: []OwnedGrant{{Group: 7, Assignment: 9, Level: Created}}}
	after := before.After(Call{Change: Change{Kind: ForgetMember, Object: ObjectKey{Member: 1}}}, Result{}, 5)
	if after.Known.ID != 1 || after.Known.Email != "" || after.Link.Level != Foreign || len(after.Link.Anchors)+len(after.Owned) != 0 {
		t.Errorf("%+v", after)
	}
	if _, ok := NewLedger([]Account{after}, nil).ByAnchor("corp:1"); ok {
		t.Error("the anchor still leads to the user who is gone")
	}
	if !ForgetMember.LedgerOnly() || !ForgetMember.OfMember() || (Change{Kind: ForgetMember}).Effect() != Neutral {
		t.Error("forgetting sends something, or changes access")
	}
}

func TestWhatCountsAgainstTheLimits(t *testing.T) {
	ana := ObjectKey{Member: 1, Email: "ana@x.com", Group: 7}
	for _, c := range []struct {
		name   string
		change Change
		want   Spending
		ok     bool
	}{
		{"a right taken", Change{Kind: RemoveAssignment, Object: ana, Cause: Cause{Kind: LeftGroup}}, Spending{5, Narrows, LeftGroup, 7, "ana@x.com"}, true},
		{"a right given", Change{Kind: CreateAssignment, Object: ana, Cause: Cause{Kind: ByRule}}, Spending{5, Widens, ByRule, 7, "ana@x.com"}, true},
		{"a suspension", Change{Kind: DisableMember, Object: ObjectKey{Member: 1, Email: "ana@x.com"}, Cause: Cause{Kind: Disabled}}, Spending{5, Narrows, Disabled, 0, "ana@x.com"}, true},
		{"a door of a group", Change{Kind: RemoveDoor, Object: ObjectKey{Group: 7, Thing: 31}, Cause: Cause{Kind: Declared}}, Spending{5, Narrows, Declared, 7, ""}, true},
		{"a new user", Change{Kind: CreateMember, Object: ana}, Spending{}, false},
		{"a new name", Change{Kind: UpdateMember, Object: ana}, Spending{}, false},
		{"a right released", Change{Kind: ReleaseGrant, Object: ana}, Spending{}, false},
	} {
		if got, ok := (Call{Change: c.change}).Spent(5); got != c.want || ok != c.ok {
			t.Errorf("%s: %+v, %v", c.name, got, ok)
		}
	}
}

func TestAnObservationThatBeganInTheSecondOfAWriteSaysNothing(t *testing.T) {
	written := Account{Known: Member{ID: 1, Enabled: true}}.After(
		Call{Change: Change{Kind: DisableMember, Object: ObjectKey{Member: 1}}}, Result{}, 100)
	seen := Member{ID: 1, Enabled: true}
	if got := written.Saw(seen, 100); got.Known.Enabled {
		t.Error("what was read before the write replaced what was written")
	}
	if got := written.Saw(seen, 101); !got.Known.Enabled {
		t.Error("a later observation was not believed")
	}
}

func TestASuspensionThatSomebodyLiftedIsNotOursAnyMore(t *testing.T) {
	suspended := Account{Known: Member{ID: 1}, Link: Link{Level: Created, Suspended: &Cause{Kind: Disabled}}}
	if got := suspended.Saw(Member{ID: 1, Enabled: true}, 5); got.Link.Suspended != nil {
		t.Error("the next suspension by hand would be taken for ours")
	}
	if got := suspended.Saw(Member{ID: 1}, 5); got.Link.Suspended == nil {
		t.Error("our own suspension was forgotten")
	}
}

func TestAnEmptyLedgerKnowsNobody(t *testing.T) {
	var l *Ledger
	if s := l.Known(); len(s.Members) != 0 {
		t.Errorf("%+v", s)
	}
}

func TestAnAccountRemembersSinceWhenItHoldsNothingOfOurs(t *testing.T) {
	give := Call{Change: Change{Kind: CreateAssignment, Object: ObjectKey{Member: 1, Group: 7}, After: &Fields{Role: DoorAccess}}}
	take := Call{Change: Change{Kind: RemoveAssignment, Object: ObjectKey{Member: 1, Group: 7, Assignment: 9}}}
	a := Account{Known: Member{ID: 1}, Link: Link{Anchors: []Anchor{"corp:1"}, Level: Created}}
	if a = a.After(take, Result{}, 4); a.Link.Bare != 0 {
		t.Errorf("who never held anything is bare since %d", a.Link.Bare)
	}
	if a = a.After(give, Result{ID: 9}, 5); a.Link.Bare != 0 {
		t.Errorf("who holds something is bare since %d", a.Link.Bare)
	}
	if a = a.After(take, Result{}, 6); a.Link.Bare != 6 {
		t.Errorf("bare since %d, want 6", a.Link.Bare)
	}
	if a = a.After(take, Result{}, 7); a.Link.Bare != 6 {
		t.Errorf("bare since %d, want still 6", a.Link.Bare)
	}
	a.Link.Suspended = &Cause{Kind: NoDoors}
	if a = a.Saw(Member{ID: 1, Enabled: true}, 9); a.Link.Bare != 0 || a.Link.Suspended != nil {
		t.Errorf("somebody let the user in again, and that is forgotten: %+v", a.Link)
	}
}

func TestARightOfAnothersHandIsAdoptedOnlyWhenTheChangeSaysSo(t *testing.T) {
	for level, want := range map[Level]Level{Foreign: Satisfied, Created: Satisfied, Adopted: Adopted} {
		a := Account{Known: Member{ID: 1}}.After(Call{Change: Change{Kind: NoteSatisfied, Object: ObjectKey{Member: 1, Group: 7, Assignment: 9},
			After: &Fields{Level: level}}}, Result{}, 5)
		if g, ok := a.Grant(7); !ok || g.Level != want {
			t.Errorf("%v: %+v", level, g)
		}
	}
}
