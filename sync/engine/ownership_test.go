package engine_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kisi-sync/kisi-sync/internal/access"
	"github.com/kisi-sync/kisi-sync/internal/sim/kisisim"
	"github.com/kisi-sync/kisi-sync/internal/store"
	"github.com/kisi-sync/kisi-sync/sync/plan"
)

// pinned keeps pins about people by their names in the directory.
func (w *world) pinned(kind access.PinKind, who, email string) {
	w.t.Helper()
	p := access.Pin{Kind: kind, Anchor: access.Anchor("corp:id-" + who), Email: email, By: "eva", Why: "ticket 4711"}
	if kind == access.Release || kind == access.Rename {
		p.Member = access.RemoteID(w.kisi.UserID(who + "@nordlicht.example"))
	}
	w.say(func(s *store.Store) error { return s.SavePin(w.t.Context(), p) })
}

// level returns how far a Kisi user is ours.
func (w *world) level(address string) (level access.Level) {
	w.t.Helper()
	w.say(func(s *store.Store) error {
		l, err := s.Ledger(w.t.Context())
		if a, ok := l.Account(access.RemoteID(w.kisi.UserID(address))); ok && err == nil {
			level = a.Link.Level
		}
		return err
	})
	return level
}

// ownership is a world in which one run adopts Hand, lets go of Bo, and gives Ana and Dora other users.
func ownership(t *testing.T) *world {
	w := newWorld(t, kisisim.Assumptions{})
	hand := w.kisi.AddUser(kisisim.UserSpec{Email: "hand@nordlicht.example", Name: "Hand"})
	w.kisi.AddGrant(kisisim.GrantSpec{To: kisisim.User(hand), On: kisisim.Group(w.kisi.GroupID("HQ / Server Room"))})
	w.staff.groups["hand"] = "staff servers"
	w.must(true)
	w.pass(time.Hour)
	w.staff.mail["ana"], w.staff.mail["dora"] = "ana.b@nordlicht.example", "dora.b@nordlicht.example"
	w.pinned(access.Adopt, "hand", "hand@nordlicht.example")
	w.kisi.AdoptUser(hand)
	w.kisi.AdoptGrant(w.right("hand", "HQ / Server Room"))
	w.pinned(access.Release, "bo", "bo@nordlicht.example")
	w.pinned(access.Rename, "ana", "ana.b@nordlicht.example")
	w.pinned(access.Rename, "dora", "dora.b@nordlicht.example")
	return w
}

func TestKilledAnywhereWhileUsersChangeHandsNobodyIsWithoutADoor(t *testing.T) {
	t.Parallel()
	w := ownership(t)
	k := w.mortal(0)
	w.must(true)
	points := k.seen
	w.immortal()
	w.recover(t)
	want := w.kisi.World()
	w.expect("ana", "Staff", false)
	w.expect("ana.b", "Server Room", false)
	w.everybodyLeaves()
	empty := w.kisi.World()
	w.kisi.CheckT(t)
	if points < 40 {
		t.Fatalf("only %d points", points)
	}
	for at := 1; at <= points; at += sparsely(1) {
		w := ownership(t)
		w.kisi.OnAnswer(func(string, string, int) {
			if !w.holds("ana", "Staff") && !w.holds("ana.b", "Staff") || !w.holds("ana", "HQ / Server Room") && !w.holds("ana.b", "HQ / Server Room") ||
				!w.holds("dora", "Contractors") && !w.holds("dora.b", "Contractors") {
				t.Errorf("point %d: a door was closed before the other one opened", at)
			}
		})
		k := w.mortal(at)
		if _, err := w.run(true); err == nil {
			t.Fatalf("point %d of %d: survived", at, points)
		}
		w.immortal()
		w.recover(t)
		if diff := cmp.Diff(want, w.kisi.World()); diff != "" {
			t.Errorf("killed %s (point %d): %s", k.where, at, diff)
		}
		w.kisi.OnAnswer(func(string, string, int) {})
		w.everybodyLeaves()
		if diff := cmp.Diff(empty, w.kisi.World()); diff != "" {
			t.Errorf("killed %s (point %d), whose is what was forgotten: %s", k.where, at, diff)
		}
		if err := w.kisi.Check(); err != nil {
			t.Errorf("killed %s (point %d): %v", k.where, at, err)
		}
	}
}

func TestAReplacedUserHandsOnEveryRightWithItsDates(t *testing.T) {
	t.Parallel()
	w := ownership(t)
	before := w.kisi.World()
	w.must(true)
	for old, now := range map[string]string{"ana": "ana.b", "dora": "dora.b"} {
		was, _ := before.User(old + "@nordlicht.example")
		if diff := cmp.Diff(was.Grants, w.user(now).Grants); diff != "" || !w.user(now).Access {
			t.Errorf("%s: %s", now, diff)
		}
		if u := w.user(old); u.Access || len(u.Grants) > 0 {
			t.Errorf("%s: %+v", old, u)
		}
	}
	w.quiet()
	if level := w.level("ana@nordlicht.example"); level != access.Foreign {
		t.Errorf("the old user is still %s", level)
	}
	w.say(func(s *store.Store) error {
		pins, err := s.Pins(t.Context())
		for _, p := range pins {
			if p.Kind == access.Rename {
				t.Errorf("stands for ever: %+v", p)
			}
		}
		return err
	})
	w.staff.disabled["ana"] = true
	w.pass(time.Hour)
	w.must(true)
	w.expect("ana.b", "Staff", false)
	w.kisi.CheckT(t)
}

func TestWhoLeavesWhileBeingReplacedLosesBothUsers(t *testing.T) {
	t.Parallel()
	w := ownership(t)
	w.kisi.Inject(kisisim.Fault{Method: "POST", Path: "/role_assignments", Nth: 1, Do: kisisim.BadGateway()})
	w.must(true)
	w.expect("ana", "Staff", true)
	w.staff.disabled["ana"] = true
	w.pass(time.Minute)
	w.must(false)
	w.expect("ana", "Staff", false)
	if w.user("ana").Access || w.user("ana.b").Access {
		t.Errorf("%+v, %+v", w.user("ana"), w.user("ana.b"))
	}
	w.staff.disabled["ana"] = false
	w.pass(time.Hour)
	w.must(true)
	w.must(true)
	w.expect("ana.b", "Staff", true)
	w.expect("ana", "Staff", false)
	w.kisi.CheckT(t)
}

func TestNobodyIsReplacedForWhatCannotBeGivenOrWasSuspendedByHand(t *testing.T) {
	t.Parallel()
	w := ownership(t)
	w.limits.Grants = 0
	w.must(true)
	w.expect("ana", "Staff", true)
	w.expect("dora", "Contractors", true)
	w.limits.Grants = 50
	w.kisi.SuspendUser(w.kisi.UserID("ana@nordlicht.example"))
	w.pass(time.Hour)
	w.approveAll()
	if _, made := w.kisi.World().User("ana.b@nordlicht.example"); made {
		t.Error("a new user undoes a suspension by hand")
	}
	w.must(true)
	w.expectTold("suspended_by_hand", "ana@", "no new user is made")
	w.kisi.CheckT(t)
}

// A Kisi address that somebody corrected by hand is the same user, by its id; a replacement that was asked for is void then.
func TestAnAddressCorrectedByHandIsTheSameUser(t *testing.T) {
	t.Parallel()
	w := ownership(t)
	id := w.kisi.UserID("ana@nordlicht.example")
	w.kisi.ChangeAddress(id, "ana.b@nordlicht.example")
	w.must(true)
	if w.told("address_changed", "", "ana.b") {
		t.Errorf("told in the very run that saw it corrected: %+v", w.last.Problems)
	}
	w.quiet()
	w.expect("ana.b", "Staff", true)
	if w.kisi.UserID("ana.b@nordlicht.example") != id {
		t.Error("another user was made")
	}
	if w.told("address_changed", "", "ana.b") {
		t.Errorf("%+v", w.last.Problems)
	}
	w.staff.disabled["ana"] = true
	w.pass(time.Hour)
	w.must(true)
	w.expect("ana.b", "Staff", false)
	w.kisi.CheckT(t)
}

func TestAnAdoptedUserIsSuspendedOnLeavingAndAReleasedOneIsNot(t *testing.T) {
	t.Parallel()
	w := ownership(t)
	if got := w.level("hand@nordlicht.example"); got != access.Linked {
		t.Fatalf("hand is %s", got)
	}
	before := w.user("bo")
	w.must(true)
	if diff := cmp.Diff(before, w.user("bo")); diff != "" {
		t.Errorf("a release changes nothing in Kisi: %s", diff)
	}
	if hand, bo := w.level("hand@nordlicht.example"), w.level("bo@nordlicht.example"); hand != access.Adopted || bo != access.Foreign {
		t.Errorf("hand is %s, bo is %s", hand, bo)
	}
	w.quiet()
	w.expectTold("released", "bo@", "ticket 4711")
	w.staff.groups["bo"], w.staff.groups["hand"] = "staff servers", "staff"
	w.pass(time.Hour)
	w.must(true)
	w.expect("bo", "HQ / Server Room", false)
	w.expect("bo", "HQ / Lab", true)
	w.expect("hand", "HQ / Server Room", false) // it was given by hand, and is ours since
	w.staff.disabled["bo"], w.staff.disabled["hand"] = true, true
	w.pass(time.Hour)
	w.must(true)
	w.expect("bo", "Staff", true)
	w.expectTold("released", "bo@", "disabled in corp, and the Kisi user stays as it is")
	if w.user("hand").Access {
		t.Error("the adopted user was not suspended")
	}
	w.kisi.CheckT(t)
}

// What a release says stands against the stamp, also when the state file is told of the user anew by it.
func TestAReleasedUserIsNotRecognizedByItsStamp(t *testing.T) {
	t.Parallel()
	w := ownership(t)
	w.must(true)
	delete(w.staff.groups, "bo")
	for range 3 {
		w.pass(48 * time.Hour)
		w.must(true)
	}
	w.expect("bo", "Staff", true)
	if got := w.level("bo@nordlicht.example"); got != access.Foreign {
		t.Errorf("bo is %s", got)
	}
	w.kisi.CheckT(t)
}

func TestAdoptingTakesAReleaseBack(t *testing.T) {
	t.Parallel()
	w := ownership(t)
	w.must(true)
	w.say(func(s *store.Store) error {
		drop := access.Pin{Kind: access.Release, Anchor: "corp:id-bo", Email: "bo@nordlicht.example", Member: access.RemoteID(w.kisi.UserID("bo@nordlicht.example")),
			By: "eva", Why: "back"}
		save := access.Pin{Kind: access.Adopt, Anchor: "corp:id-bo", Email: "bo@nordlicht.example", By: "eva", Why: "back"}
		return s.ChangePins(t.Context(), []access.Pin{drop}, []access.Pin{save})
	})
	w.pass(time.Hour)
	w.must(true)
	if got := w.level("bo@nordlicht.example"); !got.Ours() {
		t.Errorf("bo is %s", got)
	}
	w.staff.groups["bo"] = "staff"
	w.pass(time.Hour)
	w.must(true)
	w.expect("bo", "HQ / Lab", false)
	w.staff.disabled["bo"] = true
	w.pass(time.Hour)
	w.must(true)
	if w.user("bo").Access {
		t.Error("not suspended")
	}
	w.kisi.CheckT(t)
}

// A leaver whose user was made by hand and never adopted loses what we gave, and is reported with what stays.
func TestALeaverWhoWasNeverAdoptedLosesWhatWeGaveAndIsReportedLoudly(t *testing.T) {
	t.Parallel()
	w := newWorld(t, kisisim.Assumptions{})
	hand := w.kisi.AddUser(kisisim.UserSpec{Email: "hand@nordlicht.example", Name: "Hand"})
	w.kisi.AddGrant(kisisim.GrantSpec{To: kisisim.User(hand), On: kisisim.Group(w.kisi.GroupID("HQ / Server Room"))})
	w.staff.groups["hand"] = "staff"
	w.must(true)
	w.expect("hand", "Staff", true)
	w.staff.disabled["hand"] = true
	w.pass(time.Hour)
	w.must(true)
	w.expect("hand", "Staff", false)
	w.expect("hand", "HQ / Server Room", true)
	w.expectTold(string(plan.StillHolds), "hand@", "disabled in corp, and the Kisi user was made by hand: it stays enabled, and holds what others gave")
	w.pinned(access.Adopt, "hand", "hand@nordlicht.example") // by name, a leaver too
	w.kisi.AdoptUser(hand)
	w.pass(time.Hour)
	w.must(true)
	w.expect("hand", "HQ / Server Room", false)
	w.kisi.CheckT(t)
}
