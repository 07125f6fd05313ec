package access

import (
	"fmt"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/kisi-sync/kisi-sync/internal/email"
)

func drawGrants(t *rapid.T) []Grant {
	g := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) Grant {
		return Grant{Assignment: RemoteID(rapid.IntRange(1, 30).Draw(t, "assignment")), Group: RemoteID(rapid.IntRange(1, 4).Draw(t, "group")), Role: DoorAccess}
	}), 0, 6).Draw(t, "grants")
	SortGrants(g)
	return g
}

func drawState(t *rapid.T) *State {
	s := &State{}
	mail := rapid.SampledFrom([]string{"", "ana@x.com", "Ana@X.com", "bo@x.com", " bo@x.com"})
	for _, id := range rapid.SliceOfNDistinct(rapid.IntRange(1, 20), 0, 12, rapid.ID[int]).Draw(t, "members") {
		s.Members = append(s.Members, Member{ID: RemoteID(id), Email: mail.Draw(t, "mail"), Grants: drawGrants(t)})
	}
	for _, id := range rapid.SliceOfNDistinct(rapid.IntRange(1, 20), 0, 5, rapid.ID[int]).Draw(t, "groups") {
		s.Groups = append(s.Groups, Group{ID: RemoteID(id)})
	}
	s.Sort()
	return s
}

func TestWhatIsLookedUpIsWhatLookingAtEveryRowFinds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawState(t)
		mails := s.ByMail()
		for id := RemoteID(-1); id < 22; id++ {
			at := slices.IndexFunc(s.Members, func(m Member) bool { return m.ID == id })
			if m, ok := s.Member(id); ok != (at >= 0) || ok && m != &s.Members[at] {
				t.Fatalf("member %d: %v", id, ok)
			}
			at = slices.IndexFunc(s.Groups, func(g Group) bool { return g.ID == id })
			if g, ok := s.Group(id); ok != (at >= 0) || ok && g != &s.Groups[at] {
				t.Fatalf("group %d: %v", id, ok)
			}
		}
		for _, address := range []string{"", "ana@x.com", "bo@x.com", "never@x.com"} {
			at := slices.IndexFunc(s.Members, func(m Member) bool { return address != "" && email.Fold(m.Email) == address })
			if m, ok := mails.Find(address); ok != (at >= 0) || ok && m.ID != s.Members[at].ID {
				t.Fatalf("address %q: %v", address, ok)
			}
		}
		for _, m := range s.Members {
			for group := RemoteID(0); group < 6; group++ {
				want := slices.DeleteFunc(slices.Clone(m.Grants), func(g Grant) bool { return g.Group != group })
				if got := m.In(group); !slices.Equal(got, want) {
					t.Fatalf("member %d in %d: %v, want %v", m.ID, group, got, want)
				}
			}
		}
	})
}

func TestALedgerFindsWhatLookingAtEveryAccountFinds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		anchor := rapid.Map(rapid.IntRange(0, 9), func(n int) Anchor { return Anchor(fmt.Sprint("corp:", n)) })
		var accounts []Account
		for _, m := range drawState(t).Members {
			a := Account{Known: m, Link: Link{Anchors: rapid.SliceOfNDistinct(anchor, 0, 3, rapid.ID[Anchor]).Draw(t, "anchors")}}
			for _, g := range rapid.SliceOfNDistinct(rapid.IntRange(1, 5), 0, 3, rapid.ID[int]).Draw(t, "owned") {
				a.own(OwnedGrant{Group: RemoteID(g), Level: Created})
			}
			accounts = append(accounts, a)
		}
		l := NewLedger(accounts, []GroupAccount{{ID: 3}, {ID: 7}})
		for n := range 11 {
			anchor := Anchor(fmt.Sprint("corp:", n))
			at := slices.IndexFunc(accounts, func(a Account) bool { return slices.Contains(a.Link.Anchors, anchor) })
			if a, ok := l.ByAnchor(anchor); ok != (at >= 0) || ok && a.Known.ID != accounts[at].Known.ID {
				t.Fatalf("%s: %v", anchor, ok)
			}
			if _, ok := l.Group(RemoteID(n)); ok != (n == 3 || n == 7) {
				t.Fatalf("group %d: %v", n, ok)
			}
		}
		for id := RemoteID(0); id < 22; id++ {
			at := slices.IndexFunc(accounts, func(a Account) bool { return a.Known.ID == id })
			a, ok := l.Account(id)
			if ok != (at >= 0) {
				t.Fatalf("account %d: %v", id, ok)
			}
			for group := RemoteID(0); group < 7; group++ {
				has := ok && slices.ContainsFunc(accounts[at].Owned, func(g OwnedGrant) bool { return g.Group == group })
				if g, found := a.Grant(group); found != has || found && g.Group != group {
					t.Fatalf("grant of %d in %d: %v", id, group, found)
				}
			}
		}
	})
}

// drawCall draws a change of what a member has, as a plan would make it: after knowing what is there.
func drawCall(t *rapid.T, a Account) (Call, Result) {
	kinds := []Kind{UpdateMember, DisableMember, EnableMember, CreateAssignment, NoteSatisfied, LinkMember}
	ch := Change{Cause: Cause{Kind: ByRule, Rule: "hq"}, Object: ObjectKey{Member: 1, Email: "ana@x.com", Group: RemoteID(rapid.IntRange(1, 4).Draw(t, "group"))},
		After: &Fields{Name: rapid.SampledFrom([]string{"Ana", "Anna"}).Draw(t, "name"), Role: DoorAccess, Level: Linked, Until: Instant(rapid.IntRange(0, 3).Draw(t, "until"))}}
	result := Result{ID: RemoteID(rapid.IntRange(100, 140).Draw(t, "id")), Existed: rapid.Bool().Draw(t, "existed")}
	if len(a.Owned) > 0 {
		kinds = append(kinds, UpdateAssignment, RemoveAssignment, ReleaseGrant, ForgetGrant)
	}
	ch.Kind = rapid.SampledFrom(kinds).Draw(t, "kind")
	switch ch.Kind {
	case UpdateAssignment, RemoveAssignment, ReleaseGrant, ForgetGrant:
		o := rapid.SampledFrom(a.Owned).Draw(t, "which")
		ch.Object.Group, ch.Object.Assignment = o.Group, o.Assignment
		result = Result{}
	case NoteSatisfied:
		ch.Object.Assignment, result = result.ID, Result{}
	}
	return Call{Change: ch}, result
}

// TestAfterAnyCallsTheBookIsInOrder goes through many calls and looks at what must be so after each.
func TestAfterAnyCallsTheBookIsInOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := Account{Known: Member{ID: 1, Email: "ana@x.com", Enabled: true}}
		for n := range rapid.IntRange(1, 12).Draw(t, "calls") {
			c, r := drawCall(t, a)
			before := Account{Known: a.Known, Link: a.Link, Owned: slices.Clone(a.Owned)}
			before.Known.Grants = slices.Clone(a.Known.Grants)
			next := a.After(c, r, Instant(100+n))
			if d := cmp.Diff(before, a, cmpopts.EquateEmpty()); d != "" {
				t.Fatalf("%s changed the account that it was asked of: %s", c.Change.Kind, d)
			}
			inOrder(t, c.Change.Kind, next)
			_, owned := next.Grant(c.Group())
			switch c.Change.Kind {
			case CreateAssignment, UpdateAssignment, NoteSatisfied:
				if !owned {
					t.Fatalf("%s is not in the book", c.Change.Kind)
				}
			case RemoveAssignment, ReleaseGrant, ForgetGrant:
				if owned {
					t.Fatalf("%s is still in the book", c.Change.Kind)
				}
			}
			if written := next.Known.Seen > a.Known.Seen; written == c.Change.Kind.LedgerOnly() {
				t.Fatalf("%s: seen at %d, before %d", c.Change.Kind, next.Known.Seen, a.Known.Seen)
			}
			a = next
		}
	})
}

func inOrder(t *rapid.T, kind Kind, a Account) {
	t.Helper()
	for i := 1; i < len(a.Owned); i++ {
		if a.Owned[i-1].Group >= a.Owned[i].Group {
			t.Fatalf("after %s owned grants are out of order: %+v", kind, a.Owned)
		}
	}
	seen := map[RemoteID]bool{}
	for _, g := range a.Known.Grants {
		if seen[g.Assignment] {
			t.Fatalf("after %s assignment %d is known twice", kind, g.Assignment)
		}
		seen[g.Assignment] = true
	}
	if sorted := slices.Clone(a.Known.Grants); len(sorted) > 0 {
		if SortGrants(sorted); !slices.Equal(sorted, a.Known.Grants) {
			t.Fatalf("after %s known grants are out of order: %+v", kind, a.Known.Grants)
		}
	}
}

// TestTheEffectOfNewDatesIsWhatTheyDoOnEachDay holds Effect against asking, day by day, who could open the door.
func TestTheEffectOfNewDatesIsWhatTheyDoOnEachDay(t *testing.T) {
	const days = 6
	open := func(f Fields, day Instant) bool { return day >= f.From && (f.Until == 0 || day <= f.Until) }
	for n := range days * days * days * days {
		before := Fields{Role: DoorAccess, From: Instant(n % days), Until: Instant(n / days % days)}
		after := Fields{Role: DoorAccess, From: Instant(n / days / days % days), Until: Instant(n / days / days / days)}
		if before.Until != 0 && before.From > before.Until || after.Until != 0 && after.From > after.Until {
			continue // never open: no plan writes such dates
		}
		want := Neutral
		for day := Instant(0); day < days+2; day++ {
			switch was, is := open(before, day), open(after, day); {
			case is && !was:
				want = Widens
			case was && !is && want == Neutral:
				want = Narrows
			}
		}
		if got := (Change{Kind: UpdateAssignment, Before: &before, After: &after}).Effect(); got != want {
			t.Errorf("%d–%d becomes %d–%d: %d, want %d", before.From, before.Until, after.From, after.Until, got, want)
		}
	}
}

func TestANewRoleNarrowsOnlyWhenTheOldOneCoversIt(t *testing.T) {
	for _, c := range []struct {
		before, after Role
		want          Effect
	}{{DoorAccess, GroupManager, Widens}, {GroupManager, DoorAccess, Narrows}, {DoorAccess, AnotherRole, Widens}, {AnotherRole, DoorAccess, Widens},
		{AnotherRole, GroupManager, Widens}, {AnotherRole, AnotherRole, Neutral}} {
		ch := Change{Kind: UpdateAssignment, Before: &Fields{Role: c.before}, After: &Fields{Role: c.after}}
		if got := ch.Effect(); got != c.want {
			t.Errorf("%s becomes %s: %d, want %d", c.before.Words(), c.after.Words(), got, c.want)
		}
	}
}

// TestTheDigestIsOfEverythingThatAnApprovalApproves alters each field in turn, found by reflection so that none is forgotten.
func TestTheDigestIsOfEverythingThatAnApprovalApproves(t *testing.T) {
	filled := func() *Change {
		c := &Change{Before: &Fields{Anchors: []Anchor{"a"}}, After: &Fields{Anchors: []Anchor{"a"}}}
		return c
	}
	base := filled().Digest()
	made := map[string]bool{"Object.Member": true, "Object.Group": true} // ids that other steps make
	eachField(reflect.ValueOf(filled()).Elem(), "", func(path string, alter func(reflect.Value), index [][]int) {
		c := filled()
		alter(at(reflect.ValueOf(c).Elem(), index))
		if got := c.Digest() == base; got != made[path] {
			t.Errorf("%s: same digest is %v", path, got)
		}
	})
	without := filled()
	without.Before = nil
	if without.Digest() == base {
		t.Error("nothing before has the digest of an empty before")
	}
}

// at follows the indices through pointers.
func at(v reflect.Value, index [][]int) reflect.Value {
	for _, i := range index {
		v = reflect.Indirect(v).FieldByIndex(i)
	}
	return v
}

func eachField(v reflect.Value, path string, yield func(string, func(reflect.Value), [][]int)) {
	var walk func(v reflect.Value, path string, index [][]int)
	walk = func(v reflect.Value, path string, index [][]int) {
		v = reflect.Indirect(v)
		for i := range v.NumField() {
			f, name := v.Field(i), path+v.Type().Field(i).Name
			next := append(slices.Clone(index), []int{i})
			switch reflect.Indirect(f).Kind() {
			case reflect.Struct:
				walk(f, name+".", next)
			case reflect.String:
				yield(name, func(v reflect.Value) { v.SetString("other") }, next)
			case reflect.Bool:
				yield(name, func(v reflect.Value) { v.SetBool(true) }, next)
			case reflect.Int64:
				yield(name, func(v reflect.Value) { v.SetInt(9) }, next)
			case reflect.Slice:
				yield(name, func(v reflect.Value) { v.Set(reflect.ValueOf([]Anchor{"b"})) }, next)
			default:
				yield(name, func(v reflect.Value) { v.SetUint(9) }, next)
			}
		}
	}
	walk(v, path, nil)
}

func TestWordsComeBack(t *testing.T) {
	for k := range CauseKind(len(causeWords)) {
		text, err := k.MarshalText()
		var again CauseKind
		if err != nil || again.UnmarshalText(text) != nil || again != k {
			t.Errorf("%s becomes %s", k, again)
		}
	}
	d := Digest{1, 2, 0xff}
	text, err := d.MarshalText()
	var again Digest
	if err != nil || again.UnmarshalText(text) != nil || again != d || d.Short() != "0102ff00" {
		t.Errorf("%s becomes %s", d, again)
	}
	for _, bad := range []string{"", "0102", "zz", d.String() + "00"} {
		if again.UnmarshalText([]byte(bad)) == nil {
			t.Errorf("%q was taken for a digest", bad)
		}
	}
	if new(CauseKind).UnmarshalText([]byte("whim")) == nil {
		t.Error("a whim was taken for a cause")
	}
}

func TestAnInstantIsAWholeSecondAndNeverBefore1970(t *testing.T) {
	for in, want := range map[time.Time]Instant{{}: 0, time.Unix(-5, 0): 0, time.Unix(7, 999): 7, time.Unix(1<<40, 0): ^Instant(0)} {
		if got := At(in); got != want {
			t.Errorf("%s: %d, want %d", in, got, want)
		}
	}
	if !Instant(0).Time().IsZero() || Instant(7).Time() != time.Unix(7, 0).UTC() {
		t.Error("the way back")
	}
}

func TestGroupsAreBookedByWhatWasDone(t *testing.T) {
	object := ObjectKey{GroupName: "HQ", Thing: 5}
	do := func(g GroupAccount, k Kind, id RemoteID) GroupAccount {
		return g.After(Call{Change: Change{Kind: k, Object: object, After: &Fields{Description: "text"}}, Refs: Refs{Group: 7}}, Result{ID: id})
	}
	g := do(GroupAccount{}, CreateGroup, 7)
	g = do(do(g, AddDoor, 50), AddStop, 51)
	want := GroupAccount{ID: 7, Name: "HQ", Level: Created, Description: "text", Doors: []Opening{{50, 5}}, Stops: []Opening{{51, 5}}}
	if d := cmp.Diff(want, g); d != "" {
		t.Error(d)
	}
	if after := do(do(g, RemoveDoor, 0), RemoveStop, 0); len(after.Doors)+len(after.Stops) != 0 || len(g.Doors) != 1 {
		t.Errorf("%+v, before %+v", after, g)
	}
	if met := do(GroupAccount{}, AddDoor, 50); met.ID != 7 || met.Name != "HQ" || met.Level != Foreign {
		t.Errorf("a group that somebody else made: %+v", met)
	}
}

func benchLedger(n int) *Ledger {
	accounts := make([]Account, n)
	for i := range accounts {
		accounts[i] = Account{Known: Member{ID: RemoteID(i + 1), Email: fmt.Sprintf("user%d@x.com", i)},
			Link: Link{Anchors: []Anchor{Anchor(fmt.Sprintf("corp:%08x", uint32(i)*2654435761))}}}
	}
	return NewLedger(accounts, nil)
}

func BenchmarkNewLedgerOf1M(b *testing.B) {
	l := benchLedger(1_000_000)
	for b.Loop() {
		NewLedger(l.Accounts, nil)
	}
}

func BenchmarkByAnchorAmong1M(b *testing.B) {
	l, i := benchLedger(1_000_000), uint32(0)
	for b.Loop() {
		i = (i + 7919) % 1_000_000
		if _, ok := l.ByAnchor(l.Accounts[i].Link.Anchors[0]); !ok {
			b.Fatal(i)
		}
	}
}

func BenchmarkByMailOf1M(b *testing.B) {
	s := benchLedger(1_000_000).Known()
	for b.Loop() {
		s.ByMail()
	}
}

func BenchmarkDigest(b *testing.B) {
	c := Change{Kind: CreateAssignment, Object: ObjectKey{Email: "ana@x.com", Anchor: "corp:1", GroupName: "HQ"}, After: &Fields{Role: DoorAccess}, Cause: Cause{Kind: ByRule, Rule: "hq"}}
	for b.Loop() {
		c.Digest()
	}
}
