package kisi_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kisi-sync/kisi-sync/internal/access"
	"github.com/kisi-sync/kisi-sync/internal/pacer"
	"github.com/kisi-sync/kisi-sync/internal/sim/kisisim"
)

func TestEveryChangeIsMadeAndSeenWhateverKisiLeavesUnsaid(t *testing.T) {
	for _, v := range kisisim.Variations() {
		t.Run(v.Name, func(t *testing.T) {
			var o kisisim.Options
			v.Set(&o.Assume)
			withAcme(t, o, func(t *testing.T, b *bench) {
				group := b.checkGroups(t)
				member := b.checkMember(t)
				b.checkRights(t, member, group)
				b.checkDuplicates(t, member, o.Assume)
			})
		})
	}
}

// checkGroups makes a group, describes it and gives it a door and a stop.
func (b *bench) checkGroups(t *testing.T) access.RemoteID {
	t.Helper()
	door, stop := access.RemoteID(b.Doors["HQ / Garage"]), access.RemoteID(b.Stops["HQ / Lift A / Floor 3"])
	made := b.do(t, of(access.CreateGroup, access.ObjectKey{GroupName: "Operations"}, &access.Fields{Description: "made by us", Settings: access.Settings{}.With(access.ReaderRestricted, true).With(access.AppAccess, false)}))
	object := access.ObjectKey{Group: made.ID, GroupName: "Operations"}
	b.do(t, of(access.UpdateGroup, object, &access.Fields{Description: "Läuft.", Settings: access.Settings{}.With(access.AppAccess, true).With(access.TimeRestricted, true)}))
	doorObject, stopObject := object, object
	doorObject.Thing, stopObject.Thing = door, stop
	doorRow := b.do(t, of(access.AddDoor, doorObject, &access.Fields{}))
	stopRow := b.do(t, of(access.AddStop, stopObject, &access.Fields{}))

	got, found := b.observe(t, access.Scope{Doors: []access.RemoteID{made.ID}}).Group(made.ID)
	if !found || got.Created == 0 {
		t.Fatalf("the group is not there, or nobody says since when: %+v", got)
	}
	settings := access.Settings{Said: 1<<len(access.AllSettings()) - 1}.With(access.AppAccess, true).With(access.TimeRestricted, true).With(access.ReaderRestricted, true)
	want := &access.Group{
		ID: made.ID, Name: "Operations", Description: "Läuft.", Settings: settings, Opened: true, Created: got.Created,
		Doors: []access.Opening{{Row: doorRow.ID, Thing: door}}, Stops: []access.Opening{{Row: stopRow.ID, Thing: stop}},
	}
	if diff := cmp.Diff(want, got); !found || diff != "" {
		t.Errorf("the group is not as it was made:\n%s", diff)
	}
	doorObject.Assignment, stopObject.Assignment = doorRow.ID, stopRow.ID
	for range 2 { // the second time they are gone already
		b.do(t, of(access.RemoveDoor, doorObject, nil))
		b.do(t, of(access.RemoveStop, stopObject, nil))
	}
	got, _ = b.observe(t, access.Scope{Doors: []access.RemoteID{made.ID}}).Group(made.ID)
	if len(got.Doors)+len(got.Stops) != 0 {
		t.Errorf("after removal: %+v", got)
	}
	return made.ID
}

// checkMember makes a user, renames, suspends and restores them.
func (b *bench) checkMember(t *testing.T) access.RemoteID {
	t.Helper()
	id := b.do(t, ana()).ID
	object := access.ObjectKey{Member: id}
	b.do(t, of(access.UpdateMember, object, &access.Fields{Name: "Ana Kovač-Li"}))
	b.do(t, of(access.DisableMember, object, &access.Fields{}))
	if b.member(t, id).Enabled {
		t.Error("not suspended")
	}
	b.do(t, of(access.EnableMember, object, &access.Fields{Enabled: true}))
	got := b.member(t, id)
	want := &access.Member{
		ID: id, Email: ana().After.Email, Name: "Ana Kovač-Li", Enabled: true, Seen: got.Seen,
		Stamp: access.Stamp{Installation: "berlin-1", Anchor: "corp:1"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the member is not as it was made:\n%s", diff)
	}
	user, _ := b.World().User(ana().After.Email)
	if !user.Managed || !strings.Contains(user.Notes, "berlin-1") {
		t.Errorf("in Kisi: %+v", user)
	}
	return id
}

// checkRights gives a right, changes its dates and its role, and takes it.
func (b *bench) checkRights(t *testing.T, member, group access.RemoteID) {
	t.Helper()
	until := time.Now().AddDate(0, 1, 0)
	change := grant(member, group, until)
	id := b.do(t, change).ID
	change.Kind = access.UpdateAssignment
	for _, after := range []access.Fields{
		{Role: access.DoorAccess, Until: access.At(until.AddDate(0, 1, 0))},
		{Role: access.DoorAccess, From: access.At(until), Until: access.At(until.AddDate(0, 2, 0))},
		{Role: access.GroupManager},
		{Role: access.DoorAccess},
	} {
		change.Object.Assignment, change.After = id, &after
		id = b.do(t, change).ID
		want := []access.Grant{{Assignment: id, Group: group, Role: after.Role, From: after.From, Until: after.Until}}
		if diff := cmp.Diff(want, b.member(t, member).In(group)); diff != "" {
			t.Fatalf("the right is not as wanted:\n%s", diff)
		}
	}
	for range 2 {
		b.do(t, of(access.RemoveAssignment, access.ObjectKey{Member: member, Group: group, Assignment: id}, nil))
	}
	if left := b.member(t, member).In(group); len(left) != 0 {
		t.Errorf("still there: %+v", left)
	}
}

// checkDuplicates does what is done already.
func (b *bench) checkDuplicates(t *testing.T, member access.RemoteID, assume kisisim.Assumptions) {
	t.Helper()
	if again := b.do(t, ana()); again.ID != member || again.Existed {
		t.Errorf("our own user again: %+v, want id %d", again, member)
	}
	petra := ana()
	petra.After.Email = "petra.krueger@glanz.example"
	result, err := b.target.Do(t.Context(), access.Call{Change: petra})
	if !isOnly(err, access.ErrExists) || result.ID != access.RemoteID(b.Users["petra.krueger@glanz.example"]) {
		t.Errorf("somebody made by hand: %+v, %v", result, err)
	}
	group := access.RemoteID(b.Groups["Contractors"])
	b.AdoptGroup(int64(group))
	door := of(access.AddDoor, access.ObjectKey{Group: group, Thing: access.RemoteID(b.Doors["Workshop / Gate"])}, nil)
	if got := b.do(t, door); got.ID == 0 || !got.Existed {
		t.Errorf("a door that is there: %+v", got)
	}
	stop := of(access.AddStop, access.ObjectKey{Group: group, Thing: access.RemoteID(b.Stops["HQ / Lift A / Floor 1"])}, nil)
	if first, again := b.do(t, stop), b.do(t, stop); again.ID != first.ID || first.Existed || !again.Existed {
		t.Errorf("a stop that is there: %+v", again)
	}
	if assume.DuplicateRight == kisisim.RightAlwaysCreated {
		return
	}
	until := time.Now().AddDate(0, 1, 0)
	first := b.do(t, grant(member, group, until))
	if again := b.do(t, grant(member, group, until)); again.ID != first.ID || !again.Existed {
		t.Errorf("a right that is there: %+v, want %+v", again, first)
	}
	_, err = b.target.Do(t.Context(), access.Call{Change: grant(member, group, until.AddDate(1, 0, 0))})
	if !isOnly(err, access.ErrExists) {
		t.Errorf("a right that ends earlier: %v", err)
	}
}

func TestTheWholeIsObservedWithItsProtections(t *testing.T) {
	for _, v := range kisisim.Variations() {
		t.Run(v.Name, func(t *testing.T) {
			var o kisisim.Options
			v.Set(&o.Assume)
			withAcme(t, o, func(t *testing.T, b *bench) {
				deputy := b.AddUser(kisisim.UserSpec{Email: "deputy@example.com", Name: "Deputy"})
				team := b.AddTeam("Site leads", kisisim.User(deputy))
				b.AddGrant(kisisim.GrantSpec{To: kisisim.Team(team), On: b.OrganizationRef(), Role: kisisim.UserManager})
				b.checkWhole(t, access.RemoteID(deputy))
			})
		})
	}
}

func (b *bench) checkWhole(t *testing.T, deputy access.RemoteID) {
	t.Helper()
	all := b.observe(t, access.Scope{All: true})
	if len(all.Members) != len(b.World().Users) || len(all.Groups) != len(b.World().Groups) {
		t.Errorf("%d members and %d groups, in Kisi are %d and %d", len(all.Members), len(all.Groups), len(b.World().Users), len(b.World().Groups))
	}
	want := map[access.RemoteID]access.Protection{access.RemoteID(b.Owner): access.Owner, deputy: access.Administrator}
	for _, id := range append(b.Admins, b.KeyUser, b.Users["bjorn.lindqvist@example.com"], b.Users["chloe.dubois@example.com"]) {
		want[access.RemoteID(id)] = access.Administrator
	}
	var ids []access.RemoteID
	for _, m := range all.Members {
		if m.Protected != want[m.ID] {
			t.Errorf("%s is %q, want %q", m.Email, m.Protected, want[m.ID])
		}
		ids = append(ids, m.ID)
	}
	// In pieces the same is seen as in one, by a client that does not know yet
	// that one is cheaper here. It starts with a fresh second of the quota.
	<-time.After(2 * time.Second)
	b = newBench(t, b.Company, pacer.Options{})
	for piece := range slices.Chunk(ids, 5) {
		some := b.observe(t, access.Scope{Members: piece})
		if some.Covers.All {
			t.Error("all were read for the sake of five")
		}
		for _, id := range piece {
			one, _ := some.Member(id)
			whole, _ := all.Member(id)
			one.Seen = whole.Seen
			if diff := cmp.Diff(whole, one); diff != "" {
				t.Errorf("member %d differs:\n%s", id, diff)
			}
		}
	}
}

func TestPeopleAreFoundByAddress(t *testing.T) {
	withAcme(t, kisisim.Options{}, func(t *testing.T, b *bench) {
		scope := access.Scope{Emails: []string{"petra.krueger@glanz.example", "nobody@example.com"}}
		state := b.observe(t, scope)
		if m, found := state.Member(access.RemoteID(b.Users["petra.krueger@glanz.example"])); !found || len(m.Grants) != 1 || len(state.Members) != 1 {
			t.Errorf("got %+v", state.Members)
		}
		if diff := cmp.Diff(scope, state.Covers); diff != "" || !state.CoversMember(0, "nobody@example.com") {
			t.Errorf("covers:\n%s", diff)
		}
	})
}

func TestWhoIsGoneIsCoveredAndAbsent(t *testing.T) {
	withAcme(t, kisisim.Options{}, func(t *testing.T, b *bench) {
		gone := access.RemoteID(b.Users["sam.okafor@example.com"])
		b.DeleteUser(int64(gone))
		state := b.observe(t, access.Scope{Members: []access.RemoteID{gone, access.RemoteID(b.Owner)}})
		if _, found := state.Member(gone); found || len(state.Members) != 1 || !state.CoversMember(gone, "") {
			t.Errorf("got %+v", state)
		}
	})
}

func TestAFilterThatFindsNobodyIsNoExodus(t *testing.T) {
	withAcme(t, kisisim.Options{}, func(t *testing.T, b *bench) {
		b.Inject(kisisim.Fault{Path: "/users", Count: kisisim.Always, Do: kisisim.EmptyList()})
		if m := b.member(t, access.RemoteID(b.Owner)); m.Protected != access.Owner {
			t.Errorf("got %+v", m)
		}
		if _, err := b.target.Observe(t.Context(), access.Scope{All: true}); !isOnly(err, access.ErrStop) {
			t.Errorf("an organization without users was believed: %v", err)
		}
	})
}

func TestManyPeopleAreReadWithEverybody(t *testing.T) {
	withAcme(t, kisisim.Options{}, func(t *testing.T, b *bench) {
		var emails []string
		for _, u := range b.World().Users {
			emails = append(emails, u.Email)
		}
		group := access.RemoteID(b.Groups["Cleaning"])
		state := b.observe(t, access.Scope{Emails: emails, Doors: []access.RemoteID{group}})
		g, _ := state.Group(group)
		if !state.Covers.All || len(g.Doors) != 2 || len(b.Requests()) > 12 {
			t.Errorf("all: %t, doors: %d, calls: %d", state.Covers.All, len(g.Doors), len(b.Requests()))
		}
	})
}

func TestProtectedPeopleAreNeverSuspended(t *testing.T) {
	withAcme(t, kisisim.Options{}, func(t *testing.T, b *bench) {
		for _, id := range append(b.Admins, b.Owner, b.KeyUser) {
			change := of(access.DisableMember, access.ObjectKey{Member: access.RemoteID(id)}, &access.Fields{})
			if _, err := b.target.Do(t.Context(), access.Call{Change: change}); !isOnly(err, access.ErrRefused) {
				t.Errorf("user %d: %v", id, err)
			}
		}
		if n := b.writes(); n != 0 {
			t.Errorf("%d writes were sent", n)
		}
	})
}

func TestIDsOfEarlierStepsAreUsed(t *testing.T) {
	withAcme(t, kisisim.Options{}, func(t *testing.T, b *bench) {
		member := b.do(t, ana()).ID
		group := b.do(t, of(access.CreateGroup, access.ObjectKey{GroupName: "Ops"}, &access.Fields{Place: access.RemoteID(b.Places["HQ"])})).ID
		call := access.Call{Change: grant(0, 0, time.Time{}), Refs: access.Refs{Member: member, Group: group}}
		if _, err := b.target.Do(t.Context(), call); err != nil {
			t.Fatal(err)
		}
		if user, _ := b.World().User(ana().After.Email); !user.Holds("HQ / Ops") {
			t.Errorf("got %+v", user)
		}
	})
}

func TestAChangeWithoutIDIsRefusedHere(t *testing.T) {
	withAcme(t, kisisim.Options{}, func(t *testing.T, b *bench) {
		for kind := access.UpdateMember; kind <= access.RemoveAssignment; kind++ {
			if kind == access.CreateGroup {
				continue
			}
			_, err := b.target.Do(t.Context(), access.Call{Change: of(kind, access.ObjectKey{}, &access.Fields{})})
			if !isOnly(err, access.ErrRefused) || !strings.Contains(err.Error(), "is not known") {
				t.Errorf("%s: %v", kind, err)
			}
		}
		for kind := access.LinkMember; kind <= access.ForgetGrant; kind++ {
			b.do(t, of(kind, access.ObjectKey{}, nil))
		}
		if n := len(b.Requests()); n != 0 {
			t.Errorf("%d calls were made", n)
		}
	})
}

func TestInvitedPeopleGetMailAndManagedOnesDoNot(t *testing.T) {
	withAcme(t, kisisim.Options{}, func(t *testing.T, b *bench) {
		b.WantMail(func(m kisisim.Mail) bool { return m.To == "invited@example.com" })
		invited := ana()
		invited.After.Email, invited.After.Managed = "invited@example.com", false
		id := b.do(t, invited).ID
		right := grant(id, access.RemoteID(b.Groups["Contractors"]), time.Time{})
		right.After.Notify = true
		b.do(t, right)
		b.do(t, ana())
		if n := len(b.Outbox()); n != 2 {
			t.Errorf("%d mails, want an invitation and a notice", n)
		}
	})
}

func TestOnceCancelledNothingIsSent(t *testing.T) {
	withAcme(t, kisisim.Options{}, func(t *testing.T, b *bench) {
		ctx, stop := context.WithCancel(t.Context())
		stop()
		if _, err := b.target.Do(ctx, access.Call{Change: ana()}); !errors.Is(err, context.Canceled) || errors.Is(err, access.ErrUnknownOutcome) {
			t.Errorf("got %v", err)
		}
		if n := len(b.Requests()); n != 0 {
			t.Errorf("%d calls were made", n)
		}
	})
}

func TestTheCatalogNamesWhatCanBeGranted(t *testing.T) {
	withAcme(t, kisisim.Options{}, func(t *testing.T, b *bench) {
		got, err := b.target.Catalog(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if got.Organization.Domain != "acme" || got.Organization.Owner != access.RemoteID(b.Owner) || got.Self != access.RemoteID(b.KeyUser) {
			t.Errorf("organization: %+v, self: %d", got.Organization, got.Self)
		}
		for name, id := range b.Doors {
			if got.DoorName(access.RemoteID(id)) != name {
				t.Errorf("door %d is %q, want %q", id, got.DoorName(access.RemoteID(id)), name)
			}
		}
		for name, id := range b.Stops {
			if got.StopName(access.RemoteID(id)) != name {
				t.Errorf("stop %d is %q, want %q", id, got.StopName(access.RemoteID(id)), name)
			}
		}
		if len(got.Groups) != len(b.Groups) || len(got.Places) != len(b.Places) || !slices.Equal(got.Roles, []string{"group_basic", "group_manager"}) {
			t.Errorf("got %+v", got)
		}
		if !slices.IsSortedFunc(got.Doors, func(x, y access.Door) int { return int(x.ID - y.ID) }) {
			t.Error("doors are not sorted by id")
		}
	})
}

func TestElevatorNamesAreAskedForWhenStopsDoNotTell(t *testing.T) {
	withAcme(t, kisisim.Options{}, func(t *testing.T, b *bench) {
		b.Inject(kisisim.Fault{Path: "/elevator_stops", Count: kisisim.Always, Do: kisisim.DropFields("elevator")})
		got, err := b.target.Catalog(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if name := got.StopName(access.RemoteID(b.Stops["HQ / Lift A / Floor 1"])); name != "HQ / Lift A / Floor 1" {
			t.Errorf("got %q", name)
		}
	})
}
